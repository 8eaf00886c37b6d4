"""Results read as a stream: what they say as a whole, and row by row their controls and findings.

Ten thousand targets are two hundred controls with a state on each of them, and a million findings.
The rest is far less, so that is what a reader holds; rows pass by::

    {
    "schema": "results/v1",          a member: a name, and a value that is whole by itself
    "gaps": [                        rows: one a line, each whole by itself
    {"target":"prod",...}],
    "findings": [
    {"fingerprint":"9f86...",...},
    {"fingerprint":"60303...",...}],
    "controls": [
    {"framework":"cis-kubernetes",...}],
    "gate": {...}
    }

Every line is read by itself. So nothing that stands within a value can pass for a row, and what is
read here is what a parser of the whole file finds there.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, fields, replace

from auditor.engine.shared import Shared
from auditor.errors import IntegrityError
from auditor.evidence import strict
from auditor.evidence.content import Content, content_of
from auditor.evidence.heads import Heads
from auditor.model import results_layout as layout
from auditor.model.results import ControlResult, Results, ResultsHead

_MOST_LISTS: Final = 1_000_000
_FEWER: Final = "of tens of thousands of targets? audit and merge fewer at once: docs/scale.md"
_FINDINGS, _CONTROLS = "findings", "controls"
_EMPTY: Final = b"[]"

_Take = Callable[[bytes], object]
_TakeMany = Callable[[Sequence[bytes]], object]


class Cited(msgspec.Struct, frozen=True):
    """What results say as a whole; the digests of evidence that findings cite; how many do."""

    results: ResultsHead
    digests: frozenset[str]
    findings: int


def read_head(path: Path) -> ResultsHead:
    """Read what results say as a whole; rows are passed over.

    Raises:
        IntegrityError: these are not results of ours.
    """
    return _read(path, _pass_over, _pass_over)


def read_results(path: Path) -> Results:
    """Read results without their findings. Controls that say the same of a target share it.

    Raises:
        IntegrityError: these are not results of ours.
    """
    shared = Shared()
    controls: list[ControlResult] = []
    read = _controls().read

    def keep(row: bytes) -> None:
        found = read(path.name, row)
        targets = tuple(map(shared.one, found.targets))
        controls.append(replace(found, targets=targets))

    head = _read(path, _pass_over, keep)
    return Results(**asdict(head), controls=tuple(controls))


def read_cited(path: Path) -> Cited:
    """Read what results say as a whole and what their findings cite; look at every control.

    No finding is decoded: what it cites stands in its head.

    Raises:
        IntegrityError: these are not results of ours.
    """
    heads = Heads()
    read = _controls().read

    def cite(findings: Sequence[bytes]) -> None:
        heads.add(findings)
        if len(heads) > _MOST_LISTS:
            raise ValueError("findings cite too much")

    head = _read(path, cite, lambda row: read(path.name, row))
    digests = frozenset(each.decode().strip('"') for each in heads.evidence)
    return Cited(head, digests, heads.number)


def rows_in(path: Path) -> Iterator[bytes]:
    """Read the findings of results as they are encoded there, each without its line's end.

    Raises:
        IntegrityError: these are not results of ours.
    """
    with content_of(path) as content:
        try:
            yield from layout.findings_in(content.lines())
        except ValueError as error:
            raise IntegrityError(f"{path.name}: {error}") from error


def _pass_over(row: object) -> None:
    del row


@functools.cache
def _controls() -> strict.Reader[ControlResult]:
    return strict.Reader(ControlResult)


@functools.cache
def _members() -> Mapping[str, strict.Reader[Any]]:
    """What reads the value of each member that is read as a whole."""
    return {each.encode_name: strict.Reader(each.type) for each in fields(ResultsHead)}


def _read(path: Path, findings: _TakeMany, control: _Take) -> ResultsHead:
    """Go through results once; ``findings`` takes the lines of many at a time."""
    with content_of(path) as content:
        try:
            found = _Walk(path.name, findings, control).through(content)
        except ValueError as error:
            raise IntegrityError(f"{path.name}: {error}") from error
    for name in (_FINDINGS, _CONTROLS):
        if found.pop(name, None) != _EMPTY:
            raise IntegrityError(f"{path.name}: its {name} are missing, or not in lines")
    values = {}
    for name, value in found.items():
        reader = _members().get(name)
        if reader is None:  # a field that a later version has
            strict.parse(path.name, value)
        else:
            values[name] = reader.read(path.name, value)
    for field in fields(ResultsHead):
        if field.required and field.encode_name not in values:
            raise IntegrityError(f"{path.name}: it has no {field.encode_name!r}")
    return ResultsHead(**values)


class _Walk:
    """Takes the lines of results apart; what is not in rows is kept, up to a size."""

    def __init__(self, name: str, findings: _TakeMany, control: _Take) -> None:
        self._name = name
        self._findings = findings
        self._control = control
        self._left = strict.MOST_BYTES

    def through(self, content: Content) -> dict[str, bytes]:
        """Give findings and controls away; the values of all members, of those two an empty list.

        Raises:
            ValueError: it is laid out in another way than ours are.
            IntegrityError: there is too much of it beside findings and controls.
        """
        lines = _Lines(content.blocks())
        if next(lines, b"") != layout.START:
            raise ValueError(layout.NO_END)
        found: dict[str, bytes] = {}
        for line in lines:
            name, value, more = layout.member(line)
            if name in found:
                raise ValueError(f"{name!r} is there twice")
            found[name] = self._kept(self._rows(name, lines) if value is None else value)
            if not more:
                break
        if next(lines, b"") != layout.END or next(lines, b""):
            raise ValueError(layout.NO_END)
        return found

    def _rows(self, name: str, lines: _Lines) -> bytes:
        if name == _FINDINGS:
            for block in lines.blocks():
                findings, rest = layout.ended(block)
                self._findings(findings)
                if rest is not None:
                    lines.go_on(rest)
                    return _EMPTY
            raise ValueError(layout.NO_END)
        if name == _CONTROLS:
            for row in layout.rows(lines):
                self._control(row)
            return _EMPTY
        return b"[%b]" % b",".join(map(self._kept, layout.rows(lines)))

    def _kept(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            size = strict.MOST_BYTES >> 20
            what = f"{self._name}: without its findings and controls larger than {size} MiB"
            raise IntegrityError(what, hint=_FEWER)
        return data


class _Lines:
    """The lines of blocks; one can go on with the blocks, and come back."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._at = io.BytesIO()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> bytes:
        while not (line := self._at.readline()):
            self._at = io.BytesIO(next(self._blocks))
        return line

    def blocks(self) -> Iterator[bytes]:
        """All that follows, in pieces of whole lines."""
        begun, self._at = self._at.read(), io.BytesIO()
        if begun:
            yield begun
        while block := next(self._blocks, b""):
            yield block

    def go_on(self, lines: bytes) -> None:
        """Have these next."""
        self._at = io.BytesIO(lines)
