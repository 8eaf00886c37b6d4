"""Who has something of a GPU, as it is collected: of a device, of a pool, by a way past both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from auditor.analysis.gpu.bypass import Way
from auditor.analysis.gpu.devices import steps_of
from auditor.analysis.gpu.nodes import Offer
from auditor.analysis.gpu.shares import Certainty, Grant, Step
from auditor.analysis.gpu.sources import POD_MARKS
from auditor.analysis.packed import Shelf
from auditor.model.fact import Origin


class Held(msgspec.Struct, frozen=True):
    """A grant, by which source (:mod:`sources`), and where it was read."""

    grant: Grant
    source: str
    origin: Origin


class Device(msgspec.Struct):
    """A GPU, and who has something of it; ``notes`` say what is not known, or contradicts.

    ``resource`` is the one that it was given out by, ``x/`` where only its maker is known.
    """

    product: str = ""
    resource: str = ""
    held: list[Held] = []
    notes: list[str] = []


class Holder(msgspec.Struct, frozen=True):
    """A pod that holds some of what a node offers; ``known``: it is told which devices it has.

    ``on_known``: and of which GPUs those are. ``machine``: it runs in a virtual machine.
    """

    tenant: str
    pod: str
    slots: int
    known: bool
    origin: Origin
    on_known: bool = False
    machine: bool = False


class NodePool(msgspec.Struct, frozen=True):
    """What a node offers under one name, and the pods that hold some of it."""

    offer: Offer
    holders: tuple[Holder, ...]

    @property
    def held(self) -> int:
        """How many slots pods hold."""
        return sum(holder.slots for holder in self.holders)

    @property
    def exceeded(self) -> bool:
        """Whether pods hold more than there is: some were given theirs before it was so few."""
        return self.held > self.offer.capacity > 0


class Reach(msgspec.Struct, frozen=True):
    """A pod that reaches every GPU of its node, or every one of a maker."""

    tenant: str
    pod: str
    node: str
    ways: list[Way]
    component: bool
    origin: Origin


class Pools(Mapping[tuple[str, str], NodePool]):
    """The pools of all nodes, by node and resource; packed, as every pod with a GPU is in one."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._names: dict[tuple[str, str], None] = {}
        self._by_node: Shelf[dict[str, NodePool]] = Shelf(dict[str, NodePool])

    def put(self, node: str, pools: dict[str, NodePool]) -> None:
        """Learn what a node offers, by resource: all of it."""
        if pools:
            self._names |= {(node, resource): None for resource in pools}
            self._by_node.put(node, pools)

    def __getitem__(self, place: tuple[str, str]) -> NodePool:
        node, resource = place
        return (self._by_node.get(node) or {})[resource]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def holders(self) -> Iterator[Holder]:
        """Yield all holders of all nodes, in the order in which nodes were learnt."""
        for _, pools in self._by_node:
            for pool in pools.values():
                yield from pool.holders


def doubt(device: Device) -> None:
    """Lower what schedulers alone say of a device, because they say it on another node as well."""
    note(device, "pods of another node are said to have this device as well")
    for index, held in enumerate(device.held):
        if held.source == POD_MARKS and held.grant.certainty is Certainty.DECLARED:
            grant = replace(held.grant, certainty=Certainty.POSSIBLE)
            device.held[index] = replace(held, grant=grant)


def doubt_all(device: Device, others: Sequence[str]) -> None:
    """Take from what is exact that it is: somebody said it, and somebody else another thing."""
    note(
        device, f"a GPU of this id is said to be in {', '.join(sorted(others)[:3]) or '?'} as well"
    )
    for index, held in enumerate(device.held):
        if held.grant.certainty is Certainty.EXACT:
            grant = replace(held.grant, certainty=Certainty.DECLARED)
            device.held[index] = replace(held, grant=grant)


def note(device: Device, text: str) -> None:
    """Say something of a device, once."""
    if text not in device.notes:
        device.notes.append(text)


def is_given(held: Held) -> bool:
    """Whether somebody handed it out, and not a scheduler wrote it."""
    return held.source != POD_MARKS and held.grant.certainty is Certainty.EXACT


def pool_step(offer: Offer) -> tuple[Step, ...]:
    """The part of a GPU that a device of an offer is; which one is not known."""
    return steps_of(offer.profile)
