"""Worker processes that may die: each holds one shard, and only that shard is done again.

``concurrent.futures.ProcessPoolExecutor`` loses all pending work when one worker is killed, and
forks from a process with threads; here each worker has a pipe of its own, and the parent waits for
pipes and for deaths. A shard that kills two workers becomes a gap of its own.

No clock limits a shard: what a rule may cost is bounded when it is compiled, what a file may cost
before it is parsed, and files are never waited for. A worker that hangs all the same (a file system
that does not answer) holds up the run until it is killed, which is then handled like any death, or
until Ctrl-C.
"""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import msgspec

from auditor.ports import Shard
from auditor.runner import forked
from auditor.runner.job import Context, Job, Told
from auditor.runner.parts import ShardResult
from auditor.runner.shards import Lost
from auditor.runner.worker import run_shard

MOST_ATTEMPTS = 2

_encode = msgspec.msgpack.encode


class WorkerError(RuntimeError):
    """A worker ended by an exception of its own: our bug, not the input's."""

    def __init__(self, shard: Shard) -> None:
        first, last = shard.items[0], shard.items[-1]
        super().__init__(
            f"a worker failed on one of {len(shard.items)} files, {first} to {last}; "
            "its traceback is above"
        )
        self.hint = "scan them with --workers 1 to find the one"
        self.add_note(f"hint: {self.hint}")


class Piece(msgspec.Struct, frozen=True):
    """A shard for a worker; ``told`` is whose it is, None for the job that workers are for."""

    shard: Shard
    told: Told | None = None


Done = tuple[Piece, ShardResult | Lost]


class _Slot(msgspec.Struct):
    process: BaseProcess
    pipe: Connection
    piece: Piece | None = None


def run_on_workers(
    job: Job, context: Context, shards: Sequence[Shard], workers: int
) -> Generator[ShardResult | Lost, None, None]:
    """Run all shards on ``workers`` processes; yield results as they come, in any order."""
    pool = Pool(job, context, min(workers, len(shards)))
    try:
        for shard in sorted(shards, key=lambda shard: (-shard.weight, shard.number)):
            pool.add(Piece(shard))
        while found := pool.take():
            for _, result in found:
                yield result
    finally:
        pool.stop()


class Pool:
    """Workers, and the pieces that they have not done yet."""

    def __init__(self, job: Job, context: Context, workers: int) -> None:
        self._job = job
        self._context = context
        self._waiting: deque[Piece] = deque()
        self._attempts: Counter[int] = Counter()
        self._slots: list[_Slot] = []
        for _ in range(workers):
            self._slots.append(self._start())

    def add(self, piece: Piece) -> None:
        """Have a piece done after those that were added before."""
        self._waiting.append(piece)

    def take(self) -> list[Done]:
        """What workers have done, once one of them has; nothing where there is nothing to do.

        Whoever is done has the next piece when this returns.
        """
        found: list[Done] = []
        while not found:
            self._give_all()
            busy = [slot for slot in self._slots if slot.piece is not None]
            if not busy:
                return []
            ready = wait([slot.pipe for slot in busy])
            for slot in busy:
                if slot.pipe in ready:
                    found += self._take(slot)
        self._give_all()
        return found

    def _start(self) -> _Slot:
        others = [slot.pipe for slot in self._slots]
        return _Slot(*forked.begin(_serve, (self._job, self._context), others))

    def _give_all(self) -> None:
        for slot in self._slots:
            if slot.piece is None and self._waiting:
                self._give(slot, self._waiting.popleft())

    def _give(self, slot: _Slot, piece: Piece) -> None:
        slot.piece = piece
        self._attempts[id(piece)] += 1
        # a worker that died in between is noticed as end of file when we wait for its answer
        with contextlib.suppress(BrokenPipeError):
            slot.pipe.send(piece)

    def _take(self, slot: _Slot) -> Iterator[Done]:
        piece = slot.piece
        if piece is None:
            return
        slot.piece = None
        try:
            answer = slot.pipe.recv_bytes()
        except (EOFError, OSError):
            # the end of file may come in the middle of an answer, which is an OSError of its own
            self._replace(slot, piece.shard)
            if self._attempts[id(piece)] < MOST_ATTEMPTS:
                self._waiting.appendleft(piece)
            else:
                del self._attempts[id(piece)]
                yield piece, Lost(piece.shard)
            return
        del self._attempts[id(piece)]
        yield piece, msgspec.msgpack.decode(answer, type=ShardResult)

    def _replace(self, slot: _Slot, shard: Shard) -> None:
        slot.pipe.close()
        slot.process.join()
        if slot.process.exitcode is not None and slot.process.exitcode > 0:
            raise WorkerError(shard)
        fresh = self._start()
        slot.process, slot.pipe = fresh.process, fresh.pipe

    def stop(self) -> None:
        """End the workers; those that are in the middle of a shard are killed."""
        for slot in self._slots:
            if slot.piece is None:
                with contextlib.suppress(OSError):
                    slot.pipe.send(None)
            else:
                slot.process.kill()
            slot.pipe.close()
        for slot in self._slots:
            slot.process.join(timeout=2)
            if slot.process.is_alive():
                slot.process.kill()
                slot.process.join()


def _serve(job: Job, context: Context, pipe: Connection) -> None:
    """Answer shards until told to stop or the parent is gone."""
    while True:
        try:
            piece = pipe.recv()
        except (EOFError, ConnectionResetError):
            return
        if piece is None:
            return
        whose = job if piece.told is None else piece.told.like(job)
        answer = _encode(run_shard(whose, context, piece.shard))
        try:
            pipe.send_bytes(answer)
        except (BrokenPipeError, ConnectionResetError):
            return
