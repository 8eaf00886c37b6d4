"""Policies of a whole cluster, read from their JSON: those of policy.networking.k8s.io.

AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1) became one kind, ClusterNetworkPolicy
(v1alpha2, v1beta1), with a tier. Their rules are in order, and the first that matches decides.

A peer of which no field is known makes its rule fail closed, as the API says of readers that are
older than what they read. What their CustomResourceDefinitions refuse, and what an older v1alpha1
had in place of a label selector, may do anything.

Source: kubernetes-sigs/network-policy-api, apis/v1alpha1, apis/v1alpha2 and apis/v1beta1.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.network.fields import Field, NotValidError, port_range, read_each
from auditor.analysis.network.policies import (
    Action,
    BlocksPeer,
    Direction,
    NamesPeer,
    NodesPeer,
    Peer,
    PodsPeer,
    Policy,
    Rule,
    Tier,
)
from auditor.analysis.network.ports import PortMatch, PortRange, Protocol

ADMIN: Final = "AdminNetworkPolicy"
BASELINE: Final = "BaselineAdminNetworkPolicy"
CLUSTER: Final = "ClusterNetworkPolicy"
_MOST: Final = 1_000
"""The highest priority, the last to be asked."""
_EVERYBODY: Final = PodsPeer((), ())
_PEERS: Final = MappingProxyType({Direction.INGRESS: "from", Direction.EGRESS: "to"})
_INSIDE: Final = frozenset({"namespaces", "pods"})
_KNOWN: Final = MappingProxyType(
    {
        Direction.INGRESS: _INSIDE,
        Direction.EGRESS: _INSIDE | {"nodes", "networks", "domainNames"},
    }
)


class _Form(msgspec.Struct, frozen=True):
    """What differs from kind to kind: words of actions, and where a rule has its ports."""

    actions: Mapping[str, Action]
    ports: str


_ALLOW: Final = MappingProxyType({"Allow": Action.ACCEPT, "Deny": Action.DENY})
_FORMS: Final[Mapping[str, _Form]] = MappingProxyType(
    {
        ADMIN: _Form(MappingProxyType({**_ALLOW, "Pass": Action.PASS}), "ports"),
        BASELINE: _Form(_ALLOW, "ports"),
        CLUSTER: _Form(
            MappingProxyType({"Accept": Action.ACCEPT, "Deny": Action.DENY, "Pass": Action.PASS}),
            "protocols",
        ),
    }
)
_TIERS: Final = MappingProxyType({"Admin": Tier.ADMIN, "Baseline": Tier.BASELINE})


def admin_policy(body: object, kind: str, name: str) -> Policy:
    """Read a policy of one of the three kinds; one that is not valid may do anything."""
    tier = Tier.BASELINE if kind == BASELINE else Tier.ADMIN
    try:
        spec = Field(body, "", "").get("spec")
        if kind == CLUSTER:
            tier = spec.get("tier").word(_TIERS)
        return Policy(
            kind=kind,
            namespace="",
            name=name,
            tier=tier,
            subject=_subject(spec.get("subject")),
            ingress=_rules(spec, Direction.INGRESS, _FORMS[kind]),
            egress=_rules(spec, Direction.EGRESS, _FORMS[kind]),
            priority=None if kind == BASELINE else spec.get("priority").number(0, _MOST),
        )
    except NotValidError as error:
        return of_anything(kind, "", name, str(error), tier)


def of_anything(kind: str, namespace: str, name: str, why: str, tier: Tier = Tier.ADMIN) -> Policy:
    """A policy that may do anything to the pods of its namespace, or to all without one."""
    subject = PodsPeer(None, ()) if namespace else _EVERYBODY
    return Policy(kind, namespace, name, tier, subject, doubt=why)


def _subject(subject: Field) -> PodsPeer:
    found = _inside(subject) if len(subject.mapping()) == 1 else None
    if found is None:
        raise subject.wrong("does not say whom it is about")
    return found


def _inside(peer: Field) -> PodsPeer | None:
    """The pods that a peer or a subject names, None where it names no pods."""
    if peer.has("namespaces"):
        return PodsPeer(peer.get("namespaces").selector(strict=True), ())
    if peer.has("pods"):
        both = peer.get("pods")
        if not both.has("podSelector"):
            raise both.wrong("has no podSelector")
        return PodsPeer(
            both.get("namespaceSelector").selector(strict=True),
            both.get("podSelector").selector(strict=True),
        )
    return None


def _rules(spec: Field, direction: Direction, form: _Form) -> tuple[Rule, ...]:
    return read_each(spec.get(direction.value), lambda rule: _rule(rule, direction, form))


def _rule(rule: Field, direction: Direction, form: _Form) -> Rule:
    found = read_each(rule.get(_PEERS[direction]), lambda peer: _peer(peer, _KNOWN[direction]))
    if not found:
        raise rule.get(_PEERS[direction]).wrong("is empty")
    ports = rule.get(form.ports)
    matches = read_each(ports, _protocol if form.ports == "protocols" else _port)
    if ports.value is not None and not matches:
        raise ports.wrong("is empty")
    return Rule(
        rule.pointer,
        rule.get("action").word(form.actions),
        tuple(each for each in found if each is not None),
        matches or None,
        rule.get("name").text(),
        closed=None in found,
    )


def _peer(peer: Field, known: frozenset[str]) -> Peer | None:
    """One peer, None where no field of it is known."""
    fields = [name for name in peer.mapping() if peer.has(name)]
    if not known.intersection(fields):
        return None
    if len(fields) > 1:
        raise peer.wrong("is several peers at once")
    if peer.has("nodes"):
        return NodesPeer(peer.get("nodes").selector(strict=True))
    if peer.has("networks"):
        networks = read_each(peer.get("networks"), lambda field: field.network())
        if not networks:
            raise peer.get("networks").wrong("is empty")
        return BlocksPeer(networks)
    if peer.has("domainNames"):
        return NamesPeer(read_each(peer.get("domainNames"), lambda field: field.text()))
    return _inside(peer)


def _one(field: Field) -> str:
    """The name of the only field of an object."""
    names = [name for name in field.mapping() if field.has(name)]
    if len(names) != 1:
        raise field.wrong("does not say one thing")
    return names[0]


def _port(port: Field) -> PortMatch:
    """A port of v1alpha1: ``portNumber``, ``portRange`` or ``namedPort``."""
    name = _one(port)
    found = port.get(name)
    match name:
        case "portNumber":
            number = found.get("port")
            return port_range(found.get("protocol").protocol(), number, number)
        case "portRange":
            return _range(found, found.get("protocol").protocol())
        case "namedPort":
            return found.name_of_a_port(None)
        case _:
            raise port.wrong("is of a kind that is not known")


def _protocol(entry: Field) -> PortMatch:
    """A match of v1alpha2: ``tcp``, ``udp``, ``sctp`` or ``destinationNamedPort``."""
    name = _one(entry)
    if name == "destinationNamedPort":
        return entry.get(name).name_of_a_port(None)
    protocols = {each.value.lower(): each for each in Protocol}
    if name not in protocols:
        raise entry.wrong("is of a protocol that is not known")
    if _one(entry.get(name)) != "destinationPort":
        raise entry.get(name).wrong("has no destinationPort")
    port = entry.get(name).get("destinationPort")
    found = port.get(_one(port))
    if _one(port) == "range":
        return _range(found, protocols[name])
    if _one(port) != "number":
        raise port.wrong("is neither a number nor a range")
    return port_range(protocols[name], found, found)


def _range(found: Field, protocol: Protocol) -> PortRange:
    if found.get("end").value is None:
        raise found.wrong("has no end")
    return port_range(protocol, found.get("start"), found.get("end"))
