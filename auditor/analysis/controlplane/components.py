"""The analysis: one ``k8s/ControlPlane`` for each component that was found, and that was not.

::

    Pod kube-apiserver-cp1   mirror pod of node cp1, --audit-log-path=/var/log/audit.log
    Pod kube-apiserver-x     in namespace ml, without a node that controls it
    Namespace kube-system    of a cluster that shows no scheduler

gives a fact of the first (``verified``, with its ``flags``), one of the second (not ``verified``,
and ``why``), and one of the namespace for each component that is not shown: rules about the flags
of a scheduler are then without an answer, which is no pass. Files make no facts of what they lack.
What a cluster printed of its own API server at ``/flagz`` stands for it where no mirror pod does:
behind one address there may be several servers, and a mirror pod shows each of them. What a probe
of its node saw, and what a component printed into a file, show it as well (:mod:`pairing`).

``flags`` has the values of each flag as they were given; ``known`` is whether it is all of them.
``undecided`` is why rules on flags have no answer and what would give it, "" where they have one.
``partial``: kubeadm's own flags come on top (:mod:`found`). ``unsure`` are flags whose value is not
in the text. Everything else: :mod:`flags`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.controlplane import found, openshift, pairing, providers
from auditor.analysis.controlplane.flags import COMPONENTS, ETCD, by_name
from auditor.analysis.controlplane.found import FLAGZ, PROCESS, Component
from auditor.analysis.controlplane.pairing import Place, Saved
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.texts import ReadText, read_json
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import (
    API_SERVER_CONFIGURATION,
    COMPONENT_FLAGS,
    NODE_COMPONENTS,
)

KIND: Final = "k8s/ControlPlane"
POD: Final = "k8s/Pod"
NODE: Final = "k8s/Node"
NAMESPACE: Final = "k8s/Namespace"
CONFIG_MAP: Final = "k8s/ConfigMap"
CONFIGURATION: Final = "k8s/ClusterConfiguration.kubeadm.k8s.io"

COMPONENT: Final = "component"
CLUSTER: Final = "cluster"
"""Tags of rows: :data:`components_in` reads the first, the others say whose cluster it is."""

_NODE: Final = "node"
_ROLES: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_FIRST, _SECOND = "0", "1"
"""Keys: what says whose cluster it is comes before its components, and the cluster itself last."""
_PRINTED: Final = "1-printed"
"""After the components that objects show."""
_LAST: Final = "2"
_NOT_SHOWN: Final = "no mirror pod of it is shown"
_TELLS: Final = (
    "what the script of auditor permissions node --script prints on its node tells of it"
)
_KINDS: Final = frozenset(
    {POD, NAMESPACE, CONFIG_MAP, CONFIGURATION, NODE_COMPONENTS, API_SERVER_CONFIGURATION}
)
_encode = msgspec.json.encode
components_in = msgspec.json.Decoder(list[Component]).decode
"""Reads the components of a row."""


class ControlPlanes(Uncombined):
    """Finds the components of control planes with their flags."""

    id = "control-plane"
    stage = Stage.RUN
    reads = _KINDS | {NODE, COMPONENT_FLAGS}
    preferred = frozenset({NODE, COMPONENT_FLAGS})
    by_name = frozenset({CONFIG_MAP})
    feeds: Feeds = MappingProxyType({KIND: MappingProxyType({"": _KINDS})})

    def __init__(self, read: ReadText) -> None:
        """``read`` reads a text as YAML."""
        self._read = read

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the components of an object, or whose cluster it says that it is."""
        live = site.target.uid != OF_FILES
        target = site.target.uri
        match resource.kind:
            case "k8s/Node":
                labels = [name for name, _ in resource.labels]
                about = About(
                    providers.of_labels(labels),
                    resource.name,
                    any(name in _ROLES for name in labels),
                )
                if live:
                    yield Row((target, _FIRST), _NODE, site.origin(resource), _encode(about))
            case "k8s/Namespace":
                if resource.name == found.MAP[0] and live:
                    about = About(providers.of_version(site.target.version))
                    yield Row((target, _LAST), CLUSTER, site.origin(resource), _encode(about))
            case _:
                components = list(self._components(resource, live=live))
                if components:
                    pointers = [flag.pointer for each in components for flag in each.flags]
                    origin = site.origin(resource, "", sorted(set(pointers)))
                    printed = live and resource.kind == COMPONENT_FLAGS
                    first = components[0].source == found.OPENSHIFT
                    key = (target, _PRINTED if printed else _FIRST if first else _SECOND)
                    yield Row(key, COMPONENT, origin, _encode(components))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each component, and of a cluster for each that is not shown."""
        clusters: dict[str, Cluster] = {}
        saved: list[Saved] = []
        for key, rows in groups:
            cluster = clusters.setdefault(key[0], Cluster(key[0]))
            for row in rows:
                if row.tag != COMPONENT:
                    cluster.learn(row)
                    continue
                for at, each in enumerate(components_in(row.body)):
                    if cluster.seen.counts(each, printed=is_printed(key)):
                        saved += saved_in(row.read_at, each)
                        yield _fact(row.read_at, each, at)
        told = [each for each in clusters.values() if each.place is not None]
        places = [each.as_place for each in told]
        for name in COMPONENTS:
            lacking = [name not in each.seen.shown for each in told]
            own = [each for each in saved if each.component == name]
            whose = pairing.owners(own, places, lacking)
            for at, cluster in enumerate(told):
                of_it = [each for each, by in zip(own, whose, strict=True) if by == at]
                nodes = pairing.unshown(places[at], of_it)
                if lacking[at] and cluster.place is not None and (nodes is None or nodes):
                    yield _missing(cluster.place, name, cluster.provider, nodes or frozenset())

    def _components(self, resource: Resource, *, live: bool) -> Iterator[Component]:
        match resource.kind:
            case "k8s/Pod":
                if found.may_have(resource.body):
                    body = mapping(decoded(resource))
                    yield from found.of_pod(resource, body, live=live)
            case "k8s/ConfigMap":
                if (resource.namespace or found.MAP[0], resource.name) == found.MAP:
                    yield from found.of_config_map(mapping(decoded(resource)), self._read)
                elif (resource.namespace, resource.name) == openshift.MAP:
                    yield from openshift.of_config_map(mapping(decoded(resource)), self._read)
            case "k8s/Flags.component.k8s.io":
                yield from found.of_flags(mapping(decoded(resource)))
            case "k8s/KubeAPIServerConfig.kubecontrolplane.config.openshift.io":
                yield openshift.of_configuration(mapping(decoded(resource)))
            case "k8s/NodeComponents":
                yield from found.of_node(mapping(decoded(resource)))
            case _:
                yield from found.of_configuration(mapping(decoded(resource)))


class Seen(msgspec.Struct):
    """Which components of a target were shown so far; those of ``told`` with their flags."""

    shown: set[str] = msgspec.field(default_factory=set)
    told: set[str] = msgspec.field(default_factory=set)

    def counts(self, each: Component, *, printed: bool) -> bool:
        """Note a component; false of what was ``printed`` by one that an object tells of.

        Nor does a pod of OpenShift count, where the ConfigMap that it starts with was read.
        """
        if (printed or (each.by_operator and not each.doubt)) and each.component in self.told:
            return False
        if not each.doubt:
            self.shown.add(each.component)
            self.told |= set() if each.unread else {each.component}
        return True


class About(msgspec.Struct, frozen=True):
    """What a row says of a cluster: who runs it, and a node with its part in the control plane."""

    provider: str = ""
    node: str = ""
    control: bool = False


about_in = msgspec.json.Decoder(About).decode
"""Reads a row that says whose cluster it is."""


class Cluster(msgspec.Struct):
    """What is known of a target; ``place`` is where facts of it as a whole stand."""

    target: str
    provider: str = ""
    place: Origin | None = None
    nodes: set[str] = msgspec.field(default_factory=set)
    control: set[str] = msgspec.field(default_factory=set)
    seen: Seen = msgspec.field(default_factory=Seen)

    def learn(self, row: Row) -> None:
        """Take what a row says of the cluster itself."""
        said = about_in(row.body)
        self.provider = self.provider or said.provider
        if said.node:
            self.nodes.add(said.node)
            self.control |= {said.node} if said.control else set()
        if row.tag == CLUSTER:
            self.place = row.read_at

    @property
    def as_place(self) -> Place:
        """As files are compared with it."""
        return Place(self.target, frozenset(self.nodes), frozenset(self.control))


def saved_in(origin: Origin, each: Component) -> Iterator[Saved]:
    """Say what a file tells of a component, where it is one that was saved of it running."""
    if origin.target_uid == OF_FILES and each.source in {FLAGZ, PROCESS}:
        yield Saved(each.component, origin.name, each.node)


def is_printed(key: Sequence[str]) -> bool:
    """Say whether rows of this key are of what a cluster printed of its own API server."""
    return key[-1] == _PRINTED


def make(tables: Tables, read: ReadText = read_json) -> ControlPlanes:
    """Make the analysis; it needs no table."""
    del tables
    return ControlPlanes(read)


def _fact(origin: Origin, each: Component, at: int) -> Fact:
    body = {
        "component": each.component,
        "found": True,
        "verified": not each.doubt,
        "source": each.source,
        "known": not each.unread,
        "why": each.doubt or each.unread,
        "undecided": each.doubt or each.unread or _elsewhere(each),
        "flags": by_name(each.flags),
        "unsure": sorted({flag.name for flag in each.flags if not flag.certain}),
        "partial": each.source == found.KUBEADM,
        "version": each.version,
        "node": each.node,
        "provider": "",
    }
    elsewhere = (
        *_spots(each),
        *((f"/{name}", None) for name in body),
    )
    return Fact(
        kind=KIND,
        key=(origin.namespace, origin.name, origin.source, each.component, str(at)),
        body=_encode(body),
        subject=origin,
        elsewhere=elsewhere,
        draws_on=((origin.target, origin.namespace),),
        part=each.component,
    )


def _elsewhere(each: Component) -> str:
    """Why flags don't tell how a component is set up, "" where they do."""
    names = {flag.name for flag in each.flags}
    if each.component == ETCD and "config-file" in names:
        return "etcd has --config-file, takes all from there, and that file is not read"
    return ""


