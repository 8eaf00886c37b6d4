"""What can reach what in a cluster: decided for each kind of pod, never for pairs of pods.

Pods that no policy can tell apart are one end (:mod:`ends`), ports and addresses are cut into
pieces (:mod:`ports`, :mod:`addresses`), and each end has a decision for each direction
(:mod:`deciding`). A connection between two pods is accepted where the egress of the one and the
ingress of the other are; one to or from anything else where the pod's direction is.

Pods that share the network of their node, and nodes: no policy keeps a pod from its own node, nor
its node from the pod. So of such an end nothing is denied for sure.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain
from typing import TypeAlias

import msgspec

from auditor.analysis.network.addresses import AddressSpace, Block
from auditor.analysis.network.deciding import Deciding, Decision, Matcher, Selecting
from auditor.analysis.network.ends import (
    BlockReach,
    ContainerPort,
    Ends,
    Namespaces,
    Nodes,
    Pods,
    PortNames,
)
from auditor.analysis.network.matching import Matching, names_ports
from auditor.analysis.network.policies import BlocksPeer, Direction, Policy, Rule
from auditor.analysis.network.ports import NamedPort, PortRange, PortSpace, Protocol, bits
from auditor.analysis.network.relations import Piece

_Named: TypeAlias = tuple[tuple[ContainerPort, ...], bool]
_Key: TypeAlias = tuple[Direction, tuple[tuple[int, bool], ...], _Named | None]


class Verdict(Enum):
    """Whether a connection can be made, as far as policies have a say."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


def verdict_of(*, sure: bool, possible: bool) -> Verdict:
    """Say what is so, if it is for sure, or may be."""
    if sure:
        return Verdict.ALLOWED
    return Verdict.UNKNOWN if possible else Verdict.DENIED


class Cluster(msgspec.Struct, frozen=True):
    """What a network is decided of; ``namespaces`` are the labels of those that were read."""

    pods: Sequence[Pods]
    policies: Sequence[Policy]
    namespaces: Mapping[str, Mapping[str, object]] = {}
    nodes: Sequence[Nodes] = ()
    blocks: BlockReach = BlockReach.UNKNOWN


