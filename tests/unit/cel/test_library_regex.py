"""find and findAll: the values are those of Kubernetes 1.35 for the same calls."""

from __future__ import annotations

import time

import pytest

from auditor.cel import DYN, CelCheckError, CelEvalError, CelLimitError, Environment
from auditor.cel.library.regex import find, find_all

ENVIRONMENT = Environment({"x": DYN})
UNCHECKED = Environment({"x": DYN}, checked=False)

VALUES = {
    "the leftmost match": ("'abc 123 45'.find('[0-9]+')", "123"),
    "no match": ("'abc'.find('[0-9]+')", ""),
    "an empty match": ("'abc'.find('x*')", ""),
    "the first branch, not the longest": ("'abab'.find('a|ab')", "a"),
    "as few as possible": ("'aaa'.find('a+?')", "a"),
    "groups do not matter": ("'abc'.find('(a)(b)')", "ab"),
    "code points": (r"'é😀é'.find('.é$')", "😀é"),
    "the end is the end of the text": (r"'a\na'.find('a$')", "a"),
    "flags": (r"'b\nA'.find('(?im)^a$')", "A"),
    "all matches": ("'abc 123 45'.findAll('[0-9]+')", ["123", "45"]),
    "all of none": ("'abc'.findAll('[0-9]')", []),
    "all in nothing": ("''.findAll('a')", []),
    "one empty match in nothing": ("''.findAll('a*')", [""]),
    "none is empty right after another": ("'aab'.findAll('a*')", ["aa", ""]),
    "an empty one at every position": ("'ab'.findAll('')", ["", "", ""]),
    "anchors see what was before": (r"'aab ab'.findAll('\\ba.')", ["aa", "ab"]),
    "the text begins once": ("'aa'.findAll('^a')", ["a"]),
    "at most two": ("'a1b2c3'.findAll('[0-9]', 2)", ["1", "2"]),
    "more than there are": ("'a1b2'.findAll('[0-9]', 9223372036854775807)", ["1", "2"]),
    "at most none": ("'a1'.findAll('[0-9]', 0)", []),
    "a negative limit is none": ("'a1b2'.findAll('[0-9]', -5)", ["1", "2"]),
}


@pytest.mark.parametrize(("source", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values(source: str, expected: object) -> None:
    assert ENVIRONMENT.compile(source).run(None) == expected


ERRORS = {
    "no text": ("x.find('a')", 5, "no such overload: find(int, string)"),
    "null": ("x.find('a')", None, "no such overload: find(null_type, string)"),
    "no pattern": ("'a'.find(x)", True, "no such overload: find(string, bool)"),
    "a list": ("x.findAll('a')", ["a"], "no such overload: findAll(list, string, int)"),
    "no int": ("'a'.findAll('a', x)", 1.0, "no such overload: findAll(string, string, double)"),
    "a group that is open": ("'a'.find(x)", "(", "not a pattern of RE2: (: missing )"),
    "a reference": ("'a'.findAll(x)", r"(a)\1", "backreferences are not supported"),
    "looking ahead": ("'a'.find(x)", "(?=a)", "not a pattern of RE2: (?=a)"),
    "too many times": ("'a'.find(x)", "a{1001}", "not a pattern of RE2: a{1001}"),
}


@pytest.mark.parametrize(("source", "x", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_errors(source: str, x: object, message: str) -> None:
    with pytest.raises(CelEvalError) as caught:
        UNCHECKED.compile(source).run(x)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "source", ["x.find('(')", "x.findAll('(')", "x.findAll('(', 1)", "true ? '' : x.find('(')"]
)
def test_a_constant_pattern_is_checked(source: str) -> None:
    with pytest.raises(CelCheckError) as caught:
        ENVIRONMENT.compile(source)
    assert caught.value.message.startswith("not a pattern of RE2: (")


LIMIT = "a regular expression takes too long for this text"


def test_looking_far_ahead_at_every_position() -> None:
    """All matches of a text take steps from one budget."""
    start = time.process_time()
    with pytest.raises(CelLimitError, match=LIMIT):
        find_all("a" * 20_000, "a[^b]*b|a")
    assert time.process_time() - start < 10


def test_nested_repetition() -> None:
    start = time.process_time()
    assert find_all("a" * 50_000 + "b", "(a+)+$") == []
    assert find("a" * 50_000 + "b", "(a+)+b") == "a" * 50_000 + "b"
    assert time.process_time() - start < 10


@pytest.mark.long
@pytest.mark.parametrize("pattern", [".", "x*", "|".join(["(b)"] * 900)])
def test_a_match_at_every_position(pattern: str) -> None:
    start = time.process_time()
    with pytest.raises(CelLimitError, match=LIMIT):
        find_all("ab" * 500_000, pattern)
    assert time.process_time() - start < 20
