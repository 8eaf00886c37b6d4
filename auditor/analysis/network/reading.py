"""NetworkPolicies, read from their JSON as an API server completes them.

::

    spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}

isolates all pods of its namespace for both directions: policyTypes that nobody wrote are Ingress,
and Egress where there are rules for it. It lets nothing in, and everything out to IPv4.

Source: networking.k8s.io/v1 NetworkPolicySpec, its defaults and its validation, Kubernetes 1.37.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from auditor.analysis.network.addresses import Block
from auditor.analysis.network.fields import Field, NotValidError, port_range, read_each
from auditor.analysis.network.policies import (
    Action,
    Anyone,
    BlocksPeer,
    Direction,
    Peer,
    PodsPeer,
    Policy,
    Rule,
    Tier,
)
from auditor.analysis.network.ports import PortMatch, PortRange

KIND: Final = "NetworkPolicy"
_TYPES: Final = MappingProxyType({"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS})
_PEERS: Final = MappingProxyType({Direction.INGRESS: "from", Direction.EGRESS: "to"})
_EVERYBODY: Final = PodsPeer(None, ())


def network_policy(body: object, namespace: str, name: str) -> Policy:
    """Read a NetworkPolicy; one that no API server takes may do anything in its namespace."""
    try:
        spec = Field(body, "", "").get("spec")
        subject = PodsPeer(None, spec.get("podSelector").selector())
        types = _types(spec)
        rules = {direction: _rules(spec, direction) for direction in Direction}  # all are checked
        return Policy(
            kind=KIND,
            namespace=namespace,
            name=name,
            tier=Tier.NETWORK,
            subject=subject,
            ingress=rules[Direction.INGRESS] if Direction.INGRESS in types else None,
            egress=rules[Direction.EGRESS] if Direction.EGRESS in types else None,
        )
    except NotValidError as error:
        return Policy(KIND, namespace, name, Tier.NETWORK, _EVERYBODY, doubt=str(error))


def _types(spec: Field) -> frozenset[Direction]:
    types = frozenset(read_each(spec.get("policyTypes"), lambda field: field.word(_TYPES)))
    if types:
        return types
    egress = any(True for _ in spec.get("egress").items())
    return frozenset({Direction.INGRESS, *([Direction.EGRESS] if egress else [])})


def _rules(spec: Field, direction: Direction) -> tuple[Rule, ...]:
    return read_each(spec.get(direction.value), lambda rule: _rule(rule, direction))


def _rule(rule: Field, direction: Direction) -> Rule:
    peers = read_each(rule.get(_PEERS[direction]), _peer)
    ports = read_each(rule.get("ports"), _port)
    return Rule(rule.pointer, Action.ACCEPT, peers or (Anyone(),), ports or None)


def _peer(peer: Field) -> Peer:
    if peer.has("ipBlock"):
        if peer.has("podSelector") or peer.has("namespaceSelector"):
            raise peer.wrong("has both an ipBlock and a selector")
        return _block(peer.get("ipBlock"))
    pods, namespaces = peer.get("podSelector"), peer.get("namespaceSelector")
    if pods.value is None and namespaces.value is None:
        raise peer.wrong("names nobody")
    return PodsPeer(None if namespaces.value is None else namespaces.selector(), pods.selector())


def _block(block: Field) -> BlocksPeer:
    whole = block.get("cidr").network()
    return BlocksPeer((whole,), read_each(block.get("except"), lambda field: _part(field, whole)))


def _part(field: Field, whole: Block) -> Block:
    """A network that is a part of another, and not all of it."""
    found = field.network()
    within = found.family == whole.family and whole.first <= found.first <= found.last <= whole.last
    if not within or found == whole:
        raise field.wrong("is no part of the network that it is taken from")
    return found


def _port(port: Field) -> PortMatch:
    protocol, first, last = port.get("protocol").protocol(), port.get("port"), port.get("endPort")
    if first.value is None or isinstance(first.value, str):
        if last.value is not None:
            raise last.wrong("needs the number of a port before it")
        return PortRange(protocol) if first.value is None else first.name_of_a_port(protocol)
    return port_range(protocol, first, last)
