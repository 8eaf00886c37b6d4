"""Text from outside cannot steer a terminal, and fits it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.text import cells, natural, safe, wrap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain text", "plain text", id="plain"),
        pytest.param("\x1b[2Jgone", "\\x1b[2Jgone", id="clear screen"),
        pytest.param("\x1b]0;title\x07", "\\x1b]0;title\\x07", id="window title"),
        pytest.param("a\nb\tc\r", "a\\x0ab\\x09c\\x0d", id="C0"),
        pytest.param("\x9b31m", "\\x9b31m", id="C1"),
        pytest.param("\x7f", "\\x7f", id="delete"),
        pytest.param("ab\u202ecd", "ab\\u202ecd", id="right to left override"),
        pytest.param("zero\u200bwidth", "zero\\u200bwidth", id="zero width"),
        pytest.param("\u2028", "\\u2028", id="line separator"),
        pytest.param("\udc80", "\\udc80", id="lone surrogate"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag"),
        pytest.param("größe 模型", "größe 模型", id="letters stay"),
    ],
)
def test_safe(text: str, expected: str) -> None:
    assert safe(text) == expected


def test_every_character_that_could_steer_or_hide_is_escaped() -> None:
    unsafe = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    for char in map(chr, range(0x110000)):
        if unicodedata.category(char) in unsafe:
            assert safe(char).isascii(), ascii(char)
        else:
            assert safe(char) == char, ascii(char)


@given(st.text())
def test_nothing_unsafe_is_left(text: str) -> None:
    assert not any(
        unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in safe(text)
    )


@given(st.text(alphabet="ab c模é", max_size=80), st.integers(20, 60))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = list(wrap(text, width, "  "))
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["5.2.10", "5.2.2", "5.10", "5.2", "AC-6(10)", "AC-6(9)", "AC-10", "", "K01"]
    assert sorted(names, key=natural) == [
        *("", "5.2", "5.2.2", "5.2.10", "5.10"),
        *("AC-6(9)", "AC-6(10)", "AC-10", "K01"),
    ]


def test_a_number_may_be_longer_than_a_number_can_be() -> None:
    assert sorted(["a" + "9" * 9_000, "a" + "1" * 9_000, "a\u00b2"], key=natural)
