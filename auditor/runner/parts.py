"""What a file and a shard add up to, and the sorted files that their lines go into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from auditor.engine.lines import covering
from auditor.engine.outcome import Judgement
from auditor.engine.tally import from_bytes, to_bytes
from auditor.model.resource import MOST_NAMED, Gap
from auditor.ports import Plan
from auditor.runner import spools
from auditor.runner.cache import FileResult
from auditor.runner.mishaps import Mishap
from auditor.runner.rows import Rows

MOST_LINES = 4_096
"""Lines, of about 700 bytes, that a shard holds before it puts them into a file."""


class ShardResult(msgspec.Struct, gc=False):
    """What one shard came to; the lines are in the files ``spools``, each of them in order.

    ``rows`` are those of joining analyses, in order, or they are in the files ``row_spools``.
    ``unread`` are the gaps in place of files; ``others`` are the first places of other documents;
    ``mishap`` is the first thing that nobody foresaw. ``seen`` is a digest of what was read, empty
    where something went wrong that may go right the next time (:mod:`auditor.runner.seen`).
    """

    number: int
    spools: list[str]
    tally: bytes
    gaps: list[Gap]
    rows: list[bytes]
    row_spools: list[str]
    census: list[tuple[str, int]]
    evaluated: list[tuple[str, int]]
    files: int
    skipped: int
    cached: int
    unread: list[Gap]
    others: list[tuple[str, int]]
    mishap: Mishap | None = None
    seen: bytes = b""


class Judged(msgspec.Struct, frozen=True):
    """What came of each shard of a target, where a worker elsewhere has judged it."""

    plan: Plan
    results: tuple[ShardResult, ...]


class Group(msgspec.Struct):
    """Resources of one controller that got one judgement: listed once, counted all."""

    judgement: Judgement
    lines: list[bytes]
    covers: int


class _Had(msgspec.Struct):
    """Tallies, which are kept so that no others get their id, and how often they were had."""

    tallies: tuple[int, ...]
    times: int


class Tallies(msgspec.Struct):
    """What a file or a shard adds up to.

    ``judged`` are tallies with how often each was had, until they are added up: most resources of a
    page have one of few, and each is a large number.
    """

    rows: Rows
    lines: list[bytes] = msgspec.field(default_factory=list)
    tally: int = 0
    gaps: list[Gap] = msgspec.field(default_factory=list)
    census: Counter[str] = msgspec.field(default_factory=Counter)
    evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    skipped: int = 0
    others: list[tuple[str, int]] = msgspec.field(default_factory=list)
    judged: dict[int, _Had] = msgspec.field(default_factory=dict)

    def count(self, judgement: Judgement) -> None:
        """Count what was said of a resource."""
        tallies = judgement.tallies
        had = self.judged.get(id(tallies))
        if had is None:
            self.judged[id(tallies)] = _Had(tallies, 1)
        else:
            had.times += 1

    def add_up(self) -> None:
        """Add up what was counted."""
        for had in self.judged.values():
            total = sum(had.tallies)
            self.tally += total if had.times == 1 else total * had.times
        self.judged = {}

    def add(self, part: Tallies) -> None:
        """Add what a file came to."""
        self.rows.add_all(part.rows)
        self.lines += part.lines
        self.tally += part.tally
        self.gaps += part.gaps
        self.census.update(part.census)
        self.evaluated.update(part.evaluated)
        self.skipped += part.skipped
        self.others = first_of(self.others + part.others)

    def add_known(self, known: FileResult) -> None:
        """Add what a file came to in an earlier scan."""
        self.rows.add_lines(known.rows)
        self.lines += known.lines
        self.tally += from_bytes(known.tally)
        self.gaps += known.gaps
        self.census.update(dict(known.census))
        self.evaluated.update(dict(known.evaluated))
        self.skipped += known.skipped
        self.others = first_of(self.others + known.others)

    def as_known(self) -> FileResult:
        """What a later scan needs of a file that did not change."""
        return FileResult(
            lines=self.lines,
            rows=self.rows.lines(),
            tally=to_bytes(self.tally),
            gaps=self.gaps,
            census=list(self.census.items()),
            evaluated=list(self.evaluated.items()),
            skipped=self.skipped,
            others=self.others,
        )


class Spool:
    """Puts lines into sorted files named after a shard and what the lines are."""

    def __init__(self, folder: Path, name: str, number: int) -> None:
        self._start = str(folder / f"{name}-{number:06d}")
        self.paths: list[str] = []

    def put(self, lines: list[bytes]) -> None:
        """Write a file; none for no lines."""
        if not lines:
            return
        lines.sort()
        path = f"{self._start}-{len(self.paths):04d}"
        spools.write(Path(path), lines)
        self.paths.append(path)


def all_lines(group: Group) -> Iterator[bytes]:
    """The lines of a group, which stand for all resources in it."""
    if group.covers == 1:
        yield from group.lines
        return
    for line in group.lines:
        yield covering(line, group.covers)


def first_of(places: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """As many places as are named, the first by file and line: the same whoever read what."""
    return sorted(places)[:MOST_NAMED] if places else places
