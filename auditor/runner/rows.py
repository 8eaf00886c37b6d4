"""The rows of joining analyses: combined as they come, sorted into files, joined by key.

A row is kept as a line, like those of findings, so that files of rows are joined in the same flat
memory::

    analysis TAB key TAB tag US source US document US pointer TAB origin and body LF

What is for all keys has no key, and a TAB sorts before everything that a key begins with.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from auditor.analysis.analyses import Analyses
from auditor.analysis.protocol import (
    Dated,
    Extracting,
    Groups,
    Held,
    JoiningAnalysis,
    Key,
    Row,
    Site,
    Stage,
)
from auditor.engine.lines import FIELD, text
from auditor.model.fact import Origin
from auditor.model.resource import Resource
from auditor.runner import spools
from auditor.secrets.hints import holding
from auditor.secrets.messages import redact_texts
from auditor.secrets.redact import clean

_TAB: Final = b"\t"
_SEPARATOR: Final = FIELD.encode()


class _Stored(msgspec.Struct, array_like=True, gc=False):
    """What a line has of its row beside what it is sorted by."""

    origin: Origin | None
    body: msgspec.Raw
    held: Held | None = None


_decode_stored = msgspec.json.Decoder(_Stored).decode
_decode_key = msgspec.json.Decoder(tuple[str, ...]).decode
_encode = msgspec.json.encode
_TOGETHER: Final = 64
"""So many rows are looked at together for secrets before they are written."""
_MOST_APART: Final = 8_192
"""Rows that are set apart in memory; more of them go to files."""
_SHALLOW: Final = 64
"""No JSON with fewer lists and objects is nested too deeply to be cleaned."""


def encoded(analysis: str, row: Row) -> bytes:
    """Write a row as a line; its key and body without secrets, whatever the analysis left in."""
    return encoded_all([(analysis, row)])[0]


def encoded_all(rows: Sequence[tuple[str, Row]]) -> list[bytes]:
    """As :func:`encoded`, of many: their bodies are looked at together, as most hold no secret."""
    doubtful = holding([row.body for _, row in rows])
    return [
        _encoded(analysis, row, doubtful=doubt)
        for (analysis, row), doubt in zip(rows, doubtful, strict=True)
    ]


def _encoded(analysis: str, row: Row, *, doubtful: bool) -> bytes:
    body = clean(row.body) if doubtful or not _is_compact(row.body) else row.body
    try:
        return _line(analysis, row, body)
    except UnicodeEncodeError:  # a name of a file that is not text
        origin = row.origin and msgspec.structs.replace(row.origin, **_plain(row.origin))
        key = tuple(map(_escaped, row.key))
        return _line(analysis, msgspec.structs.replace(row, origin=origin, key=key), body)


def _is_shallow(body: bytes) -> bool:
    """Whether a row can be cleaned later: one that is nested too deeply fails where it is made."""
    return body.count(b"{") + body.count(b"[") < _SHALLOW


def _is_compact(body: bytes) -> bool:
    """Whether JSON is as it is kept: in one line, and without fields that are null."""
    return b":null" not in body and b": null" not in body and b"\n" not in body


def _line(analysis: str, row: Row, body: bytes) -> bytes:
    stored = _encode(_Stored(row.origin, msgspec.Raw(body), row.held))
    order = FIELD.join((row.tag, *_order(row.origin))).encode()
    return b"%b\t%b\t%b\t%b\n" % (analysis.encode(), _written(row.key), order, stored)


@functools.lru_cache(4096)
def _written(key: Key) -> bytes:
    """A key as lines have it: the rows of one namespace share it."""
    return _encode(redact_texts(key)) if key else b""


def _plain(origin: Origin) -> dict[str, str]:
    """The fields of an origin that are text, as JSON can hold them."""
    fields = msgspec.structs.asdict(origin)
    return {name: _escaped(value) for name, value in fields.items() if isinstance(value, str)}


def _escaped(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode()


def _order(origin: Origin | None) -> tuple[str, ...]:
    if origin is None:
        return ()
    return text(origin.source), f"{origin.document:08d}", text(origin.pointer)


def analysis_of(line: bytes) -> bytes:
    """The name of the analysis that a line is of."""
    return line.partition(_TAB)[0]


def decoded(line: bytes) -> tuple[str, Row]:
    """Read a line: the analysis, and its row."""
    analysis, key, order, rest = line.split(_TAB, 3)
    return analysis.decode(), _row(_key(key), order, rest)


def _key(key: bytes) -> Key:
    return _decode_key(key) if key else ()


def _row(key: Key, order: bytes, rest: bytes) -> Row:
    """Read what a line has of a row behind its key."""
    stored = _decode_stored(rest)
    tag, _, _ = order.partition(_SEPARATOR)
    return Row(key, tag.decode(), stored.origin, bytes(stored.body), stored.held)


class Rows:
    """The rows of one file, or of one shard: what can be combined is, as it comes.

    The others are written some at a time, as whether they hold a secret is asked of many at once.
    """

    def __init__(self, analyses: Analyses) -> None:
        """``analyses`` are those that the run has."""
        self._analyses = analyses
        self._by_id: Mapping[str, Extracting] | None = None
        self._combining: frozenset[tuple[bytes, bytes]] | None = None
        self._combined: dict[tuple[str, Key, str], Row] = {}
        self._single: dict[tuple[bytes, bytes, bytes], bytes | None] = {}
        self._waiting: list[tuple[str, Row]] = []
        self._lines: list[bytes] = []

    def extract(self, analysis: Extracting, resource: Resource, site: Site) -> None:
        """Add what one analysis takes of a resource."""
        for row in analysis.extract(resource, site):
            self.add(analysis, row)

    def add(self, analysis: Extracting, row: Row) -> None:
        """Add a row of an analysis."""
        if row.tag not in analysis.combined:
            if _is_shallow(row.body):
                self._waiting.append((analysis.id, row))
            else:
                self._lines.append(encoded(analysis.id, row))
            return
        place = analysis.id, row.key, row.tag
        known = self._combined.get(place)
        self._combined[place] = row if known is None else analysis.combine(known, row)

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Add rows that were written as lines; what nothing is combined with stays as it is."""
        combined = self._tags_combined()
        for line in lines:
            analysis, key, order, _ = line.split(_TAB, 3)
            tag = order.partition(_SEPARATOR)[0]
            if (analysis, tag) not in combined:
                self._lines.append(line)
                continue
            place = analysis, key, tag
            if place not in self._single:
                self._single[place] = line
                continue
            for each in (self._single[place], line):
                if each is not None:
                    name, row = decoded(each)
                    self.add(self._called(name), row)
            self._single[place] = None

    def add_all(self, other: Rows) -> None:
        """Add the rows of another."""
        other.write()
        self._lines += other._lines
        self.add_lines(other._alone())
        for (name, _, _), row in other._combined.items():
            self.add(self._called(name), row)

    def _tags_combined(self) -> frozenset[tuple[bytes, bytes]]:
        """The tags that analyses combine, each with the analysis, as lines have them."""
        if self._combining is None:
            self._combining = frozenset(
                (each.id.encode(), tag.encode())
                for each in self._analyses.with_rows
                for tag in each.combined
            )
        return self._combining

    def _called(self, name: str) -> Extracting:
        """The analysis of a name; most files have no row that is combined, and never ask."""
        if self._by_id is None:
            self._by_id = {each.id: each for each in self._analyses.with_rows}
        return self._by_id[name]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._lines) + len(self._waiting) + len(self._combined) + len(self._single)

    def lines(self) -> list[bytes]:
        """All rows as lines, sorted."""
        self.write()
        combined = [(name, row) for (name, _, _), row in self._combined.items()]
        return sorted([*self._lines, *self._alone(), *encoded_all(combined)])

    def _alone(self) -> Iterator[bytes]:
        """The lines that could be combined, and met none that they could be combined with."""
        return (line for line in self._single.values() if line is not None)

    def settle(self) -> None:
        """Write the rows that wait, once there are enough to look at."""
        if len(self._waiting) >= _TOGETHER:
            self.write()

    def write(self) -> None:
        """Write the rows that wait to be looked at together."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._lines += encoded_all(waiting)


class SetApart:
    """The rows of some analyses, taken out of those of a target while these are read.

    ``lines`` are in order, and so are those in each of the files ``spools``, where there are many.
    """

    def __init__(self, names: Collection[str], folder: Path) -> None:
        """``names`` are the ids of the analyses, ``folder`` is for files."""
        self._names = frozenset(name.encode() for name in names)
        self._folder = folder
        self.lines: list[bytes] = []
        self.spools: list[Path] = []

    def rest_of(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the rows of all other analyses, of lines in order."""
        for name, rows in groupby(lines, analysis_of):
            if name not in self._names:
                yield from rows
                continue
            for row in rows:
                self.lines.append(row)
                if len(self.lines) > _MOST_APART:
                    self._put()

    def _put(self) -> None:
        path = self._folder / f"apart-{len(self.spools):06d}"
        spools.write(path, self.lines)
        self.spools.append(path)
        self.lines = []


