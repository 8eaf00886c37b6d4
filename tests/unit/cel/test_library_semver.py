"""Semantic versions: the answers are those of Kubernetes 1.35 for the same calls."""

from __future__ import annotations

import itertools

import pytest

from auditor.cel import DYN, CelCheckError, CelEvalError, Environment

ENVIRONMENT = Environment({"x": DYN, "y": DYN})
UNCHECKED = Environment({"x": DYN, "y": DYN}, checked=False)

STRICT = {
    "three numbers": ("1.2.3", True),
    "a pre-release": ("1.2.3-rc.1", True),
    "build metadata": ("1.2.3+a.b-c", True),
    "both": ("1.2.3-alpha.-.1a+01", True),
    "the largest number": ("18446744073709551615.0.0", True),
    "zeros": ("0.0.0", True),
    "nothing": ("", False),
    "two numbers": ("1.2", False),
    "four numbers": ("1.2.3.4", False),
    "a v": ("v1.2.3", False),
    "a leading zero": ("1.02.3", False),
    "too large a number": ("18446744073709551616.0.0", False),
    "a space": (" 1.2.3", False),
    "a letter": ("1.a.3", False),
    "other digits": ("1.2.\u0663", False),
    "an empty pre-release": ("1.2.3-", False),
    "an empty identifier": ("1.2.3-a..b", False),
    "a number with zeros as identifier": ("1.2.3-01", False),
    "too large an identifier": ("1.2.3-18446744073709551616", False),
    "an odd character": ("1.2.3-a_b", False),
    "empty build metadata": ("1.2.3+", False),
    "two plus signs": ("1.2.3+a+b", False),
}


@pytest.mark.parametrize(("text", "expected"), STRICT.values(), ids=STRICT.keys())
def test_strict(text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert ENVIRONMENT.compile("isSemver(x)").run(text, None) is expected
    assert ENVIRONMENT.compile("isSemver(x, false)").run(text, None) is expected


NORMALIZED = {
    "a v": ("v1.2.3", "1.2.3"),
    "one number": ("v1", "1.0.0"),
    "two numbers": ("1.02", "1.2.0"),
    "zeros": ("01.00.000", "1.0.0"),
    "a pre-release stays": ("v1.2.03-rc.1", "1.2.3-rc.1"),
    "a zero before no digit": ("1.2.0-rc", "1.2.0-rc"),
}


@pytest.mark.parametrize(("text", "same"), NORMALIZED.values(), ids=NORMALIZED.keys())
def test_normalized(text: str, same: str) -> None:
    assert ENVIRONMENT.compile("semver(x, true) == semver(y)").run(text, same) is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("1.2-rc", "a short version has no pre-release", id="short with pre-release"),
        pytest.param("1+b", "a short version has no pre-release", id="short with build"),
        pytest.param("vv1.2.3", "the major version is not a number", id="two v"),
        pytest.param(" v1.2.3", "the major version is not a number", id="a space"),
        pytest.param("1.2.3-01", "the pre-release version has leading zeros", id="identifier"),
    ],
)
def test_not_forgiven(text: str, message: str) -> None:
    with pytest.raises(CelEvalError, match=message):
        ENVIRONMENT.compile("semver(x, true)").run(text, None)
    assert ENVIRONMENT.compile("isSemver(x, true)").run(text, None) is False


ORDER = (
    "0.9.9",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-A",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "10.0.0",
)


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations(ORDER, 2)), ids=str)
def test_order(a: str, b: str) -> None:
    source = (
        "[semver(x).isLessThan(semver(y)), semver(x).isGreaterThan(semver(y)),"
        " semver(x).compareTo(semver(y)) == -1, semver(y).compareTo(semver(x)) == 1,"
        " semver(x) == semver(y)]"
    )
    assert ENVIRONMENT.compile(source).run(a, b) == [True, False, True, True, False]


def test_build_metadata_has_no_part() -> None:
    source = "[semver(x) == semver(y), semver(x).compareTo(semver(y)) == 0]"
    assert ENVIRONMENT.compile(source).run("1.2.3+a", "1.2.3+b") == [True, True]


def test_numbers() -> None:
    source = "[semver(x).major(), semver(x).minor(), semver(x).patch()]"
    assert ENVIRONMENT.compile(source).run("1.22.333-rc+b", None) == [1, 22, 333]
    wrapped = ENVIRONMENT.compile(source).run("18446744073709551615.9223372036854775808.0", None)
    assert wrapped == [-1, -(2**63), 0]


def test_type() -> None:
    assert ENVIRONMENT.compile("type(semver(x)) == type(semver(y))").run("1.0.0", "2.0.0") is True


@pytest.mark.parametrize(
    "source",
    [
        "semver(x).compareTo('1.0.0')",
        "semver(1)",
        "isSemver(x, 1)",
        "string(semver(x)) == ''",
    ],
)
def test_wrong_arguments(source: str) -> None:
    with pytest.raises((CelCheckError, CelEvalError)):
        ENVIRONMENT.compile(source).run("1.0.0", None)
    with pytest.raises(CelEvalError):
        UNCHECKED.compile(source).run("1.0.0", None)


HOSTILE = {
    "a million digits": ("1" * 10**6, False),
    "a million zeros": ("1.1." + "0" * 10**6, True),
    "many identifiers": ("1.1.1-" + ".".join("a" * 10**5), True),
}


@pytest.mark.parametrize(("text", "expected"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile(text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert ENVIRONMENT.compile("isSemver(x, true)").run(text, None) is expected
