"""The ends of connections: pods, nodes, and addresses outside, as numbers of bits.

Pods that no policy can tell apart are one end::

    0  pods of ml with app=vllm, port http is TCP 8000
    1  pods of web with app=front
    2  nodes
    3  addresses 0.0.0.0-169.254.169.253
    4  address 169.254.169.254
    …

A set of ends is an integer. Whether a pod is in a set may be unknown, as an operator may add labels
or an address is not told: each question has two answers, those that are in it for sure, and with
them those that may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import reduce
from operator import or_
from typing import Final, TypeAlias

import msgspec

from auditor.analysis.label_selectors import More, PodClass, PodClasses, Requirements
from auditor.analysis.network.addresses import AddressSpace, Block
from auditor.analysis.network.policies import (
    Anyone,
    BlocksPeer,
    NamesPeer,
    NodesPeer,
    Peer,
    PodsPeer,
    Tier,
)
from auditor.analysis.network.ports import NamedPort, PortRange, PortSpace, Protocol, bits

Sets: TypeAlias = tuple[int, int]
"""The ends that are in a set for sure, and with them those that may be."""
_REMEMBERED: Final = 1_024
"""Sets that are remembered: each has a bit for every end, and most pods are selected once."""
NAME_OF_NAMESPACE: Final = "kubernetes.io/metadata.name"
"""A label that the API server gives to each namespace: its name."""


class BlockReach(Enum):
    """Whether an ipBlock of a NetworkPolicy is about addresses of the cluster as well.

    The API does not say: most plugins compare addresses, others know who has them.
    """

    EVERYWHERE = "everywhere"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class ContainerPort(msgspec.Struct, frozen=True, order=True):
    """A port of a container that has a name."""

    name: str
    protocol: str
    number: int


class Pods(msgspec.Struct, frozen=True):
    """Pods that are alike: their labels, ports with names, addresses; ``host`` is on its node's.

    ``addresses`` is empty where they are not told. ``more`` are labels that others may add, and
    ``more_ports`` says whether containers may be added.
    """

    namespace: str
    labels: Mapping[str, object] = {}
    more: More = More.NONE
    ports: tuple[ContainerPort, ...] = ()
    more_ports: bool = False
    host: bool = False
    addresses: tuple[Block, ...] = ()


class Nodes(msgspec.Struct, frozen=True):
    """Nodes that are alike; ``more`` is not NONE where their labels are not known."""

    labels: Mapping[str, object] = {}
    addresses: tuple[Block, ...] = ()
    more: More = More.NONE


class Namespaces:
    """The namespaces of a cluster by their labels; of one that nothing was read of, its name.

    What files put in no namespace is in one that may be called anything.
    """

    def __init__(self, labels: Mapping[str, Mapping[str, object]], seen: Iterable[str]) -> None:
        """``labels`` are those of namespaces that were read, ``seen`` are all others."""
        self.names = sorted({*labels, *seen})
        self._classes = PodClasses(
            PodClass(
                {**labels.get(name, {}), NAME_OF_NAMESPACE: name or None},
                More.NONE if name in labels else More.ANY,
            )
            for name in self.names
        )

    def select(self, requirements: Requirements) -> tuple[list[str], list[str]]:
        """Name those that satisfy all requirements, and with them those that may."""
        sure, possible = self._classes.sets(requirements)
        return [self.names[at] for at in bits(sure)], [self.names[at] for at in bits(possible)]


class Ends:
    """All ends of a cluster, numbered, and the sets that peers of policies are."""

    def __init__(
        self,
        pods: Sequence[Pods],
        nodes: Sequence[Nodes],
        namespaces: Namespaces,
        space: AddressSpace,
        reach: BlockReach,
    ) -> None:
        """``space`` is cut at all addresses that policies and questions name."""
        self.pods_count, self.first_outside = len(pods), len(pods) + len(nodes)
        self.count = self.first_outside + len(space.pieces)
        self.all = (1 << self.count) - 1
        self.pods = (1 << self.pods_count) - 1
        self.nodes = ((1 << self.first_outside) - 1) & ~self.pods
        self.outside = self.all & ~self.pods & ~self.nodes
        self.hosts = _set(at for at, each in enumerate(pods) if each.host)
        self.of_namespace: dict[str, int] = {}
        for at, each in enumerate(pods):
            self.of_namespace[each.namespace] = self.of_namespace.get(each.namespace, 0) | 1 << at
        self._namespaces, self._space, self._reach = namespaces, space, reach
        self._labels = PodClasses(PodClass(each.labels, each.more) for each in pods)
        self._node_labels = PodClasses(PodClass(each.labels, each.more) for each in nodes)
        self._by_address: dict[int, int] = {}
        addresses = (*(each.addresses for each in pods), *(each.addresses for each in nodes))
        for at, blocks in enumerate(addresses):
            where = reduce(or_, (1 << space.piece_of(block) for block in blocks), 0)
            self._by_address[where] = self._by_address.get(where, 0) | 1 << at
        self._known: dict[tuple[Peer, str, Tier], Sets] = {}
        self._of_namespaces: dict[Requirements, Sets] = {}

    def sets(self, peer: Peer, namespace: str, tier: Tier) -> Sets:
        """The ends that a peer of a policy in a namespace names."""
        key = peer, namespace, tier
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._sets(peer, namespace, tier)
        return found

    def outside_of(self, addresses: int) -> int:
        """The ends outside that have some addresses."""
        return addresses << self.first_outside

    def _sets(self, peer: Peer, namespace: str, tier: Tier) -> Sets:
        match peer:
            case Anyone():
                return self.all, self.all
            case PodsPeer():
                return self._of_pods(peer, namespace, tier)
            case BlocksPeer():
                return self._of_blocks(peer, tier)
            case NodesPeer():
                sure, possible = self._node_labels.sets(peer.nodes)
                shift, every = self.pods_count, 0 if peer.nodes else self.hosts
                return sure << shift | every, possible << shift | self.hosts
            case NamesPeer():
                return 0, self.nodes | self.outside

    def _of_pods(self, peer: PodsPeer, namespace: str, tier: Tier) -> Sets:
        """Pods by labels; of one on its node's network the APIs say two different things.

        NetworkPolicies may know it apart from its node, or not; policies of clusters leave it out.
        """
        here = self.of_namespace.get(namespace, 0)
        sure, possible = (here, here) if peer.namespaces is None else self._in(peer.namespaces)
        if not possible:
            return 0, 0
        pods_sure, pods_possible = self._labels.sets(peer.pods)
        possible &= pods_possible
        if tier is not Tier.NETWORK:
            possible &= ~self.hosts
        return sure & pods_sure & possible & ~self.hosts, possible

    def _in(self, requirements: Requirements) -> Sets:
        """The pods of the namespaces that satisfy requirements."""
        found = self._of_namespaces.get(requirements)
        if found is None:
            names = self._namespaces.select(requirements)
            sure, possible = (
                reduce(or_, (self.of_namespace.get(name, 0) for name in each), 0) for each in names
            )
            found = self._of_namespaces[requirements] = sure, possible
        return found

    def _of_blocks(self, peer: BlocksPeer, tier: Tier) -> Sets:
        wanted = reduce(or_, (self._space.mask(each, peer.but) for each in peer.blocks), 0)
        outside = self.outside_of(wanted)
        reach = self._reach if tier is Tier.NETWORK else BlockReach.EVERYWHERE
        if reach is BlockReach.OUTSIDE:
            return outside, outside
        sure = possible = 0
        for where, ends in self._by_address.items():
            if where & wanted or (not where and wanted):
                possible |= ends
                within = not where & ~wanted if where else wanted == self._space.all
                sure |= ends if within else 0
        if reach is BlockReach.UNKNOWN:
            sure = 0
        return outside | sure, outside | possible


def _set(numbers: Iterable[int]) -> int:
    return reduce(or_, (1 << number for number in numbers), 0)


class PortNames:
    """What the names of ports come to, pod by pod."""

    def __init__(self, pods: Sequence[Pods], space: PortSpace) -> None:
        """``space`` is cut at all ports that have a name."""
        self._space = space
        self._pods = pods
        self._known: dict[NamedPort, tuple[dict[int, int], int]] = {}
        self._of_name: dict[str, int] = {}
        self._more = _set(at for at, each in enumerate(pods) if each.more_ports)
        for at, each in enumerate(pods):
            for port in each.ports:
                self._of_name[port.name] = self._of_name.get(port.name, 0) | 1 << at

    def of(self, wanted: NamedPort) -> tuple[dict[int, int], int]:
        """The ports that a name comes to, with the pods where it does.

        And the pods that may get containers that have more ports.
        """
        found = self._known.get(wanted)
        if found is None:
            ports: dict[int, int] = {}
            for at in bits(self._of_name.get(wanted.name, 0)):
                mask = self.at(wanted, self._pods[at])
                if mask:
                    ports[mask] = ports.get(mask, 0) | 1 << at
            found = self._known[wanted] = ports, self._more
        return found

    def at(self, wanted: NamedPort, pods: Pods) -> int:
        """The ports that a name comes to at some pods."""
        found = 0
        for port in pods.ports:
            protocol = Protocol(port.protocol)
            if port.name == wanted.name and wanted.protocol in {None, protocol}:
                found |= self._space.mask(PortRange(protocol, port.number, port.number))
        return found

    def possible(self, wanted: NamedPort) -> int:
        """The ports that a name may come to where containers may be added."""
        if wanted.protocol is None:
            return self._space.all
        return self._space.mask(PortRange(wanted.protocol))
