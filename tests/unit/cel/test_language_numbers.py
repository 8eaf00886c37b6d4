"""Arithmetic, conversions and times, as written in the language."""

from __future__ import annotations

from math import inf, nan

import pytest

from auditor.cel.values import Duration, Timestamp, TypeValue, UInt
from tests.unit.cel.language import Case, check_error, check_value

ARITHMETIC = [
    Case("precedence", "1 + 2 * 3 - 8 / 4 % 3", 5),
    Case("left to right", "100 / 10 / 5", 2),
    Case("smallest int", "-9223372036854775808", -(2**63)),
    Case("hexadecimal", "0xFf + -0x10", 239),
    Case("largest uint", "0xFFFFFFFFFFFFFFFFu", UInt(2**64 - 1)),
    Case("division toward zero", "[-7 / 2, 7 / -2, -7 / -2]", [-3, -3, 3]),
    Case("remainder", "[-7 % 2, 7 % -2, 7 % 2]", [-1, 1, 1]),
    Case("doubles", "0.1 + 0.2", 0.1 + 0.2),
    Case("infinities", "[1.0 / 0.0, -1.0 / 0.0]", [inf, -inf]),
    Case("NaN", "0.0 / 0.0", nan),
    Case("uints", "5u * 4u - 3u / 2u", UInt(19)),
    Case("negation", "-(-5) - -x", 10, 5),
    Case("concatenation", "'a' + 'b' + string(1)", "ab1"),
    Case("bytes", "b'a' + b'\\xff'", b"a\xff"),
    Case("lists", "[1] + [] + ['a']", [1, "a"]),
]

ARITHMETIC_ERRORS = [
    Case("overflow", "9223372036854775807 + 1", "int overflow"),
    Case("underflow", "-9223372036854775808 - 1", "int overflow"),
    Case("negation of the smallest", "-x", "int overflow", -(2**63)),
    Case("quotient", "x / -1", "int overflow", -(2**63)),
    Case("remainder", "x % -1", "int overflow", -(2**63)),
    Case("product", "4294967296 * 2147483648", "int overflow"),
    Case("uint below zero", "1u - 2u", "uint overflow"),
    Case("by zero", "1 / 0", "divide by zero"),
    Case("remainder by zero", "1 % 0", "modulus by zero"),
    Case("mixed", "1 + 1.0", "no such overload: _+_(int, double)"),
    Case("mixed with uint", "1u * 1", "no such overload: _*_(uint, int)"),
    Case("text and number", "x + 1", "no such overload: _+_(string, int)", "a"),
    Case("null", "x - 1", "no such overload: _-_(null_type, int)"),
    Case("negative uint", "-(1u)", "no such overload: -_(uint)"),
    Case("doubles have no remainder", "5.0 % 2.0", "no such overload: _%_(double, double)"),
    Case("maps", "{} + {}", "no such overload: _+_(map, map)"),
]

CONVERSIONS = [
    Case("int", "[int(2.9), int(-2.9), int('5'), int(7u)]", [2, -2, 5, 7]),
    Case("uint", "[uint(3), uint('4'), uint(2.9)]", [UInt(3), UInt(4), UInt(2)]),
    Case("double", "[double(1), double('1.5'), double(2u)]", [1.0, 1.5, 2.0]),
    Case("string", "[string(1), string(1u), string(1.5), string(true)]", ["1", "1", "1.5", "true"]),
    Case("string of bytes", "string(b'\\xc3\\xa9')", "é"),
    Case("string of a large double", "string(1e6)", "1e+06"),
    Case("bytes", "bytes('é')", b"\xc3\xa9"),
    Case("bool", "[bool('true'), bool('F'), bool(true)]", [True, False, True]),
    Case("dyn", "dyn(1) == dyn(1.0)", True),
    Case("type", "[type(1), type(x)]", [TypeValue("int"), TypeValue("null_type")]),
    Case("time of text", "timestamp('1970-01-01T00:00:01Z')", Timestamp(10**9)),
    Case("seconds of a time", "int(timestamp('1969-12-31T23:59:59.5Z'))", -1),
    Case(
        "text of a time in its zone",
        "string(timestamp('2020-01-01T00:00:00+05:00'))",
        "2020-01-01T00:00:00+05:00",
    ),
    Case("nanoseconds of a span", "int(duration('1.5us'))", 1500),
    Case("text of a span", "string(duration('1h1ms'))", "3600.001s"),
]

