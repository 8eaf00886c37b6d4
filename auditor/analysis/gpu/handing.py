"""What the tenancy of one target hands on to who joins all layers: of each node, who has what.

What separates two pods of one node is decided here, where all is known of how its devices are
given out. Whoever joins the layers adds what the machine is that the node runs in, and needs of a
node how many of its devices each tenant has, and how sure that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from auditor.analysis.gpu.bypass import Way, certainty_of
from auditor.analysis.gpu.devices import mig_profile
from auditor.analysis.gpu.estate import UNIQUE, Estate
from auditor.analysis.gpu.held import Device, NodePool, Reach
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.pairs import of_device, of_pool, reaches_on, whole_of
from auditor.analysis.gpu.shares import Certainty, Share
from auditor.analysis.protocol import Handed, Row
from auditor.model.fact import Origin

JOINED: Final = "gpu-joined"
"""The analysis of the run that takes these rows."""
GUESTS: Final = "1"
GUEST: Final = "guest"
"""What their keys begin with, and their tag."""
_INSTANCE: Final = UNIQUE[1]
_ALL: Final = "every GPU"


class Holding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a tenant has on a node, with one certainty or a higher one.

    ``devices`` is how many GPUs that are at least, ``every``: it is all that there are. ``pod`` is
    one of ``pods`` of which just this certainty is, ``mechanism`` how what it has is given out.
    """

    tenant: str
    keys: tuple[str, ...]
    pod: str
    pods: int
    certainty: int
    mechanism: str
    devices: int = 1
    every: bool = False


class Inside(msgspec.Struct, frozen=True):
    """What two tenants share on the node itself."""

    tenants: tuple[str, str]
    certainty: int
    level: int
    isolation: str
    mechanism: str
    pods: tuple[str, str]


class OnNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node: who has something of its GPUs, and what those share there; ``notes`` are doubts."""

    node: str
    holdings: tuple[Holding, ...] = ()
    inside: tuple[Inside, ...] = ()
    products: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _Found(msgspec.Struct):
    """What adds up of one tenant and one certainty."""

    pods: set[str] = msgspec.field(default_factory=set)
    named: set[str] = msgspec.field(default_factory=set)
    counted: int = 0
    every: bool = False
    bypass: bool = True
    mechanism: str = ""


_encode = msgspec.json.encode


def handed_by(estate: Estate) -> Handed:
    """Hand on what an estate has of each node."""
    return Handed(JOINED, partial(_rows, estate))


def _rows(estate: Estate) -> Iterator[Row]:
    devices: dict[str, list[tuple[str, Device]]] = {}
    names: dict[str, list[str]] = {}
    for (node, name), device in sorted(estate.devices.items()):
        devices.setdefault(node, []).append((name, device))
    for node, resource in sorted(estate.pools):
        names.setdefault(node, []).append(resource)
    for node in sorted({*devices, *names}):
        pools = [estate.pools[node, resource] for resource in names.get(node, ())]
        row = _on_node(estate, node, devices.get(node, []), pools)
        at = _place(estate, node, devices.get(node, []), pools)
        if at is not None:
            yield Row((GUESTS, at.target, node), GUEST, at, _encode(row))


def _place(
    estate: Estate,
    node: str,
    devices: Iterable[tuple[str, Device]],
    pools: Iterable[NodePool],
) -> Origin | None:
    """Say where a node was read, else what says that something runs there."""
    held = (each.origin for _, device in devices for each in device.held)
    held_of_pools = (each.origin for pool in pools for each in pool.holders)
    return estate.nodes.get(node) or next(held, None) or next(held_of_pools, None)


def _on_node(
    estate: Estate,
    node: str,
    devices: list[tuple[str, Device]],
    pools: list[NodePool],
) -> OnNode:
    reaches = reaches_on(estate, node)
    found: dict[tuple[str, Certainty], _Found] = {}
    for name, device in devices:
        _add_device(found, name, device)
    for pool in pools:
        _add_pool(found, pool)
    for reach in reaches:
        _add_reach(found, reach, devices, pools)
    shares: list[Share] = []
    for _, device in devices:
        shares += of_device(device, reaches)
    for pool in pools:
        beside = whole_of(estate, node, pool.offer.resource)
        shares += of_pool(pool, reaches, beside).shares
    return OnNode(
        node=node,
        holdings=tuple(_holdings(estate, found)),
        inside=tuple(_inside(shares)),
        products=tuple(sorted({device.product for _, device in devices} - {""})),
        notes=tuple(dict.fromkeys(note for _, device in devices for note in device.notes)),
    )


def _add_device(found: dict[tuple[str, Certainty], _Found], name: str, device: Device) -> None:
    """Count a device for each tenant that has something of it; who looks on has nothing."""
    for held in device.held:
        grant = held.grant
        if grant.observer:
            continue
        each = found.setdefault((grant.tenant, grant.certainty), _Found())
        each.pods.add(grant.pod)
        each.named.add(_counted_as(name))
        each.every |= name == _ALL
        each.bypass = False
        each.mechanism = each.mechanism or grant.sharing.value


def _add_reach(
    found: dict[tuple[str, Certainty], _Found],
    reach: Reach,
    devices: Sequence[tuple[str, Device]],
    pools: Sequence[NodePool],
) -> None:
    """Count the devices that a tenant reaches past the allocation: all, or those of one maker."""
    for gpus in sorted({way.gpus for way in reach.ways}):
        ways = [way for way in reach.ways if way.gpus in ("", gpus)]
        way = Way("", certainty_of(ways), "", gpus)
        named = {name for name, device in devices if way.leads_to(device.resource)}
        counted = [pool.offer for pool in pools if way.leads_to(pool.offer.resource)]
        every = len(named) == len(devices) and len(counted) == len(pools)
        if every or named or counted:
            each = found.setdefault((reach.tenant, Certainty(way.certainty)), _Found())
            each.pods.add(reach.pod)
            each.every |= every
            if not every:
                each.named |= {_counted_as(name) for name in named}
                whole = (offer.devices for offer in counted if not offer.profile)
                each.counted = max([each.counted, *whole])


def _counted_as(device: str) -> str:
    """Name what is counted: instances of which nobody says of which GPU they are count as one."""
    return _INSTANCE if device.startswith(_INSTANCE) else device


def _add_pool(found: dict[tuple[str, Certainty], _Found], pool: NodePool) -> None:
    """Count the devices of a pool that each tenant needs at least, by how many slots it holds."""
    offer = pool.offer
    slots: dict[str, int] = {}
    for holder in pool.holders:
        slots[holder.tenant] = slots.get(holder.tenant, 0) + holder.slots
        each = found.setdefault((holder.tenant, Certainty.EXACT), _Found())
        each.pods.add(holder.pod)
        each.bypass = False
        each.mechanism = each.mechanism or offer.sharing.value
    whole = offer.trusted and not offer.profile and mig_profile(offer.resource) == ""
    for tenant, number in slots.items():
        least = -(-number // offer.per_device) if whole else 1
        each = found[tenant, Certainty.EXACT]
        each.counted = max(each.counted, least)


def _holdings(estate: Estate, found: dict[tuple[str, Certainty], _Found]) -> Iterator[Holding]:
    """Yield what each tenant has, the surest first; what is surer counts for what is less sure."""
    known: dict[str, _Found] = {}
    for (tenant, certainty), each in sorted(found.items(), key=_surest_first):
        so_far = known.setdefault(tenant, _Found())
        so_far.named |= each.named
        so_far.counted = max(so_far.counted, each.counted)
        so_far.every |= each.every
        yield Holding(
            tenant=tenant,
            keys=estate.tenants.words(tenant),
            pod=min(each.pods),
            pods=len(each.pods),
            certainty=int(certainty),
            mechanism=(Mechanism.BYPASS.value if each.bypass else each.mechanism),
            devices=max(_number(so_far.named), so_far.counted, 1),
            every=so_far.every,
        )


def _surest_first(item: tuple[tuple[str, Certainty], _Found]) -> tuple[str, int]:
    (tenant, certainty), _ = item
    return tenant, -certainty


def _number(named: set[str]) -> int:
    """Count what is named: an index and a UUID may be one device."""
    indices = sum(each.isdecimal() for each in named)
    return max(indices, len(named) - indices)


def _inside(shares: Iterable[Share]) -> Iterator[Inside]:
    """Yield what each two tenants share, the weakest of each certainty."""
    weakest: dict[tuple[tuple[str, str], Certainty], Share] = {}
    for share in shares:
        known = weakest.get((share.tenants, share.certainty))
        if known is None or (share.level, share.isolation) < (known.level, known.isolation):
            weakest[share.tenants, share.certainty] = share
    for (tenants, certainty), share in sorted(weakest.items(), key=lambda item: item[0]):
        yield Inside(
            tenants=tenants,
            certainty=int(certainty),
            level=int(share.level),
            isolation=share.level.word,
            mechanism=share.mechanism.value,
            pods=share.pods,
        )
