"""The analysis of single policies: what of them no server takes, and what of them comes to nothing.

A policy that is stored protects nobody by that. One fact ``network/Policy`` for each policy of an
API that is evaluated::

    spec.ingress[0].from[1]   pods app=wbe of its namespace     nobody is called so: ``nobody``
    spec.ingress[0].ports[0]  port htttp                        no selected pod has it: ``portless``
    spec.egress[0].to[0]      ipBlock 10.0.0.0                  refused: ``valid`` is false

and one ``network/Enforcement``: whether something in the cluster keeps to them at all.

Pods count by their templates, so that a Deployment without replicas has some. What an operator may
bring has any labels and ports, and is never nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.marks import NAMESPACE, NODE
from auditor.analysis.gpu.tenants import Tenants
from auditor.analysis.label_selectors import ADDED, Requirements
from auditor.analysis.network import rows
from auditor.analysis.network.enforcement import TABLE as PLUGINS
from auditor.analysis.network.enforcement import Found, Plugin, plugins_from_table, told
from auditor.analysis.network.gathering import Gathered, Written
from auditor.analysis.network.meeting import all_bits
from auditor.analysis.network.network import Network
from auditor.analysis.network.objects import Read
from auditor.analysis.network.policies import Direction, PodsPeer, Policy, Rule
from auditor.analysis.network.ports import NamedPort
from auditor.analysis.network.servers import Servers
from auditor.analysis.network.telling import path_of
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.fact import Fact, Origin
from auditor.model.reach import EnforcementFact
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX, is_built_in
from auditor.platforms.network import ENFORCEMENT, POLICY

_PODS: Final = "pods"
_SHOWN: Final = 20
_PODS_OF: Final = rows.TEMPLATES | {NAMESPACE}
_EVALUATED: Final = rows.OF_CLUSTERS | {rows.POLICY}
_encode = msgspec.json.encode
_decode_pod = msgspec.json.Decoder(rows.PodRow).decode
_decode_policy = msgspec.json.Decoder(rows.PolicyRow).decode
_decode_namespace = msgspec.json.Decoder(rows.NamespaceRow).decode
_decode_found = msgspec.json.Decoder(Found).decode


class NetworkPolicies:
    """Joins each policy with the pods that it could mean, and with what enforces it."""

    id = "network-policies"
    stage = Stage.TARGET
    reads = rows.POLICIES | _PODS_OF | {rows.DAEMON_SET, NODE}
    preferred = frozenset({NODE})
    combined = frozenset({_PODS, "node"})
    feeds: Feeds = MappingProxyType(
        {
            POLICY: MappingProxyType(
                {
                    "": _EVALUATED,
                    "valid": frozenset({rows.POLICY}),
                    "nobody": _PODS_OF,
                    "portless": _PODS_OF,
                }
            ),
            ENFORCEMENT: MappingProxyType(
                {
                    "": rows.POLICIES,
                    "state": frozenset({rows.DAEMON_SET}),
                    "by": frozenset({rows.DAEMON_SET}),
                }
            ),
        }
    )

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        """``plugins`` are those that are known."""
        self._plugins = plugins
        self._servers = Servers(())

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take a policy as it is written, and the labels and ports of templates."""
        if resource.kind == NODE:
            yield from rows.plugin_at(resource, site, self._plugins)
        elif resource.kind not in rows.TEMPLATES:
            yield from rows.extracted(resource, site, (), self._plugins, self._servers)
        elif not _is_made(resource):
            yield from _template(resource, live=site.target.uid != OF_FILES)

    def combine(self, one: Row, other: Row) -> Row:
        """Keep one of two that are equal; of nodes the first, whoever read it."""
        return min(one, other, key=_order)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each policy, and one for all."""
        gathered = Gathered(Tenants((), {}), frozenset(), ())
        for key, each in groups:
            for row in each:
                _learn(gathered, key[-1] if row.tag == _PODS else "", row)
        if gathered.policies:
            yield _enforcement(gathered)
            yield from _checked(gathered)


def make(tables: Tables) -> NetworkPolicies:
    """Make the analysis for the tables of a policy."""
    return NetworkPolicies(plugins_from_table(tables.get(PLUGINS, ())))


def enforcement_of(gathered: Gathered, *, live: bool) -> EnforcementFact:
    """Say whether something enforces what was gathered."""
    state, by = told(found for found, _ in gathered.plugins)
    return EnforcementFact(
        state=state,
        by=tuple(map(str, by)),
        policies=len(gathered.policies),
        live=live,
    )


def _order(row: Row) -> tuple[bytes, str]:
    return row.body, row.origin.name if row.origin is not None else ""


def _is_made(resource: Resource) -> bool:
    """Whether a controller of Kubernetes made a pod, of a template that we have."""
    owner = resource.controller
    return owner is not None and is_built_in(owner.api_version, owner.kind)


def _template(resource: Resource, *, live: bool) -> Iterator[Row]:
    """Take a template without what tells its pods apart."""
    found = rows.template_row(resource, live=live)
    labels = {key: each for key, each in found.read.labels.items() if key not in ADDED}
    read = Read(labels=labels, ports=found.read.ports)
    body = _encode(msgspec.structs.replace(found, read=read, owner=""))
    digest = hashlib.blake2b(body, digest_size=16).hexdigest()
    yield Row((rows.PODS, digest, resource.namespace), _PODS, None, body)


def _learn(gathered: Gathered, namespace: str, row: Row) -> None:
    if row.tag == _PODS:
        gathered.pod(_decode_pod(row.body), namespace)
        return
    origin = row.read_at
    match row.key[0], row.tag:
        case _, rows.BAD:
            gathered.namespaces[origin.name] = origin
        case rows.NAMESPACES, _:
            gathered.namespace(origin.name, _decode_namespace(row.body), origin)
        case rows.RULES, _:
            gathered.policy(_decode_policy(row.body), origin)
        case _:
            gathered.plugins.append((_decode_found(row.body), origin))


def _enforcement(gathered: Gathered) -> Fact:
    """Whether policies are enforced: a finding of the plugin, or of the first policy."""
    first = gathered.policies[0]
    body = enforcement_of(gathered, live=first.live)
    running = (place for found, place in gathered.plugins if found.daemon_set)
    subject = next(running, first.origin)
    return _fact(ENFORCEMENT, (), msgspec.structs.asdict(body), subject, part="network policies")


def _checked(gathered: Gathered) -> Iterator[Fact]:
    evaluated = [
        each
        for each in gathered.policies
        if f"{PREFIX}{each.kind}" in _EVALUATED and not each.partial
    ]
    if not evaluated:
        return
    checks = _Checks(gathered)
    for each in evaluated:
        part = rows.is_part(each.origin)
        body: dict[str, object] = {
            "kind": each.policy.kind,
            "name": each.policy.name,
            "namespace": each.policy.namespace,
            "live": each.live,
            "valid": not each.policy.doubt,
            "why": each.policy.doubt,
            "nobody": list(checks.nobody(each.policy, part=part))[:_SHOWN],
            "portless": list(checks.portless(each.policy, part=part))[:_SHOWN],
        }
        key = (each.policy.kind, each.policy.namespace, each.policy.name, _place(each))
        yield _fact(POLICY, key, body, each.origin, heuristic=not each.live)


def _place(written: Written) -> str:
    return f"{written.origin.source}#{written.origin.document}"


def _fact(
    kind: str,
    key: tuple[str, ...],
    body: dict[str, object],
    subject: Origin,
    *,
    part: str = "",
    heuristic: bool = False,
) -> Fact:
    return Fact(
        kind=kind,
        key=key,
        body=_encode(body),
        subject=subject,
        elsewhere=tuple((f"/{name}", None) for name in body),
        draws_on=((subject.target, ""),),
        part=part,
        heuristic=heuristic,
    )


class _Checks:
    """Finds what of policies comes to nothing."""

    def __init__(self, gathered: Gathered) -> None:
        cluster, blank, _, _ = gathered.cluster()
        self._network = Network(cluster)
        self._blank = all_bits(blank.values())
        self._pods = all_bits(each.number for each in gathered.kinds if each.pods)

    def nobody(self, policy: Policy, *, part: bool) -> Iterator[str]:
        """Name the peers that no pod is, by their rules; a ``part`` of a cluster may lack them."""
        for direction in Direction:
            for rule in policy.rules(direction) or ():
                for peer in rule.peers:
                    if not isinstance(peer, PodsPeer) or (part and peer.namespaces is not None):
                        continue
                    if self._is_nobody(peer, policy):
                        yield f"{path_of(rule.pointer)}: {_written(peer)}"

    def portless(self, policy: Policy, *, part: bool) -> Iterator[str]:
        """Name the ports by name that nobody has who could be asked for them."""
        subjects = self._of(policy.subject, policy)
        for direction in (Direction.INGRESS,) if part else Direction:
            for rule in policy.rules(direction) or ():
                asked = subjects if direction is Direction.INGRESS else self._peers(rule, policy)
                for port in rule.ports or ():
                    if isinstance(port, NamedPort) and asked and not self._has(asked, port):
                        yield f"{path_of(rule.pointer)}: {port}"

    def _is_nobody(self, peer: PodsPeer, policy: Policy) -> bool:
        if self._of(peer, policy):
            return False
        anyone = PodsPeer(peer.namespaces, ())
        _, there = self._network.ends.sets(anyone, policy.namespace, policy.tier)
        return bool(peer.pods) or not there & self._blank

    def _of(self, peer: PodsPeer, policy: Policy) -> int:
        """The pods, and templates of pods, that may be meant."""
        _, possible = self._network.ends.sets(peer, policy.namespace, policy.tier)
        return possible & self._pods

    def _peers(self, rule: Rule, policy: Policy) -> int:
        found = 0
        for peer in rule.peers:
            _, possible = self._network.ends.sets(peer, policy.namespace, policy.tier)
            found |= possible & self._pods
        return found

    def _has(self, pods: int, port: NamedPort) -> bool:
        found, more = self._network.ports_called(port)
        return bool(more & pods) or any(having & pods for having in found.values())


def _written(peer: PodsPeer) -> str:
    """Write a peer as people do."""
    where = "its namespace"
    if peer.namespaces is not None:
        where = f"namespaces {_listed(peer.namespaces)}" if peer.namespaces else "any namespace"
    return f"pods {_listed(peer.pods)} of {where}" if peer.pods else f"all pods of {where}"


def _listed(requirements: Requirements) -> str:
    return ", ".join(map(str, requirements))