CONVERSION_ERRORS = [
    Case("int of 2^63", "int(9223372036854775808.0)", "int overflow"),
    Case("int of text", "int(x)", "cannot convert the string 'five' to int", "five"),
    Case("int of a bool", "int(true)", "no such overload: int(bool)"),
    Case("uint of a negative", "uint(-1)", "uint overflow"),
    Case("double of text", "double(x)", "cannot convert the string '' to double", ""),
    Case("string of null", "string(x)", "no such overload: string(null_type)"),
    Case(
        "string of no UTF-8", "string(b'\\xff')", "invalid UTF-8 in bytes, cannot convert to string"
    ),
    Case("bool of text", "bool('yes')", "cannot convert the string 'yes' to bool"),
    Case("timestamp", "timestamp('soon')", "invalid timestamp: 'soon'"),
    Case("timestamp too late", "timestamp(253402300800)", "timestamp overflow"),
    Case("duration", "duration('1d')", "invalid duration: '1d'"),
]

TIMES = [
    Case("time plus span", "timestamp(0) + duration('1s')", Timestamp(10**9)),
    Case("span plus time", "duration('1s') + timestamp(0)", Timestamp(10**9)),
    Case("time minus time", "timestamp(5) - timestamp(7)", Duration(-2 * 10**9)),
    Case(
        "zone survives addition",
        "string(timestamp('2020-01-01T00:00:00-03:00') + duration('1h'))",
        "2020-01-01T01:00:00-03:00",
    ),
    Case(
        "zone does not matter for equality",
        "timestamp('2020-01-01T01:00:00+01:00') == timestamp('2020-01-01T00:00:00Z')",
        True,
    ),
    Case("fields in UTC", "timestamp('2020-01-01T00:00:00+05:00').getHours()", 19),
    Case(
        "fields in a zone",
        "timestamp('2020-01-01T00:00:00Z').getFullYear('America/New_York')",
        2019,
    ),
    Case("fields at an offset", "timestamp('2020-01-01T00:00:00Z').getMinutes('+05:30')", 30),
    Case("date and day", "[timestamp(0).getDate(), timestamp(0).getDayOfMonth()]", [1, 0]),
    Case(
        "week and year",
        "[timestamp(0).getDayOfWeek(), timestamp(0).getDayOfYear(), timestamp(0).getMonth()]",
        [4, 0, 0],
    ),
    Case("clock", "timestamp('1970-01-01T01:02:03.4Z').getMilliseconds()", 400),
    Case("hours of a span", "duration('90m').getHours()", 1),
    Case("milliseconds of a span are all of them", "duration('1.9s').getMilliseconds()", 1900),
    Case("negative span", "-duration('1s')", Duration(-(10**9))),
]

TIME_ERRORS = [
    Case(
        "time out of range",
        "timestamp('9999-12-31T00:00:00Z') + duration('48h')",
        "timestamp overflow",
    ),
    Case(
        "times too far apart",
        "timestamp(0) - timestamp('9999-12-31T00:00:00Z')",
        "duration overflow",
    ),
    Case(
        "span minus time",
        "duration('1s') - timestamp(0)",
        "no such overload: _-_(google.protobuf.Duration, google.protobuf.Timestamp)",
    ),
    Case(
        "span times number",
        "duration('1s') * 2",
        "no such overload: _*_(google.protobuf.Duration, int)",
    ),
    Case("zone", "timestamp(0).getHours('Nowhere')", "unknown time zone: 'Nowhere'"),
    Case("local zone", "timestamp(0).getHours('Local')", "unknown time zone: 'Local'"),
    Case(
        "zone of a span",
        "duration('1s').getHours('UTC')",
        "no such overload: getHours(google.protobuf.Duration)",
    ),
    Case(
        "year of a span",
        "duration('1s').getFullYear()",
        "no such overload: getFullYear(google.protobuf.Duration)",
    ),
]

VALUES = [*ARITHMETIC, *CONVERSIONS, *TIMES]
ERRORS = [*ARITHMETIC_ERRORS, *CONVERSION_ERRORS, *TIME_ERRORS]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case.name}: {case.source}")
def test_value(case: Case) -> None:
    check_value(case)


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: f"{case.name}: {case.source}")
def test_error(case: Case) -> None:
    check_error(case)