class Network:
    """The decisions of a cluster; ``asked`` are ports and addresses that will be asked for."""

    def __init__(
        self,
        cluster: Cluster,
        ports: Iterable[PortRange] = (),
        addresses: Iterable[Block] = (),
    ) -> None:
        self.cluster = cluster
        self.ports = PortSpace(chain(ports, _ports(cluster)))
        self.addresses = AddressSpace(chain(addresses, blocks_in(cluster.policies)))
        namespaces = Namespaces(cluster.namespaces, {each.namespace for each in cluster.pods})
        self.ends = Ends(cluster.pods, cluster.nodes, namespaces, self.addresses, cluster.blocks)
        self._names = PortNames(cluster.pods, self.ports)
        self._matching = Matching(self.ends, self.ports, self._names)
        self._everything: Piece = self.ports.all, self.ends.all
        self._selecting: list[list[tuple[int, bool]]] = [[] for _ in cluster.pods]
        self._alike = _alike(cluster.policies)
        self._by_name = {
            at for at in {*self._alike} if any(map(names_ports, cluster.policies[at].ingress or ()))
        }
        self._decisions: dict[_Key, Decision] = {}
        for number, policy in enumerate(cluster.policies):
            sure, possible = self.ends.sets(policy.subject, policy.namespace, policy.tier)
            for pod in bits(possible):
                self._selecting[pod].append((number, bool(sure >> pod & 1)))

    def selecting(self, pod: int) -> list[Selecting]:
        """The policies that select the pods of an end, in the order in which they were given."""
        policies = self.cluster.policies
        return [Selecting(policies[number], sure) for number, sure in self._selecting[pod]]

    def ports_called(self, wanted: NamedPort) -> tuple[Mapping[int, int], int]:
        """The ports that a name comes to, each with the pods where it does.

        And the pods of which nobody knows all ports.
        """
        return self._names.of(wanted)

    def matcher(self, pod: int, direction: Direction) -> Matcher:
        """What says of the rules of a direction what they match at the pods of an end."""
        return self._matching.of(direction, self.cluster.pods[pod])

    def decision(self, pod: int, direction: Direction) -> Decision:
        """What is accepted of all that the pods of an end send, or get."""
        policies = self._about(pod, direction)
        named = direction is Direction.INGRESS and any(
            number in self._by_name for number, _ in policies
        )
        subject = self.cluster.pods[pod]
        named_at = (subject.ports, subject.more_ports) if named else None
        key: _Key = direction, policies, named_at
        found = self._decisions.get(key)
        if found is None:
            matcher = self.matcher(pod, direction)
            selecting = [Selecting(self.cluster.policies[at], sure) for at, sure in policies]
            found = Deciding(direction, self._everything, matcher).decide(selecting)
            self._decisions[key] = found
        return found

    def verdict(self, source: int, target: int, port: PortRange) -> Verdict:
        """Whether one end can open a connection to another at a port, its own node apart."""
        found = self.by_policy(source, target, port)
        ends = 1 << source | 1 << target
        if found is Verdict.DENIED and ends & (self.ends.hosts | self.ends.nodes):
            return Verdict.UNKNOWN
        return found

    def by_policy(self, source: int, target: int, port: PortRange) -> Verdict:
        """The same, as if no end were a node."""
        mask, sure, possible = self.ports.mask(port), True, True
        for pod, other, direction in (
            (source, target, Direction.EGRESS),
            (target, source, Direction.INGRESS),
        ):
            if pod < self.ends.pods_count:
                decision = self.decision(pod, direction)
                sure = sure and decision.sure.has_all(mask, 1 << other)
                possible = possible and bool(decision.possible.peers(mask) >> other & 1)
        return verdict_of(sure=sure, possible=possible)

    def _about(self, pod: int, direction: Direction) -> tuple[tuple[int, bool], ...]:
        """The policies that select an end; the first of those that decide the same stands for all.

        What a thousand workloads of a namespace have, each in a policy of its own, is decided once.
        """
        policies = self.cluster.policies
        return tuple(
            (self._alike[number], sure)
            for number, sure in self._selecting[pod]
            if policies[number].doubt or policies[number].rules(direction) is not None
        )


def _alike(policies: Iterable[Policy]) -> list[int]:
    """For each policy the number of the first that decides the same, whatever each selects."""
    first: dict[object, int] = {}
    return [
        first.setdefault(
            (each.namespace, each.tier, each.ingress, each.egress, each.priority, each.doubt),
            number,
        )
        for number, each in enumerate(policies)
    ]


def rules_of(policies: Iterable[Policy]) -> Iterator[Rule]:
    """Yield all rules of some policies."""
    for policy in policies:
        yield from chain(policy.ingress or (), policy.egress or ())


def _ports(cluster: Cluster) -> Iterator[PortRange]:
    """What cuts the ports: what rules name by number, and what names come to."""
    named = port_names(cluster.policies)
    for rule in rules_of(cluster.policies):
        yield from (port for port in rule.ports or () if not isinstance(port, NamedPort))
    for pods in cluster.pods:
        for known in pods.ports:
            if known.name in named:
                yield PortRange(Protocol(known.protocol), known.number, known.number)


def port_names(policies: Iterable[Policy]) -> frozenset[str]:
    """The names by which rules call ports."""
    return frozenset(
        port.name
        for rule in rules_of(policies)
        for port in rule.ports or ()
        if isinstance(port, NamedPort)
    )


def blocks_in(policies: Iterable[Policy]) -> Iterator[Block]:
    """What cuts the addresses: the blocks of rules; where pods are cuts nothing."""
    for rule in rules_of(policies):
        for peer in rule.peers:
            if isinstance(peer, BlocksPeer):
                yield from peer.blocks
                yield from peer.but
