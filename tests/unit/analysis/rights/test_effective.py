"""The facts of what somebody can become and change: whose, where they stand, what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from auditor.analysis.protocol import Site
from auditor.analysis.rights.effective import KIND as WAY
from auditor.analysis.rights.effective import EscalationPaths
from auditor.analysis.rights.isolating import GUARDS
from auditor.analysis.rights.powers import KIND as RIGHTS
from auditor.analysis.rights.powers import SubjectRights
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from tests.unit.analysis.joining import derived
from tests.unit.analysis.rights.worlds import FILES, LIVE, binding, resource, role, rule

RUN = role("run", rule("create", "pods"))
OPERATOR = binding("op", "cluster-admin", "ml/operator")
TOKENS = role("tokens", rule("create", "serviceaccounts/token"))


def account(name: str, namespace: str, **body: object) -> Resource:
    return resource("ServiceAccount", name, namespace, **body)


def pod(name: str, namespace: str, **spec: object) -> Resource:
    return resource("PodTemplate", name, namespace, spec=spec, metadata={})


def found(*resources: Resource, kind: str = WAY, site: Site = FILES) -> dict[str, Any]:
    """The bodies of facts, by whom they are about."""
    facts = [each for each in made(*resources, site=site) if each.kind == kind]
    bodies = [msgspec.json.decode(each.body) for each in facts]
    return {str(each["who"]): each for each in bodies}


def made(*resources: Resource, site: Site = FILES) -> list[Fact]:
    both = (EscalationPaths({"gpu-operator"}), SubjectRights({"gpu-operator"}))
    return [each for one in both for each in derived(one, resources, site=site)]


def done(body: Mapping[str, Any]) -> list[str]:
    return [f"{each['who']} {each['how']}" for each in body["steps"]]


def test_a_way_says_who_does_what_by_which_line() -> None:
    body = found(RUN, OPERATOR, binding("ds", "run", "Group ds", namespace="ml"))["Group ds"]
    assert done(body) == [
        "Group ds runs pods in ml, as any account",
        "ServiceAccount ml/operator may do everything in every namespace",
    ]
    assert body["steps"][0]["by"] == ["RoleBinding ml/ds (r.yaml:3), rule 1 of run"]
    assert body["steps"][1]["by"] == ["ClusterRoleBinding op (r.yaml:3), rule 1 of cluster-admin"]
    assert (body["local"], body["where"], body["actions"]) == (True, "ml", 2)


def test_kube_system_is_the_end_of_a_way() -> None:
    body = found(TOKENS, binding("b", "tokens", "User ci"))["User ci"]
    assert done(body) == [
        "User ci issues tokens of any account in every namespace",
        "kube-system has accounts that come to every right, in every cluster",
    ]
    assert not body["local"]


def test_whoever_has_every_right_is_left_out_and_so_is_who_has_a_way_by_its_group() -> None:
    assert "ServiceAccount ml/operator" not in found(OPERATOR)
    view = binding("v", "view", "ml/bot", namespace="ml")
    everybody = binding("b", "tokens", "Group system:authenticated")
    assert list(found(TOKENS, everybody, view)) == ["Group system:authenticated"]


def test_a_finding_stands_at_the_account_or_at_the_binding() -> None:
    declared = account("bot", "ml")
    bound = binding("b", "run", "ml/bot", "User eve", namespace="ml")
    facts = {each.key: each for each in made(RUN, OPERATOR, bound, declared) if each.kind == WAY}
    bot, eve = facts["ServiceAccount", "ml", "bot"], facts["User", "", "eve"]
    assert (bot.subject.kind, bot.subject.name, bot.part) == ("k8s/ServiceAccount", "bot", "")
    assert [each.name for each in bot.related] == ["b", "op"]
    assert (eve.subject.kind, eve.subject.name) == ("k8s/RoleBinding", "b")
    assert eve.part == "runs pods in ml, as any account"
    assert [each.name for each in eve.related] == ["op"]
    (other,) = [
        each for each in made(RUN, OPERATOR, bound) if each.key == bot.key and each.kind == WAY
    ]
    assert (other.subject.kind, other.subject.name, other.subject.line) == (
        "k8s/ServiceAccount",
        "bot",
        3,
    )


def test_users_and_groups_of_a_binding_are_told_together_and_accounts_each() -> None:
    named = [f"User u{at}" for at in range(5)]
    bound = binding("b", "run", *named, "ml/a", "ml/b", namespace="ml")
    other = binding("c", "run", "User u9", namespace="ml")
    assert set(found(RUN, OPERATOR, bound, other)) == {
        "ServiceAccount ml/a",
        "ServiceAccount ml/b",
        "User u0, User u1, User u2 and 2 more",
        "User u9",
    }


def test_ways_of_files_are_heuristic_and_of_a_cluster_are_not() -> None:
    objects = (RUN, TOKENS, binding("b", "tokens", "User eve"))
    assert [each.heuristic for each in made(*objects) if each.kind == WAY] == [True]
    assert [each.heuristic for each in made(*objects, site=LIVE) if each.kind == WAY] == [False]


USES = [
    ({"serviceAccountName": "bot"}, {}, ["PodTemplate p"]),
    ({"serviceAccount": "bot"}, {}, ["PodTemplate p"]),
    ({"serviceAccountName": "bot", "automountServiceAccountToken": False}, {}, []),
    ({"serviceAccountName": "bot"}, {"automountServiceAccountToken": False}, []),
    (
        {"serviceAccountName": "bot", "automountServiceAccountToken": True},
        {"automountServiceAccountToken": False},
        ["PodTemplate p"],
    ),
    ({}, {}, []),
    ({"serviceAccountName": 7}, {}, []),
]


@pytest.mark.parametrize(("spec", "declared", "users"), USES)
def test_an_account_runs_where_a_pod_has_its_token(
    spec: dict[str, object], declared: dict[str, object], users: list[str]
) -> None:
    objects = (TOKENS, binding("b", "tokens", "ml/bot"), account("bot", "ml", **declared))
    body = found(*objects, pod("p", "ml", **spec))["ServiceAccount ml/bot"]
    assert body["users"] == users


def test_many_pods_of_an_account_are_a_few_names() -> None:
    pods = [pod(f"p{at}", "ml", serviceAccountName="bot") for at in range(9)]
    body = found(TOKENS, binding("b", "tokens", "ml/bot"), *pods)["ServiceAccount ml/bot"]
    assert body["users"] == ["PodTemplate p0", "PodTemplate p1", "PodTemplate p2"]


def test_the_platform_is_kube_system_its_components_and_what_a_server_binds_itself() -> None:
    own = binding("own", "tokens", "User system:kube-controller-manager")
    own = msgspec.structs.replace(own, labels=(("kubernetes.io/bootstrapping", "rbac-defaults"),))
    like = binding("like", "tokens", "User system:kube-controller-manager-x")
    objects = (TOKENS, own, like, binding("b", "tokens", "kube-system/x", "gpu-operator/y", "ml/z"))
    bodies = found(*objects, kind=RIGHTS)
    assert {name for name, each in bodies.items() if each["platform"]} == {
        "User system:kube-controller-manager",
        "ServiceAccount kube-system/x",
        "ServiceAccount gpu-operator/y",
    }


def test_powers_are_told_with_where_they_hold() -> None:
    some = role("some", rule("impersonate", "users", "", "eve"), rule("create", "pods"))
    body = found(
        some,
        binding("a", "some", "User u"),
        binding("b", "run", "User u", namespace="ml"),
        RUN,
        kind=RIGHTS,
    )["User u"]
    assert body["powers"] == [
        "run pods everywhere",
        "impersonate users of some names everywhere",
        "run pods in ml",
    ]


CHANGES = {
    "nodes": (rule("patch", "nodes"), {"": True, "ml": False, "gpu-operator": False}),
    "node-status": (rule("update", "nodes/status"), {"": True, "ml": False}),
    "namespaces": (rule("patch", "namespaces"), {"": True, "ml": True}),
    "gpu-sharing": (
        rule("update", "configmaps"),
        {"": True, "ml": False, "gpu-operator": True, "kube-system": True},
    ),
    "device-classes": (rule("create", "deviceclasses", "resource.k8s.io"), {"": True, "ml": False}),
    "device-slices": (rule("patch", "resourceslices", "resource.k8s.io"), {"": True, "ml": False}),
    "claim-status": (
        rule("update", "resourceclaims/status", "resource.k8s.io"),
        {"": True, "ml": True},
    ),
    "admin-claims": (
        rule("create", "resourceclaims", "resource.k8s.io"),
        {"": True, "ml": False, "admin": True},
    ),
    "runtime-classes": (rule("patch", "runtimeclasses", "node.k8s.io"), {"": True, "ml": False}),
    "network-policies": (
        rule("delete", "networkpolicies", "networking.k8s.io"),
        {"": True, "ml": True},
    ),
    "cluster-policies": (
        rule("delete", "clusternetworkpolicies", "policy.networking.k8s.io"),
        {"": True, "ml": False},
    ),
    "admission": (
        rule("delete", "validatingwebhookconfigurations", "admissionregistration.k8s.io"),
        {"": True, "ml": False},
    ),
    "quotas": (rule("delete", "resourcequotas"), {"": True, "ml": True}),
}


def test_there_is_a_case_for_each() -> None:
    assert list(CHANGES) == [each.name for each in GUARDS]


@pytest.mark.parametrize("name", CHANGES)
def test_what_separates_tenants_and_who_may_change_it(name: str) -> None:
    allowed, places = CHANGES[name]
    admin = resource("Namespace", "admin")
    labels = (("resource.kubernetes.io/admin-access", "true"),)
    admin = msgspec.structs.replace(admin, labels=labels)
    for place, expected in places.items():
        bound = binding("b", "r", "User eve", namespace=place)
        body = found(role("r", allowed), admin, bound, kind=RIGHTS)["User eve"]
        assert [each["name"] for each in body["isolation"]] == [name] * expected, place


def test_names_narrow_what_may_be_changed_and_everything_is_no_list() -> None:
    named = role("named", rule("patch", "nodes", "", "n1"))
    both = role("both", rule("patch", "nodes"))
    body = found(named, binding("a", "named", "User eve"), kind=RIGHTS)["User eve"]
    assert body["isolation"][0]["names"] == ["n1"]
    wider = (named, both, binding("a", "named", "User eve"), binding("b", "both", "User eve"))
    assert found(*wider, kind=RIGHTS)["User eve"]["isolation"][0]["names"] == []
    assert found(OPERATOR, kind=RIGHTS)["ServiceAccount ml/operator"]["isolation"] == []


def test_an_element_stands_at_its_subject_and_its_fields_nowhere() -> None:
    named = role("named", rule("patch", "nodes"))
    objects = (named, binding("a", "named", "ml/bot"), account("bot", "ml"))
    (fact,) = [each for each in made(*objects) if each.kind == RIGHTS]
    spot = fact.spot("/isolation/0")
    assert spot is not None
    assert (spot.of, fact.subject.line_of(spot.pointer)) == (0, 3)
    assert fact.spot("/isolation/0/name") is fact.spot("/tenant") is None


TENANTS = {
    "ml/bot": ("", True),
    "kube-system/bot": ("", False),
    "User eve": ("", False),
    "Group ds": ("ml", True),
    "Group ops": ("gpu-operator", False),
}


@pytest.mark.parametrize("subject", TENANTS)
def test_who_is_a_tenant(subject: str) -> None:
    namespace, expected = TENANTS[subject]
    (body,) = found(RUN, binding("b", "run", subject, namespace=namespace), kind=RIGHTS).values()
    assert body["tenant"] is expected


def test_an_account_that_is_not_declared_does_not_exist() -> None:
    objects = (RUN, binding("b", "run", "ml/bot", "ml/gone"), account("bot", "ml"))
    bodies = found(*objects, kind=RIGHTS, site=LIVE)
    exists = {name: each["exists"] for name, each in bodies.items()}
    assert exists == {"ServiceAccount ml/bot": True, "ServiceAccount ml/gone": False}
