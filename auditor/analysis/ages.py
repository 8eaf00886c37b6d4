"""How old something was on the day of a run."""

from __future__ import annotations

import datetime as dt


def days(then: str, day: str) -> int | None:
    """Days from a time to a day, both in UTC; None where one is not known."""
    try:
        return (dt.date.fromisoformat(day) - dt.date.fromisoformat(then[:10])).days
    except ValueError:
        return None
