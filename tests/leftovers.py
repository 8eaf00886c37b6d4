"""What a test may leave behind it: other signals than before, and processes that it started."""

from __future__ import annotations

import contextlib
import os
import signal
from _signal import getsignal  # the enums of the public one cost as much as some tests do
from pathlib import Path

Signals = tuple[object, ...]

NAMES = (*(each.name for each in signal.Signals), "blocked")
NUMBERS = tuple(map(int, signal.Signals))


def signals() -> Signals:
    """What happens at each signal, and which ones wait, in the order of their names.

    Asked before and behind every test, so that it is made to be quick, as all here.
    """
    return *map(getsignal, NUMBERS), signal.pthread_sigmask(signal.SIG_BLOCK, ())


def changed(before: Signals) -> list[str]:
    """What is other than it was."""
    now = signals()
    if now == before:
        return []
    told = zip(NAMES, now, before, strict=True)
    return [f"{name}: {value}" for name, value, old in told if value != old]


def children() -> dict[int, str]:
    """The processes that this one has started and that run, with their command lines.

    Where the system does not tell (Linux does), there are none.
    """
    return {number: words for number in numbers() if (words := _running(number))}


def numbers() -> set[int]:
    """The processes that this one has started, those too that have just begun or ended.

    One that has just begun has no command line for a moment.
    """
    found: set[int] = set()
    try:
        threads = os.scandir("/proc/self/task")
    except FileNotFoundError:  # as elsewhere than on Linux
        return found
    with threads:
        for each in threads:
            with contextlib.suppress(OSError):  # a thread that has ended meanwhile
                listed = os.open(f"{each.path}/children", os.O_RDONLY)
                try:
                    found.update(map(int, os.read(listed, 1 << 20).split()))
                finally:
                    os.close(listed)
    return found


def _running(number: int) -> str:
    """The command line of a process; nothing of one that has ended."""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def end(number: int) -> None:
    """End a process that a test has left."""
    os.kill(number, signal.SIGKILL)