AnAnalysis = TypeVar("AnAnalysis", bound=Extracting)


def joined(
    analyses: Sequence[AnAnalysis], lines: Iterable[bytes]
) -> Iterator[tuple[AnAnalysis, Groups]]:
    """Take sorted lines apart: by analysis, and for each by key.

    An analysis without rows is left out.
    """
    by_id = {each.id.encode(): each for each in analyses}
    for name, rows in groupby(lines, analysis_of):
        analysis = by_id.get(name)
        if analysis is not None:
            yield analysis, groups_of(analysis, rows)


def groups_of(analysis: Extracting, lines: Iterable[bytes]) -> Groups:
    """Take the sorted lines of one analysis apart, by key."""
    parts = (line.split(_TAB, 3) for line in lines)
    for written, group in groupby(parts, lambda part: part[1]):
        key = _key(written)
        yield key, _combining(analysis, (_row(key, order, rest) for _, _, order, rest in group))


def _combining(analysis: Extracting, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows of one key; those of several workers that can be combined are."""
    for tag, same in groupby(rows, lambda row: row.tag):
        if tag in analysis.combined:
            yield functools.reduce(analysis.combine, same)
        else:
            yield from same


def by_stage(analyses: Analyses, stage: Stage, day: str = "") -> Sequence[JoiningAnalysis]:
    """The joining analyses of one stage, for a run on a day."""
    found = (each for each in analyses.joining if each.stage is stage)
    return [each.on(day) if day and isinstance(each, Dated) else each for each in found]
