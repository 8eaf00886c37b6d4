"""Values kept packed come back equal, whatever is in them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.packed import Shelf
from auditor.model.fact import Origin

TEXTS = st.text(max_size=6)


class Much(msgspec.Struct, frozen=True):
    """What has a number that any number can be."""

    number: int


@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 9))))
def test_values_come_back(given_: list[tuple[str, str, int]]) -> None:
    shelf = Shelf(list[Origin])
    expected: dict[str, list[Origin]] = {}
    for key, name, line in given_:
        origin = Origin("t", "u", "Pod", "ns", name, "", "f", 0, line, "d", lines=((name, line),))
        expected[key] = [origin, *expected.get(key, ())]
        shelf.put(key, [origin, *(shelf.get(key) or ())])
    assert list(shelf) == list(expected.items())
    assert {key: shelf.get(key) for key in reversed(expected)} == expected
    assert shelf.get("another key") is None


@pytest.mark.parametrize("number", [0, 2**64 - 1, 2**64, -(2**70)])
def test_numbers_of_any_size_come_back(number: int) -> None:
    shelf = Shelf(Much)
    shelf.put("a", Much(1))
    shelf.put("a", Much(number))
    assert list(shelf) == [("a", Much(number))]
    shelf.put("a", Much(2))
    assert shelf.get("a") == Much(2)
