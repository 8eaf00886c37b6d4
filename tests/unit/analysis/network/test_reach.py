"""What is said of namespaces and plugins: defaults by effect, tenants, places, enforcement."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.gpu.tenants import TenantKey
from auditor.analysis.network.checking import NetworkPolicies
from auditor.analysis.network.enforcement import Plugin
from auditor.analysis.network.questions import Question, port_of
from auditor.analysis.network.reach import NetworkReach
from auditor.analysis.protocol import Site
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource, Target
from tests.unit.analysis.network.documents import (
    FILES,
    LIVE,
    PLACES,
    derived,
    document,
    namespace,
    of_kind,
    policy,
    running,
)

DENY = policy("deny", "ml", podSelector={}, policyTypes=["Ingress", "Egress"])
VLLM = running("vllm", "ml", {"app": "vllm"})
FRONT = running("front", "web", {"app": "front"})
PODS = (namespace("ml"), namespace("web"), VLLM, FRONT)


def zone(*resources: Resource, of: str = "ml", site: Site = LIVE) -> dict[str, Any]:
    """What is said of a namespace."""
    found = of_kind(derived(resources, site=site), "Zone")
    return next(each for each in found if each["name"] == of)


def default(*resources: Resource) -> tuple[str, str]:
    found = zone(*PODS, *resources)
    return found["ingress"]["default"], found["egress"]["default"]


def block(*cidrs: str, **more: Any) -> list[dict[str, Any]]:
    return [{"ipBlock": {"cidr": each, **more}} for each in cidrs]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"policyTypes": ["Ingress"]}, ("denied", "allowed")),
        ({"policyTypes": ["Ingress", "Egress"]}, ("denied", "denied")),
        ({"policyTypes": ["Ingress"], "ingress": [{}]}, ("allowed", "allowed")),
        ({"ingress": [{"from": block("0.0.0.0/1", "128.0.0.0/1")}]}, ("allowed", "allowed")),
        ({"ingress": [{"from": [{"namespaceSelector": {}}]}]}, ("allowed", "allowed")),
        ({"ingress": [{"from": [{"podSelector": {}}]}]}, ("denied", "allowed")),
        ({"ingress": [{"ports": [{"port": 80}]}]}, ("denied", "allowed")),
        ({"ingress": [{"ports": [{"port": 1, "endPort": 65535}]}]}, ("allowed", "allowed")),
        ({"ingress": [{"from": block("203.0.113.0/24", "10.0.0.0/8")}]}, ("denied", "allowed")),
        ({"egress": [{"to": block("::/0")}], "policyTypes": ["Egress"]}, ("allowed", "allowed")),
        (
            {"egress": [{"to": block("0.0.0.0/0", **{"except": ["10.0.0.0/8"]})}]},
            ("denied", "allowed"),
        ),
        (
            {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "x"}}}]}]},
            ("denied", "allowed"),
        ),
        ({"podSelector": {"matchLabels": {"app": "vllm"}}}, ("allowed", "allowed")),
        ({"policyTypes": ["ingress"]}, ("unknown", "unknown")),
    ],
)
def test_a_default_is_what_becomes_of_a_stranger(
    spec: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert default(policy("a", "ml", **spec)) == expected


def test_a_default_that_another_policy_lifts() -> None:
    assert default(DENY) == ("denied", "denied")
    assert default(DENY, policy("all", "ml", ingress=[{}])) == ("allowed", "denied")
    one = policy("one", "ml", podSelector={"matchLabels": {"app": "vllm"}}, ingress=[{}])
    found = zone(*PODS, DENY, one)
    assert (found["ingress"]["default"], found["ingress"]["open"]) == (
        "denied",
        ["StatefulSet vllm"],
    )


def test_policies_that_are_not_evaluated_leave_it_open() -> None:
    cilium = document("CiliumNetworkPolicy.cilium.io", "c", {"metadata": {"namespace": "ml"}})
    assert default(DENY, cilium) == ("unknown", "unknown")
    assert zone(*PODS, DENY, cilium, of="web")["ingress"]["default"] == "allowed"
    named = "policies of a kind that is not evaluated decide it: CiliumNetworkPolicy c"
    assert zone(*PODS, DENY, cilium)["undecided"] == named
    everywhere = document("GlobalNetworkPolicy.crd.projectcalico.org", "g", {})
    assert zone(*PODS, DENY, cilium, everywhere)["undecided"] == f"{named}, GlobalNetworkPolicy g"
    assert zone(*PODS, DENY, cilium, of="web")["undecided"].startswith("policies that can't be")
    more = [
        document("CiliumNetworkPolicy.cilium.io", f"{at}", {"metadata": {"namespace": "ml"}})
        for at in range(5)
    ]
    assert zone(*PODS, *more)["undecided"].endswith("CiliumNetworkPolicy 2 and 2 more")


def test_policies_of_the_cluster() -> None:
    everything = {"namespaces": {}}
    deny = {
        "subject": everything,
        "priority": 5,
        "tier": "Baseline",
        "ingress": [{"action": "Deny", "from": [everything]}],
    }
    found = document("ClusterNetworkPolicy.policy.networking.k8s.io", "c", {"spec": deny})
    assert default(found) == ("allowed", "allowed"), "addresses still come in"
    assert zone(*PODS, found)["reachedBy"] == []


def test_other_tenants() -> None:
    """Who is let in by name is told apart from what anybody has."""
    (open_to,) = zone(*PODS)["reachedBy"]
    assert (open_to["tenants"], open_to["anyone"], open_to["by"]) == (["web"], True, [])
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "web"}}
    front = policy(
        "front",
        "ml",
        ingress=[{"from": [{"namespaceSelector": selector}], "ports": [{"port": 8000}]}],
    )
    (meant,) = zone(*PODS, DENY, front)["reachedBy"]
    assert (meant["ports"], meant["anyone"]) == (["TCP 8000"], False)
    assert meant["by"] == ["NetworkPolicy ml/front spec.ingress[0]"]
    same = (namespace("ml", team="x"), namespace("web", team="x"), VLLM, FRONT)
    assert zone(*same)["reachedBy"] == []


def test_the_platform_is_no_tenant() -> None:
    dns = running("dns", "kube-system", {"k8s-app": "kube-dns"})
    found = zone(namespace("ml"), namespace("kube-system"), VLLM, dns)
    assert found["reachedBy"] == []
    rows = of_kind(derived([*PODS, dns], site=LIVE), "Reach")
    row = next(each for each in rows if each["namespace"] == "ml")
    assert {each["zone"] for each in row["ingress"]["peers"]} >= {"platform", "tenants"}


WHOLE, ALL = "the whole world", ["TCP", "UDP", "SCTP"]
BUT_LINKS: dict[str, Any] = {"except": ["169.254.0.0/16"]}
HALVES = block("0.0.0.0/1", "128.0.0.0/1")


@pytest.mark.parametrize(
    ("egress", "expected"),
    [
        ([{}], {"m": ["TCP 80"], "k": ["TCP 10250"], WHOLE: ALL}),
        ([], {}),
        ([{"to": block("169.254.169.254/32")}], {"m": ["TCP 80"]}),
        ([{"to": block("0.0.0.0/0", **BUT_LINKS)}], {WHOLE: ALL}),
        ([{"to": HALVES, "ports": [{"port": 80}]}], {"m": ["TCP 80"], WHOLE: ["TCP 80"]}),
        ([{"ports": [{"port": 10250}]}], {"k": ["TCP 10250"], WHOLE: ["TCP 10250"]}),
        ([{"to": block("10.0.0.0/8")}], {}),
    ],
)  # fmt: skip
def test_places(egress: list[Any], expected: dict[str, list[str]]) -> None:
    node = document(
        "Node", "n1", {"status": {"addresses": [{"type": "InternalIP", "address": "172.16.0.9"}]}}
    )
    made = policy("a", "ml", policyTypes=["Egress"], egress=egress)
    found = {
        "".join(each["places"]): each["ports"]
        for each in zone(*PODS, node, made)["places"]
        if each["sure"]
    }
    assert found == expected


PLUGINS = (
    Plugin("Calico", frozenset({"calico-node"}), frozenset({"kube-system"}), enforces=True),
    Plugin(
        "VPC",
        frozenset({"aws-node"}),
        frozenset({"kube-system"}),
        enforces=True,
        container="agent",
        argument="--enable=true",
    ),
    Plugin("VPC alone", frozenset({"aws-node"}), frozenset({"kube-system"}), enforces=False),
)


def daemon(called: str, space: str = "kube-system", **container: Any) -> Resource:
    template = {"spec": {"containers": [{"name": "main"}, container]}}
    body = {"metadata": {"namespace": space}, "spec": {"template": template}}
    return document("DaemonSet", called, body)


@pytest.mark.parametrize(
    ("sets", "state", "by"),
    [
        ([], "unknown", []),
        ([daemon("calico-node")], "enforced", ["Calico (DaemonSet kube-system/calico-node)"]),
        ([daemon("calico-node", "ml")], "unknown", []),
        ([daemon("aws-node")], "declared", ["VPC alone (DaemonSet kube-system/aws-node)"]),
        (
            [daemon("aws-node", name="agent", args=["--enable=false"])],
            "declared",
            ["VPC alone (DaemonSet kube-system/aws-node)"],
        ),
        (
            [daemon("aws-node", name="agent", args=["--enable=true"])],
            "enforced",
            ["VPC (DaemonSet kube-system/aws-node)"],
        ),
        (
            [daemon("aws-node"), daemon("calico-node")],
            "enforced",
            [
                "VPC alone (DaemonSet kube-system/aws-node)",
                "Calico (DaemonSet kube-system/calico-node)",
            ],
        ),
    ],
)
def test_what_enforces_policies(sets: list[Resource], state: str, by: list[str]) -> None:
    made = NetworkReach((TenantKey("label", "team"),), {}, frozenset(), PLUGINS, PLACES)
    facts = derived([*PODS, DENY, *sets], site=LIVE, analysis=made)
    policies = derived([*PODS, DENY, *sets], site=LIVE, analysis=NetworkPolicies(PLUGINS))
    (found,) = of_kind(policies, "Enforcement")
    assert (found["state"], sorted(found["by"])) == (state, sorted(by))
    assert {each["enforcement"] for each in of_kind(facts, "Zone")} == {state}


def test_no_policy_is_nothing_to_enforce() -> None:
    assert derived(PODS, site=LIVE, analysis=NetworkPolicies(PLUGINS)) == []


def test_a_pod_that_ended_is_none_and_a_template_of_a_cluster_is_none() -> None:
    ended = document("Pod", "a", {"metadata": {"namespace": "ml"}, "status": {"phase": "Failed"}})
    assert of_kind(derived([namespace("ml"), ended], site=LIVE), "Reach") == []


@pytest.mark.parametrize("site", [LIVE, FILES])
def test_what_is_malformed_is_a_gap_and_may_be_anything(site: Site) -> None:
    bad = document("Pod", "bad", {"metadata": {"namespace": "ml", "labels": []}})
    only = policy("a", "ml", podSelector={"matchLabels": {"app": "x"}}, policyTypes=["Ingress"])
    found = derived([*PODS, bad, only], site=site)
    (gap,) = [each for each in found if isinstance(each, Gap)]
    assert (gap.scope, gap.cause.value) == ("k8s/Pod", "malformed")
    assert "ml/bad" in gap.detail
    row = next(x for x in of_kind(found, "Reach") if "Pod bad" in x["workloads"])
    assert row["ingress"]["default"] == "unknown"


def test_a_malformed_namespace_may_have_any_labels() -> None:
    bad = document("Namespace", "web", {"metadata": {"labels": 3}})
    selector = {"matchLabels": {"team": "web"}}
    only = policy("a", "ml", ingress=[{"from": [{"namespaceSelector": selector}]}])
    found = derived([namespace("ml"), VLLM, FRONT, bad, only], site=LIVE)
    assert [each.scope for each in found if isinstance(each, Gap)] == ["k8s/Namespace"]
    zones = {each["name"]: each for each in of_kind(found, "Zone")}
    assert zones["ml"]["reachedBy"] == []
    assert zones["ml"]["perhapsReachedBy"][0]["tenants"] == ["web"]


def test_workloads_that_reach_the_same_are_one() -> None:
    """Labels that no policy looks at tell nobody apart, however many pods there are."""
    many = [running(f"a{number:03d}", "ml", {"id": str(number)}) for number in range(200)]
    (row,) = of_kind(derived([namespace("ml"), *many, DENY], site=LIVE), "Reach")
    assert (row["pods"], len(row["workloads"]), row["moreWorkloads"]) == (200, 20, 180)


def test_facts_of_files_are_heuristic_and_stand_at_the_namespace() -> None:
    for site, heuristic in ((FILES, True), (LIVE, False)):
        found = [each for each in derived([*PODS, DENY], site=site) if isinstance(each, Fact)]
        zones = [each for each in found if each.kind == "network/Zone"]
        assert {each.heuristic for each in zones} == {heuristic}
        assert [each.subject.name for each in zones] == ["ml", "web"]


def answers(source: str, target: str, port: str = "") -> list[tuple[str, str, str, int]]:
    found = derived([*PODS, DENY], Question(source, target, port), site=LIVE)
    return [
        (each["source"], each["destination"], each["verdict"], each["covers"])
        for each in of_kind(found, "Answer")
    ]


@pytest.mark.parametrize(
    ("source", "target", "verdict"),
    [
        ("web", "ml", "denied"),
        ("web/front", "ml/StatefulSet/vllm", "denied"),
        ("web/front-0", "ml/vllm-0", "denied"),
        ("tenant:web", "tenant:ml", "denied"),
        ("web", "metadata", "allowed"),
        ("ml", "metadata", "denied"),
        ("ml", "nodes", "unknown"),
        ("web", "198.51.100.7", "allowed"),
        ("world", "web", "allowed"),
    ],
)
def test_ends_by_their_names(source: str, target: str, verdict: str) -> None:
    assert {each[2] for each in answers(source, target)} == {verdict}


@pytest.mark.parametrize("text", ["nobody", "ml/nobody", "tenant:x", "node/n9", ""])
def test_who_is_not_there_has_no_answer(text: str) -> None:
    assert answers(text, "ml") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80", "TCP 80"),
        ("53/udp", "UDP 53"),
        ("8000-8100/TCP", "TCP 8000-8100"),
        ("0", None),
        ("65536", None),
        ("9-8", None),
        ("http", None),
        ("80/icmp", None),
    ],
)
def test_ports_as_people_write_them(text: str, expected: str | None) -> None:
    found = port_of(text)
    assert (None if found is None else str(found)) == expected


def test_of_a_part_of_a_cluster_others_are_there_as_well() -> None:
    """Who is in namespaces that were not read may reach what is not closed to everybody."""
    part = msgspec.structs.replace(LIVE, target=Target("k8s://c?namespace=ml", "uid-of-a-cluster"))
    own = policy("own", "ml", ingress=[{"from": [{"podSelector": {}}]}])
    named = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
    some = policy("some", "ml", ingress=[{"from": [named]}])
    away = "(namespaces that were not read)"
    (open_to,) = zone(namespace("ml"), VLLM, site=part)["reachedBy"]
    assert (open_to["tenants"], open_to["anyone"]) == ([away], True)
    closed = zone(namespace("ml"), VLLM, own, site=part)
    assert (closed["reachedBy"], closed["perhapsReachedBy"]) == ([], [])
    perhaps = zone(namespace("ml"), VLLM, some, site=part)
    assert perhaps["reachedBy"] == []
    assert perhaps["perhapsReachedBy"][0]["tenants"] == [away]
    rows = of_kind(derived([namespace("ml"), VLLM, own], site=part), "Reach")
    assert [each["namespace"] for each in rows] == ["ml"]


def test_pairs_with_one_answer_are_told_once() -> None:
    """Each of the sources with each of the destinations: nothing is said of any other pair."""
    more = running("back", "web", {"app": "back"})
    answers = of_kind(derived([*PODS, more, DENY], Question("*", "*", "80"), site=LIVE), "Answer")
    told = {
        (source, target): each["verdict"]
        for each in answers
        for source in (each["source"], *each["moreSources"])
        for target in (each["destination"], *each["moreDestinations"])
    }
    assert {("ml/StatefulSet vllm" in pair): verdict for pair, verdict in told.items()} == {
        True: "denied"
    }
    assert sum(each["covers"] for each in answers) == len(told) == 2


def test_more_pairs_than_are_looked_at_are_counted() -> None:
    labels = [{"id": str(number)} for number in range(60)]
    pods = [running(f"a{at:02d}", "ml", each) for at, each in enumerate(labels)]
    by_id = [
        policy(f"p{at:02d}", "ml", podSelector={"matchLabels": each}, policyTypes=["Ingress"])
        for at, each in enumerate(labels)
    ]
    found = of_kind(derived([namespace("ml"), *pods, *by_id], Question("ml", "ml")), "Answer")
    assert {each["unasked"] for each in found} == {60 * 59 - 2_500}
    assert sum(each["covers"] for each in found) == 2_500


def test_two_thousand_rules_in_one_policy() -> None:
    """Each with a port of its own, and a peer that has many of them."""
    pods = [running(f"a{at}", "ml", {"app": f"a{at}"}) for at in range(8)]
    rules = [
        {"from": [{"podSelector": {"matchLabels": {"app": f"a{at % 8}"}}}], "ports": [{"port": at}]}
        for at in range(1, 2_001)
    ]
    asked = Question("ml/a3", "ml/a5", "1-2000")
    found = derived([namespace("ml"), *pods, policy("a", "ml", ingress=rules)], asked, site=LIVE)
    told = {each["verdict"]: each["ports"] for each in of_kind(found, "Answer")}
    assert told["allowed"][:3] == ["TCP 3", "TCP 11", "TCP 19"]
    assert told["denied"][:3] == ["TCP 1-2", "TCP 4-10", "TCP 12-18"]
