"""A collector with faults: it reads manifests as the real one, and fails where it is told to."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.model.resource import Gap
from auditor.ports import Reading, Shard
from tests.e2e.passing import Passing

DIE = "die"
"""Be killed before the shard is read, as by the system when memory is short."""
DIE_LATE = "die late"
"""Be killed after the shard was read: nothing of it may count."""
RAISE = "raise"
FULL = "full"
"""What the system says when there is no room: nobody's bug."""
LEAVE = "leave"
"""End without an answer and without an error."""
HANG = "hang"


@dataclass(frozen=True, slots=True)
class FaultyCollector(Passing):
    """Fails ``times`` times on the shard that holds ``marked``; ``log`` names the shards read."""

    log: Path
    marked: str
    fault: str
    times: int = 1

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        with self.log.open("a") as log:
            log.write(f"{shard.number} {os.getpid()} {shard.weight}\n")
        fails = self.marked in shard.items and self.reads(shard) <= self.times
        if fails and self.fault != DIE_LATE:
            self._fail()
        yield from self.inner.read(shard)
        if fails:
            self._fail()

    def reads(self, shard: Shard) -> int:
        lines = self.log.read_text().splitlines()
        return [int(line.split()[0]) for line in lines].count(shard.number)

    def shards_read(self) -> list[int]:
        """The number of the shard at each read, in the order of reads; not single files of one."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return [int(number) for number, _, weight in lines if weight != "0"]

    def readers(self) -> set[int]:
        """The processes that read."""
        return {int(line.split()[1]) for line in self.log.read_text().splitlines()}

    def _fail(self) -> None:
        match self.fault:
            case "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            case "raise":
                raise ZeroDivisionError("a fault on purpose")
            case "leave":
                os._exit(0)
            case "hang":
                time.sleep(600)
            case _:
                os.kill(os.getpid(), signal.SIGKILL)
