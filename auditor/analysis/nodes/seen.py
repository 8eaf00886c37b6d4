"""The analysis: a ``k8s/Kubelet`` for each probe and each configuration, and who is missing.

::

    k8s://prod            Node gpu-7, boot 5f…     Node gpu-8, boot 71…
    gpu-7.node-probe      kubelet --config=…       boot 5f…

gives a fact of the kubelet of gpu-7, and a gap of ``k8s://prod``: nobody looked at gpu-8, so what
rules on nodes say is not of all of them. A probe whose node no cluster of the run has is of another
cluster, or of before: it is told. A configuration by itself (a file, or kubeadm's ConfigMap) says
what kubelets are given that read it, and is judged as that. What a kubelet of a cluster told when
it was asked (``configz``) is what it does, but for flags that no configuration has.

A node is that of a probe where their names are equal, and their boot ids or their machine ids: the
kubelet tells both to the API server (``status.nodeInfo``).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.loose import elements, mapping, string, strings
from auditor.analysis.nodes import proxy
from auditor.analysis.nodes.drop_ins import merged, with_nulls
from auditor.analysis.nodes.kubelet import SettingsError, effective
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.texts import ReadFailure, ReadText, read_json
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.resource import OF_FILES, Gap, Resource
from auditor.platforms.kubernetes import (
    KUBELET_CONFIGURATION,
    NODE_COMPONENTS,
    NODE_FILES,
    NODE_KUBELET,
    PROXY_CONFIGURATION,
)

KUBELET: Final = "k8s/Kubelet"
PROXY: Final = "k8s/KubeProxy"
NODE: Final = "k8s/Node"
NAMESPACE: Final = "k8s/Namespace"
SYSTEM: Final = "kube-system"
"""The namespace that every cluster has: where it was read, a cluster was."""
CONFIG_MAP: Final = "k8s/ConfigMap"
NAMING: Final = frozenset({"k8s/Role", "k8s/DaemonSet"})
"""What names the ConfigMaps of kubeadm (:mod:`auditor.analysis.nodes.naming`)."""
KUBELET_MAP: Final = ("kube-system", "kubelet-config")
PROXY_MAP: Final = ("kube-system", "kube-proxy")

_HINT: Final = (
    "auditor permissions node --script > look.sh; run it there as root, and name what it prints "
    "as a target beside the cluster"
)
_MOST: Final = 5
_LONGEST: Final = 1 << 18
_KEY: Final = ("nodes",)
_CLUSTER, _NODE, _PROBE, _FACT, _TOLD = "cluster", "node", "probe", "fact", "told"
_encode = msgspec.json.encode


class _Node(msgspec.Struct, frozen=True):
    """A node of a cluster, or the one that a probe is of."""

    name: str
    boot: str
    machine: str

    def is_that_of(self, probe: _Node) -> bool:
        """Whether a probe is of this node."""
        pairs = ((self.boot, probe.boot), (self.machine, probe.machine))
        return self.name == probe.name and any(one and one == other for one, other in pairs)


class NodesSeen(Uncombined):
    """Finds what kubelets and kube-proxies were told, and which nodes nobody looked at."""

    id = "nodes-seen"
    stage = Stage.RUN
    reads = frozenset(
        {
            *(NODE, NAMESPACE, CONFIG_MAP, NODE_KUBELET, NODE_COMPONENTS),
            *(KUBELET_CONFIGURATION, PROXY_CONFIGURATION),
        }
    )
    preferred = frozenset({NODE, NAMESPACE, *NAMING})
    by_name = frozenset({CONFIG_MAP, KUBELET_CONFIGURATION, PROXY_CONFIGURATION})
    feeds: Feeds = MappingProxyType(
        {
            KUBELET: MappingProxyType(
                {"": frozenset({NODE_KUBELET, CONFIG_MAP, KUBELET_CONFIGURATION})}
            ),
            PROXY: MappingProxyType(
                {"": frozenset({NODE_COMPONENTS, CONFIG_MAP, PROXY_CONFIGURATION})}
            ),
        }
    )

    def __init__(self, read: ReadText) -> None:
        """``read`` reads a text as YAML."""
        self._read = read

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take a cluster, a node, a probe, or a fact that one object makes."""
        origin = site.origin(resource)
        if resource.kind == NAMESPACE:
            if resource.name == SYSTEM and site.target.uid != OF_FILES:
                yield Row(_KEY, _CLUSTER, origin, b"{}")
            return
        if resource.kind == CONFIG_MAP and resource.name not in (KUBELET_MAP[1], PROXY_MAP[1]):
            return
        body = mapping(decoded(resource))
        match resource.kind:
            case "k8s/Node":
                if site.target.uid != OF_FILES:
                    yield Row(_KEY, _NODE, origin, _encode(_node_of(resource.name, body)))
                return
            case "k8s/NodeKubelet":
                about = mapping(body.get("probe"))
                probe = _Node(
                    resource.name, string(about.get("boot")), string(about.get("machine"))
                )
                yield Row(_KEY, _PROBE, origin, _encode(probe))
                made = [(KUBELET, _of_probe(body))]
            case "k8s/NodeComponents":
                made = [(PROXY, each) for each in proxy.of_components(body)]
            case "k8s/ConfigMap":
                made = list(self._of_config_map(resource, body))
            case _ if resource.kind == KUBELET_CONFIGURATION and site.target.uid != OF_FILES:
                yield Row(_KEY, _TOLD, origin, _encode(resource.name))
                made = [(KUBELET, _of_configz(resource.name, body))]
            case _ if resource.kind == KUBELET_CONFIGURATION:
                made = [(KUBELET, _of_configuration(body, "configuration"))]
            case _:
                made = [(PROXY, proxy.of_configuration(body, "configuration"))]
        for at, (kind, fact) in enumerate(made):
            yield Row(_KEY, _FACT, origin, _encode([kind, at, fact]))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield the facts, and gaps for nodes that nobody looked at and for strange probes."""
        nodes: dict[str, list[_Node]] = {}
        probes: list[tuple[Origin, _Node]] = []
        told: dict[str, set[str]] = {}
        for _, rows in groups:
            for row in rows:
                if row.tag == _CLUSTER:
                    nodes.setdefault(row.read_at.target, [])
                elif row.tag == _NODE:
                    found = msgspec.json.decode(row.body, type=_Node)
                    nodes.setdefault(row.read_at.target, []).append(found)
                elif row.tag == _PROBE:
                    probes.append((row.read_at, msgspec.json.decode(row.body, type=_Node)))
                elif row.tag == _TOLD:
                    name = msgspec.json.decode(row.body, type=str)
                    told.setdefault(row.read_at.target, set()).add(name)
                else:
                    kind, at, body = msgspec.json.decode(row.body)
                    yield _fact(kind, body, row.read_at, at)
        yield from _missing(nodes, [probe for _, probe in probes], told)
        yield from _strangers(nodes, probes)

    def _of_config_map(
        self, resource: Resource, body: Mapping[str, Any]
    ) -> Iterator[tuple[str, dict[str, object]]]:
        named = (resource.namespace or KUBELET_MAP[0], resource.name)
        data = mapping(body.get("data"))
        if named == KUBELET_MAP:
            yield from self._read_of(data.get("kubelet"), KUBELET, _of_configuration)
        elif named == PROXY_MAP:
            yield from self._read_of(data.get("config.conf"), PROXY, proxy.of_configuration)

    def _read_of(
        self, text: object, kind: str, make: Callable[[Mapping[str, Any], str], dict[str, object]]
    ) -> Iterator[tuple[str, dict[str, object]]]:
        if not isinstance(text, str) or len(text) > _LONGEST:
            return
        found = self._read(text)
        if isinstance(found, ReadFailure):
            undecided = f"the configuration is not valid YAML: {found.reason}"
            yield kind, {"node": "", "source": "kubeadm", "undecided": undecided}
        else:
            yield kind, make(mapping(found), "kubeadm")


def make(tables: Tables, read: ReadText = read_json) -> NodesSeen:
    """Make the analysis; it needs no table."""
    del tables
    return NodesSeen(read)


def _of_probe(body: Mapping[str, Any]) -> dict[str, object]:
    """The kubelet of a node, by its probe."""
    told = {"node": string(body.get("node")), "source": "process"}
    settings = [mapping(each) for each in elements(body.get("settings"))]
    flags = {name: strings(values) for name, values in mapping(body.get("flags")).items()}
    why = string(body.get("unread")) or next(
        (
            f"{string(each.get('path'))}: {string(each.get('unread'))}"
            for each in settings
            if "unread" in each
        ),
        "",
    )
    hidden = sorted(_JUDGED.intersection(strings(body.get("hidden"))))
    if hidden:
        why = why or f"the value of the flag {hidden[0]} was not recorded"
    if why:
        return {**told, "undecided": why}
    written = [
        with_nulls(mapping(each.get("values")), elements(each.get("nulls"))) for each in settings
    ]
    named = any(flags.get("config", ())[-1:])
    file, drop_ins = (written[0], written[1:]) if named and written else (None, written)
    try:
        return {**told, "undecided": "", **effective(merged(file, drop_ins), flags)}
    except SettingsError as error:
        return {**told, "undecided": f"{error}"}


_JUDGED: Final = frozenset(
    {
        *("anonymous-auth", "authorization-mode", "client-ca-file", "config", "config-dir"),
        *("event-qps", "feature-gates", "make-iptables-util-chains", "pod-max-pids"),
        *("read-only-port", "rotate-certificates", "rotate-server-certificates"),
        *("seccomp-default", "streaming-connection-idle-timeout", "tls-cert-file"),
        *("tls-cipher-suites", "tls-min-version", "tls-private-key-file"),
    }
)
"""Flags that decide: one that is there with its value left out leaves nothing certain."""


def _of_configuration(body: Mapping[str, Any], source: str) -> dict[str, object]:
    """What kubelets do that are given a configuration, and no flags."""
    told: dict[str, object] = {"node": "", "source": source}
    try:
        return {**told, "undecided": "", **effective(merged(body), {})}
    except SettingsError as error:
        return {**told, "undecided": f"{error}"}


def _of_configz(node: str, body: Mapping[str, Any]) -> dict[str, object]:
    """The kubelet of a node, by what it says of itself; its name is a flag, and not in it."""
    found = {**_of_configuration(body, "configz"), "node": node}
    found.pop("hostnameOverride", None)
    return found


def _node_of(name: str, body: Mapping[str, Any]) -> _Node:
    about = mapping(mapping(body.get("status")).get("nodeInfo"))
    return _Node(name, string(about.get("bootID")), string(about.get("machineID")))


def _fact(kind: str, body: Mapping[str, object], origin: Origin, at: int) -> Fact:
    return Fact(
        kind=kind,
        key=(origin.name, origin.source, str(at)),
        body=_encode(body),
        subject=origin,
        elsewhere=tuple((f"/{name}", None) for name in body),
        draws_on=((origin.target, origin.namespace),),
        part=str(body.get("component") or ""),
    )


def _missing(
    nodes: Mapping[str, Sequence[_Node]],
    probes: Sequence[_Node],
    told: Mapping[str, Container[str]],
) -> Iterator[Gap]:
    """The nodes of each cluster that nobody looked at; of one that tells none, nobody knows.

    What a kubelet ``told`` stands for its probe where that is about the kubelet.
    """
    for target, there in sorted(nodes.items()):
        for kind in (NODE_FILES, NODE_KUBELET):
            known = told.get(target, ()) if kind == NODE_KUBELET else ()
            names = sorted(
                node.name
                for node in there
                if node.name not in known and not any(node.is_that_of(probe) for probe in probes)
            )
            if there and not names:
                continue
            more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
            nouns = "a node was" if len(names) == 1 else f"{len(names)} nodes were"
            detail = f"{nouns} not looked at: {', '.join(names[:_MOST])}{more}"
            if not there:
                detail = "the cluster told of no node, so nobody knows whether all were looked at"
            yield Gap(target, kind, GapCause.UNSUPPORTED, detail, _HINT)


def _strangers(
    nodes: Mapping[str, Sequence[_Node]], probes: Sequence[tuple[Origin, _Node]]
) -> Iterator[Gap]:
    """The probes that are of no node, where all clusters were read that could have it."""
    if not all(nodes.values()):
        return
    for origin, probe in probes if nodes else ():
        every = [node for there in nodes.values() for node in there]
        if not any(node.is_that_of(probe) for node in every):
            again = any(node.name == probe.name for node in every)
            what = "was started or set up anew since" if again else "is in no cluster of this run"
            detail = f"{origin.source}: node {probe.name} {what}"
            for kind in (NODE_FILES, NODE_KUBELET):
                yield Gap(origin.target, kind, GapCause.MALFORMED, detail, _HINT)
