"""The operators, section by section of the language definition, on Python values."""

from __future__ import annotations

from math import inf, isnan, nan
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import ops
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.values import (
    FALSE_KEY,
    INT_MAX,
    INT_MIN,
    NONE,
    TRUE_KEY,
    UINT_MAX,
    Duration,
    OptionalValue,
    Timestamp,
    TypeValue,
    UInt,
)

EDGE = 2**53 + 1


def of(value: object) -> OptionalValue:
    return OptionalValue(value, present=True)


class Same(NamedTuple):
    name: str
    left: object
    right: object


EQUAL = [
    Same("null", None, None),
    Same("int and double", 1, 1.0),
    Same("int and uint", 1, UInt(1)),
    Same("uint and double", UInt(7), 7.0),
    Same("minus zero", 0.0, -0.0),
    Same("infinities", inf, inf),
    Same("lists by element", [1, "a", [2.0]], [1.0, "a", [UInt(2)]]),
    Same("maps by entry", {"a": 1, "b": [2]}, {"b": [2.0], "a": UInt(1)}),
    Same("map keys by value", {1: "x"}, {UInt(1): "x"}),
    Same("bool keys", {TRUE_KEY: 1}, {TRUE_KEY: 1.0}),
    Same("bytes", b"\x00a", b"\x00a"),
    Same("timestamps in two zones", Timestamp(5), Timestamp(5, 3600)),
    Same("durations", Duration(5), Duration(5)),
    Same("types", TypeValue("int"), TypeValue("int")),
    Same("nones", NONE, OptionalValue(7, present=False)),
    Same("optionals by value", of(1), of(1.0)),
]

DIFFERENT = [
    Same("bool and int", True, 1),
    Same("bool and uint", False, UInt(0)),
    Same("bool and double", True, 1.0),
    Same("bool and int in a list", [True], [1]),
    Same("bool and int in a map", {"a": True}, {"a": 1}),
    Same("bool and int as keys", {TRUE_KEY: 1}, {1: 1}),
    Same("string and int", "1", 1),
    Same("string and bytes", "a", b"a"),
    Same("null and false", None, False),
    Same("null and an empty list", None, []),
    Same("NaN and itself", nan, nan),
    Same("NaN in a list", [nan], [nan]),
    Same("integers that are one double", EDGE, float(EDGE)),
    Same("uint and double past 2^53", UInt(UINT_MAX), float(UINT_MAX)),
    Same("lists of other length", [1], [1, 2]),
    Same("maps with other keys", {"a": 1}, {"b": 1}),
    Same("list and map", [], {}),
    Same("timestamp and duration", Timestamp(0), Duration(0)),
    Same("type and its name", TypeValue("int"), "int"),
    Same("optional and its value", of(1), 1),
    Same("none and null", NONE, None),
    Same("none and an optional null", NONE, of(None)),
]


@pytest.mark.parametrize("case", EQUAL, ids=lambda case: case.name)
def test_values_are_equal_in_both_directions(case: Same) -> None:
    assert ops.equal(case.left, case.right) is True
    assert ops.equal(case.right, case.left) is True
    assert ops.not_equal(case.left, case.right) is False


@pytest.mark.parametrize("case", DIFFERENT, ids=lambda case: case.name)
def test_values_differ_in_both_directions(case: Same) -> None:
    assert ops.equal(case.left, case.right) is False
    assert ops.equal(case.right, case.left) is False
    assert ops.not_equal(case.left, case.right) is True


class Ascending(NamedTuple):
    name: str
    low: object
    high: object


ASCENDING = [
    Ascending("int", -1, 0),
    Ascending("int and uint", -1, UInt(0)),
    Ascending("int and double", 1, 1.5),
    Ascending("double and int past 2^53", float(2**53), EDGE),
    Ascending("int and a double beyond int64", INT_MAX, 2.0**63),
    Ascending("uint and a double beyond uint64", UInt(UINT_MAX), 2.0**64),
    Ascending("minus infinity", -inf, INT_MIN),
    Ascending("bool", False, True),
    Ascending("string by code point", "Z", "a"),
    Ascending("string beyond the basic plane", "\uffff", "\U0001f600"),
    Ascending("string and its prefix", "ab", "abc"),
    Ascending("bytes", b"\x7f", b"\x80"),
    Ascending("timestamp", Timestamp(1, 3600), Timestamp(2)),
    Ascending("duration", Duration(-1), Duration(0)),
]


