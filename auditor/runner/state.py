"""What came of one target so far, from its shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import msgspec

from auditor.engine.merge import in_order
from auditor.engine.tally import from_bytes
from auditor.model.enums import GapCause
from auditor.model.evidence import Principal, TargetEntry
from auditor.model.resource import Gap, PassedOver
from auditor.model.results import ExcludedReport, ListedFact
from auditor.runner import spools
from auditor.runner.counted import Counted
from auditor.runner.facts import JudgedFacts
from auditor.runner.job import Job
from auditor.runner.mishaps import Mishap, Mishaps
from auditor.runner.parts import ShardResult, first_of


def entry_of(job: Job, run: TargetRun, ended: str) -> TargetEntry:
    """What there is to say of a target of files that was kept."""
    target = job.collector.target
    return TargetEntry(
        uri=target.uri,
        uid=target.uid,
        version=target.version,
        authority="",
        principal=Principal(target.principal),
        started=job.keep.moment if job.keep is not None else "",
        ended=ended,
        gaps=tuple(run.unread),
        excluded=target.excluded,
        notes=target.notes,
        failure=run.failure,
        hint=run.hint,
        passed=run.passed,
        cause=run.cause,
        place=target.place,
        labels=target.labels,
    )


class TargetRun(msgspec.Struct):
    """What came of one target; ``fresh`` files were not known from a scan before.

    ``unread`` are the gaps in place of files: of those nothing is kept but that. ``rows`` and the
    files ``row_spools`` are what joining analyses took, ``later_rows`` and ``later_spools`` what
    those of the run are to join, and ``listed`` the facts that results list. ``by_target`` is, of
    what came of the run as a whole, the tally of each target that it is about. ``seen`` is what
    each shard was found as; ``lucky`` says that nothing went wrong that may go right another time.
    """

    spools: list[str] = msgspec.field(default_factory=list)
    lines: list[bytes] = msgspec.field(default_factory=list)
    tally: int = 0
    by_target: Counter[str] = msgspec.field(default_factory=Counter)
    gaps: list[Gap] = msgspec.field(default_factory=list)
    unread: list[Gap] = msgspec.field(default_factory=list)
    rows: list[bytes] = msgspec.field(default_factory=list)
    row_spools: list[str] = msgspec.field(default_factory=list)
    later_rows: list[bytes] = msgspec.field(default_factory=list)
    later_spools: list[Path] = msgspec.field(default_factory=list)
    census: Counter[str] = msgspec.field(default_factory=Counter)
    evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    listed: list[tuple[str, ListedFact]] = msgspec.field(default_factory=list)
    files: int = 0
    fresh: int = 0
    skipped: int = 0
    others: list[tuple[str, int]] = msgspec.field(default_factory=list)
    passed: PassedOver = PassedOver()
    failure: str = ""
    hint: str = ""
    cause: GapCause | None = None
    excluded: tuple[ExcludedReport, ...] = ()
    counts: Counted = Counted()
    blind: dict[str, str] = msgspec.field(default_factory=dict)
    mishaps: list[Mishap] = msgspec.field(default_factory=list)
    seen: dict[int, bytes] = msgspec.field(default_factory=dict)
    lucky: bool = True

    def add(self, result: ShardResult) -> None:
        """Take in a shard."""
        self.spools += result.spools
        self.tally += from_bytes(result.tally)
        self.gaps += result.gaps
        self.unread += result.unread
        self.rows += result.rows
        self.row_spools += result.row_spools
        self.census.update(dict(result.census))
        self.evaluated.update(dict(result.evaluated))
        self.files += result.files
        self.fresh += result.files - result.cached
        self.skipped += result.skipped
        self.others = first_of(self.others + result.others)
        self.seen[result.number] = result.seen
        self.lucky &= bool(result.seen)
        if result.mishap is not None:
            self.mishaps.append(result.mishap)

    def add_judged(self, judged: JudgedFacts) -> None:
        """Take in what came of facts."""
        self.lines = sorted(self.lines + judged.lines)
        self.tally += judged.tally
        self.by_target += judged.by_target
        self.gaps += judged.gaps
        self.census += judged.census
        self.evaluated += judged.evaluated
        self.listed += judged.listed
        self.later_rows += judged.handed

    def settle(self, folder: Path) -> None:
        """Hold nothing of it that can be in files: of a thousand targets all would be held."""
        for lines, name in ((self.lines, "lines"), (sorted(self.later_rows), "later")):
            if lines:
                spools.write(folder / name, lines)
        self.spools += [str(folder / "lines")] if self.lines else []
        self.later_spools += [folder / "later"] if self.later_rows else []
        self.lines, self.later_rows = [], []

    def add_mishap(self, mishaps: Mishaps) -> None:
        """Take in what went wrong outside of shards."""
        self.lucky &= not mishaps.count
        if mishaps.first is not None:
            self.mishaps.append(mishaps.first)


class SortedRows(msgspec.Struct, frozen=True):
    """Rows in order: those that are held, and those of files, no more than may be open."""

    held: Sequence[bytes]
    paths: Sequence[Path]

    def opened(self, stack: ExitStack) -> Iterator[bytes]:
        """All of them in order, for as long as ``stack`` lasts; any number of times."""
        files = spools.opened(self.paths, stack)
        return chain.from_iterable(in_order([self.held, *files]))


def sorted_rows(run: TargetRun, folder: Path) -> SortedRows:
    """The rows of a target; ``folder`` is for files that are joined of too many."""
    return _sorted(run.rows, map(Path, run.row_spools), folder)


def later_rows(runs: Sequence[TargetRun], folder: Path) -> SortedRows:
    """The rows that analyses of the run are to join, of all targets."""
    held = [line for run in runs for line in run.later_rows]
    return _sorted(held, (path for run in runs for path in run.later_spools), folder)


def _sorted(held: Iterable[bytes], paths: Iterable[Path], folder: Path) -> SortedRows:
    return SortedRows(sorted(held), spools.joined([*paths], folder))
