"""One shard: read, derive, judge, and leave sorted lines of findings in a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from auditor.analysis.namespaces import READS
from auditor.analysis.workloads import controlled_by
from auditor.engine.outcome import Judgement
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.ports import Reading, Shard
from auditor.runner.job import Context, Job, context_of


class FileResult(msgspec.Struct, gc=False):
    """What one file came to: all that a later scan needs if the file has not changed."""

    lines: list[bytes]
    tally: bytes
    gaps: list[Gap]
    kept: list[Resource]
    census: list[tuple[str, str, int]]
    evaluated: list[tuple[str, int]]
    skipped: int


class ShardResult(msgspec.Struct, gc=False):
    """What one shard came to; the lines are in ``spool`` ("" when there are none)."""

    number: int
    spool: str
    tally: bytes
    gaps: list[Gap]
    kept: list[Resource]
    census: list[tuple[str, str, int]]
    evaluated: list[tuple[str, int]]
    files: int
    skipped: int
    cached: int


@dataclass(slots=True)
class _Totals:
    lines: list[bytes] = field(default_factory=list)
    tally: int = 0
    gaps: list[Gap] = field(default_factory=list)
    kept: list[Resource] = field(default_factory=list)
    census: Counter[tuple[str, str]] = field(default_factory=Counter)
    evaluated: Counter[str] = field(default_factory=Counter)
    files: int = 0
    skipped: int = 0
    cached: int = 0