@pytest.mark.parametrize("case", ASCENDING, ids=lambda case: case.name)
def test_order_of_two_values(case: Ascending) -> None:
    low, high = case.low, case.high
    assert [ops.less(low, high), ops.less_equal(low, high)] == [True, True]
    assert [ops.greater(low, high), ops.greater_equal(low, high)] == [False, False]
    assert [ops.less(high, low), ops.less_equal(high, low)] == [False, False]
    assert [ops.greater(high, low), ops.greater_equal(high, low)] == [True, True]
    assert [ops.less(low, low), ops.less_equal(low, low)] == [False, True]


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        pytest.param("a", 1, "no such overload: _<_(string, int)", id="string and int"),
        pytest.param(True, 1, "no such overload: _<_(bool, int)", id="bool and int"),
        pytest.param([1], [2], "no such overload: _<_(list, list)", id="lists"),
        pytest.param(None, None, "no such overload: _<_(null_type, null_type)", id="nulls"),
        pytest.param(
            Timestamp(0),
            Duration(0),
            "no such overload: _<_(google.protobuf.Timestamp, google.protobuf.Duration)",
            id="timestamp and duration",
        ),
        pytest.param(nan, 1, "NaN values cannot be ordered", id="NaN and int"),
        pytest.param(1.0, nan, "NaN values cannot be ordered", id="double and NaN"),
    ],
)
def test_values_without_an_order(low: object, high: object, message: str) -> None:
    with pytest.raises(CelEvalError) as raised:
        ops.less(low, high)
    assert str(raised.value) == message


class Sum(NamedTuple):
    name: str
    operator: str
    left: object
    right: object
    result: object


ARITHMETIC = [
    Sum("add to the largest int", "add", INT_MAX - 1, 1, INT_MAX),
    Sum("subtract to the smallest int", "sub", INT_MIN + 1, 1, INT_MIN),
    Sum("add uints", "add", UInt(1), UInt(2), UInt(3)),
    Sum("subtract uints to zero", "sub", UInt(2), UInt(2), UInt(0)),
    Sum("multiply uints", "mul", UInt(2**32), UInt(2**31), UInt(2**63)),
    Sum("divide toward zero", "div", -7, 2, -3),
    Sum("divide two negatives", "div", -7, -2, 3),
    Sum("divide large ints exactly", "div", INT_MAX, 3, INT_MAX // 3),
    Sum("remainder has the sign of the dividend", "mod", -7, 2, -1),
    Sum("remainder by a negative", "mod", 7, -2, 1),
    Sum("remainder of uints", "mod", UInt(7), UInt(4), UInt(3)),
    Sum("divide uints", "div", UInt(7), UInt(2), UInt(3)),
    Sum("add doubles", "add", 0.5, 0.25, 0.75),
    Sum("double overflow is infinite", "mul", 1e308, 10.0, inf),
    Sum("divide a double by zero", "div", 1.0, 0.0, inf),
    Sum("divide a double by minus zero", "div", 1.0, -0.0, -inf),
    Sum("divide a negative double by zero", "div", -1.0, 0.0, -inf),
    Sum("concatenate strings", "add", "a", "é", "aé"),
    Sum("concatenate bytes", "add", b"a", b"\xff", b"a\xff"),
    Sum("concatenate lists", "add", [1], ["a"], [1, "a"]),
    Sum("time plus span", "add", Timestamp(5, 60), Duration(2), Timestamp(7)),
    Sum("span plus time", "add", Duration(2), Timestamp(5), Timestamp(7)),
    Sum("span plus span", "add", Duration(2), Duration(-5), Duration(-3)),
    Sum("time minus span", "sub", Timestamp(5), Duration(7), Timestamp(-2)),
    Sum("time minus time", "sub", Timestamp(5), Timestamp(7), Duration(-2)),
    Sum("span minus span", "sub", Duration(5), Duration(7), Duration(-2)),
]


@pytest.mark.parametrize("case", ARITHMETIC, ids=lambda case: case.name)
def test_arithmetic(case: Sum) -> None:
    result = getattr(ops, case.operator)(case.left, case.right)
    assert result == case.result
    assert result.__class__ is case.result.__class__


FAILING = [
    Sum("int overflow", "add", INT_MAX, 1, "int overflow"),
    Sum("int underflow", "sub", INT_MIN, 1, "int overflow"),
    Sum("product overflow", "mul", 2**32, 2**31, "int overflow"),
    Sum("quotient overflow", "div", INT_MIN, -1, "int overflow"),
    Sum("remainder overflow", "mod", INT_MIN, -1, "int overflow"),
    Sum("uint overflow", "add", UInt(UINT_MAX), UInt(1), "uint overflow"),
    Sum("uint below zero", "sub", UInt(1), UInt(2), "uint overflow"),
    Sum("int by zero", "div", 1, 0, "divide by zero"),
    Sum("uint by zero", "div", UInt(1), UInt(0), "divide by zero"),
    Sum("remainder by zero", "mod", 1, 0, "modulus by zero"),
    Sum("remainder of uints by zero", "mod", UInt(1), UInt(0), "modulus by zero"),
    Sum("mixed numbers", "add", 1, 1.0, "no such overload: _+_(int, double)"),
    Sum("int and uint", "mul", 1, UInt(1), "no such overload: _*_(int, uint)"),
    Sum("bools", "add", True, True, "no such overload: _+_(bool, bool)"),
    Sum("bool and int", "sub", 1, True, "no such overload: _-_(int, bool)"),
    Sum("remainder of doubles", "mod", 5.0, 2.0, "no such overload: _%_(double, double)"),
    Sum("maps", "add", {}, {}, "no such overload: _+_(map, map)"),
    Sum("string and int", "add", "a", 1, "no such overload: _+_(string, int)"),
    Sum("strings cannot be divided", "div", "a", "b", "no such overload: _/_(string, string)"),
    Sum(
        "last second and a day", "add", Timestamp(2**62 * 54), Duration(2**62), "timestamp overflow"
    ),
    Sum("span overflow", "add", Duration(INT_MAX), Duration(1), "duration overflow"),
    Sum("times too far apart", "sub", Timestamp(2**63), Timestamp(0), "duration overflow"),
]


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_arithmetic_without_a_value(case: Sum) -> None:
    with pytest.raises(CelEvalError) as raised:
        getattr(ops, case.operator)(case.left, case.right)
    assert str(raised.value) == case.result


def test_no_quotient_of_zeros_and_nan() -> None:
    assert isnan(ops.div(0.0, 0.0))
    assert isnan(ops.div(nan, 0.0))


@pytest.mark.parametrize(
    ("value", "result"),
    [(1, -1), (INT_MAX, INT_MIN + 1), (0.5, -0.5), (Duration(3), Duration(-3))],
    ids=["int", "largest int", "double", "duration"],
)
def test_negation(value: object, result: object) -> None:
    assert ops.neg(value) == result


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (INT_MIN, "int overflow"),
        (Duration(INT_MIN), "duration overflow"),
        (UInt(1), "no such overload: -_(uint)"),
        (True, "no such overload: -_(bool)"),
        ("a", "no such overload: -_(string)"),
    ],
    ids=["smallest int", "longest span", "uint", "bool", "string"],
)
def test_negation_without_a_value(value: object, message: str) -> None:
    with pytest.raises(CelEvalError) as raised:
        ops.neg(value)
    assert str(raised.value) == message


