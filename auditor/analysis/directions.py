"""What a network policy says of one direction, as the API server completes and plugins read it.

A policy without a spec selects all pods for Ingress and has no rules: it lets nobody in. The same
says ``{podSelector: {}, policyTypes: [Ingress]}``. Rules of a direction that ``policyTypes`` does
not name mean nothing. A rule without peers is about everybody, and one without ports, or with ports
that add up to all of a protocol, leaves nothing that the policy would deny:
``ports: [{port: 1, endPort: 80}, {port: 81, endPort: 65535}]`` is ``ports: [{}]``.

Source: networking.k8s.io/v1 NetworkPolicySpec and its defaults (SetDefaults_NetworkPolicy).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

Ports = tuple[int, int]
"""The first and the last of a range of ports."""
_ALL: Final[Ports] = (1, 65_535)
_PEERS: Final = {"Ingress": "from", "Egress": "to"}


def closed(spec: Mapping[str, object], direction: str) -> bool:
    """Whether a policy denies a direction, ``Ingress`` or ``Egress``, to the pods it selects.

    One that admits the namespace itself, or DNS, is a default with exceptions. What does not follow
    the schema denies nothing: no API server takes it.
    """
    rules = spec.get(direction.lower())
    if not in_effect(spec, direction) or not (rules is None or isinstance(rules, list)):
        return False
    entries: list[object] = []
    for rule in rules or ():
        if not isinstance(rule, dict):
            return False
        if rule.get(_PEERS[direction]):
            continue
        if not rule.get("ports"):
            return False
        entries += rule["ports"] if isinstance(rule["ports"], list) else [{}]
    return not every_port(entries)


def in_effect(spec: Mapping[str, object], direction: str) -> bool:
    """Whether a policy says anything of a direction: named, or filled in where none is named."""
    types = spec.get("policyTypes")
    if not types:
        return direction == "Ingress" or bool(spec.get(direction.lower()))
    return isinstance(types, list) and direction in types


def every_port(entries: Iterable[object]) -> bool:
    """Whether some protocol's ports are all among the entries of a policy's rules."""
    ranges: dict[object, list[Ports]] = {}
    for entry in entries:
        protocol, ports = _ports(entry)
        ranges.setdefault(protocol, []).extend(ports)
    return any(_whole(each) for each in ranges.values())


def _ports(entry: object) -> tuple[object, Iterator[Ports]]:
    """The protocol and the ports of an entry: none where they go by a name."""
    found = entry if isinstance(entry, dict) else {}
    first, last = found.get("port"), found.get("endPort")
    protocol = found.get("protocol") or "TCP"
    if first is None:
        return protocol, iter((_ALL,))
    if not isinstance(first, int):
        return protocol, iter(())
    return protocol, iter(((first, last if isinstance(last, int) else first),))


def _whole(ranges: Iterable[Ports]) -> bool:
    reached = _ALL[0] - 1
    for first, last in sorted(ranges):
        if first > reached + 1:
            return False
        reached = max(reached, last)
    return reached >= _ALL[1]
