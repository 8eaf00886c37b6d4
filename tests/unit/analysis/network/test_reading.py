"""Policies as they are read: what is completed, and what no API server takes."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.label_selectors import Operator, Requirement
from auditor.analysis.network.addresses import block_of
from auditor.analysis.network.policies import (
    Action,
    Anyone,
    BlocksPeer,
    Direction,
    NamesPeer,
    NodesPeer,
    PodsPeer,
    Policy,
    Rule,
    Tier,
)
from auditor.analysis.network.ports import NamedPort, PortRange, Protocol
from auditor.analysis.network.reading import network_policy
from auditor.analysis.network.reading_admin import admin_policy

ALL = {"namespaces": {}}
NO_NETWORKS = (
    *("10.0.0.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "::ffff:10.0.0.0/104", "x/8"),
    *(7, None),
)
TCP_80 = PortRange(Protocol.TCP, 80, 80)
WEB = (Requirement("app", Operator.IN, ("web",)),)


def network(**spec: Any) -> Policy:
    return network_policy({"spec": spec}, "ml", "p")


def admin(kind: str = "ClusterNetworkPolicy", **spec: Any) -> Policy:
    tier = {"tier": "Admin", "priority": 3} if kind == "ClusterNetworkPolicy" else {"priority": 3}
    return admin_policy({"spec": {"subject": ALL, **tier, **spec}}, kind, "p")


def only(policy: Policy, direction: Direction = Direction.INGRESS) -> Rule:
    assert policy.doubt == ""
    (rule,) = policy.rules(direction) or ()
    return rule


@pytest.mark.parametrize(
    ("spec", "directions"),
    [
        pytest.param({}, {"ingress"}, id="nothing is Ingress"),
        pytest.param({"egress": []}, {"ingress"}, id="no egress rules"),
        pytest.param({"egress": [{}]}, {"ingress", "egress"}, id="egress rules"),
        pytest.param({"policyTypes": ["Egress"], "ingress": [{}]}, {"egress"}, id="named"),
        pytest.param({"policyTypes": []}, {"ingress"}, id="none named"),
    ],
)
def test_directions_that_nobody_named_are_filled_in(spec: Any, directions: set[str]) -> None:
    policy = network(**spec)
    assert {each.value for each in Direction if policy.rules(each) is not None} == directions


def test_a_policy_without_a_spec_isolates_its_namespace() -> None:
    policy = network_policy({}, "ml", "p")
    assert (policy.subject, policy.ingress, policy.egress) == (PodsPeer(None, ()), (), None)
    assert str(policy) == "NetworkPolicy ml/p"


def test_peers_and_ports_of_a_network_policy() -> None:
    rule = only(
        network(
            ingress=[
                {
                    "from": [
                        {"podSelector": {"matchLabels": {"app": "web"}}},
                        {"namespaceSelector": {}, "podSelector": None},
                        {"ipBlock": {"cidr": "10.1.2.3/8", "except": ["10.1.0.0/16"]}},
                    ],
                    "ports": [
                        {"port": 80},
                        {"protocol": "UDP", "port": 53, "endPort": 54},
                        {"port": "http"},
                        {"protocol": "SCTP"},
                        None,
                    ],
                }
            ]
        )
    )
    assert rule.pointer == "/spec/ingress/0"
    ten, one = block_of("10.0.0.0/8"), block_of("10.1.0.0/16")
    assert ten is not None
    assert one is not None
    assert rule.peers == (PodsPeer(None, WEB), PodsPeer((), ()), BlocksPeer((ten,), (one,)))
    assert rule.ports == (
        TCP_80,
        PortRange(Protocol.UDP, 53, 54),
        NamedPort("http", Protocol.TCP),
        PortRange(Protocol.SCTP),
        PortRange(Protocol.TCP),
    )


@pytest.mark.parametrize("rule", [{}, None, {"from": [], "ports": []}])
def test_a_rule_that_says_nothing_is_about_everybody(rule: Any) -> None:
    found = only(network(ingress=[rule]))
    assert (found.peers, found.ports) == ((Anyone(),), None)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param({"podSelector": []}, "spec.podSelector is no label selector", id="selector"),
        pytest.param({"policyTypes": ["ingress"]}, "spec.policyTypes[0] is none of", id="types"),
        pytest.param({"policyTypes": "Ingress"}, "spec.policyTypes is not a list", id="type"),
        pytest.param({"ingress": {}}, "spec.ingress is not a list", id="rules"),
        pytest.param({"ingress": [3]}, "spec.ingress[0] is not an object", id="rule"),
        pytest.param({"ingress": [{"from": [{}]}]}, "spec.ingress[0].from[0] names", id="peer"),
        pytest.param({"egress": [{"to": [None]}]}, "spec.egress[0].to[0] names nobody", id="null"),
        pytest.param(
            {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
            "spec.egress[0].to[0] has both",
            id="block and selector",
        ),
        *(
            pytest.param(
                {"egress": [{"to": [{"ipBlock": {"cidr": cidr}}]}]},
                "spec.egress[0].to[0].ipBlock.cidr is",
                id=f"network {cidr}",
            )
            for cidr in (
                "10.0.0.0",
                "10.0.0.0/33",
                "::ffff:10.0.0.0/104",
                "x/8",
                7,
                None,
                "10.0.0.0/255.0.0.0",
            )
        ),
        pytest.param(
            {"egress": [{"to": [{"ipBlock": {"cidr": "::/0", "except": ["fe80::%1/64"]}}]}]},
            "spec.egress[0].to[0].ipBlock.except[0] is no network",
            id="zone",
        ),
        *(
            pytest.param({"ingress": [{"ports": [port]}]}, "spec.ingress[0].ports[0]", id=str(port))
            for port in (
                {"port": 0},
                {"port": 65_536},
                {"port": True},
                {"port": 80.0},
                {"port": "80"},
                {"port": "a--b"},
                {"port": "Http"},
                {"port": "x" * 16},
                {"port": "http", "endPort": 90},
                {"endPort": 90},
                {"port": 90, "endPort": 80},
                {"protocol": "ICMP"},
                {"protocol": "tcp"},
                {"protocol": ""},
            )
        ),
        pytest.param(
            {"policyTypes": ["Egress"], "ingress": [{"from": [{}]}]},
            "spec.ingress[0].from[0] names nobody",
            id="in a direction that it is not about",
        ),
    ],
)
def test_what_no_server_takes_may_do_anything(spec: Any, why: str) -> None:
    policy = network(**spec)
    assert policy.doubt.startswith(why)
    assert (policy.subject, policy.tier) == (PodsPeer(None, ()), Tier.NETWORK)
    assert policy.ingress is policy.egress is None


def test_a_cluster_network_policy() -> None:
    policy = admin(
        tier="Baseline",
        egress=[
            {
                "name": "out",
                "action": "Accept",
                "to": [
                    {"nodes": {}},
                    {"networks": ["0.0.0.0/0", "::/0"]},
                    {"domainNames": ["*.example.com"]},
                    {"pods": {"podSelector": {"matchLabels": {"app": "web"}}}},
                ],
                "protocols": [
                    {"tcp": {"destinationPort": {"number": 80}}},
                    {"udp": {"destinationPort": {"range": {"start": 1, "end": 9}}}},
                    {"destinationNamedPort": "http"},
                ],
            }
        ],
    )
    assert (policy.tier, policy.priority, str(policy)) == (
        Tier.BASELINE,
        3,
        "ClusterNetworkPolicy p",
    )
    rule = only(policy, Direction.EGRESS)
    four, six = block_of("0.0.0.0/0"), block_of("::/0")
    assert four is not None
    assert six is not None
    assert rule.peers == (
        NodesPeer(()),
        BlocksPeer((four, six)),
        NamesPeer(("*.example.com",)),
        PodsPeer((), WEB),
    )
    assert rule.ports == (TCP_80, PortRange(Protocol.UDP, 1, 9), NamedPort("http"))
    assert (rule.action, rule.name) == (Action.ACCEPT, "out")
    assert (policy.ingress, admin().egress) == ((), ()), "without rules it does not isolate"


def test_policies_of_v1alpha1() -> None:
    ports = [
        {"portNumber": {"port": 80}},
        {"portRange": {"protocol": "UDP", "start": 1, "end": 9}},
        {"namedPort": "http"},
    ]
    rules = [{"action": "Allow", "from": [ALL], "ports": ports}]
    for kind, tier, priority in (
        ("AdminNetworkPolicy", Tier.ADMIN, 3),
        ("BaselineAdminNetworkPolicy", Tier.BASELINE, None),
    ):
        policy = admin(kind, ingress=rules)
        assert (policy.tier, policy.priority) == (tier, priority)
        rule = only(policy)
        assert rule.action is Action.ACCEPT
        assert rule.ports == (TCP_80, PortRange(Protocol.UDP, 1, 9), NamedPort("http"))


@pytest.mark.parametrize("action", ["Accept", "Deny", "Pass"])
def test_a_peer_of_tomorrow_closes_its_rule(action: str) -> None:
    peers = [ALL, {"services": {"name": "x"}}]
    rule = only(admin(ingress=[{"action": action, "from": peers}]))
    assert rule.closed
    egress_only = [{"networks": ["10.0.0.0/8"]}]
    assert only(admin(ingress=[{"action": action, "from": egress_only}])).closed


def denying(**rule: Any) -> dict[str, Any]:
    return {"ingress": [{"action": "Deny", "from": [ALL], **rule}]}


def of_tcp(match: Any) -> dict[str, Any]:
    return denying(protocols=[{"tcp": match}])


CNP, ANP, BANP = "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"
OLD = {"subject": {"namespaces": {"sameLabels": ["team"]}}}
BOTH = {"egress": [{"action": "Deny", "to": [{"networks": ["::/0"], "nodes": {}}]}]}
NO_NETWORK = {"egress": [{"action": "Deny", "to": [{"networks": []}]}]}
RULE = "ingress[0]"


@pytest.mark.parametrize(
    ("kind", "spec", "why"),
    [
        (CNP, {"subject": {}}, "subject does not say"),
        (CNP, {"subject": {"nodes": {}}}, "subject does not say"),
        (CNP, {"subject": {**ALL, "pods": {}}}, "subject does not say"),
        (CNP, {"subject": {"pods": {}}}, "subject.pods has no podSelector"),
        (ANP, OLD, "subject.namespaces has fields of another version"),
        (CNP, {"priority": 1_001}, "priority is not a number"),
        (CNP, {"priority": None}, "priority is not a number"),
        (ANP, {"priority": "3"}, "priority is not a number"),
        (ANP, denying(action="Accept"), f"{RULE}.action is none of Allow, Deny, Pass"),
        (CNP, denying(action="Allow"), f"{RULE}.action is none of Accept, Deny, Pass"),
        (BANP, denying(action="Pass"), f"{RULE}.action is none of Allow, Deny"),
        (CNP, denying(**{"from": []}), f"{RULE}.from is empty"),
        (CNP, denying(**{"from": None}), f"{RULE}.from is empty"),
        (CNP, denying(protocols=[]), f"{RULE}.protocols is empty"),
        (CNP, denying(protocols=[{}]), f"{RULE}.protocols[0] does not say one thing"),
        (CNP, denying(protocols=[{"icmp": {}}]), f"{RULE}.protocols[0] is of a protocol"),
        (CNP, of_tcp({}), f"{RULE}.protocols[0].tcp does not say one thing"),
        (CNP, of_tcp({"destinationPort": {"name": "x"}}), f"{RULE}.protocols[0].tcp.destinationPo"),
        (CNP, of_tcp({"sourcePort": {"number": 1}}), f"{RULE}.protocols[0].tcp has no destination"),
        (ANP, denying(ports=[{"portRange": {"start": 9}}]), f"{RULE}.ports[0].portRange has no"),
        (ANP, denying(ports=[{"port": 9}]), f"{RULE}.ports[0] is of a kind"),
        (CNP, NO_NETWORK, "egress[0].to[0].networks is empty"),
        (CNP, BOTH, "egress[0].to[0] is several"),
    ],
)
def test_what_no_definition_takes_may_do_anything(kind: str, spec: Any, why: str) -> None:
    policy = admin(kind, **spec)
    assert policy.doubt.startswith(f"spec.{why}")
    assert policy.subject == PodsPeer((), ())
    assert policy.tier is (Tier.BASELINE if kind.startswith("Base") else Tier.ADMIN)


def test_a_policy_of_no_tier_may_be_of_the_first() -> None:
    assert (admin(tier="System").tier, admin(tier="System").doubt) == (
        Tier.ADMIN,
        "spec.tier is none of Admin, Baseline",
    )
    assert admin(tier="Baseline", priority=-1).tier is Tier.BASELINE


def test_a_hostile_policy_is_read_in_time() -> None:
    """10,000 rules of one policy; the body of each is of another type than the one before."""
    rules: list[Any] = [{"from": [{"podSelector": {}}], "ports": [{"port": 1}]}] * 9_999
    assert len(network(ingress=rules).ingress or ()) == 9_999
    assert network(ingress=[*rules, "x"]).doubt == "spec.ingress[9999] is not an object"