def _spots(each: Component) -> Sequence[tuple[str, Spot | None]]:
    """Say where the values of flags stand: single ones before the lists that they are in."""
    counts: dict[str, int] = {}
    single: list[tuple[str, Spot | None]] = []
    lists: dict[str, tuple[str, Spot | None]] = {}
    for flag in each.flags:
        at = counts.get(flag.name, 0)
        counts[flag.name] = at + 1
        pointer = pointer_of(("flags", flag.name))
        single.append((f"{pointer}/{at}", Spot(0, flag.pointer)))
        lists[flag.name] = (pointer, Spot(0, flag.pointer))
    return (*single, *lists.values())


def _missing(origin: Origin, component: str, provider: str, nodes: frozenset[str]) -> Fact:
    """Tell that a component is not shown: at all, or on some ``nodes`` of the control plane."""
    where = f" on {', '.join(sorted(nodes))}" if nodes else ""
    why = f"{_NOT_SHOWN}{where}"
    why = f"{why}: {provider} runs the control plane" if provider else why
    body = {
        "component": component,
        "found": False,
        "verified": False,
        "source": "",
        "known": False,
        "why": why,
        "undecided": why if provider else f"{why}; {_TELLS}",
        "flags": {},
        "unsure": [],
        "partial": False,
        "version": "",
        "node": "",
        "provider": provider,
    }
    return Fact(
        kind=KIND,
        key=(origin.namespace, origin.name, "", component),
        body=_encode(body),
        subject=origin,
        elsewhere=tuple((f"/{name}", None) for name in body),
        draws_on=((origin.target, ""),),
        part=component,
    )
