"""Facts of one target, derived by several processes at once.

All of them go through the same sorted rows. Whoever is free takes the next analysis that nobody has
taken, which is a byte out of a pipe that all of them read, and steps over the rows of others::

    numbers         0  1  2  3  4  5     accounts, grants, namespaces, ... as rows are sorted
    this process    0        3     5     sets apart what is for the whole run on its way
    helper             1  2     4        leaves its lines in a file

A helper that dies, whatever it died of, answers nothing: this process does its part again, and
meets what it met.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from auditor.runner import forked
from auditor.runner.deriving import Deriving, Done
from auditor.runner.mishaps import FORESEEN
from auditor.runner.parts import Spool
from auditor.runner.rows import SetApart
from auditor.runner.state import SortedRows

MOST: Final = 3
"""Helpers of a target: there are some thirty analyses, of which a few take most of the time."""


class Numbers:
    """The numbers of analyses, each for one of the processes that ask."""

    def __init__(self, count: int) -> None:
        """There are few enough for a pipe to hold them."""
        self._end, putting = os.pipe()
        os.write(putting, bytes(range(count)))
        os.close(putting)

    def __iter__(self) -> Iterator[int]:
        """Take the next one, until there are no more."""
        while data := os.read(self._end, 1):
            yield data[0]

    def close(self) -> None:
        """Ask no more."""
        os.close(self._end)


class Helpers:
    """Processes that derive what this one has not yet begun with."""

    def __init__(self, deriving: Deriving, rows: SortedRows, folder: Path) -> None:
        """``folder`` is for their lines."""
        self._deriving = deriving
        self._rows = rows
        self._folder = folder
        self._processes: list[BaseProcess] = []
        self._pipes: list[Connection] = []
        self.numbers = Numbers(len(deriving.ordered))

    def start(self, count: int) -> None:
        """Start them; where there are no more processes, fewer help."""
        with contextlib.suppress(OSError):
            for number in range(count):
                into = (Spool(self._folder, name, number) for name in ("facts", "waited"))
                given = (self._deriving, self._rows, self.numbers, tuple(into))
                process, pipe = forked.begin(_help, given, self._pipes)
                self._processes.append(process)
                self._pipes.append(pipe)

    def answers(self) -> Iterator[Done]:
        """What each has done, once it has done all; of one that has died nothing."""
        for pipe in self._pipes:
            with contextlib.suppress(EOFError, OSError):
                yield pipe.recv()

    def close(self) -> None:
        """End those that are not done."""
        self.numbers.close()
        for process, pipe in zip(self._processes, self._pipes, strict=True):
            pipe.close()
            process.kill()
            process.join()


def helped(deriving: Deriving, rows: SortedRows, apart: SetApart, folder: Path, count: int) -> Done:
    """Derive and judge by all analyses, with so many helpers; ``folder`` is for their lines."""
    with contextlib.closing(Helpers(deriving, rows, folder)) as helpers:
        helpers.start(min(count, MOST))
        done = Done(deriving.walk(rows, helpers.numbers, apart))
        for answer in helpers.answers():
            done.add(answer)
    left = set(range(len(deriving.ordered))) - {share.number for share in done.shares}
    done.shares += deriving.walk(rows, sorted(left)) if left else []
    return done


def _help(
    deriving: Deriving,
    rows: SortedRows,
    numbers: Numbers,
    into: tuple[Spool, Spool],
    pipe: Connection,
) -> None:
    """Take one analysis after the other; what ends a run says so where it is met again."""
    gc.freeze()  # a collection would make pages of this process of all that it shares
    with contextlib.suppress(*FORESEEN, MemoryError):
        shares = deriving.walk(rows, numbers)
        waiting = deriving.waiting
        for spool, waits in zip(into, (False, True), strict=True):
            some = [share.judged for share in shares if (share.number in waiting) is waits]
            spool.put([line for judged in some for line in judged.lines])
            for judged in some:
                judged.lines = []
        pipe.send(Done(shares, *(spool.paths for spool in into)))
