"""What is different between two results: findings that are new, gone, or changed.

A finding is the same one when its fingerprint is: rule, target, resource and element, whatever its
line or message. It has changed when another thing made it fail, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from auditor.errors import IntegrityError
from auditor.evidence import strict
from auditor.evidence.content import PIECE, content_of

_FINDINGS: Final = b'"findings": [\n'
_NONE: Final = b'"findings": [],\n'
_LAST: Final = b"}],\n"
"""How the line of the last finding ends."""
_CITES: Final = b'"evidence":['
_DIGEST: Final = re.compile(rb'"([^"]*)"')
_MOST_CITED: Final = 1 << 22
_MOST_LISTS: Final = 1_000_000


class Named(msgspec.Struct, frozen=True, gc=False):
    """The resource of a finding."""

    target: str
    kind: str
    namespace: str
    name: str
    source: str = ""


class Brief(msgspec.Struct, frozen=True, gc=False):
    """A finding, as far as comparing needs it; it stands for ``covers`` resources."""

    fingerprint: str
    rule: str
    verdict: str
    severity: str
    resource: Named
    element: str
    message: str
    covers: int = 1
    causes: tuple[str, ...] = ()

    @property
    def state(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What changes when it is said to have changed."""
        return self.verdict, self.severity, self.message, self.causes


class Tool(msgspec.Struct, frozen=True):
    """Which program, by which policy; how it tells findings apart, 1 where it does not say."""

    version: str
    policy: str
    fingerprints: int = 1


class Gate(msgspec.Struct, frozen=True):
    """What the gate said."""

    expression: str
    decision: Literal["pass", "fail", "incomplete"]
    exit: int


class Counts(msgspec.Struct, frozen=True, gc=False, rename="kebab"):
    """How often a rule said what."""

    fail: int
    unknown: int
    manual: int
    not_applicable: int
    passed: int = msgspec.field(name="pass")


_NOTHING: Final = Counts(0, 0, 0, 0, 0)


class Kind(msgspec.Struct, frozen=True, gc=False):
    """How many resources of a kind there were."""

    seen: int
    evaluated: int
    excluded: int


class Rules(msgspec.Struct, frozen=True, gc=False):
    """How many rules could be decided."""

    evaluated: int
    blind: int
    excluded: int


class Coverage(msgspec.Struct, frozen=True):
    """How much was looked at."""

    resources: dict[str, Kind]
    rules: Rules
    ignored: dict[str, int]
    ratio: float


class Run(msgspec.Struct, frozen=True):
    """When it was, and as whom."""

    id: str
    started: str
    finished: str
    identity: list[Any]


class Judged(msgspec.Struct, frozen=True):
    """A target, and how much of it was read."""

    uri: str
    uid: str
    version: str
    state: str


class Results(msgspec.Struct, frozen=True):
    """``results.json`` but for its findings, which are as many as there are."""

    tool: Tool
    run: Run
    gate: Gate
    counts: dict[str, Counts]
    coverage: Coverage
    targets: list[Judged]
    gaps: list[Any]
    profile: dict[str, Any]


def read_results(path: Path) -> Results:
    """Read results without their findings, in little memory.

    Raises:
        IntegrityError: these are no results of ours.
    """
    parts: list[bytes] = []
    size = 0
    with content_of(path) as content:
        lines = content.lines()
        for line in lines:
            parts.append(line)
            size += len(line)
            if size > strict.MOST_BYTES:
                break
            if line == _FINDINGS:
                for finding in lines:
                    if finding.endswith(_LAST):
                        break
                parts.append(b"],\n")
    return strict.convert(path.name, strict.parse(path.name, b"".join(parts)), Results)


def findings_in(path: Path) -> Iterator[Brief]:
    """The findings of results, one by one.

    Raises:
        IntegrityError: these are no results of ours.
    """
    return _rows(path, Brief)


