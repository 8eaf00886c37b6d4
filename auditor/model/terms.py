"""What holds from a day until a day: waivers, and what people answered."""

from __future__ import annotations

from enum import Enum
from typing import Final

SOON: Final = 30
"""Days before its end from which something is expiring."""


class TermState(Enum):
    """Whether something counts on the day of a run, in UTC."""

    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    PENDING = "pending"


IN_FORCE: Final = frozenset({TermState.ACTIVE, TermState.EXPIRING})
"""The states in which it counts."""


def state_on(begins: str, ends: str, day: str, soon: str) -> TermState:
    """Whether something counts on a day; all of them as 2026-11-30.

    On the day of its end it counts no more; ``soon`` is the day from whose eve on it is expiring.
    """
    if day >= ends:
        return TermState.EXPIRED
    if day < begins:
        return TermState.PENDING
    return TermState.EXPIRING if ends <= soon else TermState.ACTIVE
