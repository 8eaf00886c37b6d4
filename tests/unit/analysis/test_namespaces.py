"""Namespace posture: which policies deny by default, and what else surrounds the workloads."""

from __future__ import annotations

import msgspec
import pytest

from auditor.analysis.namespaces import NamespacePostures
from auditor.model.fact import Fact, Spot
from auditor.model.resource import Resource, Target
from tests.unit.analysis.joining import SITE, derived, rows_of


def resource(kind: str, name: str, namespace: str = "", **body: object) -> Resource:
    return Resource(
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


def facts(*resources: Resource) -> list[Fact]:
    return derived(NamespacePostures(), resources)


def workloads(count: int, namespace: str = "ml") -> list[Resource]:
    return [resource("PodTemplate", f"w{number}", namespace) for number in range(count)]


def test_a_namespace_that_is_only_named() -> None:
    """It stands at the first workload that names it, of however many."""
    quota = resource("ResourceQuota", "q", "ml", spec={"hard": {"pods": "1"}})
    later = msgspec.structs.replace(resource("PodTemplate", "z", "ml"), source="b.yaml")
    (fact,) = facts(later, quota, *workloads(3))
    assert (fact.kind, fact.key) == ("k8s/NamedNamespace", ("ml",))
    subject = fact.subject
    assert (subject.kind, subject.namespace, subject.name) == ("k8s/Namespace", "", "ml")
    assert (subject.source, subject.line) == ("a.yaml", 1)
    body = msgspec.json.decode(fact.body)
    assert (body["name"], body["workloads"], "labels" in body) == ("ml", 4, False)
    assert body["resourceQuotas"] == [{"name": "q", "hard": {"pods": "1"}}]
    assert fact.spot("/resourceQuotas") is None


def test_a_declared_namespace_is_not_only_named() -> None:
    (fact,) = facts(*workloads(2), resource("Namespace", "ml", metadata={"name": "ml"}))
    assert fact.kind == "k8s/NamespacePosture"


def test_no_namespace_is_not_named() -> None:
    assert facts(*workloads(2, "")) == []


def test_what_holds_no_pods_names_none() -> None:
    assert facts(resource("ResourceQuota", "q", "ml", spec={})) == []


def test_a_live_target_has_all_its_namespaces() -> None:
    site = msgspec.structs.replace(SITE, target=Target("k8s://a", "b1946ac9"))
    (row,) = NamespacePostures().extract(workloads(1)[0], site)
    assert row.tag == "workloads"


def posture(*resources: Resource) -> dict[str, object]:
    namespace = resource("Namespace", "ml", metadata={"name": "ml", "labels": {"team": "a"}})
    (fact,) = facts(namespace, *resources, *workloads(4))
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
            id="all ports are not an exception",
        ),
        pytest.param("nonsense", False, False, id="a spec that is not an object denies nothing"),
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
    (fact,) = facts(resource("NetworkPolicy", "p", "ml"), *workloads(2))
    assert fact.kind == "k8s/NamedNamespace"


def test_what_names_no_namespace_is_in_default() -> None:
    namespace = resource("Namespace", "default", metadata={"name": "default"})
    policy = resource("NetworkPolicy", "p", spec={"podSelector": {}})
    (fact,) = facts(policy, namespace, *workloads(2, ""), *workloads(3, "default"))
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
    (fact,) = facts(namespace)
    assert (fact.kind, fact.key) == ("k8s/NamespacePosture", ("ml",))
    subject = fact.subject
    assert (subject.kind, subject.name, subject.source) == ("k8s/Namespace", "ml", "a.yaml")
    assert fact.spot("/labels/team") == Spot(0, "/metadata/labels/team")
    assert fact.spot("/workloads") is None
    assert fact.draws_on == (("t", "ml"),)


def test_the_lines_of_what_a_namespace_says() -> None:
    said = {"name": "ml", "labels": {"a": "b", "c/d": "e"}, "annotations": {}}
    (fact,) = facts(resource("Namespace", "ml", metadata=said))
    pointers = ["/metadata", "/metadata/labels", "/metadata/labels/a", "/metadata/labels/c~1d"]
    assert dict(fact.subject.lines) == {
        pointer: len(pointer) for pointer in (*pointers, "/metadata/annotations")
    }
    assert fact.subject.line_of("/metadata/labels/absent") == len("/metadata/labels")


def test_a_secret_in_a_label_is_in_no_row() -> None:
    token = "ghp_" + "a1B2" * 9
    read = resource("Namespace", "ml", metadata={"annotations": {"note": token}})
    (fact,) = facts(msgspec.structs.replace(read, clean=False))
    assert token.encode() not in fact.body
    (line,) = rows_of(NamespacePostures(), [read])
    assert token.encode() not in line, "whatever an analysis leaves in its row"


def test_namespaces_in_the_order_of_their_names() -> None:
    names = ["b", "a", "c"]
    found = facts(*(resource("Namespace", name, metadata={}) for name in names))
    assert [fact.subject.name for fact in found] == sorted(names)
