"""What each two tenants of a target share: over all devices, the weakest of each certainty.

Of a pool, whose devices nobody can tell apart, two tenants share

- *proven*, where what the two need, each packed tightly, is more than the devices that there are;
- *possibly*, where some assignment lets them meet;
- not at all, where each device is given out once.

That some two of many must share can be proven of a pool although it is of no pair: it is then said
of the pool (:attr:`PoolShares.must`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from auditor.analysis.gpu.accelerators import WHOLE_OF
from auditor.analysis.gpu.bypass import certainty_of
from auditor.analysis.gpu.counting import may_share, must_share
from auditor.analysis.gpu.estate import Estate
from auditor.analysis.gpu.held import Device, NodePool, Reach, pool_step
from auditor.analysis.gpu.isolation import ISOLATION, Level, Mechanism, level_of, weakest_of
from auditor.analysis.gpu.nodes import SHARED
from auditor.analysis.gpu.shares import Certainty, Grant, Share, shares


class Pair(msgspec.Struct):
    """What two tenants share with one certainty: the weakest share, and on how many devices."""

    share: Share
    node: str
    device: str
    devices: int = 0
    nodes: set[str] = msgspec.field(default_factory=set)


class PoolShares(msgspec.Struct, frozen=True):
    """What follows for a pool; ``must``: some two tenants share, whichever they are."""

    shares: tuple[Share, ...]
    must: bool


def of_device(device: Device, reaches: Sequence[Reach]) -> list[Share]:
    """Find what tenants share of a device that is known, and who reaches it besides."""
    if len(device.held) + len(reaches) <= 1:
        return []  # as it is of most devices
    past = bypassing(reaches, device.resource)
    return list(shares((*(held.grant for held in device.held), *past)))


def bypassing(reaches: Iterable[Reach], resource: str) -> Iterator[Grant]:
    """Make the grants of pods that reach the GPUs of a resource past the allocation."""
    for reach in reaches:
        ways = [way for way in reach.ways if way.leads_to(resource)]
        if ways:
            yield Grant(reach.tenant, reach.pod, certainty_of(ways), Mechanism.BYPASS)


def of_pool(pool: NodePool, reaches: Sequence[Reach], whole: Sequence[NodePool] = ()) -> PoolShares:
    """Find what tenants share of devices that can't be told apart.

    ``whole`` are pools of the same devices under the names for all of one (:func:`whole_of`).
    """
    offer = pool.offer
    slots: Counter[str] = Counter()
    pods: dict[str, str] = {}
    unknown: set[str] = set()
    floating: set[str] = set()
    for holder in pool.holders:
        slots[holder.tenant] += holder.slots
        pods[holder.tenant] = min(holder.pod, pods.get(holder.tenant, holder.pod))
        if not holder.known:
            unknown.add(holder.tenant)
        if not holder.on_known:
            floating.add(holder.tenant)
    of_pairs = _counted if offer.trusted else _doubted
    found = list((_exceeding if pool.exceeded else of_pairs)(pool, slots, pods, unknown))
    found += _siblings(pool, pods, floating, {share.tenants for share in found})
    found += _beside(pool, pods, reaches)
    found += _with_whole(pods, whole, {share.tenants for share in found})
    must = offer.trusted and must_share(slots, offer.devices, offer.per_device)
    return PoolShares(tuple(found), must)


def _counted(
    pool: NodePool, slots: Mapping[str, int], pods: Mapping[str, str], unknown: set[str]
) -> Iterator[Share]:
    offer = pool.offer
    may = may_share(slots, offer.devices, offer.per_device)
    for one, other in _of_unknown(slots, unknown):
        both = {one: slots[one], other: slots[other]}
        if must_share(both, offer.devices, offer.per_device):
            yield _share(one, other, Certainty.PROVEN, offer.sharing, pods)
        elif may:
            yield _share(one, other, Certainty.POSSIBLE, offer.sharing, pods)


def _of_unknown(tenants: Iterable[str], unknown: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each two tenants in order, where of one of them it is not known which devices it has.

    Of most pools that is none.
    """
    if not unknown:
        return
    for one, other in combinations(sorted(tenants), 2):
        if one in unknown or other in unknown:
            yield one, other


def _siblings(
    pool: NodePool,
    pods: Mapping[str, str],
    floating: set[str],
    shared: Collection[tuple[str, str]],
) -> Iterator[Share]:
    """Two parts of a GPU may be of the same one, where it is not told of which they are."""
    steps = pool_step(pool.offer)
    if not steps or pool.offer.devices < 2:
        return
    mechanism = weakest_of(step.mechanism for step in steps)
    for pair in _of_unknown(pods, floating):
        if pair not in shared:
            yield _share(*pair, Certainty.POSSIBLE, mechanism, pods)


