"""Time, as an argument: a test hands in a clock of its own, which does not wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec


class Clock(msgspec.Struct, frozen=True):
    """Tells time: ``now`` in UTC, ``monotonic`` seconds, and a way to ``sleep`` for seconds."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


def system_clock() -> Clock:
    """Return the clock of this machine."""
    return Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)
