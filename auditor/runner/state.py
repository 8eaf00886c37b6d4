"""What came of one target so far, from its shards."""

from __future__ import annotations

from collections import Counter

import msgspec

from auditor.engine.tally import from_bytes
from auditor.model.enums import GapCause
from auditor.model.evidence import Principal, TargetEntry
from auditor.model.finding import ExcludedReport, RuleCount
from auditor.model.resource import Gap, PassedOver, Resource
from auditor.runner.job import Job
from auditor.runner.mishaps import Mishap, Mishaps
from auditor.runner.worker import ShardResult, first_of


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
    )


class TargetRun(msgspec.Struct):
    """What came of one target; ``fresh`` files were not known from a scan before.

    ``unread`` are the gaps in place of files: of those nothing is kept but that.
    """

    spools: list[str] = msgspec.field(default_factory=list)
    lines: list[bytes] = msgspec.field(default_factory=list)
    tally: int = 0
    gaps: list[Gap] = msgspec.field(default_factory=list)
    unread: list[Gap] = msgspec.field(default_factory=list)
    kept: list[Resource] = msgspec.field(default_factory=list)
    digests: dict[str, str] = msgspec.field(default_factory=dict)
    census: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    files: int = 0
    fresh: int = 0
    skipped: int = 0
    others: list[tuple[str, int]] = msgspec.field(default_factory=list)
    passed: PassedOver = PassedOver()
    failure: str = ""
    hint: str = ""
    cause: GapCause | None = None
    excluded: tuple[ExcludedReport, ...] = ()
    counts: tuple[RuleCount, ...] = ()
    blind: dict[str, str] = msgspec.field(default_factory=dict)
    mishaps: list[Mishap] = msgspec.field(default_factory=list)

    def add(self, result: ShardResult) -> None:
        """Take in a shard."""
        self.spools += result.spools
        self.tally += from_bytes(result.tally)
        self.gaps += result.gaps
        self.unread += result.unread
        self.kept += result.kept
        self.digests |= result.digests
        for kind, namespace, number in result.census:
            self.census[kind, namespace] += number
        for kind, number in result.evaluated:
            self.evaluated[kind] += number
        self.files += result.files
        self.fresh += result.files - result.cached
        self.skipped += result.skipped
        self.others = first_of(self.others + result.others)
        if result.mishap is not None:
            self.mishaps.append(result.mishap)

    def add_mishap(self, mishaps: Mishaps) -> None:
        """Take in what went wrong outside of shards."""
        if mishaps.first is not None:
            self.mishaps.append(mishaps.first)
