"""Roles with the rules in effect and their holders: what is there, what is not, what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.rights.asking import Question, undecided
from auditor.analysis.rights.matching import Request
from tests.unit.analysis.rights.worlds import (
    LIVE,
    binding,
    facts,
    resource,
    role,
    rule,
    who,
)

PODS = rule("create", "pods")


def subjects(found: Any) -> list[str]:
    return [f"{each.subject} in {each.namespace or '*'}" for each in found]


def test_a_role_of_a_namespace_and_one_of_the_cluster_with_its_name() -> None:
    found = facts(
        role("dev", PODS, namespace="ml"),
        role("dev", rule("get", "nodes")),
        binding("a", "dev", "Group ds", namespace="ml", kind="Role"),
        binding("b", "dev", "ml/bot", namespace="ml"),
    )
    assert subjects(who(found.values(), "create", "pods")) == ["Group ds in ml"]
    assert subjects(who(found.values(), "get", "nodes")) == []  # nodes are in no namespace
    assert found["Role ml/dev"].bindings[0].place == "r.yaml:3"
    assert found["Role ml/dev"].rules[0].place == f"r.yaml:{10 + len('/rules/0')}"


def test_a_namespace_itself_is_granted_in_the_namespace() -> None:
    found = facts(
        role("ns", rule("get list patch create", "namespaces")),
        binding("b", "ns", "User eve", namespace="ml"),
    ).values()
    assert subjects(who(found, "get", "namespaces")) == ["User eve in ml"]
    assert subjects(who(found, "patch", "namespaces", name="ml")) == ["User eve in ml"]
    assert subjects(who(found, "patch", "namespaces", name="web")) == []
    assert subjects(who(found, "list", "namespaces")) == []
    assert subjects(who(found, "create", "namespaces")) == []


def test_names_narrow() -> None:
    found = facts(
        role("db", rule("get list create", "secrets", "", "db", "cache")),
        binding("b", "db", "User eve", namespace="ml"),
    ).values()
    assert [each.names for each in who(found, "get", "secrets")] == [("db", "cache")]
    assert [each.names for each in who(found, "list", "secrets")] == [("db", "cache")]
    assert [each.names for each in who(found, "get", "secrets", name="db")] == [()]
    assert who(found, "get", "secrets", name="other") == []
    assert who(found, "create", "secrets") == []


def test_files_have_the_roles_of_every_cluster_and_what_counts_for_them() -> None:
    more = role(
        "more",
        rule("patch", "nodes"),
        metadata={"labels": {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}},
    )
    found = facts(more, binding("b", "admin", "User eve"), binding("c", "view", "User adam"))
    (grant,) = who(found.values(), "patch", "nodes")
    assert (str(grant.subject), grant.role.name, grant.rule.written_in) == (
        "User eve",
        "admin",
        "more",
    )
    assert found["ClusterRole admin"].known
    assert not found["ClusterRole admin"].declared
    assert found["ClusterRole more"].aggregated_by == ("admin", "edit")
    assert subjects(who(found.values(), "get", "pods")) == ["User eve in *", "User adam in *"]
    assert "ClusterRole cluster-admin" not in found  # nobody here names it


def test_what_a_server_lacks_is_not_there() -> None:
    found = facts(binding("b", "edit", "User eve"), site=LIVE)
    assert not found["ClusterRole edit"].known
    assert found["ClusterRole edit"].live
    question = Question(Request("get", "", "pods"))
    assert list(undecided(found.values(), question)) == []
    files = facts(binding("b", "platform", "User eve")).values()
    (each,) = undecided(files, question)
    assert (str(each.role), each.why) == ("ClusterRole platform", "its role was not read")


def test_a_server_has_filled_its_aggregated_roles() -> None:
    aggregated = role(
        "agg",
        PODS,
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"to": "agg"}}]},
    )
    part = role("part", rule("get", "nodes"), metadata={"labels": {"to": "agg"}})
    bound = binding("b", "agg", "User eve")
    live = facts(aggregated, part, bound, site=LIVE)
    assert [each.written_in for each in live["ClusterRole agg"].rules] == ["agg"]
    assert live["ClusterRole part"].aggregated_by == ("agg",)
    files = facts(aggregated, part, bound)
    assert [each.written_in for each in files["ClusterRole agg"].rules] == ["part"]


def test_a_role_that_was_written_down_by_a_server_is_filled_too() -> None:
    kept = {"resourceVersion": "7"}
    aggregation = {"clusterRoleSelectors": [{"matchLabels": {"to": "agg"}}]}
    agg = role("agg", PODS, aggregationRule=aggregation, metadata=kept)
    found = facts(agg, binding("b", "agg", "User eve"))
    assert subjects(who(found.values(), "create", "pods")) == ["User eve in *"]


def test_overlays_add_up() -> None:
    found = facts(
        role("dev", PODS, namespace="ml"),
        role("dev", rule("get", "secrets"), namespace="ml"),
        binding("b", "dev", "User eve", namespace="ml", kind="Role"),
    )
    assert len(found["Role ml/dev"].rules) == 2


NOBODY = [
    ({"kind": "ServiceAccount", "name": "bot"}, "ServiceAccount bot: it has no namespace"),
    ({"kind": "Robot", "name": "r2"}, "Robot r2: this is no kind of subject"),
    ({"name": "r2"}, "(no kind) r2: this is no kind of subject"),
    ({"kind": "User"}, "a User without a name"),
    (7, "a subject can't be read: Expected `object`, got `int`"),
    ({"kind": "User", "name": ["a"]}, "a subject can't be read: Expected `str`, got `array`"),
]


@pytest.mark.parametrize(("subject", "why"), NOBODY)
def test_a_subject_that_is_nobody_is_said(subject: object, why: str) -> None:
    found = facts(role("r", PODS), binding("b", "r", subject, "User eve"))
    (bound,) = found["ClusterRole r"].bindings
    assert [str(each) for each in bound.subjects] == ["User eve"]
    assert [each.partition(" - ")[0] for each in bound.nobody] == [why]


def test_an_account_of_a_role_binding_is_in_its_namespace_and_may_be_a_user() -> None:
    account = {"kind": "ServiceAccount", "name": "bot"}
    user = {"kind": "User", "name": "system:serviceaccount:ml:bot"}
    odd = {"kind": "User", "name": "system:serviceaccount:ml"}
    found = facts(role("r", PODS), binding("b", "r", account, user, odd, namespace="ml"))
    (bound,) = found["ClusterRole r"].bindings
    named = [str(each) for each in bound.subjects]
    assert named == ["ServiceAccount ml/bot", "User system:serviceaccount:ml"]


REFERENCES = [
    ({"kind": "Group", "name": "x"}, "which is no kind of role"),
    ({"name": "x"}, "of the kind (none)"),
    ({"kind": "Role", "name": "x"}, "which is in a namespace"),
    ({"kind": "ClusterRole"}, "has no name"),
    ("x", "can't be read"),
    ({"kind": ["Role"]}, "can't be read"),
]


@pytest.mark.parametrize(("reference", "why"), REFERENCES)
def test_a_binding_of_no_role_is_said(reference: object, why: str) -> None:
    user = {"kind": "User", "name": "eve"}
    bad = resource("ClusterRoleBinding", "b", roleRef=reference, subjects=[user])
    found = facts(bad, role("x", PODS))
    held = [each for fact in found.values() for each in fact.bindings]
    assert [why in each.trouble for each in held] == [True]
    assert who(found.values(), "create", "pods") == []


ROLES = [
    ({"rules": "all"}, "its rules can't be read"),
    ({"rules": [7]}, "its rules can't be read"),
    ({"rules": [{"verbs": "get"}]}, "its rules can't be read"),
    ({"rules": [{"verbs": [7]}]}, "its rules can't be read"),
    ({"aggregationRule": {}}, "has no selectors"),
    ({"aggregationRule": {"clusterRoleSelectors": []}}, "has no selectors"),
    ({"aggregationRule": {"clusterRoleSelectors": [7]}}, "is no selector"),
    (
        {"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a"}]}]}},
        "is no selector",
    ),
]


@pytest.mark.parametrize(("body", "why"), ROLES)
def test_a_role_that_can_not_be_read_may_allow_anything(body: dict[str, Any], why: str) -> None:
    found = facts(resource("ClusterRole", "r", **body), binding("b", "r", "User eve"))
    (each,) = undecided(found.values(), Question(Request("get", "", "pods")))
    assert why in each.why


def test_ten_thousand_rules_and_what_only_changes_others() -> None:
    many = role("r", *(rule("get", f"things{at}") for at in range(10_000)))
    found = facts(many, binding("b", "r", "User eve"))
    assert len(found["ClusterRole r"].rules) == 10_000
    assert len(who(found.values(), "get", "things9999")) == 1


def test_what_says_no_namespace_is_in_one_that_nobody_knows() -> None:
    unsaid = resource("Role", "dev", rules=[PODS])
    reference = {"kind": "Role", "name": "dev"}
    account = {"kind": "ServiceAccount", "name": "bot"}
    bound = resource("RoleBinding", "b", roleRef=reference, subjects=[account])
    found = facts(unsaid, bound)
    grants = who(found.values(), "create", "pods")
    assert subjects(grants) == ["ServiceAccount (not said)/bot in (not said)"]
    question = Question(Request("create", "", "pods"), "ml")
    assert who(found.values(), "create", "pods", "ml") == []
    (each,) = undecided(found.values(), question)
    assert each.why == "it says no namespace"
    other = Question(Request("get", "", "secrets"), "ml")
    assert list(undecided(found.values(), other)) == []


def test_roles_that_all_aggregate_one_another_leave_the_answer_open() -> None:
    everything = {"clusterRoleSelectors": [{}]}
    many = [role(f"r{at}", aggregationRule=everything) for at in range(400)]
    found = facts(*many, binding("b", "r7", "User eve"))
    (each,) = undecided(found.values(), Question(Request("get", "", "pods")))
    assert each.why == "too many roles aggregate one another to be followed"


def test_a_role_tells_one_rule_of_many() -> None:
    named = [rule("get", "secrets", "", f"s{at}") for at in range(3)]
    found = facts(role("some", *named), binding("b", "some", "User eve")).values()
    assert [each.names for each in who(found, "get", "secrets")] == [("s0", "s1", "s2")]
    every = (*named, rule("get", "secrets"), rule("list get", "secrets"))
    found = facts(role("all", *every), binding("b", "all", "User eve")).values()
    assert [(each.names, each.rule.number) for each in who(found, "get", "secrets")] == [((), 4)]


def test_ten_thousand_rules_that_all_allow_it_are_one_grant() -> None:
    many = role("r", *(rule("get", "secrets") for _ in range(10_000)))
    bindings = [binding(f"b{at}", "r", "User eve") for at in range(200)]
    assert len(who(facts(many, *bindings).values(), "get", "secrets")) == 200
