"""What of single policies is not valid, or comes to nothing."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.analysis import facts
from auditor.analysis.network.checking import NetworkPolicies
from auditor.analysis.protocol import Site
from auditor.model.resource import Owner, Resource, Target
from tests.unit.analysis.network.clusters import cluster
from tests.unit.analysis.network.documents import (
    FILES,
    LIVE,
    derived,
    document,
    documents,
    namespace,
    of_kind,
    policy,
)

VLLM = {"app": "vllm"}


def template(
    name: str,
    space: str = "ml",
    labels: object = None,
    ports: tuple[str, ...] = (),
    kind: tuple[str, str] = ("apps/v1", "Deployment"),
    **more: Any,
) -> Resource:
    """The template of a workload."""
    suffix = "" if "ray" not in kind[0] else ".ray.io"
    owner = document(f"{kind[1]}{suffix}", name, {}, api_version=kind[0], namespace=space, **more)
    container = {"name": "c", "ports": [{"name": x, "containerPort": 8000} for x in ports]}
    raw = json.dumps({"metadata": {"labels": labels}, "spec": {"containers": [container]}}).encode()
    place = facts.TemplateLocation("/spec/template", "", "template")
    return facts.template(owner, raw, place, heuristic=False)


PODS = (
    namespace("ml"),
    namespace("web", team="x"),
    template("vllm", labels=VLLM, ports=("http",)),
    template("front", "web", {"app": "front"}),
)


def checked(*resources: Resource, site: Site = LIVE) -> dict[str, Any]:
    """What is said of the policy among some objects."""
    found = derived([*PODS, *resources], site=site, analysis=NetworkPolicies(()))
    (body,) = of_kind(found, "Policy")
    return body


def peers(*found: dict[str, Any]) -> list[str]:
    listed: list[str] = checked(policy("a", "ml", ingress=[{"from": list(found)}]))["nobody"]
    return listed


def selector(**labels: str) -> dict[str, Any]:
    return {"matchLabels": labels}


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        ({"podSelector": selector(app="vllm")}, []),
        ({"podSelector": selector(app="vlm")}, ["pods app=vlm of its namespace"]),
        ({"podSelector": selector(app="front")}, ["pods app=front of its namespace"]),
        ({"podSelector": selector(**{"pod-template-hash": "x"})}, []),
        ({"podSelector": {}}, []),
        ({"namespaceSelector": {}}, []),
        ({"namespaceSelector": selector(team="x")}, []),
        ({"namespaceSelector": selector(team="y")}, ["all pods of namespaces team=y"]),
        ({"namespaceSelector": selector(team="x"), "podSelector": selector(app="front")}, []),
        (
            {"namespaceSelector": {}, "podSelector": selector(app="frnt")},
            ["pods app=frnt of any namespace"],
        ),
        ({"namespaceSelector": selector(**{"kubernetes.io/metadata.name": "web"})}, []),
        (
            {"namespaceSelector": selector(**{"kubernetes.io/metadata.name": "wbe"})},
            ["all pods of namespaces kubernetes.io/metadata.name=wbe"],
        ),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, []),
    ],
)
def test_peers_that_are_nobody(peer: dict[str, Any], said: list[str]) -> None:
    assert peers(peer) == [f"spec.ingress[0]: {each}" for each in said]


def test_an_empty_namespace_is_somebody() -> None:
    """Whoever named a namespace meant what comes there; only its name can be a slip."""
    empty = namespace("later")
    named = {"namespaceSelector": selector(**{"kubernetes.io/metadata.name": "later"})}
    assert checked(empty, policy("a", "ml", ingress=[{"from": [named]}]))["nobody"] == []


def test_what_an_operator_may_bring_is_somebody() -> None:
    ray = template("r", kind=("ray.io/v1", "RayCluster"))
    only = policy("a", "ml", ingress=[{"from": [{"podSelector": selector(app="later")}]}])
    assert checked(only)["nobody"] != []
    assert checked(ray, only)["nobody"] == []


@pytest.mark.parametrize("labels", [[], {"app": 3}, "x"])
def test_a_template_that_is_malformed_may_be_anybody(labels: object) -> None:
    only = policy("a", "ml", ingress=[{"from": [{"podSelector": selector(app="later")}]}])
    assert checked(template("bad", labels=labels), only)["nobody"] == []


UDP, UDP_2 = "spec.ingress[0]: UDP htp", "spec.ingress[0]: UDP http"
OUT = "spec.egress[0]: TCP http"
ELSEWHERE = [{"namespaceSelector": selector(team="x")}]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"ingress": [{"ports": [{"port": "http"}]}]}, []),
        ({"ingress": [{"ports": [{"port": "htp"}]}]}, ["spec.ingress[0]: TCP htp"]),
        ({"ingress": [{"ports": [{"port": "htp", "protocol": "UDP"}]}]}, [UDP]),
        ({"ingress": [{"ports": [{"port": "http", "protocol": "UDP"}]}]}, [UDP_2]),
        ({"podSelector": selector(app="nobody"), "ingress": [{"ports": [{"port": "htp"}]}]}, []),
        ({"egress": [{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}]}, []),
        ({"egress": [{"to": ELSEWHERE, "ports": [{"port": "http"}]}]}, [OUT]),
        ({"egress": [{"ports": [{"port": "http"}]}]}, []),
        ({"ingress": [{"ports": [{"port": 8080}]}]}, []),
    ],
)  # fmt: skip
def test_ports_that_nobody_has(spec: dict[str, Any], said: list[str]) -> None:
    spec = {"policyTypes": ["Ingress", "Egress"], **spec}
    for site in (LIVE, FILES):
        assert checked(policy("a", "ml", **spec), site=site)["portless"] == said


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"policyTypes": ["ingress"]}, "spec.policyTypes[0] is none of Ingress, Egress"),
        ({"ingress": [{"from": [{}]}]}, "spec.ingress[0].from[0] names nobody"),
        (
            {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]}]},
            "spec.ingress[0].from[0].ipBlock.cidr is no network in CIDR notation",
        ),
        ({"podSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}, "label selector"),
        ({"ingress": [{"ports": [{"port": "80"}]}]}, "ports[0].port is no name of a port"),
        ("not an object", "is not an object"),
    ],
)  # fmt: skip
def test_what_no_server_takes(spec: Any, why: str) -> None:
    made = policy("a", "ml", **spec) if isinstance(spec, dict) else None
    body = {"metadata": {"namespace": "ml"}, "spec": spec}
    found = checked(made or document("NetworkPolicy", "a", body))
    assert not found["valid"]
    assert why in found["why"]
    assert (found["nobody"], found["portless"]) == ([], [])


def test_ten_thousand_rules_in_one_policy() -> None:
    rules = [
        {"from": [{"podSelector": selector(app=f"a{number}")}], "ports": [{"port": 1 + number}]}
        for number in range(10_000)
    ]
    found = checked(policy("a", "ml", ingress=rules))
    assert found["valid"]
    assert len(found["nobody"]) == 20, "as many as are shown"


def test_a_patch_and_policies_of_others_are_not_checked() -> None:
    patch = msgspec.structs.replace(policy("a", "ml", ingress=[{"from": [{}]}]), partial=True)
    other = document("NetworkPolicy.projectcalico.org", "c", {"metadata": {"namespace": "ml"}})
    found = derived([*PODS, patch, other], site=FILES, analysis=NetworkPolicies(()))
    assert of_kind(found, "Policy") == []
    assert [each["policies"] for each in of_kind(found, "Enforcement")] == [2]


def test_pods_of_controllers_are_told_by_their_templates() -> None:
    """A hundred replicas are one row; a pod of nobody's is one by itself."""
    controller = Owner("apps/v1", "ReplicaSet", "ml", "vllm-1")
    only = policy("a", "ml", ingress=[{"from": [{"podSelector": selector(app="b")}]}])
    made = template("p", labels={"app": "b"}, kind=("v1", "Pod"), controller=controller)
    assert checked(made, only)["nobody"] != []
    bare = template("p", labels={"app": "b"}, kind=("v1", "Pod"))
    assert checked(bare, only)["nobody"] == []


def test_refused_policies_of_chance_are_not_valid_and_all_others_are() -> None:
    seen = 0
    for seed in range(150):
        made = cluster(seed)
        found = derived(list(documents(made)), analysis=NetworkPolicies(()))
        valid = {each["name"]: each["valid"] for each in of_kind(found, "Policy")}
        wanted = {x["metadata"]["name"]: not x.get("refused") for x in made.policies}
        assert valid == wanted, seed
        seen += len(valid) - sum(valid.values())
    assert seen > 10


def test_a_part_of_a_cluster_lacks_who_is_elsewhere() -> None:
    part = msgspec.structs.replace(LIVE, target=Target("k8s://c?namespace=ml", "uid-of-a-cluster"))
    away = {"namespaceSelector": selector(team="y")}
    here = {"podSelector": selector(app="vlm")}
    made = policy("a", "ml", ingress=[{"from": [away]}, {"from": [here]}])
    assert len(checked(made)["nobody"]) == 2
    assert checked(made, site=part)["nobody"] == ["spec.ingress[1]: pods app=vlm of its namespace"]
