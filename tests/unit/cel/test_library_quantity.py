"""Quantities: the answers are those of Kubernetes 1.35 for the same calls, its oddities too."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import DYN, CelCheckError, CelEvalError, CelLimitError, Environment
from auditor.cel.library.amounts import Quantity, parse

ENVIRONMENT = Environment({"x": DYN, "y": DYN})
UNCHECKED = Environment({"x": DYN, "y": DYN}, checked=False)

IS_QUANTITY = {
    "a number": ("12", True),
    "a fraction": ("1.5", True),
    "no digits before the point": (".5", True),
    "no digits behind the point": ("1.", True),
    "a point alone": (".", True),
    "a sign alone": ("-", True),
    "milli": ("100m", True),
    "binary": ("1.5Gi", True),
    "an exponent": ("1e3", True),
    "a negative exponent": ("1E-12", True),
    "a signed exponent": ("1e+2", True),
    "an exponent that wraps": ("1e4294967297", True),
    "leading zeros": ("007", True),
    "nothing": ("", False),
    "two signs": ("--1", False),
    "a space": ("1 ", False),
    "a wrong suffix": ("1K", False),
    "a suffix in small letters": ("1mi", False),
    "two suffixes": ("1kM", False),
    "exa, or an exponent without digits": ("1E", True),
    "an e alone": ("1e", False),
    "a sign without an exponent": ("1-", False),
    "too large an exponent": ("1e99999999999999999999", False),
    "an exponent without a number": ("E-10", False),
    "two points": ("1.2.3", False),
    "digits of another script": ("\u0661", False),
}


@pytest.mark.parametrize(("text", "expected"), IS_QUANTITY.values(), ids=IS_QUANTITY.keys())
def test_is_quantity(text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert ENVIRONMENT.compile("isQuantity(x)").run(text, None) is expected


VALUES: dict[str, tuple[str, object]] = {
    "equal across suffixes": ("quantity('200M') == quantity('0.2G')", True),
    "decimal is less than binary": ("quantity('50M').compareTo(quantity('50Mi'))", -1),
    "greater": ("quantity('150Mi').isGreaterThan(quantity('100Mi'))", True),
    "not less": ("quantity('100M').isLessThan(quantity('50M'))", False),
    "sign": ("[sign(quantity('-1m')), sign(quantity('0')), sign(quantity('1n'))]", [-1, 0, 1]),
    "sum": ("quantity('50k').add(quantity('20')).asInteger()", 50_020),
    "sum with an int": ("quantity('50k').add(20) == quantity('50020')", True),
    "difference": ("quantity('50k').sub(quantity('20k')) == quantity('30k')", True),
    "difference with an int": ("quantity('50k').sub(20).asInteger()", 49_980),
    "an integer": ("quantity('50k').asInteger()", 50_000),
    "binary integer": ("quantity('50Mi').asInteger()", 52_428_800),
    "milli is not an integer": ("quantity('50000m').isInteger()", False),
    "a fraction is not an integer": ("quantity('1.0').isInteger()", False),
    "a fraction of a kilo is one": ("quantity('1.5k').asInteger()", 1500),
    "many tebi are not integer": ("quantity('100Ti').isInteger()", False),
    "a few tebi are": ("quantity('99Ti').asInteger()", 99 * 2**40),
    "too large for an integer": ("quantity('10e18').isInteger()", False),
    "zero of any exponent": ("quantity('0e18').asInteger()", 0),
    "float": ("quantity('50.703k').asApproximateFloat()", 50703.0),
    "float of nano": ("quantity('1n').asApproximateFloat()", 1e-09),
    "float beyond": ("quantity('1e400').asApproximateFloat()", float("inf")),
    "less than nano is nano": ("quantity('0.1n') == quantity('1n')", True),
    "less than minus nano is minus nano": ("quantity('-0.1n') == quantity('-1n')", True),
    "binary is capped": ("quantity('100Ei') == quantity('9223372036854775807')", True),
    "decimal is not": ("quantity('100E').compareTo(quantity('100Ei'))", 1),
    "half a byte": ("quantity('0.5Ki').asApproximateFloat()", 512.0),
    "sum that leaves int64": (
        "quantity('9223372036854775807').add(1).compareTo(quantity('9223372036854775807'))",
        1,
    ),
    "least int from zero wraps": ("sign(quantity('0').sub(-9223372036854775807 - 1))", -1),
    "least int from a small one wraps": (
        "quantity('1').sub(-9223372036854775807 - 1).asInteger()",
        -(2**63) + 1,
    ),
    "least int from a small negative one": (
        "quantity('-1').sub(-9223372036854775807 - 1).compareTo(quantity('9223372036854775807'))",
        0,
    ),
    "least int from a milli": ("sign(quantity('1m').sub(-9223372036854775807 - 1))", 1),
    "least int from a large one": (
        "sign(quantity('1000000000000000000').sub(-9223372036854775807 - 1))",
        1,
    ),
    "types": ("type(quantity('1')) == type(quantity('2Gi'))", True),
    "one of a set": ("sets.contains([quantity('1000m')], [quantity('1')])", True),
}


@pytest.mark.parametrize(("source", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values(source: str, expected: object) -> None:
    found = ENVIRONMENT.compile(source).run(None, None)
    assert found == expected
    assert found.__class__ is expected.__class__


FAULTS = {
    "no quantity": ("quantity('1x')", "quantity: not a number with a suffix"),
    "unknown suffix": ("quantity('1kk')", "quantity: the suffix is not known"),
    "no number": ("quantity('e-10')", "quantity: there is no number"),
    "milli as integer": ("quantity('1m').asInteger()", "cannot be converted to an integer"),
    "a text": ("quantity('1').add(dyn('1'))", "no such overload: add(kubernetes.Quantity, string)"),
    "no receiver": ("dyn('1').isInteger()", "no such overload: isInteger(string)"),
    "compared with a text": ("quantity('1').compareTo(dyn('1'))", "no such overload: compareTo"),
}


@pytest.mark.parametrize(("source", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_faults(source: str, message: str) -> None:
    with pytest.raises(CelEvalError) as caught:
        UNCHECKED.compile(source).run(None, None)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "source", ["quantity(1)", "quantity('1').add('1')", "quantity('1') > quantity('0')"]
)
def test_refused_when_loaded(source: str) -> None:
    with pytest.raises(CelCheckError):
        ENVIRONMENT.compile(source)


HOSTILE = {
    "a million digits": ("isQuantity(x)", "1" * 10**6),
    "digits with an exponent": ("quantity(x) == quantity(x)", "1" * 30 + "e100000000"),
    "a sum far apart": ("quantity(x).add(1) == quantity(x)", "1e2000000000"),
}


@pytest.mark.parametrize(("source", "text"), HOSTILE.values(), ids=HOSTILE.keys())
def test_limits(source: str, text: str) -> None:
    with pytest.raises(CelLimitError):
        ENVIRONMENT.compile(source).run(text, None)


def test_far_apart_is_compared() -> None:
    program = ENVIRONMENT.compile("quantity(x).compareTo(quantity(y))")
    assert program.run("1e2000000000", "9" * 300) == 1
    assert program.run("-1e2000000000", "1") == -1
    assert program.run("1" * 30 + "e-2000000000", "1n") == 0


SUFFIXES = {
    "": 1,
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "E": 10**18,
    "e3": 1000,
    "E-2": Fraction(1, 100),
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
NUMBERS = st.tuples(
    st.sampled_from(("", "-", "+")),
    st.integers(0, 10**20),
    st.text("0123456789", max_size=7),
    st.sampled_from(sorted(SUFFIXES)),
)


def written(number: tuple[str, int, str, str]) -> tuple[str, Fraction]:
    """A text, and what it means: exact to the nano, rounded away from zero, binary ones capped."""
    sign, whole, part, suffix = number
    value = Fraction(int(f"{whole}{part}"), 10 ** len(part)) * SUFFIXES[suffix]
    nanos = Fraction(-(-value.numerator * 10**9 // value.denominator), 10**9)
    if suffix.endswith("i"):
        nanos = min(nanos, Fraction(2**63 - 1))
    point = f".{part}" if part else ""
    return f"{sign}{whole}{point}{suffix}", -nanos if sign == "-" else nanos


def exact(quantity: Quantity) -> Fraction:
    return quantity.value * Fraction(10) ** quantity.scale


@given(NUMBERS, NUMBERS)
def test_against_fractions(
    first: tuple[str, int, str, str], second: tuple[str, int, str, str]
) -> None:
    text, value = written(first)
    others, other = written(second)
    a, b = parse(text), parse(others)
    assert exact(a) == value
    assert exact(a.plus(b)) == value + other
    assert exact(a.minus(b)) == value - other
    assert a.compare(b) == (value > other) - (value < other)
    assert (a == b) is (value == other)
    assert hash(a) == hash(b) or a != b
    assert a.approximate() == pytest.approx(float(value), rel=1e-12)
    integer = a.integer()
    assert integer is None or integer == value
