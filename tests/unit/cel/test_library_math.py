"""Numbers: the values are those of cel-go 0.26 for the same calls."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import DYN, CelCheckError, CelEvalError, Environment
from auditor.cel.values import INT_MAX, INT_MIN, UINT_MAX, UInt

ENVIRONMENT = Environment({"x": DYN, "y": DYN})
UNCHECKED = Environment({"x": DYN, "y": DYN}, checked=False)

VALUES: dict[str, tuple[str, object]] = {
    "greatest of one": ("math.greatest(3)", 3),
    "greatest of two": ("math.greatest(1, 2)", 2),
    "greatest of a list": ("math.greatest([1.5, 2.5, -9.0])", 2.5),
    "greatest of many": ("math.greatest(1, 2, 3, 9, 4, 5, 6, 7)", 9),
    "greatest of different types": ("math.greatest(1, dyn(2u), dyn(1.5))", UInt(2)),
    "the first of equals": ("math.greatest(dyn(1.0), dyn(1))", 1.0),
    "least of two": ("math.least(1, 2)", 1),
    "least of a list": ("math.least([3u, 2u])", UInt(2)),
    "least of different types": ("math.least(dyn(-1), dyn(0u), dyn(-1.5))", -1.5),
    "ceil": ("math.ceil(1.2)", 2.0),
    "ceil of infinity": ("math.ceil(double('-Infinity'))", -math.inf),
    "floor": ("math.floor(-1.2)", -2.0),
    "trunc": ("math.trunc(-1.9)", -1.0),
    "round away from zero": ("math.round(-1.5)", -2.0),
    "round just below a half": ("math.round(0.49999999999999994)", 0.0),
    "round what has no fraction": ("math.round(4503599627370497.0)", 4503599627370497.0),
    "infinite": ("math.isInf(1.0 / 0.0)", True),
    "not infinite": ("math.isInf(1.0)", False),
    "no number": ("math.isNaN(0.0 / 0.0)", True),
    "finite": ("math.isFinite(1.0 / 0.0)", False),
    "abs of an int": ("math.abs(-3)", 3),
    "abs of a uint": ("math.abs(3u)", UInt(3)),
    "abs of a double": ("math.abs(-3.5)", 3.5),
    "sign of an int": ("math.sign(-7)", -1),
    "sign of a uint": ("math.sign(7u)", UInt(1)),
    "sign of a double": ("math.sign(0.0)", 0.0),
    "root": ("math.sqrt(81)", 9.0),
    "root of a double": ("math.sqrt(0.25)", 0.5),
    "and": ("math.bitAnd(-1, 5)", 5),
    "and of uints": ("math.bitAnd(6u, 3u)", UInt(2)),
    "or": ("math.bitOr(1, 6)", 7),
    "xor": ("math.bitXor(3u, 5u)", UInt(6)),
    "not": ("math.bitNot(1)", -2),
    "not of a uint": ("math.bitNot(0u)", UInt(UINT_MAX)),
    "shift left": ("math.bitShiftLeft(1, 2)", 4),
    "shift left into the sign": ("math.bitShiftLeft(1, 63)", INT_MIN),
    "shift everything out": ("math.bitShiftLeft(-1, 64)", 0),
    "shift by more than there is": ("math.bitShiftLeft(1u, 9223372036854775807)", UInt(0)),
    "shift right": ("math.bitShiftRight(1024, 2)", 256),
    "shift a negative right": ("math.bitShiftRight(-1, 1)", INT_MAX),
    "shift a negative by nothing": ("math.bitShiftRight(-1, 0)", -1),
    "shift a uint right": ("math.bitShiftRight(1024u, 2)", UInt(256)),
}


@pytest.mark.parametrize(("source", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values(source: str, expected: object) -> None:
    found = ENVIRONMENT.compile(source).run(None, None)
    assert found == expected
    assert found.__class__ is expected.__class__


@pytest.mark.parametrize("source", ["math.sqrt(-1)", "math.sign(0.0 / 0.0)", "math.ceil(0.0/0.0)"])
def test_no_number(source: str) -> None:
    found = ENVIRONMENT.compile(source).run(None, None)
    assert isinstance(found, float)
    assert math.isnan(found)


FAULTS: dict[str, tuple[str, str]] = {
    "nothing": ("math.greatest(x)", "math.greatest: there is no value"),
    "a text": ("math.least(1, x[0])", "no such overload: math.least(int, string)"),
    "NaN": ("math.greatest(1.0, 0.0 / 0.0)", "math.greatest: NaN has no order"),
    "no counterpart": ("math.abs(-9223372036854775808)", "int overflow"),
    "rounded int": ("math.ceil(dyn(1))", "no such overload: math.ceil(int)"),
    "negative offset": ("math.bitShiftLeft(1, -1)", "math.bitShiftLeft: negative offset -1"),
    "two types of bits": (
        "math.bitAnd(dyn(1), dyn(1u))",
        "no such overload: math.bitAnd(int, uint)",
    ),
    "bits of a double": ("math.bitNot(dyn(1.0))", "no such overload: math.bitNot(double)"),
}


@pytest.mark.parametrize(("source", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_faults(source: str, message: str) -> None:
    argument: object = [] if source == "math.greatest(x)" else ["a"]
    with pytest.raises(CelEvalError) as caught:
        UNCHECKED.compile(source).run(argument, None)
    assert str(caught.value) == message


@pytest.mark.parametrize("source", ["math.greatest()", "math.least('a')", "math.ceil(1)"])
def test_refused_when_loaded(source: str) -> None:
    with pytest.raises(CelCheckError):
        ENVIRONMENT.compile(source)


INTS = st.integers(INT_MIN, INT_MAX)


@given(INTS, st.integers(0, 70))
def test_shifts(value: int, bits: int) -> None:
    """Against integers without an end."""
    left = ENVIRONMENT.compile("math.bitShiftLeft(x, y)").run(value, bits)
    right = ENVIRONMENT.compile("math.bitShiftRight(x, y)").run(value, bits)
    assert isinstance(left, int)
    assert isinstance(right, int)
    assert left % 2**64 == (value << bits) % 2**64
    assert right % 2**64 == (value % 2**64) >> bits
    assert INT_MIN <= left <= INT_MAX
    assert INT_MIN <= right <= INT_MAX


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding(value: float) -> None:
    program = ENVIRONMENT.compile("[math.floor(x), math.ceil(x), math.trunc(x), math.round(x)]")
    found = program.run(value, None)
    assert found == [
        float(math.floor(value)),
        float(math.ceil(value)),
        float(math.trunc(value)),
        math.copysign(float(math.floor(abs(value) * 2 + 1) // 2), value)
        if abs(value) < 2**50
        else value,
    ]
