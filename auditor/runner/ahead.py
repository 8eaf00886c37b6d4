"""Small targets judged on workers, some of them before their turn.

A target below a mebibyte is worth no processes of its own; of hundreds of such each would be judged
here, on one core. So workers are made once for all of them. They judge the next few while this
process takes in the one whose turn it is: what joins its objects, counts, lines::

    turn       0        1        2        3        4 ...
    workers    0 1 2 3  4 5      6        7 8      ...     at most some a worker ahead
    here       0        1        2        3        4 ...   in their order, whoever was done first

Results are those of shards that were judged here: so the bytes are the same, which a test holds.
A large target is judged in its turn, by workers of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from auditor.ports import Plan
from auditor.runner.job import Context, Job, Told
from auditor.runner.parts import ShardResult
from auditor.runner.shards import Lost

if TYPE_CHECKING:
    from auditor.runner.pool import Pool

MANY: Final = 16
"""Targets of a run: of fewer each is judged here, which needs no processes."""
_A_WORKER: Final = 4
"""Targets that are judged ahead, for each worker; their results are held until their turn."""


class _Target(msgspec.Struct):
    """One that was looked at before its turn; ``left`` are shards that workers have to do."""

    plan: Plan | Exception
    judged: bool = False
    left: int = 0
    results: list[ShardResult | Lost] = msgspec.field(default_factory=list)


class Ahead:
    """Looks some targets ahead, and has the small ones judged."""

    def __init__(
        self,
        jobs: Sequence[Job],
        context: Context,
        plan_of: Callable[[Job], Plan],
        is_small: Callable[[Plan], bool],
        workers: int,
        elsewhere: Collection[int] = (),
    ) -> None:
        """Prepare for targets in the order of their numbers; nothing is begun yet.

        ``elsewhere`` are the numbers of those that nobody judges here: whoever speaks with their
        judges has threads, and then none is judged ahead, as nothing forks from threads.
        """
        self._jobs = jobs
        self._context = context
        self._plan_of = plan_of
        self._is_small = is_small
        able = workers > 1 and len(jobs) >= MANY and not elsewhere and hasattr(os, "fork")
        self._workers = workers if able else 0
        self._pool: Pool | None = None
        self._targets: dict[int, _Target] = {}
        self._whose: dict[int, int] = {}
        self._next = 0

    def plan(self, number: int) -> Plan:
        """The plan of the target whose turn it is; later ones are looked at as well.

        Raises:
            CollectionError, ...: what planning raised.
        """
        if not self._workers:
            return self._plan_of(self._jobs[number])
        end = min(len(self._jobs), number + 1 + self._workers * _A_WORKER)
        for each in range(max(self._next, number), end):
            self._look_at(each)
        self._next = end
        plan = self._targets[number].plan
        if isinstance(plan, Exception):
            del self._targets[number]
            raise plan
        return plan

    def results(self, number: int) -> Iterator[ShardResult | Lost] | None:
        """What came of the shards of a target, in order; None where it is to be judged here."""
        target = self._targets.pop(number, None)
        if target is None or not target.judged or self._pool is None:
            return None
        self._targets[number] = target
        while target.left:
            for piece, result in self._pool.take():
                found = self._targets[self._whose.pop(id(piece))]
                found.results.append(result)
                found.left -= 1
        del self._targets[number]
        return iter(target.results)

    def stop(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.stop()

    def _look_at(self, number: int) -> None:
        job = self._jobs[number]
        try:
            plan = self._plan_of(job)
        except Exception as error:  # noqa: BLE001 - it is raised in the target's turn
            self._targets[number] = _Target(error)
            return
        target = self._targets[number] = _Target(plan)
        if not plan.shards or not self._is_small(plan):
            return
        told = Told.of(job)
        if not _can_be_sent(told):
            return
        from auditor.runner.pool import Piece, Pool  # noqa: PLC0415 - small runs do without

        if self._pool is None:
            self._context.load()
            self._pool = Pool(job, self._context, self._workers)
        target.judged, target.left = True, len(plan.shards)
        for shard in plan.shards:
            piece = Piece(shard, told)
            self._whose[id(piece)] = number
            self._pool.add(piece)


def _can_be_sent(told: Told) -> bool:
    """Whether a worker can have a copy; what a caller brings may hold a lock, or a function."""
    import pickle  # noqa: PLC0415 - small runs send nothing

    try:
        pickle.dumps(told)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
