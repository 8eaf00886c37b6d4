"""Blocks in so many lines: in full while there is room, in a line each, counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.room import Block, capped, cut, fitted
from reports.text import cells


def block(number: int, lines: int, findings: int = 1) -> Block:
    return Block(tuple(f"{number}.{line}" for line in range(lines)), f"short {number}", findings)


def test_what_fits_is_in_full() -> None:
    assert list(fitted([block(1, 2), block(2, 1)], 5, 9)) == ["", "1.0", "1.1", "", "2.0"]
    assert list(fitted([], 0, 9)) == []


def test_the_first_are_in_full_and_the_others_in_a_line() -> None:
    blocks = [block(1, 3), block(2, 3), block(3, 3), block(4, 3)]
    assert list(fitted(blocks, 12, 9)) == [
        *("", "1.0", "1.1", "1.2", "", "2.0", "2.1", "2.2"),
        *("", "short 3", "short 4"),
    ]
    assert list(fitted(blocks, 9, 9)) == [
        *("", "1.0", "1.1", "1.2"),
        *("", "short 2", "short 3", "short 4"),
    ]


def test_what_has_no_line_is_counted() -> None:
    blocks = [block(number, 4, number) for number in range(1, 9)]
    assert list(fitted(blocks, 10, 2)) == [
        *("", "1.0", "1.1", "1.2", "1.3"),
        *("", "short 2", "short 3", "short 4", "  and 4 more, 26 findings"),
    ]
    assert list(fitted(blocks, 5, 9)) == [
        *("", "short 1", "short 2", "short 3", "  and 5 more, 30 findings"),
    ]


BLOCKS = st.lists(st.builds(block, st.integers(0, 99), st.integers(1, 30), st.integers(1, 9)))


@given(BLOCKS, st.integers(3, 60), st.integers(0, 20))
def test_never_more_lines_and_nothing_is_forgotten(
    blocks: list[Block], room: int, in_a_line: int
) -> None:
    lines = list(fitted(blocks, room, in_a_line))
    assert len(lines) <= room
    full = sum(line.endswith(".0") for line in lines)
    short = sum(line.startswith("short") for line in lines)
    rest = [line for line in lines if line.startswith("  and ")]
    counted = int(rest[0].split()[1]) if rest else 0
    assert full + short + counted == len(blocks)
    left = sum(each.findings for each in blocks[full + short :])
    assert not rest or rest[0].endswith(f" {left:,} findings")


def test_a_cap() -> None:
    assert capped(["a", "b"], 2) == ["a", "b"]
    assert capped(["a", "b", "c"], 2) == ["a", "  ..."]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abc..."),
        ("日本語日", 7, "日本..."),
        ("a" * 9, None, "a" * 9),
    ],
)
def test_a_cut(text: str, width: int | None, expected: str) -> None:
    assert cut(text, width) == expected
    assert width is None or cells(expected) <= width
