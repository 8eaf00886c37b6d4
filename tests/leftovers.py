"""What a test may leave behind it: other signals than before, and processes that it started."""

from __future__ import annotations

import os
import signal
from pathlib import Path

Signals = dict[str, object]


def signals() -> Signals:
    """What happens at each signal, and which ones wait."""
    found: Signals = {each.name: signal.getsignal(each) for each in signal.Signals}
    return {**found, "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, [])}


def changed(before: Signals) -> list[str]:
    """What is other than it was."""
    return [f"{name}: {value}" for name, value in signals().items() if value != before[name]]


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
    for listed in Path("/proc/self/task").glob("*/children"):
        try:
            found |= set(map(int, listed.read_text().split()))
        except OSError:  # a thread that has ended meanwhile
            continue
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
