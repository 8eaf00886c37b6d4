"""Namespace posture: which policies deny by default, and what else surrounds the workloads."""

from __future__ import annotations

import msgspec
import pytest

from auditor.analysis.namespaces import brief, derive
from auditor.model.resource import Resource


def resource(kind: str, name: str, namespace: str = "", **body: object) -> Resource:
    read = Resource(
        kind=f"k8s/{kind}",
        api_version="v1",
        name=name,
        namespace=namespace,
        uid=name,
        source="a.yaml",
        document=0,
        line=1,
        body=msgspec.json.encode(body),
    )
    return brief(read)


def posture(*resources: Resource) -> dict[str, object]:
    namespace = resource("Namespace", "ml", metadata={"name": "ml", "labels": {"team": "a"}})
    (fact,) = derive([namespace, *resources], {("k8s/PodTemplate", "ml"): 4})
    body: dict[str, object] = msgspec.json.decode(fact.body)
    return body


@pytest.mark.parametrize(
    ("spec", "ingress", "egress"),
    [
        pytest.param({"podSelector": {}, "policyTypes": ["Ingress"]}, True, False, id="ingress"),
        pytest.param({"podSelector": {}, "policyTypes": ["Egress"]}, False, True, id="egress"),
        pytest.param({"podSelector": {}}, True, False, id="types default to ingress"),
        pytest.param({"podSelector": {}, "egress": [{}]}, True, False, id="egress rules allow"),
        pytest.param(
            {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []}, True, False, id="empty"
        ),
        pytest.param(
            {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
            False,
            False,
            id="allows all",
        ),
        pytest.param(
            {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]},
            True,
            False,
            id="all pods are closed but to each other",
        ),
        pytest.param(
            {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53}]}]},
            False,
            True,
            id="all pods may ask for names only",
        ),
        pytest.param(
            {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}, {"from": []}]},
            False,
            False,
            id="a rule without peers beside one with peers",
        ),
        pytest.param(
            {"podSelector": {"matchLabels": {"a": "b"}}}, False, False, id="selects some pods"
        ),
        pytest.param(
            {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}},
            False,
            False,
            id="selects by expression",
        ),
        pytest.param(None, True, False, id="no spec is one that the API server completes"),
        pytest.param({}, True, False, id="an empty spec"),
        pytest.param(
            {"policyTypes": ["Ingress"], "ingress": [{"ports": [{}]}]},
            False,
            False,
            id="all ports are no exception",
        ),
        pytest.param("nonsense", False, False, id="a spec that is no object denies nothing"),
    ],
)
def test_default_deny(spec: object, ingress: object, egress: object) -> None:
    found = posture(resource("NetworkPolicy", "p", "ml", spec=spec))
    assert (found["defaultDenyIngress"], found["defaultDenyEgress"]) == (ingress, egress)


def test_another_namespace_does_not_count() -> None:
    found = posture(
        resource("NetworkPolicy", "p", "other", spec={"podSelector": {}}),
        resource("ResourceQuota", "q", "ml", spec={"hard": {"pods": "4"}}),
    )
    assert found["networkPolicies"] == []
    assert found["resourceQuotas"] == [{"name": "q", "hard": {"pods": "4"}}]
    assert found["workloads"] == 4
    assert found["labels"] == {"team": "a"}


@pytest.mark.parametrize(
    ("kind", "namespace", "expected"),
    [
        pytest.param("CiliumNetworkPolicy.cilium.io", "ml", True, id="of the namespace"),
        pytest.param("CiliumNetworkPolicy.cilium.io", "other", False, id="of another"),
        pytest.param("CiliumClusterwideNetworkPolicy.cilium.io", "", True, id="of all"),
        pytest.param("NetworkPolicy.crd.projectcalico.org", "ml", True, id="of the same name"),
    ],
)
def test_policies_that_are_not_evaluated(kind: str, namespace: str, *, expected: bool) -> None:
    twice = [resource(kind, name, namespace, spec={"ingress": [{}]}) for name in ("p", "q")]
    found = posture(*twice)
    assert found["otherPolicies"] == ([kind] if expected else [])
    assert found["networkPolicies"] == []


def test_only_declared_namespaces_have_a_posture() -> None:
    assert list(derive([resource("NetworkPolicy", "p", "ml")], {})) == []


def test_what_names_no_namespace_is_in_default() -> None:
    namespace = resource("Namespace", "default", metadata={"name": "default"})
    policy = resource("NetworkPolicy", "p", spec={"podSelector": {}})
    census = {("k8s/PodTemplate", ""): 2, ("k8s/PodTemplate", "default"): 3}
    (fact,) = derive([policy, namespace], census)
    body = msgspec.json.decode(fact.body)
    assert [item["name"] for item in body["networkPolicies"]] == ["p"]
    assert body["workloads"] == 5


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param("defaultDenyIngress", True, id="one of many denies"),
        pytest.param("defaultDenyEgress", False, id="none denies"),
        pytest.param(
            "networkPolicies",
            [
                {
                    "name": "a",
                    "podSelectorEmpty": False,
                    "ingressDefaultDeny": False,
                    "egressDefaultDeny": False,
                },
                {
                    "name": "b",
                    "podSelectorEmpty": True,
                    "ingressDefaultDeny": True,
                    "egressDefaultDeny": False,
                },
            ],
            id="policies by name",
        ),
        pytest.param("limitRanges", [{"name": "l"}], id="limit ranges"),
        pytest.param("resourceQuotas", [{"name": "q", "hard": {}}], id="a quota without bounds"),
        pytest.param("annotations", {}, id="annotations"),
    ],
)
def test_all_that_is_joined(part: str, expected: object) -> None:
    joined = (
        resource("NetworkPolicy", "b", "ml", spec={"podSelector": {}}),
        resource("ResourceQuota", "q", "ml", spec=None),
        resource("NetworkPolicy", "a", "ml", spec={"podSelector": {"matchLabels": {"x": "y"}}}),
        resource("LimitRange", "l", "ml"),
    )
    assert posture(*joined)[part] == expected
    assert posture(*joined[::-1])[part] == expected, "in another order"


def test_a_posture_points_at_its_namespace() -> None:
    namespace = resource("Namespace", "ml", metadata={"name": "ml"})
    (fact,) = derive([namespace], {})
    assert (fact.kind, fact.name, fact.namespace) == ("k8s/NamespacePosture", "ml", "")
    assert (fact.parent, fact.pointer, fact.source) == (namespace, "/metadata", "a.yaml")


def test_namespaces_in_the_order_of_their_names() -> None:
    names = ["b", "a", "c"]
    facts = derive([resource("Namespace", name, metadata={}) for name in names], {})
    assert [fact.name for fact in facts] == sorted(names)
