"""Timestamps and durations: reading, writing, time zones and calendar fields.

The text forms are those of cel-go, which reads them with Go's ``time`` package: RFC 3339 for times
(with an hour of one digit or a comma before the fraction let through) and ``1h30m5.5s`` for
durations.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from auditor.cel.arithmetic import checked_timestamp
from auditor.cel.errors import CelEvalError
from auditor.cel.values import INT_MAX, Duration, Timestamp

SECOND: Final = 10**9
_MINUTE: Final = 60 * SECOND
_HOUR: Final = 3600 * SECOND

_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))",
)
_TERM: Final = re.compile(r"([0-9]*)(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h)")  # micro and mu
_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,  # the Greek letter is accepted as well as the micro sign
    "ms": 10**6,
    "s": SECOND,
    "m": _MINUTE,
    "h": _HOUR,
}
_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_FIRST_ZONED: Final = -62_135_596_800 + 3 * 86_400
_LAST_ZONED: Final = 253_402_300_799 - 3 * 86_400
_CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097


def parse_timestamp(text: str) -> Timestamp:
    """The time written as ``2024-01-31T10:20:30.5+01:00``; raises for anything else.

    Digits after the ninth of a fraction are dropped. Leap seconds (``:60``) are not accepted.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise CelEvalError(f"invalid timestamp: {text!r}")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, zone_hour, zone_minute = match.groups()[6:]
    offset = _offset_seconds(text, sign, zone_hour, zone_minute)
    if hour > 23 or minute > 59 or second > 59:
        raise CelEvalError(f"invalid timestamp: {text!r}")
    try:
        days = date(year, month, day).toordinal() - _EPOCH_ORDINAL
    except ValueError as error:
        raise CelEvalError(f"invalid timestamp: {text!r}") from error
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    nanos = int((fraction or "0")[:9].ljust(9, "0"))
    return checked_timestamp(seconds * SECOND + nanos, offset)


def _offset_seconds(text: str, sign: str | None, hour: str | None, minute: str | None) -> int:
    if sign is None or hour is None or minute is None:
        return 0
    if int(hour) > 24 or int(minute) > 60:
        raise CelEvalError(f"invalid timestamp: {text!r}")
    seconds = int(hour) * 3600 + int(minute) * 60
    return -seconds if sign == "-" else seconds


def format_timestamp(value: Timestamp) -> str:
    """RFC 3339 with as many digits of the fraction as needed, in the zone it was written in."""
    seconds, nanos = divmod(value.ns + value.offset * SECOND, SECOND)
    days, rest = divmod(seconds, 86_400)
    year, month, day, _ = _civil(days)
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{year:04d}-{month:02d}-{day:02d}T{clock}{fraction}{_format_offset(value.offset)}"


def _format_offset(offset: int) -> str:
    if offset == 0:
        return "Z"
    minutes = abs(offset) // 60
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def parse_duration(text: str) -> Duration:
    """The span written as ``1h30m``, ``-1.5s`` or ``0``; raises for anything else.

    The units are ``ns us µs ms s m h``. The value must fit in int64 nanoseconds (292 years).
    """
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return Duration(0)
    total = position = 0
    while match := _TERM.match(body, position):
        whole, fraction, unit = match.groups()
        digits = (fraction or "")[1:]
        if not whole and not digits:
            break
        total += int(whole[-40:] or "0") * _UNITS[unit] + _scale(digits, _UNITS[unit])
        position = match.end()
        if len(whole.lstrip("0")) > 19 or total > INT_MAX + 1:
            raise CelEvalError(f"duration out of range: {text[:80]!r}")
    if position != len(body) or not body:
        raise CelEvalError(f"invalid duration: {text[:80]!r}")
    if total > INT_MAX and text[0] != "-":
        raise CelEvalError(f"duration out of range: {text[:80]!r}")
    return Duration(-total if text[0] == "-" else total)


def _scale(digits: str, unit: int) -> int:
    """The nanoseconds in ``0.digits`` of a unit, truncated."""
    kept = digits[:18]
    return int(kept) * unit // 10 ** len(kept) if kept else 0


