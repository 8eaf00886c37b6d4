"""Times as others write them: which is the later one, and how many days ago it was."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.ages import NEVER, day_of, days, moment
from tests.sweeps import examples

_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda each: dt.timezone(dt.timedelta(minutes=each)))
_TIMES = st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(9998, 1, 1), timezones=_ZONES)  # noqa: DTZ001 - bounds of a strategy have no zone


@examples(200)
@given(_TIMES, _TIMES)
def test_what_is_written_is_compared_as_it_was_meant(one: dt.datetime, other: dt.datetime) -> None:
    assert moment(one.isoformat()) == one
    assert (moment(one.isoformat()) < moment(other.isoformat())) == (one < other)
    assert day_of(one.isoformat()) == one.astimezone(dt.UTC).date().isoformat()


@pytest.mark.parametrize(
    ("text", "day", "age"),
    [
        ("2026-12-01T04:55:01.87071586+09:00", "2026-11-30", 0),
        ("2026-11-29T23:00:00-06:00", "2026-11-30", 0),
        ("2026-11-29T23:00:00Z", "2026-11-29", 1),
        ("2026-11-29T23:00:00", "2026-11-29", 1),
        ("2026-11-29", "2026-11-29", 1),
        ("2026-11-29 and more", "2026-11-29", 1),
        ("yesterday", "yesterday", None),
        ("", "", None),
        ("0001-01-01T00:00:00+14:00", "0001-01-01", None),
    ],
)
def test_days_are_those_of_utc(text: str, day: str, age: int | None) -> None:
    assert day_of(text) == day
    if age is not None:
        assert days(text, "2026-11-30") == age
    assert moment("soon") == NEVER