def by_fingerprint(path: Path) -> dict[str, Brief]:
    """The findings of results that are whole: as many as their counts say.

    Raises:
        IntegrityError: these are no results of ours, or findings are missing.
    """
    found: dict[str, Brief] = {}
    listed: Counter[tuple[str, str]] = Counter()
    for each in findings_in(path):
        found[each.fingerprint] = each
        listed[each.rule, each.verdict] += each.covers
    counts = read_results(path).counts
    for rule in sorted({rule for rule, _ in listed} | counts.keys()):
        known = counts.get(rule, _NOTHING)
        fail, manual, unknown = (listed[rule, verdict] for verdict in ("fail", "manual", "unknown"))
        # what could not be seen at all is counted as unknown, and is no finding
        if (fail, manual) != (known.fail, known.manual) or unknown > known.unknown:
            raise IntegrityError(
                f"{path.name}: findings of {rule} are not as many as its counts say"
            )
    return found


Row = TypeVar("Row")


def _rows(path: Path, shape: type[Row]) -> Iterator[Row]:
    decode = msgspec.json.Decoder(shape).decode
    with content_of(path) as content:
        lines = content.lines()
        for line in lines:
            if line == _NONE:
                return
            if line == _FINDINGS:
                break
        for line in lines:
            last = line.endswith(_LAST)
            row = line.removesuffix(_LAST) + b"}" if last else line.removesuffix(b",\n")
            try:
                found = decode(row)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise IntegrityError(f"{path.name}: {error}") from error
            yield found
            if last:
                return
    raise IntegrityError(f"{path.name}: it ends before its findings do")


def cited_in(path: Path, size: int = PIECE) -> tuple[set[str], int]:
    """The digests of evidence that findings cite, and how many findings do.

    It is read in pieces of a ``size``. No JSON is decoded: in a text a quote follows a backslash.

    Raises:
        IntegrityError: these are no results of ours.
    """
    found: set[bytes] = set()
    number, rest = 0, b""
    with content_of(path) as content:
        for piece in content.pieces(size):
            data = rest + piece
            last = data.rfind(_CITES)
            if last < 0:
                rest = data[-len(_CITES) :]
                continue
            number += _cited(path, data[:last], found)
            rest = data[last:]
            if b"]" in rest:  # a list that is whole: no more of it comes
                number += _cited(path, rest, found)
                rest = rest[1 - len(_CITES) :]
            elif len(rest) > _MOST_CITED:
                raise IntegrityError(f"{path.name}: a finding cites too much")
    number += _cited(path, rest, found)
    digests = {digest for each in found for digest in _DIGEST.findall(each)}
    return {digest.decode(errors="replace") for digest in digests}, number


def _cited(path: Path, data: bytes, found: set[bytes]) -> int:
    """Add what stands between the brackets of each list of evidence; how many lists there are."""
    parts = data.split(_CITES)[1:]
    found.update([part[: part.find(b"]")] for part in parts])
    if len(found) > _MOST_LISTS:
        raise IntegrityError(f"{path.name}: findings cite too much")
    return len(parts)


class Change(msgspec.Struct, frozen=True):
    """A finding before and after; None where it was not."""

    before: Brief | None
    after: Brief | None

    @property
    def what(self) -> str:
        """``new``, ``gone`` or ``changed``."""
        if self.before is None:
            return "new"
        return "gone" if self.after is None else "changed"

    @property
    def finding(self) -> Brief:
        """The finding as it is, or as it was."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change of nothing")
        return found


def changes(before: Mapping[str, Brief], after: Mapping[str, Brief]) -> Iterator[Change]:
    """What is different, in the order of the reports: what is there now, then what is gone."""
    for fingerprint, found in after.items():
        known = before.get(fingerprint)
        if known is None or known.state != found.state:
            yield Change(known, found)
    for fingerprint, found in before.items():
        if fingerprint not in after:
            yield Change(found, None)