def format_duration(value: Duration) -> str:
    """The span in seconds as a plain decimal number and ``s``.

    Like cel-go it passes through a double, so that a span of centuries loses its nanoseconds.
    """
    whole, nanos = divmod(abs(value.ns), SECOND)
    return f"{'-' if value.ns < 0 else ''}{plain_decimal(whole + nanos / 1e9)}s"


def plain_decimal(value: float) -> str:
    """A finite, non-negative double with the fewest digits that identify it, never an exponent."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if exponent:
        shift = int(exponent)
        digits = whole + fraction.rstrip("0")
        if shift < 0:
            return "0." + "0" * (-shift - 1) + digits
        return digits.ljust(shift + 1, "0")
    return whole if fraction == "0" else f"{whole}.{fraction}"


def _civil(days: int) -> tuple[int, int, int, int]:
    """Year, month, day of the month and 0-based day of the year, for days since the epoch.

    A zone can carry a time a day beyond Python's years 1 to 9999; the calendar repeats itself every
    400 years.
    """
    ordinal = days + _EPOCH_ORDINAL
    years = 0
    if ordinal < 1:
        ordinal, years = ordinal + _CYCLE_DAYS, -_CYCLE_YEARS
    elif ordinal > date.max.toordinal():
        ordinal, years = ordinal - _CYCLE_DAYS, _CYCLE_YEARS
    day = date.fromordinal(ordinal)
    return day.year + years, day.month, day.day, ordinal - date(day.year, 1, 1).toordinal()


def zone_offset(seconds: int, zone: str) -> int:
    """Seconds east of UTC of ``zone`` at a time given in seconds since the epoch.

    ``zone`` is a name of the IANA database, ``""`` or ``UTC``, or ``+hh:mm``. ``Local`` is refused:
    what it means depends on the machine.
    """
    if zone in ("", "UTC"):
        return 0
    hours, colon, minutes = zone.partition(":")
    if colon:
        if not _WHOLE_NUMBER.fullmatch(hours) or not _WHOLE_NUMBER.fullmatch(minutes):
            raise CelEvalError(f"invalid time zone: {zone[:80]!r}")
        signed = -int(minutes) if zone[0] == "-" else int(minutes)
        return (int(hours) * 60 + signed) * 60
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - few rules name a zone

    try:
        moment = _EPOCH + timedelta(seconds=min(max(seconds, _FIRST_ZONED), _LAST_ZONED))
        offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CelEvalError(f"unknown time zone: {zone[:80]!r}") from error
    return 0 if offset is None else offset // timedelta(seconds=1)


def timestamp_field(value: Timestamp, name: str, zone: str) -> int:
    """A calendar field of a time: ``name`` is that of the accessor, such as ``getHours``.

    Months, days of the month (``getDayOfMonth``), of the year and of the week count from 0, Sunday
    first; ``getDate`` counts from 1.
    """
    seconds, nanos = divmod(value.ns, SECOND)
    days, clock = divmod(seconds + zone_offset(seconds, zone), 86_400)
    match name:
        case "getHours":
            return clock // 3600
        case "getMinutes":
            return clock // 60 % 60
        case "getSeconds":
            return clock % 60
        case "getMilliseconds":
            return nanos // 10**6
        case "getDayOfWeek":
            return (days + 4) % 7
        case _:
            return _date_field(days, name)


def _date_field(days: int, name: str) -> int:
    year, month, day, year_day = _civil(days)
    match name:
        case "getFullYear":
            return year
        case "getMonth":
            return month - 1
        case "getDate":
            return day
        case "getDayOfMonth":
            return day - 1
        case "getDayOfYear":
            return year_day
        case _:
            raise CelEvalError(f"no such overload: {name}(google.protobuf.Timestamp)")


_DURATION_FIELDS: Final = {
    "getHours": _HOUR,
    "getMinutes": _MINUTE,
    "getSeconds": SECOND,
    "getMilliseconds": 10**6,
}


def duration_field(value: Duration, name: str) -> int:
    """The whole span in hours, minutes, seconds or milliseconds, truncated toward zero."""
    unit = _DURATION_FIELDS[name]
    whole = abs(value.ns) // unit
    return -whole if value.ns < 0 else whole
