"""Counting decides as trying out every assignment does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from auditor.analysis.gpu.counting import may_share, must_share, pods_must_share

MOST_TENANTS = 4
MOST_DEVICES = 4
MOST_PER_DEVICE = 4


@cache
def assignments(slots: tuple[int, ...], free: tuple[int, ...]) -> frozenset[bool]:
    """Whether two tenants meet, for every way to give slots on devices with so many free.

    Devices are filled tenant by tenant; a tenant that gets something on a device where an earlier
    one has something meets it. Which device is which does not matter, so they come sorted.
    """
    return frozenset(_tried(slots, tuple((each, False) for each in free)))


@cache
def _tried(slots: tuple[int, ...], devices: tuple[tuple[int, bool], ...]) -> frozenset[bool]:
    if not slots:
        return frozenset({False})
    found: set[bool] = set()
    for after, met in _given(slots[0], devices):
        found |= {met or later for later in _tried(slots[1:], tuple(sorted(after)))}
    return frozenset(found)


def _given(
    count: int, devices: tuple[tuple[int, bool], ...]
) -> Iterator[tuple[tuple[tuple[int, bool], ...], bool]]:
    """Every way to give one tenant its slots: what is free after, and whether it met another."""
    if not devices:
        if not count:
            yield (), False
        return
    (free, used), *rest = devices
    for here in range(min(free, count) + 1):
        for after, met in _given(count - here, tuple(rest)):
            yield ((free - here, used or here > 0), *after), met or (used and here > 0)


def cases() -> Iterator[tuple[tuple[int, ...], int, int]]:
    for per_device in range(1, MOST_PER_DEVICE + 1):
        for devices in range(1, MOST_DEVICES + 1):
            for slots in _needs(devices * per_device, MOST_TENANTS):
                yield slots, devices, per_device


def _needs(most: int, tenants: int) -> Iterator[tuple[int, ...]]:
    yield ()
    if tenants:
        for first in range(1, most + 1):
            for rest in _needs(min(first, most - first), tenants - 1):
                yield (first, *rest)


@pytest.mark.parametrize("per_device", range(1, MOST_PER_DEVICE + 1))
def test_what_is_proven_holds_in_every_assignment_and_nothing_else_is(per_device: int) -> None:
    tried = 0
    for slots, devices, per in cases():
        if per != per_device:
            continue
        tried += 1
        named = {f"t{index}": count for index, count in enumerate(slots)}
        met = assignments(slots, (per,) * devices)
        assert must_share(named, devices, per) == (met == {True}), (slots, devices, per)
        assert may_share(named, devices, per) == (True in met), (slots, devices, per)
    assert tried > 10 * per_device


def test_more_than_there_is_proves_nothing() -> None:
    assert not must_share({"a": 5, "b": 5}, 2, 4)
    assert not may_share({"a": 5, "b": 5}, 2, 4)
    assert not must_share({"a": 1}, 0, 4)


def test_pods_of_one_tenant_share_where_there_are_more_of_them_than_devices() -> None:
    assert pods_must_share([1, 1, 1], 2)
    assert not pods_must_share([1, 1, 0], 2)


def test_the_example_of_the_page() -> None:
    assert must_share({"llm": 11, "vision": 10, "web": 12}, 4, 10)
    assert not must_share({"llm": 11, "vision": 10, "web": 10}, 4, 10)
