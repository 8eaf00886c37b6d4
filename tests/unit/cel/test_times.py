"""Times, spans, zones and calendar fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel.arithmetic import TIMESTAMP_MAX, TIMESTAMP_MIN
from auditor.cel.errors import CelEvalError
from auditor.cel.times import (
    duration_field,
    format_duration,
    format_timestamp,
    parse_duration,
    parse_timestamp,
    timestamp_field,
)
from auditor.cel.values import INT_MAX, INT_MIN, Duration, Timestamp

SECOND = 10**9
HOUR = 3600 * SECOND
ACCESSORS = (
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfYear",
    "getDayOfWeek",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
)


class Text(NamedTuple):
    name: str
    text: str
    ns: int
    canonical: str


TIMESTAMPS = [
    Text("epoch", "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
    Text("before the epoch", "1969-12-31T23:59:59.5Z", -SECOND // 2, "1969-12-31T23:59:59.5Z"),
    Text("nanoseconds", "1970-01-01T00:00:00.000000001Z", 1, "1970-01-01T00:00:00.000000001Z"),
    Text("trailing zeros", "1970-01-01T00:00:01.120000Z", 1120 * 10**6, "1970-01-01T00:00:01.12Z"),
    Text(
        "a tenth digit",
        "1970-01-01T00:00:00.1234567899Z",
        123456789,
        "1970-01-01T00:00:00.123456789Z",
    ),
    Text("comma", "1970-01-01T00:00:00,5Z", SECOND // 2, "1970-01-01T00:00:00.5Z"),
    Text("hour of one digit", "1970-01-01T1:00:00Z", HOUR, "1970-01-01T01:00:00Z"),
    Text("east of UTC", "1970-01-01T05:30:00+05:30", 0, "1970-01-01T05:30:00+05:30"),
    Text("west of UTC", "1969-12-31T23:00:00-01:00", 0, "1969-12-31T23:00:00-01:00"),
    Text("offset zero", "1970-01-01T00:00:00-00:00", 0, "1970-01-01T00:00:00Z"),
    Text("leap day", "2024-02-29T00:00:00Z", 1709164800 * SECOND, "2024-02-29T00:00:00Z"),
    Text("first", "0001-01-01T00:00:00Z", TIMESTAMP_MIN, "0001-01-01T00:00:00Z"),
    Text("last", "9999-12-31T23:59:59.999999999Z", TIMESTAMP_MAX, "9999-12-31T23:59:59.999999999Z"),
]


@pytest.mark.parametrize("case", TIMESTAMPS, ids=lambda case: case.name)
def test_timestamp_text(case: Text) -> None:
    value = parse_timestamp(case.text)
    assert value.ns == case.ns
    assert format_timestamp(value) == case.canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2020-01-01",
        "2020-01-01T00:00:00",
        "2020-01-01 00:00:00Z",
        "2020-01-01t00:00:00z",
        "2020-01-01T00:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T00:60:00Z",
        "2020-01-01T00:00:60Z",
        "2020-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00+0100",
        "2020-01-01T00:00:00+25:00",
        "20200-01-01T00:00:00Z",
        "٢٠٢٠-01-01T00:00:00Z",
        " 2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z\n",
    ],
    ids=repr,
)
def test_no_timestamp(text: str) -> None:
    with pytest.raises(CelEvalError, match="invalid timestamp"):
        parse_timestamp(text)


@pytest.mark.parametrize(
    "text",
    ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"],
)
def test_timestamp_outside_the_years(text: str) -> None:
    with pytest.raises(CelEvalError, match=r"invalid timestamp|timestamp overflow"):
        parse_timestamp(text)


DURATIONS = [
    Text("zero without a unit", "0", 0, "0s"),
    Text("signed zero", "-0", 0, "0s"),
    Text("seconds", "90s", 90 * SECOND, "90s"),
    Text("parts", "1h30m5.5s", 5405 * SECOND + SECOND // 2, "5405.5s"),
    Text("negative", "-1.5h", -5400 * SECOND, "-5400s"),
    Text("plus", "+1m", 60 * SECOND, "60s"),
    Text("small units", "1ms1us1ns", 1001001, "0.001001001s"),
    Text("micro sign", "1\u00b5s", 1000, "0.000001s"),
    Text("Greek mu", "1\u03bcs", 1000, "0.000001s"),
    Text("one nanosecond", "1ns", 1, "0.000000001s"),
    Text("no digit before the point", ".5s", SECOND // 2, "0.5s"),
    Text("no digit after the point", "5.s", 5 * SECOND, "5s"),
    Text("any order and repeated", "1s1h1s", 3602 * SECOND, "3602s"),
    Text("below a nanosecond", "0.9999999999ns", 0, "0s"),
    Text("leading zeros", "00000000000000000000000001s", SECOND, "1s"),
    Text("longest", "2562047h47m16.854775807s", INT_MAX, "9223372036.854776s"),
    Text("longest negative", "-2562047h47m16.854775808s", INT_MIN, "-9223372036.854776s"),
]


@pytest.mark.parametrize("case", DURATIONS, ids=lambda case: case.name)
def test_duration_text(case: Text) -> None:
    value = parse_duration(case.text)
    assert value.ns == case.ns
    assert format_duration(value) == case.canonical


@pytest.mark.parametrize(
    "text",
    ["", "-", "1", "s", ".s", "1d", "1h 2m", "1e3s", "--1s", "1H", "1s2", "٣s", "1s\n"],
    ids=repr,
)
def test_no_duration(text: str) -> None:
    with pytest.raises(CelEvalError, match="invalid duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    ["2562047h47m16.854775808s", "-2562047h47m16.854775809s", "9" * 50 + "h", "1" * 5000 + "ns"],
    ids=["one too many", "one too few", "fifty nines", "five thousand digits"],
)
def test_duration_out_of_range(text: str) -> None:
    with pytest.raises(CelEvalError, match="duration out of range"):
        parse_duration(text)


class Field(NamedTuple):
    name: str
    accessor: str
    zone: str
    value: int


NEW_YEAR = parse_timestamp("2020-01-01T04:05:06.789Z")
FIELDS = [
    Field("year", "getFullYear", "", 2020),
    Field("month from zero", "getMonth", "", 0),
    Field("date from one", "getDate", "", 1),
    Field("day of month from zero", "getDayOfMonth", "", 0),
    Field("day of year from zero", "getDayOfYear", "", 0),
    Field("day of week from Sunday", "getDayOfWeek", "", 3),
    Field("hours", "getHours", "", 4),
    Field("minutes", "getMinutes", "", 5),
    Field("seconds", "getSeconds", "", 6),
    Field("milliseconds", "getMilliseconds", "", 789),
    Field("hours in UTC", "getHours", "UTC", 4),
    Field("hours in a named zone", "getHours", "America/New_York", 23),
    Field("year in a named zone", "getFullYear", "America/New_York", 2019),
    Field("month in a named zone", "getMonth", "America/New_York", 11),
    Field("day of year in a named zone", "getDayOfYear", "America/New_York", 364),
    Field("day of week in a named zone", "getDayOfWeek", "America/New_York", 2),
    Field("minutes in a zone of half an hour", "getMinutes", "Asia/Kolkata", 35),
    Field("hours east", "getHours", "+05:30", 9),
    Field("minutes east", "getMinutes", "05:30", 35),
    Field("hours west", "getHours", "-05:30", 22),
    Field("minutes west", "getMinutes", "-0:30", 35),
]


@pytest.mark.parametrize("case", FIELDS, ids=lambda case: case.name)
def test_calendar_field(case: Field) -> None:
    assert timestamp_field(NEW_YEAR, case.accessor, case.zone) == case.value


def test_daylight_saving() -> None:
    before = parse_timestamp("2021-03-14T06:59:59Z")
    after = parse_timestamp("2021-03-14T07:00:00Z")
    hours = [timestamp_field(moment, "getHours", "America/New_York") for moment in (before, after)]
    assert hours == [1, 3]


def test_zones_reach_beyond_the_years_of_a_timestamp() -> None:
    first, last = Timestamp(TIMESTAMP_MIN), Timestamp(TIMESTAMP_MAX)
    assert timestamp_field(first, "getFullYear", "-01:00") == 0
    assert timestamp_field(first, "getDayOfYear", "-01:00") == 365
    assert timestamp_field(first, "getFullYear", "America/New_York") == 0
    assert timestamp_field(last, "getFullYear", "Asia/Tokyo") == 10000
    assert timestamp_field(last, "getDayOfWeek", "Asia/Tokyo") == 6


@pytest.mark.parametrize(
    "zone",
    ["Nowhere", "Local", "../UTC", "/etc/localtime", "America", "+5", ":30", "1:2:3", "a:b", "\0"],
    ids=repr,
)
def test_no_time_zone(zone: str) -> None:
    with pytest.raises(CelEvalError, match="time zone: "):
        timestamp_field(NEW_YEAR, "getHours", zone)


@pytest.mark.parametrize(
    ("ns", "fields"),
    [
        pytest.param(5405 * SECOND + 9 * 10**8, [1, 90, 5405, 5405900], id="positive"),
        pytest.param(-5405 * SECOND - 9 * 10**8, [-1, -90, -5405, -5405900], id="negative"),
        pytest.param(-1, [0, 0, 0, 0], id="toward zero"),
        pytest.param(INT_MIN, [-2562047, -153722867, -9223372036, -9223372036854], id="longest"),
    ],
)
def test_duration_fields_are_whole_spans(ns: int, fields: list[int]) -> None:
    names = ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
    assert [duration_field(Duration(ns), name) for name in names] == fields


@given(st.integers(TIMESTAMP_MIN, TIMESTAMP_MAX))
def test_timestamps_survive_their_text(ns: int) -> None:
    assert parse_timestamp(format_timestamp(Timestamp(ns))).ns == ns


@given(st.integers(-(10**15), 10**15))
def test_short_durations_survive_their_text(ns: int) -> None:
    # The text is that of a double, and reading it cuts off: a nanosecond may be lost.
    assert abs(ns) - abs(parse_duration(format_duration(Duration(ns))).ns) in {0, 1}


def test_text_of_a_duration_is_that_of_a_double() -> None:
    assert format_duration(Duration(1_947_692_401)) == "1.9476924009999999s"


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1)),  # noqa: DTZ001  # naive, taken as UTC
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_calendar_fields_agree_with_datetime(naive: datetime, zone: str) -> None:
    moment = naive.replace(tzinfo=UTC)
    local = moment.astimezone(ZoneInfo(zone))
    ns = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    got = [timestamp_field(Timestamp(ns), name, zone) for name in ACCESSORS]
    date = [local.year, local.month - 1, local.day, local.day - 1, local.timetuple().tm_yday - 1]
    clock = [local.hour, local.minute, local.second, local.microsecond // 1000]
    assert got == [*date, local.isoweekday() % 7, *clock]
