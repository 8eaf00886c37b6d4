"""Bindings of everybody, joined with the roles that they name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.grants import PublicGrants
from auditor.model.fact import Fact, Spot
from auditor.model.resource import Resource
from tests.unit.analysis.joining import derived

RULE = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get"]}
EVERYBODY = {"kind": "Group", "name": "system:authenticated"}


def resource(kind: str, name: str, namespace: str, source: str, **body: object) -> Resource:
    return Resource(
        kind=f"k8s/{kind}",
        api_version="rbac.authorization.k8s.io/v1",
        name=name,
        namespace=namespace,
        uid=f"{source}#{name}",
        source=source,
        document=0,
        line=3,
        body=msgspec.json.encode(body),
    )


def role(
    kind: str = "Role",
    name: str = "r",
    namespace: str = "ml",
    source: str = "r.yaml",
    **body: object,
) -> Resource:
    return resource(kind, name, namespace, source, **({"rules": [RULE]} | body))


def binding(
    *subjects: object, kind: str = "RoleBinding", namespace: str = "ml", of: str = "Role"
) -> Resource:
    reference = {"kind": of, "name": "r"}
    return resource(kind, "b", namespace, "b.yaml", roleRef=reference, subjects=list(subjects))


def facts(*resources: Resource) -> list[Fact]:
    return derived(PublicGrants(), resources)


def role_of(*resources: Resource) -> dict[str, Any]:
    (fact,) = facts(*resources)
    found: dict[str, Any] = msgspec.json.decode(fact.body)["role"]
    return found


def test_a_binding_of_everybody_has_its_role() -> None:
    (fact,) = facts(binding({"kind": "User", "name": "eve"}, EVERYBODY), role())
    body = msgspec.json.decode(fact.body)
    assert body == {
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "ml"},
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "name": "eve"}, EVERYBODY],
        "role": {"declared": True, "rules": [RULE]},
    }
    assert (fact.subject.kind, fact.subject.source) == ("k8s/RoleBinding", "b.yaml")
    assert [other.name for other in fact.related] == ["r"]
    assert fact.spot("/role/rules/0/verbs") == Spot(1, "/rules/0/verbs")
    assert fact.spot("/subjects/1/name") == Spot(0, "/subjects/1/name")
    assert fact.spot("/role/declared") is None


@pytest.mark.parametrize(
    ("made", "declared"),
    [
        pytest.param(role(), True, id="of the namespace"),
        pytest.param(role(namespace="other"), False, id="of another namespace"),
        pytest.param(role(name="s"), False, id="of another name"),
        pytest.param(role("ClusterRole", namespace=""), False, id="of the cluster"),
    ],
)
def test_which_role_is_meant(made: Resource, *, declared: bool) -> None:
    assert role_of(binding(EVERYBODY), made)["declared"] is declared


def test_a_role_of_the_cluster_is_in_no_namespace() -> None:
    of_the_cluster = role("ClusterRole", namespace="")
    assert role_of(binding(EVERYBODY, of="ClusterRole"), of_the_cluster)["declared"]
    everywhere = binding(EVERYBODY, kind="ClusterRoleBinding", namespace="", of="ClusterRole")
    assert role_of(everywhere, of_the_cluster)["rules"] == [RULE]


def test_of_two_roles_all_rules_count() -> None:
    more = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    found = (binding(EVERYBODY), role(), role(source="s.yaml", rules=[more]))
    assert role_of(*found)["rules"] == [RULE, more]
    (fact,) = facts(*found)
    assert (fact.related, fact.spot("/role/rules/0")) == ((), None)


def test_a_role_without_rules_has_none() -> None:
    assert role_of(binding(EVERYBODY), role(rules=None)) == {"declared": True, "rules": []}


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param({"kind": "Group", "name": "team"}, id="a group"),
        pytest.param(
            {"kind": "ServiceAccount", "name": "system:x", "namespace": "a"}, id="account"
        ),
        pytest.param({"kind": "Group"}, id="no name"),
        pytest.param("system:authenticated", id="text"),
    ],
)
def test_a_binding_of_somebody_is_none_of_everybody(subject: object) -> None:
    assert facts(binding(subject), role()) == []


def test_odd_objects_are_passed_over() -> None:
    odd = resource("RoleBinding", "b", "ml", "b.yaml", subjects=[EVERYBODY], roleRef="r")
    empty = msgspec.structs.replace(odd, body=b"[]")
    assert facts(odd, empty, resource("RoleBinding", "c", "ml", "c.yaml", subjects=7)) == []
