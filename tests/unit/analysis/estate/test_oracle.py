"""The join against brute force: every share that is there is found, and none more."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from auditor.model.fact import Fact
from tests.sweeps import sweep
from tests.unit.analysis.estate import worlds
from tests.unit.analysis.estate.layers import of_kind, run
from tests.unit.analysis.estate.worlds import Found, Party, World

Shares = Mapping[frozenset[Party], tuple[int | None, int | None]]


def derived(world: World, clusters: int = 2) -> tuple[Shares, set[tuple[object, ...]]]:
    """What the analysis says: pairs with their levels, and who is on which GPU."""
    facts = run(worlds.targets(world, clusters))
    assert all(isinstance(each, Fact) for each in facts), facts
    shares: dict[frozenset[Party], tuple[int | None, int | None]] = {}
    for fact in facts:
        if isinstance(fact, Fact) and fact.kind == "gpu/Share":
            (body,) = of_kind([fact], "gpu/Share")
            pair = frozenset(map(party, fact.key))
            assert pair not in shares
            shares[pair] = body.get("sure"), body.get("perhaps")
    seen = {
        (
            int(device["node"].removeprefix("esx")),
            device["device"],
            (tenant["target"], tenant["tenant"]),
            next(hop for hop in tenant["path"] if hop["layer"] == "machine")["name"].split("/")[-1],
            tenant["certainty"] == "exact",
        )
        for device in of_kind(facts, "gpu/JoinedDevice")
        for tenant in device["tenants"]
    }
    return shares, seen


def party(key: str) -> Party:
    """The target and the name of a tenant."""
    layer, _, name = key.rpartition("/")
    return layer.removeprefix("machines of ").removeprefix("uid of "), name


def expected(found: Mapping[frozenset[Party], Found]) -> Shares:
    return {pair: (each.sure, each.perhaps) for pair, each in found.items()}


def check(world: World, clusters: int = 2) -> int:
    """Compare, and say how many pairs share."""
    shares, seen = derived(world, clusters)
    assert shares == expected(worlds.tried_out(world))
    joined = {
        (host, pci)
        for (host, pci), who in worlds.on_gpus(world).items()
        if any(target != worlds.VCENTER for (target, _), _, _ in who)
    }
    whole = {
        (host, pci, who, moid, sure)
        for (host, pci), every in worlds.on_gpus(world).items()
        if (host, pci) in joined
        for who, moid, sure in every
    }
    assert {each for each in seen if each[:2] in joined} == whole
    return len(shares)


@sweep(60, 4_000)
def test_small_estates(size: int) -> None:
    """Of two clusters and two hosts, with machines of one to three devices."""
    total = 0
    for seed in range(size):
        dice = random.Random(seed)
        try:
            total += check(worlds.made(dice))
        except AssertionError as error:
            pytest.fail(f"seed {seed}: {error}")
    assert total > size / 2, "chance makes estates in which something is shared"


@sweep(some=4, whole=1)
def test_an_estate_of_three_clusters(size: int) -> None:
    """40 hosts, 600 machines, 2,000 pods; a part of them each time."""
    dice = random.Random(19)
    hosts, machines, pods = 40 // size, 600 // size, 2_000 // size
    world = worlds.made(dice, clusters=3, hosts=hosts, machines=machines, pods=pods, several=0.15)
    assert (len(world.hosts), len(world.vms)) == (hosts, machines)
    assert check(world, 3) > 100 // size
