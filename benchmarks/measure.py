"""Whole processes, measured from outside: wall, processor time, peak memory of one process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_APART: Final = """
import json, os, sys, time

start = time.perf_counter()
child = os.fork()
if not child:
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.execvp(sys.argv[1], sys.argv[1:])
    finally:
        os._exit(127)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - start
cpu = usage.ru_utime + usage.ru_stime
code = os.waitstatus_to_exitcode(status)
json.dump({"wall": wall, "cpu": cpu, "peak": usage.ru_maxrss / 1024, "code": code}, sys.stdout)
"""
"""Starts a program from a process that is small: the kernel counts as the peak of a program also
that of what it was started from (getrusage(2): it survives execve), and a benchmark is large."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds, seconds of processor, and MiB of its largest process."""

    wall: float
    cpu: float
    peak: float
    code: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio with its goal; ``spread`` is the lowest and highest of the pairs."""

    name: str
    ratio: float
    goal: float
    spread: tuple[float, float]
    details: Mapping[str, object]

    @property
    def reached(self) -> bool:
        """Whether the ratio is at or below its goal."""
        return self.ratio <= self.goal


def run(
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    allowed: Sequence[int] = (0, 1),
) -> Run:
    """Run a command with its output thrown away.

    Raises:
        RuntimeError: it ended with a code that is not ``allowed``.
    """
    environment = {**os.environ, **(env or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _APART, *map(str, command)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    found = Run(**json.loads(done.stdout))
    if found.code not in allowed:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {found.code}")
    return found


def paired(
    ours: Callable[[], Run], theirs: Callable[[], Run], pairs: int
) -> tuple[list[Run], list[Run]]:
    """A B A B after one run of each that does not count."""
    ours()
    theirs()
    first, second = [], []
    for _ in range(pairs):
        first.append(ours())
        second.append(theirs())
    return first, second


def ratios(
    ours: Sequence[Run], theirs: Sequence[Run], part: Callable[[Run], float]
) -> tuple[float, tuple[float, float]]:
    """The median of the pairs' ratios, with the lowest and the highest."""
    found = [part(a) / part(b) for a, b in zip(ours, theirs, strict=True)]
    return statistics.median(found), (min(found), max(found))


def median(runs: Sequence[Run], part: Callable[[Run], float]) -> float:
    """The median of one part of many runs."""
    return statistics.median(part(each) for each in runs)


def wall(each: Run) -> float:
    """Seconds."""
    return each.wall


def cpu(each: Run) -> float:
    """Seconds of processor, user and system."""
    return each.cpu
