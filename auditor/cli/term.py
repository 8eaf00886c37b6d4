"""When something ends, in words."""

from __future__ import annotations

import datetime as dt


def when(expires: str, today: dt.date) -> str:
    """Say when something ends, or ended; its day as 2026-11-30."""
    days = (dt.date.fromisoformat(expires) - today).days
    if days <= 0:
        return f"expired on {expires}"
    return f"expires on {expires}, in {days} day{'s' if days != 1 else ''}"
