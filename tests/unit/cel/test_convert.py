"""Conversions between types: what converts, to which value, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isnan, nan
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import convert
from auditor.cel.errors import CelEvalError
from auditor.cel.values import (
    INT_MAX,
    INT_MIN,
    NONE,
    TRUE_KEY,
    UINT_MAX,
    Duration,
    Timestamp,
    TypeValue,
    UInt,
)


class Case(NamedTuple):
    name: str
    function: Callable[[Any], object]
    value: object
    result: object


CONVERTED = [
    Case("int of an int", convert.to_int, 5, 5),
    Case("int of a uint", convert.to_int, UInt(5), 5),
    Case("int truncates up", convert.to_int, -9.9, -9),
    Case("int truncates down", convert.to_int, 9.9, 9),
    Case(
        "int of the largest double below 2^63", convert.to_int, 9223372036854774784.0, 2**63 - 1024
    ),
    Case("int of text", convert.to_int, "-12", -12),
    Case("int of text with a plus", convert.to_int, "+5", 5),
    Case("int of text with leading zeros", convert.to_int, "-007", -7),
    Case("int of the smallest text", convert.to_int, "-9223372036854775808", INT_MIN),
    Case("int of a time is seconds", convert.to_int, Timestamp(-1), -1),
    Case("int of a span is nanoseconds", convert.to_int, Duration(1500), 1500),
    Case("uint of an int", convert.to_uint, 5, UInt(5)),
    Case("uint truncates", convert.to_uint, 5.9, UInt(5)),
    Case("uint of minus zero", convert.to_uint, -0.0, UInt(0)),
    Case("uint of a large double", convert.to_uint, 18446744073709549568.0, UInt(2**64 - 2048)),
    Case("uint of text", convert.to_uint, "18446744073709551615", UInt(UINT_MAX)),
    Case("double of an int is the nearest", convert.to_double, 2**53 + 1, 2.0**53),
    Case("double of a uint", convert.to_double, UInt(UINT_MAX), 2.0**64),
    Case("double of text", convert.to_double, "-1.5e3", -1500.0),
    Case("double of a bare fraction", convert.to_double, ".5", 0.5),
    Case("double of a bare whole", convert.to_double, "5.", 5.0),
    Case("double of a hexadecimal", convert.to_double, "0x1.8p+1", 3.0),
    Case("double with underscores", convert.to_double, "1_000.2_5", 1000.25),
    Case("double that vanishes", convert.to_double, "1e-400", 0.0),
    Case("double of infinity", convert.to_double, "-Infinity", -inf),
    Case("double of inf", convert.to_double, "+iNf", inf),
    Case("string of a bool", convert.to_string, True, "true"),
    Case("string of an int", convert.to_string, INT_MIN, "-9223372036854775808"),
    Case("string of a uint", convert.to_string, UInt(7), "7"),
    Case("string of bytes", convert.to_string, "é".encode(), "é"),
    Case("string of a time", convert.to_string, Timestamp(10**9 // 2), "1970-01-01T00:00:00.5Z"),
    Case("string of a span", convert.to_string, Duration(-1500 * 10**6), "-1.5s"),
    Case("bytes of text", convert.to_bytes, "é", b"\xc3\xa9"),
    Case("bytes of bytes", convert.to_bytes, b"\xff", b"\xff"),
    Case("bool of a bool", convert.to_bool, False, False),
    Case("timestamp of text", convert.to_timestamp, "1970-01-01T00:00:01Z", Timestamp(10**9)),
    Case("timestamp of seconds", convert.to_timestamp, -5, Timestamp(-5 * 10**9)),
    Case("duration of text", convert.to_duration, "1m", Duration(60 * 10**9)),
    Case("type of null", convert.to_type, None, TypeValue("null_type")),
    Case("type of a bool", convert.to_type, True, TypeValue("bool")),
    Case("type of a uint", convert.to_type, UInt(1), TypeValue("uint")),
    Case("type of a map", convert.to_type, {}, TypeValue("map")),
    Case("type of a type", convert.to_type, TypeValue("int"), TypeValue("type")),
    Case("type of an optional", convert.to_type, NONE, TypeValue("optional_type")),
    Case("type of a span", convert.to_type, Duration(1), TypeValue("google.protobuf.Duration")),
]


@pytest.mark.parametrize("case", CONVERTED, ids=lambda case: case.name)
def test_conversion(case: Case) -> None:
    result = case.function(case.value)
    assert result == case.result
    assert result.__class__ is case.result.__class__


REFUSED = [
    Case("int of a bool", convert.to_int, True, "no such overload: int(bool)"),
    Case("int of null", convert.to_int, None, "no such overload: int(null_type)"),
    Case("int of a list", convert.to_int, [], "no such overload: int(list)"),
    Case("int of 2^63", convert.to_int, 2.0**63, "int overflow"),
    Case("int of -2^63, as cel-go", convert.to_int, -(2.0**63), "int overflow"),
    Case("int of NaN", convert.to_int, nan, "int overflow"),
    Case("int of a large uint", convert.to_int, UInt(UINT_MAX), "int overflow"),
    Case("int of large text", convert.to_int, str(INT_MAX + 1), "int overflow"),
    Case("int of spaces", convert.to_int, " 5", "cannot convert the string ' 5' to int"),
    Case("int of an underscore", convert.to_int, "1_0", "cannot convert the string '1_0' to int"),
    Case("int of a hexadecimal", convert.to_int, "0x10", "cannot convert the string '0x10' to int"),
    Case("int of other digits", convert.to_int, "٣", "cannot convert the string '٣' to int"),
    Case("int of nothing", convert.to_int, "", "cannot convert the string '' to int"),
    Case(
        "int of a million digits",
        convert.to_int,
        "1" * 1_000_000,
        "cannot convert the string '" + "1" * 80 + "' to int",
    ),
    Case("uint of a negative", convert.to_uint, -1, "uint overflow"),
    Case("uint of a negative fraction", convert.to_uint, -0.5, "uint overflow"),
    Case("uint of 2^64", convert.to_uint, 2.0**64, "uint overflow"),
    Case("uint of NaN", convert.to_uint, nan, "uint overflow"),
    Case("uint of a sign", convert.to_uint, "+5", "cannot convert the string '+5' to uint"),
    Case("uint of a bool", convert.to_uint, False, "no such overload: uint(bool)"),
    Case(
        "uint of a time",
        convert.to_uint,
        Timestamp(0),
        "no such overload: uint(google.protobuf.Timestamp)",
    ),
    Case("double of a bool", convert.to_double, True, "no such overload: double(bool)"),
    Case(
        "double out of range",
        convert.to_double,
        "1e400",
        "cannot convert the string '1e400' to double",
    ),
    Case(
        "double of a signed nan",
        convert.to_double,
        "-nan",
        "cannot convert the string '-nan' to double",
    ),
    Case("double of nothing", convert.to_double, "", "cannot convert the string '' to double"),
    Case("double of spaces", convert.to_double, " 1", "cannot convert the string ' 1' to double"),
    Case(
        "double of an exponent", convert.to_double, "1e", "cannot convert the string '1e' to double"
    ),
    Case(
        "double, hexadecimal", convert.to_double, "0x1", "cannot convert the string '0x1' to double"
    ),
    Case(
        "double, large",
        convert.to_double,
        "0x1p1024",
        "cannot convert the string '0x1p1024' to double",
    ),
    Case(
        "double, underscore",
        convert.to_double,
        "1_.5",
        "cannot convert the string '1_.5' to double",
    ),
    Case(
        "double, in exponent",
        convert.to_double,
        "1e_5",
        "cannot convert the string '1e_5' to double",
    ),
    Case("string of null", convert.to_string, None, "no such overload: string(null_type)"),
    Case("string of a list", convert.to_string, [], "no such overload: string(list)"),
    Case("string of a type", convert.to_string, TypeValue("int"), "no such overload: string(type)"),
    Case(
        "string of no UTF-8",
        convert.to_string,
        b"\xff",
        "invalid UTF-8 in bytes, cannot convert to string",
    ),
    Case(
        "bytes of a surrogate",
        convert.to_bytes,
        "\ud800",
        "a string with a lone surrogate has no UTF-8 form",
    ),
    Case("bytes of an int", convert.to_bytes, 1, "no such overload: bytes(int)"),
    Case("bool of an int", convert.to_bool, 1, "no such overload: bool(int)"),
    Case("bool of yes", convert.to_bool, "yes", "cannot convert the string 'yes' to bool"),
    Case("bool of odd case", convert.to_bool, "tRUE", "cannot convert the string 'tRUE' to bool"),
    Case("timestamp of a double", convert.to_timestamp, 1.0, "no such overload: timestamp(double)"),
    Case("timestamp of a uint", convert.to_timestamp, UInt(1), "no such overload: timestamp(uint)"),
    Case("timestamp of a bool", convert.to_timestamp, True, "no such overload: timestamp(bool)"),
    Case("timestamp too late", convert.to_timestamp, 253402300800, "timestamp overflow"),
    Case("duration of an int", convert.to_duration, 1, "no such overload: duration(int)"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_no_conversion(case: Case) -> None:
    with pytest.raises(CelEvalError) as raised:
        case.function(case.value)
    assert str(raised.value) == case.result


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (100000.0, "100000"),
        (999999.5, "999999.5"),
        (1e6, "1e+06"),
        (1234567.8, "1.2345678e+06"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"),
        (0.00012345, "0.00012345"),
        (0.00001, "1e-05"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (inf, "+Inf"),
        (-inf, "-Inf"),
        (nan, "NaN"),
    ],
)
def test_text_of_a_double(value: float, text: str) -> None:
    assert convert.to_string(value) == text


@pytest.mark.parametrize("text", ["1", "t", "T", "true", "TRUE", "True"])
def test_texts_that_mean_true(text: str) -> None:
    assert convert.to_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "false", "FALSE", "False"])
def test_texts_that_mean_false(text: str) -> None:
    assert convert.to_bool(text) is False


def test_double_of_nan() -> None:
    assert isnan(convert.to_double("NaN"))


def test_type_of_a_stored_bool_key() -> None:
    assert convert.to_type(TRUE_KEY) == TypeValue("bool")


@given(st.floats(allow_nan=False))
def test_doubles_survive_their_text(value: float) -> None:
    assert convert.to_double(convert.to_string(value)) == value


@given(st.text() | st.binary())
def test_text_never_fails_in_another_way(value: object) -> None:
    for function in (convert.to_int, convert.to_uint, convert.to_double, convert.to_bool):
        try:
            function(value)
        except CelEvalError as error:
            assert str(error)  # noqa: PT017  # any other exception fails the test
