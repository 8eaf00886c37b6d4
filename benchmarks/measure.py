"""Whole processes, measured from outside: wall, processor time, peak memory of one process."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


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
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code not in allowed:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {code}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, code)


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
