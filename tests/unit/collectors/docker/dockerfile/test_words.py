"""Texts with their variables put in; BuildKit says the same in ``tests/live/test_dockerfiles``."""

from __future__ import annotations

import pytest

from auditor.model.enums import GapCause
from collectors.docker.dockerfile.faults import Budget, NotBuiltError
from collectors.docker.dockerfile.words import Lexer, Variables, is_open, open_value

VALUES = {"A": "r.io/a.tar.gz", "E": "", "S": "a  b", "O": "{{ GIVEN }}"}
KNOWN = Variables(VALUES.get, open_value)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("$A", "r.io/a.tar.gz"),
        ("x${A}y", "xr.io/a.tar.gzy"),
        ("'$A'", "$A"),
        ('"$A b"', "r.io/a.tar.gz b"),
        (r"\$A", "$A"),
        (r'"\$A\x"', r"$A\x"),
        ("${E:-x}", "x"),
        ("${E-x}", ""),
        ("${A:+x}", "x"),
        ("${E:+x}", ""),
        ("${A:?no}", "r.io/a.tar.gz"),
        ("${N:-${A}}", "r.io/a.tar.gz"),
        ("${A#*/}", "a.tar.gz"),
        ("${A##*.}", "gz"),
        ("${A%.*}", "r.io/a.tar"),
        ("${A%%.*}", "r"),
        ("${A/a/b}", "r.io/b.tar.gz"),
        ("${A//a/b}", "r.io/b.tbr.gz"),
        ("$1 $", "{{ 1 }} $"),
        ("$NOBODY", "{{ NOBODY }}"),
        ("a:${NOBODY}-x", "a:{{ NOBODY }}-x"),
        ("${NOBODY:-x}", "x"),
        ("${NOBODY:+x}", "{{ NOBODY }}"),
        ("${O:+x}", "{{ GIVEN }}"),
        ("${O%%.*}", "{{ GIVEN }}"),
        ("${O/a/b}", "{{ GIVEN }}"),
    ],
)
def test_word(text: str, made: str) -> None:
    assert Lexer(Budget()).word(text, KNOWN) == made
    assert is_open(made) == ("{{" in made)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${", "bad substitution"),
        ("${:x}", "bad substitution"),
        ("${A", "no such operator"),
        ("${A!x}", "no such operator: ${A!…}"),
        ("${A:#x}", "no such operator"),
        ("${A:-x", "no } at the end"),
        ("'", "single quote"),
        ('"', "double quote"),
        ("${A#\\x}", "invalid escape '\\x'"),
    ],
)
def test_what_the_build_refuses(text: str, says: str) -> None:
    with pytest.raises(NotBuiltError) as found:
        Lexer(Budget()).word(text, KNOWN)
    assert says in found.value.detail
    assert found.value.cause is GapCause.MALFORMED


def test_what_has_to_be_set() -> None:
    with pytest.raises(NotBuiltError, match="E: give one"):
        Lexer(Budget()).word("${E:?give one}", KNOWN)


def test_words() -> None:
    assert Lexer(Budget()).words("80 $S 'c d'", KNOWN) == ["80", "a", "b", "c d"]


def test_another_escape() -> None:
    assert Lexer(Budget(), escape="`").word("`$A\\", KNOWN) == "$A\\"


def test_nesting_has_an_end() -> None:
    text = "x"
    for _ in range(40):
        text = f"${{N:-{text}}}"
    with pytest.raises(NotBuiltError, match="nested deeper"):
        Lexer(Budget()).word(text, KNOWN)


def test_text_has_an_end() -> None:
    with pytest.raises(NotBuiltError, match="make more than") as found:
        Lexer(Budget(100)).word("$A" * 20, KNOWN)
    assert found.value.cause is GapCause.TRUNCATED


def test_a_pattern_takes_no_longer_than_its_length() -> None:
    value = "a" * 500
    long = Variables({"L": value}.get)
    assert Lexer(Budget()).word("${L#" + "*a" * 100 + "b}", long) == value


@pytest.mark.parametrize("operator", ["#" + "*a" * 9_000, "%" + "*a" * 9_000, "/*a/b"])
def test_patterns_have_an_end(operator: str) -> None:
    long = Variables({"L": "a" * 2_000}.get)
    with pytest.raises(NotBuiltError, match="take too long") as found:
        Lexer(Budget()).word(f"${{L{operator}}}", long)
    assert found.value.cause is GapCause.TRUNCATED
