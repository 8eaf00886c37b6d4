"""The rows of a target made into a cluster: pods as few classes, by what policies look at.

Policies come first, and say which labels, names of ports and addresses matter. A pod is told by
those alone::

    policies look at     app, and the port "http"
    pod vllm-7f9c-x2     app: vllm, pod-template-hash: 7f9c, http is TCP 8000    one class, of
    pod vllm-7f9c-q7     app: vllm, pod-template-hash: 7f9c, http is TCP 8000    Deployment vllm

An address stands for its piece (:mod:`addresses`). Two kinds of ends are added, of which nobody is
told: in each namespace a *blank* pod without labels, as whatever comes there next, and one
*stranger* in a namespace that no policy can mean by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sys import intern
from typing import Final

import msgspec

from auditor.analysis.gpu.tenants import Tenants
from auditor.analysis.label_selectors import ADDED, More
from auditor.analysis.network.addresses import AddressSpace, Block
from auditor.analysis.network.ends import BlockReach, ContainerPort, Nodes, Pods
from auditor.analysis.network.enforcement import Found
from auditor.analysis.network.exposing import Opened, RouteRow, ServiceRow, opened
from auditor.analysis.network.network import Cluster, blocks_in, port_names, rules_of
from auditor.analysis.network.objects import Read, blocks_of
from auditor.analysis.network.places import Place
from auditor.analysis.network.policies import NodesPeer, PodsPeer, Policy, Rule
from auditor.analysis.network.public import ASKED, SPECIAL, least_covered
from auditor.analysis.network.reading import KIND, network_policy
from auditor.analysis.network.reading_admin import (
    ADMIN,
    BASELINE,
    CLUSTER,
    admin_policy,
    of_anything,
)
from auditor.analysis.network.rows import NamespaceRow, PodRow, PolicyRow
from auditor.model.fact import Origin

STRANGER: Final = "-"
"""The namespace of the stranger: no namespace can be called so."""
_ADMIN: Final = frozenset(f"{kind}.policy.networking.k8s.io" for kind in (ADMIN, BASELINE, CLUSTER))
_CONTROL_PLANE: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_UNKNOWN: Final = Read()
_encode = msgspec.json.encode


_Seen = tuple[
    tuple[tuple[str, object], ...], More, tuple[ContainerPort, ...], bool, bool, tuple[int, ...]
]
"""Labels, who may add more, ports with names, whether there may be more, host, pieces."""


class Kind(msgspec.Struct):
    """Pods that are one end: how many, of which workloads, and where the first was read.

    ``pods`` counts templates as well, ``told`` only what runs: in a cluster a template by itself
    does not. ``names`` are those of its pods that a question names.
    """

    namespace: str
    number: int
    pods: int = 0
    told: int = 0
    running: bool = False
    live: bool = False
    workloads: dict[str, Origin] = {}
    names: frozenset[str] = frozenset()
    host_ports: tuple[ContainerPort, ...] = ()
    networks: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


class Written(msgspec.Struct, frozen=True):
    """A policy, and where it was read; ``kind`` is with its group, ``partial`` a patch of one."""

    policy: Policy
    origin: Origin
    live: bool
    kind: str
    partial: bool


class Gathered:
    """What was read of a target, as it comes: policies before nodes, and nodes before pods."""

    def __init__(
        self,
        tenants: Tenants,
        platform: frozenset[str],
        places: Sequence[Place],
        asked: Sequence[Block] = (),
        named: frozenset[str] = frozenset(),
    ) -> None:
        """``platform`` are namespaces of no tenant.

        ``asked`` are addresses and ``named`` pods that questions name.
        """
        self.tenants = tenants
        self.platform = platform
        self.places = places
        self._asked = asked
        self._named = named
        self.namespaces: dict[str, Origin] = {}
        self.labels: dict[str, dict[str, object]] = {}
        self.policies: list[Written] = []
        self.plugins: list[tuple[Found, Origin]] = []
        self.kinds: list[Kind] = []
        self.part = False
        self.opened: list[Opened] = []
        self._services: dict[tuple[str, str], ServiceRow] = {}
        self._routes: list[RouteRow] = []
        self._nodes: dict[bytes, tuple[Nodes, list[str]]] = {}
        self._classes: dict[object, Kind] = {}
        self._pods: list[Pods] = []
        self._projection: _Projection | None = None
        self._rules: dict[tuple[Rule, ...] | None, tuple[Rule, ...] | None] = {}

    def namespace(self, name: str, row: NamespaceRow, origin: Origin) -> None:
        """Learn a namespace."""
        self.labels[name] = row.labels
        self.namespaces[name] = origin.sharing()
        self.tenants.namespace(name, row.marks)

    def policy(self, row: PolicyRow, origin: Origin) -> None:
        """Learn a policy."""
        policy = self._sharing(_policy(row, origin))
        kind = intern(row.kind)
        self.policies.append(Written(policy, origin.sharing(), row.live, kind, row.partial))

    def _sharing(self, policy: Policy) -> Policy:
        """The same policy, whose rules are held once for all that have the same."""
        ingress = self._rules.setdefault(policy.ingress, policy.ingress)
        egress = self._rules.setdefault(policy.egress, policy.egress)
        return msgspec.structs.replace(policy, ingress=ingress, egress=egress)

    def service(self, row: ServiceRow, namespace: str) -> None:
        """Learn a service."""
        self._services[namespace, row.name] = row

    def route(self, row: RouteRow) -> None:
        """Learn what leads to services."""
        self._routes.append(row)

    def node(self, row: Nodes, origin: Origin) -> None:
        """Learn a node; those that no policy tells apart are one end."""
        made = self._project.node(row)
        self._nodes.setdefault(_encode(made), (made, []))[1].append(origin.name)

    def unknown_node(self, origin: Origin) -> None:
        """Learn a node of which nothing is known but that it is there."""
        self.node(Nodes(more=More.ANY), origin)

    def pod(self, row: PodRow, namespace: str, origin: Origin | None = None) -> None:
        """Learn a pod, or a template of pods; where it was read, None of what is only counted."""
        seen = self._project.seen(row)
        key: object = (namespace, seen, row.read.host_ports, row.networks, row.servers)
        try:
            kind = self._classes.get(key)
        except TypeError:  # a label that is no text
            key = _encode(key)
            kind = self._classes.get(key)
        if kind is None:
            kind = self._class(key, self._project.pods(namespace, seen))
            kind.host_ports = row.read.host_ports
            kind.networks, kind.servers = row.networks, row.servers
        kind.live = kind.live or row.live
        kind.pods += 1
        kind.running = kind.running or row.running
        if origin is None:
            return
        if origin.name in self._named:
            kind.names |= {origin.name}
        if row.running:
            kind.told += 1
            if row.owner not in kind.workloads:
                kind.workloads[row.owner] = origin.sharing()

    def of_anything(self, origin: Origin, *, live: bool) -> None:
        """Learn a pod of which nothing is known but that it is there."""
        row = PodRow(read=_UNKNOWN, owner=f"Pod {origin.name}", more=More.ANY, live=live)
        self.pod(row, origin.namespace, origin)

    def elsewhere(self) -> None:
        """Learn that there are pods in namespaces that were not read, of which nothing is known.

        They are of no name, which may be any.
        """
        self.part = True
        made = Pods("", more=More.ANY, more_ports=True)
        kind = self._class(("elsewhere",), made)
        kind.pods, kind.running, kind.live = 1, True, True

    def _class(self, key: object, made: Pods) -> Kind:
        found = self._classes.get(key)
        if found is None:
            found = Kind(made.namespace, len(self._pods), workloads={})
            self._classes[key] = found
            self._pods.append(made)
            self.kinds.append(found)
        return found

    @property
    def _project(self) -> _Projection:
        if self._projection is None:
            policies = [each.policy for each in self.policies]
            self.opened = opened(self._services, self._routes)
            self._projection = _Projection(policies, self.blocks, self.opened)
        return self._projection

    @property
    def blocks(self) -> list[Block]:
        """The addresses that are asked for beside those of policies."""
        return [
            *ASKED,
            *self._asked,
            *(block for place in self.places for block in place.addresses),
        ]

    def cluster(self) -> tuple[Cluster, dict[str, int], int, list[list[str]]]:
        """The cluster, the blank pods by namespace, the stranger, and names of the nodes.

        Where no node of the control plane was read, one stands for it of which nothing is known.
        """
        blank = {
            name: self._class(("blank", name), Pods(name)).number
            for name in sorted({*self.namespaces, *(each.namespace for each in self.kinds)})
        }
        stranger = self._class(("stranger",), self._project.stranger()).number
        nodes = list(self._nodes.values())
        if not any(is_control_plane(each) for each, _ in nodes):
            nodes.append((Nodes(more=More.ANY), ["the control plane"]))
        found = Cluster(
            pods=self._pods,
            policies=[each.policy for each in self.policies],
            namespaces={**self.labels, STRANGER: {}},
            nodes=[each for each, _ in nodes],
            blocks=BlockReach.UNKNOWN,
        )
        return found, blank, stranger, [names for _, names in nodes]


def is_control_plane(nodes: Nodes) -> bool:
    """Whether nodes are of the control plane, or may be."""
    return nodes.more is not More.NONE or any(key in nodes.labels for key in _CONTROL_PLANE)


class _Projection:
    """What of pods and nodes some policies look at."""

    def __init__(
        self, policies: Sequence[Policy], asked: Iterable[Block], services: Sequence[Opened]
    ) -> None:
        self._policies = policies
        of_policies = (
            each.key for policy in policies for peer in _pods_peers(policy) for each in peer.pods
        )
        of_services = (each.key for service in services for each in service.requires)
        self._keys = frozenset((*of_policies, *of_services))
        self._node_keys = frozenset(
            (
                *(each.key for peer in _node_peers(policies) for each in peer.nodes),
                *_CONTROL_PLANE,
            )
        )
        called = (port.target for service in services for port in service.ports)
        self._sorted = sorted(self._keys)
        self._names = port_names(policies) | {name for name in called if isinstance(name, str)}
        self._space = AddressSpace([*asked, *blocks_in(policies)])
        self._controlled = bool(self._keys & ADDED)

    def seen(self, row: PodRow) -> _Seen:
        """What of a pod tells it from others."""
        read = row.read
        labels = tuple((key, read.labels[key]) for key in self._sorted if key in read.labels)
        ports = tuple(each for each in read.ports if each.name in self._names)
        more = row.more if self._keys else More.NONE
        if more is More.OF_CONTROLLERS and not self._controlled:
            more = More.NONE
        more_ports = row.more is More.ANY and bool(self._names)
        pieces = tuple(sorted({self._space.piece_of(x) for x in blocks_of(read.addresses)}))
        return labels, more, ports, more_ports, read.host, pieces

    def pods(self, namespace: str, seen: _Seen) -> Pods:
        """Make the pods of what was seen of them."""
        labels, more, ports, more_ports, host, pieces = seen
        return Pods(namespace, dict(labels), more, ports, more_ports, host, self._firsts(pieces))

    def node(self, row: Nodes) -> Nodes:
        """The node as policies see it."""
        labels = {key: row.labels[key] for key in sorted(self._node_keys & row.labels.keys())}
        pieces = sorted({self._space.piece_of(each) for each in row.addresses})
        return Nodes(labels, self._firsts(pieces), row.more)

    def stranger(self) -> Pods:
        """A pod that nobody thought of: no policy means it by its name, labels or address."""
        address = least_covered(self._space, self._policies, SPECIAL)
        return Pods(STRANGER, addresses=address)

    def _firsts(self, pieces: Iterable[int]) -> tuple[Block, ...]:
        """The first address of each of some pieces."""
        firsts = (self._space.pieces[at] for at in pieces)
        return tuple(Block(each.family, each.first, each.first) for each in firsts)


def _pods_peers(policy: Policy) -> Iterable[PodsPeer]:
    yield policy.subject
    for rule in rules_of((policy,)):
        yield from (each for each in rule.peers if isinstance(each, PodsPeer))


def _node_peers(policies: Iterable[Policy]) -> Iterable[NodesPeer]:
    for rule in rules_of(policies):
        yield from (each for each in rule.peers if isinstance(each, NodesPeer))


def _policy(row: PolicyRow, origin: Origin) -> Policy:
    namespace, name = origin.namespace, origin.name
    kind = row.kind.partition(".")[0]
    if row.partial:
        return of_anything(kind, namespace, name, "only a patch of it was read")
    body = {"spec": msgspec.json.decode(row.spec)}
    if row.kind == KIND:
        return network_policy(body, namespace, name)
    if row.kind in _ADMIN:
        return admin_policy(body, kind, name)
    return of_anything(row.kind, namespace, name, f"policies of {row.kind} are not evaluated")
