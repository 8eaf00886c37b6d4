"""Namespace posture: which policies deny by default, and what else surrounds the workloads."""

from __future__ import annotations

import msgspec
import pytest

from auditor.analysis.namespaces import derive
from auditor.model.resource import Resource


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
            {"podSelector": {"matchLabels": {"a": "b"}}}, False, False, id="selects some pods"
        ),
        pytest.param(
            {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}},
            False,
            False,
            id="selects by expression",
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


def test_only_declared_namespaces_have_a_posture() -> None:
    assert list(derive([resource("NetworkPolicy", "p", "ml")], {})) == []