def _doubted(
    pool: NodePool, slots: Mapping[str, int], pods: Mapping[str, str], unknown: set[str]
) -> Iterator[Share]:
    """Where nothing follows from counting, what labels say of sharing is still possible."""
    offer = pool.offer
    renamed = offer.resource.endswith(SHARED)
    not_said = offer.sharing is Mechanism.UNKNOWN and offer.per_device == 1 and not renamed
    if offer.sharing is Mechanism.EXCLUSIVE or not_said:
        return
    for pair in _of_unknown(slots, unknown):
        yield _share(*pair, Certainty.POSSIBLE, offer.sharing, pods)


def _exceeding(
    pool: NodePool, slots: Mapping[str, int], pods: Mapping[str, str], unknown: set[str]
) -> Iterator[Share]:
    """Where pods hold more than there is, some have what others have: by then or until now."""
    offer = pool.offer
    exclusive = offer.sharing is Mechanism.EXCLUSIVE
    mechanism = Mechanism.UNKNOWN if exclusive else offer.sharing
    for one, other in _of_unknown(slots, unknown):
        both = {one: slots[one], other: slots[other]}
        proven = offer.trusted and must_share(both, offer.devices, offer.per_device)
        yield _share(
            one, other, Certainty.PROVEN if proven else Certainty.POSSIBLE, mechanism, pods
        )


def _beside(pool: NodePool, pods: Mapping[str, str], reaches: Sequence[Reach]) -> Iterator[Share]:
    """A pod that reaches the GPUs of the node reaches those that others hold; most have none."""
    if not reaches:
        return
    holders = [
        Grant(tenant, pod, Certainty.EXACT, Mechanism.EXCLUSIVE, pool_step(pool.offer))
        for tenant, pod in pods.items()
    ]
    for share in shares((*holders, *bypassing(reaches, pool.offer.resource))):
        if share.mechanism is Mechanism.BYPASS:
            yield share


def whole_of(estate: Estate, node: str, resource: str) -> list[NodePool]:
    """Find the pools of a node whose devices are those that a resource has the parts of."""
    names = WHOLE_OF.get(resource, ())
    found = (estate.pools.get((node, name)) for name in names)
    return [pool for pool in found if pool is not None]


def _with_whole(
    pods: Mapping[str, str], whole: Sequence[NodePool], shared: Collection[tuple[str, str]]
) -> Iterator[Share]:
    """A part may be of what another pod has all of, where both are offered at once."""
    others = {holder.tenant: holder.pod for pool in whole for holder in pool.holders}
    found = {
        (min(one, other), max(one, other)): {one: pods[one], other: pod}
        for one in pods
        for other, pod in others.items()
        if one != other
    }
    for pair, both in sorted(found.items()):
        if pair not in shared:
            yield _share(*pair, Certainty.POSSIBLE, Mechanism.UNKNOWN, both)


def _share(
    one: str, other: str, certainty: Certainty, mechanism: Mechanism, pods: Mapping[str, str]
) -> Share:
    isolation = ISOLATION[mechanism]
    return Share((one, other), certainty, isolation, mechanism, (pods[one], pods[other]))


class Pairs:
    """What each two tenants share over all devices, as devices come."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._found: dict[tuple[str, str], dict[Certainty, Pair]] = {}

    def add(self, node: str, device: str, shared: Iterable[Share]) -> None:
        """Learn what is shared of one device, or of one pool."""
        for share in shared:
            known = self._found.setdefault(share.tenants, {})
            pair = known.get(share.certainty)
            if pair is None:
                pair = known[share.certainty] = Pair(share, node, device)
            pair.devices += 1
            pair.nodes.add(node)
            if _weaker(share, pair.share):
                pair.share, pair.node, pair.device = share, node, device

    def all(self) -> Iterator[tuple[tuple[str, str], dict[Certainty, Pair]]]:
        """Yield each two tenants in the order of their names, with what they share."""
        yield from sorted(self._found.items(), key=lambda item: item[0])


def _weaker(one: Share, other: Share) -> bool:
    return one.isolation is not other.isolation and _strength(one) < _strength(other)


def _strength(share: Share) -> tuple[object, ...]:
    return share.level, share.isolation


def reaches_on(estate: Estate, node: str) -> list[Reach]:
    """List the pods that reach GPUs of a node unasked; those of the platform are left out."""
    return [reach for reach in estate.reaches.get(node) or () if not reach.component]


def weakest(shared: Iterable[Share]) -> Level:
    """Find the lowest level among shares; EXCLUSIVE where there are none."""
    return min((level_of(share.isolation) for share in shared), default=Level.EXCLUSIVE)
