"""Small clusters that chance makes: few labels, ports and addresses, so that much of it meets."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.unit.analysis.network.naive import ADDED_BY_CONTROLLERS, End, Json

NAMESPACES = ("a", "b", "c")
KEYS = {"app": ("x", "y"), "tier": ("x", "y")}
PORTS = (("TCP", 80), ("TCP", 8080), ("TCP", 8081), ("UDP", 80), ("SCTP", 9))
BLOCKS = (
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.2.3/32",
    "0.0.0.0/0",
    "::/0",
    "fd00::/8",
    "fd00:1::/32",
)
INSIDE = {
    "10.0.0.0/8": ("10.1.0.0/16", "10.128.0.0/9"),
    "10.1.0.0/16": ("10.1.2.0/24",),
    "0.0.0.0/0": ("10.0.0.0/8", "169.254.169.254/32"),
    "::/0": ("fd00::/8",),
    "fd00::/8": ("fd00:1::/32",),
}
OUTSIDE = ("169.254.169.254", "203.0.113.9", "10.1.2.3", "10.200.0.1", "2001:db8::1", "fd00:1::9")
PODS_AT = ("10.1.2.3", "10.1.9.9", "10.200.0.1", "172.16.0.1")
PODS_AT_6 = ("fd00:1::9", "fd00:2::1")


@dataclass(frozen=True)
class Made:
    """A cluster, and the ends and ports to ask for."""

    namespaces: dict[str, Json | None]
    pods: list[Json]
    nodes: list[Json]
    policies: list[Json]
    blocks: str

    @property
    def ends(self) -> list[End]:
        """Pods, nodes, addresses outside, in this order."""
        return [
            *(End(pod=each) for each in self.pods),
            *(End(node=each) for each in self.nodes),
            *(End(address=each) for each in OUTSIDE),
        ]


def cluster(seed: int) -> Made:
    """Make the cluster of a seed."""
    return Maker(random.Random(seed)).cluster()


class Maker:
    """Makes one cluster."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def some(self, options: Sequence[Any], least: int = 0) -> list[Any]:
        return self.chance.sample(list(options), self.chance.randint(least, len(options)))

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def cluster(self) -> Made:
        names = self.some(NAMESPACES, 1)
        return Made(
            namespaces={name: self.namespace() for name in names},
            pods=[self.pod(number, names) for number in range(self.chance.randint(1, 4))],
            nodes=[self.node() for _ in range(self.chance.randint(0, 2))],
            policies=[self.policy(number, names) for number in range(self.chance.randint(0, 6))],
            blocks=self.chance.choice(("everywhere", "outside", "unknown")),
        )

    def namespace(self) -> Json | None:
        return (
            None if self.often(0.1) else {key: self.chance.choice("xy") for key in self.some(KEYS)}
        )

    def pod(self, number: int, names: Sequence[str]) -> Json:
        named = [
            {"name": self.chance.choice(("http", "web")), "protocol": protocol, "containerPort": at}
            for protocol, at in self.some(PORTS)[:2]
        ]
        spec: Json = {"containers": [{"name": "c", "ports": named}]}
        if self.often(0.4):
            staying = {"name": "s", "ports": [{"name": "http", "containerPort": 8081}]}
            spec["initContainers"] = [
                {**staying, **self.chance.choice(({}, {"restartPolicy": "Always"}))}
            ]
        if self.often(0.15):
            spec["hostNetwork"] = True
        addresses = [self.chance.choice(PODS_AT)] if self.often(0.8) else []
        addresses += [self.chance.choice(PODS_AT_6)] if self.often(0.3) else []
        return {
            "metadata": {
                "name": f"p{number}",
                "namespace": self.chance.choice(names),
                "labels": {key: self.chance.choice(KEYS[key]) for key in self.some(KEYS)},
            },
            "spec": spec,
            "status": {"podIPs": [{"ip": each} for each in addresses]},
            "adds": self.chance.choice(("none", "none", "none", "controllers", "any")),
        }

    def node(self) -> Json:
        at = self.some(("10.200.0.1", "172.16.0.9", "fd00:2::7"), 1)
        return {
            "metadata": {"labels": {key: self.chance.choice("xy") for key in self.some(KEYS)}},
            "status": {"addresses": [{"type": "InternalIP", "address": each} for each in at]},
        }

    # policies

    def policy(self, number: int, names: Sequence[str]) -> Json:
        makers: list[Callable[[], Json]] = [
            self.network,
            self.network,
            self.network,
            lambda: self.of_cluster("AdminNetworkPolicy"),
            lambda: self.of_cluster("BaselineAdminNetworkPolicy"),
            lambda: self.of_cluster("ClusterNetworkPolicy"),
            lambda: self.of_cluster("ClusterNetworkPolicy"),
        ]
        made = self.chance.choice(makers)()
        made["metadata"] = {"name": f"n{number}"}
        if made["kind"] == "NetworkPolicy":
            made["metadata"]["namespace"] = self.chance.choice(names)
        if self.often(0.05):
            made["refused"] = True
            made["spec"].update(self.chance.choice(REFUSED[made["kind"] == "NetworkPolicy"]))
        return made

    def network(self) -> Json:
        spec: Json = {}
        if self.often(0.8):
            spec["podSelector"] = self.selector()
        if self.often(0.6):
            spec["policyTypes"] = self.some(("Ingress", "Egress"), 1)
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            if self.often(0.6):
                spec[direction] = [
                    self.network_rule(peers) for _ in range(self.chance.randint(0, 2))
                ]
        return {"kind": "NetworkPolicy", "spec": spec}

    def network_rule(self, peers: str) -> Json | None:
        if self.often(0.05):
            return None
        rule: Json = {}
        if self.often(0.8):
            rule[peers] = [self.network_peer() for _ in range(self.chance.randint(0, 2))]
        if self.often(0.6):
            rule["ports"] = [self.network_port() for _ in range(self.chance.randint(0, 2))]
        return rule

    def network_peer(self) -> Json:
        if self.often(0.4):
            cidr = self.chance.choice(BLOCKS)
            block: Json = {"cidr": cidr}
            if cidr in INSIDE and self.often(0.5):
                block["except"] = self.some(INSIDE[cidr], 1)
            return {"ipBlock": block}
        peer: Json = {}
        if self.often(0.6):
            peer["podSelector"] = self.selector()
        if not peer or self.often(0.5):
            peer["namespaceSelector"] = self.selector(of_namespace=True)
        return peer

    def network_port(self) -> Json | None:
        if self.often(0.05):
            return None
        protocol, number = self.chance.choice(PORTS)
        entry: Json = {"protocol": protocol} if self.often(0.7) else {}
        if self.often(0.3):
            return {**entry, "port": self.chance.choice(("http", "web", "nobody"))}
        if self.often(0.8):
            entry["port"] = number
            if self.often(0.4):
                entry["endPort"] = number + self.chance.choice((0, 1, 9_000))
        return entry

    def of_cluster(self, kind: str) -> Json:
        spec: Json = {"subject": self.subject()}
        if kind != "BaselineAdminNetworkPolicy":
            spec["priority"] = self.chance.choice((0, 5, 5, 9))
        if kind == "ClusterNetworkPolicy":
            spec["tier"] = self.chance.choice(("Admin", "Baseline"))
        actions = {
            "AdminNetworkPolicy": ("Allow", "Deny", "Pass"),
            "BaselineAdminNetworkPolicy": ("Allow", "Deny"),
            "ClusterNetworkPolicy": ("Accept", "Deny", "Pass"),
        }[kind]
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            if self.often(0.7):
                spec[direction] = [
                    self.admin_rule(kind, peers, actions) for _ in range(self.chance.randint(1, 3))
                ]
        return {"kind": kind, "spec": spec}

    def subject(self) -> Json:
        if self.often(0.5):
            return {"namespaces": self.selector(of_namespace=True)}
        return {"pods": self.both()}

    def both(self) -> Json:
        return {
            "namespaceSelector": self.selector(of_namespace=True),
            "podSelector": self.selector(),
        }

    def admin_rule(self, kind: str, peers: str, actions: Sequence[str]) -> Json:
        rule: Json = {"action": self.chance.choice(actions)}
        rule[peers] = [self.admin_peer(peers) for _ in range(self.chance.randint(1, 2))]
        if self.often(0.6):
            which = "protocols" if kind == "ClusterNetworkPolicy" else "ports"
            made = self.of_protocol if kind == "ClusterNetworkPolicy" else self.admin_port
            rule[which] = [made() for _ in range(self.chance.randint(1, 2))]
        return rule

    def admin_peer(self, peers: str) -> Json:
        if self.often(0.06):
            return {"somethingOfTomorrow": {}}
        if peers == "to" and self.often(0.5):
            return self.chance.choice(
                (
                    {"networks": self.some(BLOCKS, 1)[:2]},
                    {"networks": ["0.0.0.0/0", "::/0"]},
                    {"nodes": self.selector()},
                    {"domainNames": ["*.example.com"]},
                )
            )
        return self.subject()

    def admin_port(self) -> Json:
        protocol, number = self.chance.choice(PORTS)
        return self.chance.choice(
            (
                {"portNumber": {"protocol": protocol, "port": number}},
                {"portNumber": {"port": number}},
                {"portRange": {"protocol": protocol, "start": number, "end": number + 1}},
                {"namedPort": "http"},
            )
        )

    def of_protocol(self) -> Json:
        protocol, number = self.chance.choice(PORTS)
        return self.chance.choice(
            (
                {protocol.lower(): {"destinationPort": {"number": number}}},
                {protocol.lower(): {"destinationPort": {"range": {"start": 1, "end": number}}}},
                {"destinationNamedPort": "http"},
            )
        )

    def selector(self, *, of_namespace: bool = False) -> Json:
        made: Json = {}
        keys = [
            *KEYS,
            *(("kubernetes.io/metadata.name",) if of_namespace else ADDED_BY_CONTROLLERS),
        ]
        if self.often(0.4):
            key = self.chance.choice([*KEYS, keys[-1]])
            made["matchLabels"] = {key: self.chance.choice(NAMESPACES if "/" in key else "xy")}
        if self.often(0.3):
            made["matchExpressions"] = [self.expression(self.chance.choice(sorted(keys)))]
        return made

    def expression(self, key: str) -> Json:
        operator = self.chance.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        if operator in {"Exists", "DoesNotExist"}:
            return {"key": key, "operator": operator}
        values = NAMESPACES if "/" in key else ("x", "y", "z")
        return {"key": key, "operator": operator, "values": self.some(values, 1)[:2]}


REFUSED: tuple[tuple[Json, ...], tuple[Json, ...]] = (
    (
        {"subject": {}},
        {"subject": {"namespaces": {}, "pods": {"podSelector": {}}}},
        {"ingress": [{"action": "Log", "from": [{"namespaces": {}}]}]},
        {"egress": [{"action": "Deny", "to": []}]},
        {"egress": [{"action": "Deny", "to": [{"networks": ["10.0.0.0"]}]}]},
        {"ingress": [{"action": "Deny", "from": [{"namespaces": {"sameLabels": ["team"]}}]}]},
    ),
    (
        {"ingress": [{"from": [{}]}]},
        {"ingress": [{"ports": [{"port": "80"}]}], "policyTypes": ["Ingress"]},
        {"policyTypes": ["ingress"]},
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Is"}]}},
        {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0"}}]}], "policyTypes": ["Egress"]},
        {"egress": [{"ports": [{"protocol": "ICMP"}]}], "policyTypes": ["Egress"]},
    ),
)
"""What an API server refuses: of policies of a cluster, and of NetworkPolicies."""
