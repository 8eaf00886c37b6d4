"""What follows for each pair of tenants on devices that nobody can tell apart, tried out whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise

import pytest

from auditor.analysis.gpu.held import Holder, NodePool
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.nodes import Offer
from auditor.analysis.gpu.pairs import of_pool
from auditor.analysis.gpu.shares import Certainty
from tests.unit.analysis.gpu.placed import origin

MOST = 3
"""Devices, slots of each, and tenants: every case up to that."""


@cache
def meetings(slots: tuple[int, ...], free: tuple[int, ...]) -> frozenset[frozenset[int]]:
    """Which pairs meet, for every way to give slots on devices; a pair is ``8 * one + other``."""
    return frozenset(_given(0, slots, tuple((each, ()) for each in free)))


def _given(
    tenant: int, slots: tuple[int, ...], devices: tuple[tuple[int, tuple[int, ...]], ...]
) -> Iterator[frozenset[int]]:
    if tenant == len(slots):
        yield frozenset(
            8 * one + other for _, found in devices for one, other in combinations(found, 2)
        )
        return
    for after in set(_placed(tenant, slots[tenant], devices)):
        yield from _given(tenant + 1, slots, tuple(sorted(after)))


def _placed(
    tenant: int, count: int, devices: tuple[tuple[int, tuple[int, ...]], ...]
) -> Iterator[tuple[tuple[int, tuple[int, ...]], ...]]:
    """Every way to give one tenant its slots: what is free on each device after, and who has it."""
    if not devices:
        if not count:
            yield ()
        return
    (free, found), *rest = devices
    for here in range(min(free, count) + 1):
        now = (free - here, (*found, tenant) if here else found)
        for after in _placed(tenant, count - here, tuple(rest)):
            yield (now, *after)


def cases() -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Devices, slots of each, and how many each tenant has, never more than there are."""
    for devices in range(1, MOST + 1):
        for per_device in range(1, MOST + 1):
            for tenants in range(2, MOST + 1):
                for slots in _needs(devices * per_device, tenants):
                    yield devices, per_device, slots


def _needs(most: int, tenants: int) -> Iterator[tuple[int, ...]]:
    if not tenants:
        yield ()
        return
    for first in range(1, most + 1):
        yield from ((first, *rest) for rest in _needs(most - first, tenants - 1))


def pool(devices: int, per_device: int, slots: tuple[int, ...]) -> NodePool:
    """A pool of which the counts alone are known; each slot of a tenant is a pod of its own."""
    sharing = Mechanism.TIME_SLICING if per_device > 1 else Mechanism.EXCLUSIVE
    offer = Offer("nvidia.com/gpu", devices, per_device, sharing, "", "")
    at = origin("k8s/Pod", "t", "p")
    holders = [
        Holder(f"t{tenant}", f"t{tenant}/p{number}", 1, known=False, origin=at)
        for tenant, count in enumerate(slots)
        for number in range(count)
    ]
    return NodePool(offer, tuple(holders))


@pytest.mark.parametrize("devices", range(1, MOST + 1))
def test_a_pair_is_proven_where_it_meets_in_every_assignment_and_possible_in_some(
    devices: int,
) -> None:
    tried = 0
    for count, per_device, slots in cases():
        if count != devices:
            continue
        tried += 1
        met = meetings(slots, (per_device,) * count)
        assert met, "there is some assignment"
        shares = of_pool(pool(count, per_device, slots), ()).shares
        found = {share.tenants: share.certainty for share in shares}
        for one, other in combinations(range(len(slots)), 2):
            every = all(8 * one + other in each for each in met)
            some = any(8 * one + other in each for each in met)
            expected = Certainty.PROVEN if every else Certainty.POSSIBLE if some else None
            assert found.get((f"t{one}", f"t{other}")) is expected, (count, per_device, slots)
    assert tried > 4 * devices


def test_that_some_two_must_share_is_said_of_the_pool() -> None:
    for count, per_device, slots in cases():
        must = all(each for each in meetings(slots, (per_device,) * count))
        assert of_pool(pool(count, per_device, slots), ()).must == must, (count, per_device, slots)


def test_the_cases_are_all_there() -> None:
    every = list(cases())
    assert len(every) == len(set(every))
    assert all(one < other for one, other in pairwise(sorted(every)))
    assert max(sum(slots) for _, _, slots in every) == MOST * MOST
