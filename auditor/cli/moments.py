"""Moments as a person types them, and the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from auditor.errors import UsageError
from auditor.late import late

_FORM: Final = late(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)
_YEARS: Final = range(1970, 9000)


def now() -> datetime:
    """The time it is; SOURCE_DATE_EPOCH is for what is written, not for whom to believe."""
    return datetime.now(UTC)


def moment_of(text: str, option: str) -> datetime:
    """Read a moment of RFC 3339; a date is its beginning in UTC.

    Raises:
        UsageError: it is none.
    """
    try:
        found = datetime.fromisoformat(text.upper()) if _FORM.fullmatch(text) else None
    except ValueError:
        found = None
    if found is not None and found.year in _YEARS:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    raise UsageError(
        f"{option} {text[:40]!r}: not a time", hint=f"{option} 2026-06-01, or 2026-06-01T12:00:00Z"
    )