def test_concatenation_has_a_limit_that_nothing_absorbs() -> None:
    half = "a" * 2**23
    assert len(ops.add(half, half)) == 2**24
    with pytest.raises(CelLimitError, match="more than 16777216 bytes"):
        ops.add(half + "a", half)


@given(st.integers(INT_MIN, INT_MAX), st.integers(INT_MIN, INT_MAX))
def test_quotient_and_remainder_make_up_the_dividend(a: int, b: int) -> None:
    if b == 0 or (a == INT_MIN and b == -1):
        return
    quotient, rest = ops.div(a, b), ops.mod(a, b)
    assert quotient * b + rest == a
    assert abs(rest) < abs(b)
    assert rest == 0 or (rest < 0) == (a < 0)


NUMBERS = st.one_of(
    st.integers(INT_MIN, INT_MAX),
    st.integers(0, UINT_MAX).map(UInt),
    st.floats(allow_nan=False),
)


@given(NUMBERS, NUMBERS)
def test_exactly_one_of_less_equal_greater(a: object, b: object) -> None:
    assert [ops.less(a, b), ops.equal(a, b), ops.greater(a, b)].count(True) == 1
    assert ops.less_equal(a, b) is not ops.greater(a, b)
    assert ops.less(a, b) is ops.greater(b, a)


def test_bool_keys_are_no_ints() -> None:
    entries: dict[object, object] = {}
    for key in (True, False, 1, 0):
        ops.put(entries, key, key)
    assert list(entries) == [TRUE_KEY, FALSE_KEY, 1, 0]
    assert [ops.index(entries, key) for key in (True, 1, 1.0)] == [True, 1, 1]
