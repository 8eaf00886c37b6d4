"""All shards of a job, in this process or on workers; a small run need not know of processes."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import Final

import msgspec

from auditor.allocation import give_back
from auditor.ports import Shard
from auditor.runner.job import Context, Job
from auditor.runner.parts import ShardResult
from auditor.runner.worker import run_shard

MOST_SHARDS = 64
_TOGETHER: Final = 2
"""After so many shards memory that became free is given back."""


class Lost(msgspec.Struct, frozen=True):
    """A shard that no worker survived."""

    shard: Shard


def run_shards(
    job: Job, context: Context, shards: Sequence[Shard], workers: int
) -> Generator[ShardResult | Lost, None, None]:
    """Run all shards, on processes when there is more than one shard and worker.

    Results come in any order. A worker is forked, so that it has the compiled rules: a system that
    can't fork does without.
    """
    if workers <= 1 or len(shards) <= 1 or not hasattr(os, "fork"):
        for number, shard in enumerate(shards, 1):
            yield run_shard(job, context, shard)
            if number % _TOGETHER == 0:
                give_back()
        return
    from auditor.runner.pool import run_on_workers  # noqa: PLC0415 - small runs do without

    yield from run_on_workers(job, context, shards, workers)


def shard_count(each: int, weight: int) -> int:
    """How many shards to cut a target into, one for ``each`` bytes of its ``weight``."""
    return max(1, min(MOST_SHARDS, weight // each))


def default_workers() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
