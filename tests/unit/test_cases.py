"""Cases that are checked in one test are all checked, and those that are wrong are named."""

from __future__ import annotations

import pytest

from tests.cases import every


def test_all_are_checked() -> None:
    seen: list[int] = []
    every({"a": 1, "b": 2}, seen.append)
    assert seen == [1, 2]


def test_each_that_is_wrong_is_named() -> None:
    def check(value: int) -> None:
        if value == 4:
            pytest.fail("four")
        assert 12 // value == 6, f"of {value}"

    with pytest.raises(BaseExceptionGroup, match="3 of 4: a, c, d") as raised:
        every({"a": 0, "b": 2, "c": 3, "d": 4}, check)
    zero, three, four = raised.value.exceptions
    assert (type(zero), zero.__notes__) == (ZeroDivisionError, ["case: a"])
    assert "of 3" in str(three)
    assert "four" in str(four)


def test_no_case_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="there is no case"):
        every({}, print)
