"""When something was, whatever the zone it is told in, and how old it was on the day of a run.

::

    2026-12-01T04:55:01+09:00    is before   2026-11-30T20:00:00Z, though the text comes after it
    2026-11-30T20:00:00Z         is before   2026-11-30T20:00:00.5Z, likewise
    2026-11-30                   is the beginning of that day, in UTC

Scanners write the time of a report in the zone of their machine:
``findings/trivy-reports-in-local-time.sh``.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

NEVER: Final = dt.datetime.min.replace(tzinfo=dt.UTC)
"""Before all other times: that of a text which is none."""
_DAY: Final = len("2026-11-30")


def moment(text: str) -> dt.datetime:
    """Read a time of RFC 3339, or a day; UTC where it does not say, ``NEVER`` where it is none."""
    try:
        found = msgspec.convert(f"{text}T00:00:00" if len(text) == _DAY else text, dt.datetime)
        return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (msgspec.ValidationError, OverflowError):
        return NEVER


def day_of(text: str) -> str:
    """The day of a time, in UTC; of what is none the text as it is, cut to the length of a day."""
    found = moment(text)
    return text[:_DAY] if found == NEVER else found.date().isoformat()


def days(then: str, day: str) -> int | None:
    """Days from a time to a day, both in UTC; None where one is not known."""
    try:
        return (dt.date.fromisoformat(day) - dt.date.fromisoformat(day_of(then))).days
    except ValueError:
        return None
