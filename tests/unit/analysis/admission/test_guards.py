"""What becomes of admission policies: their bindings, and the namespaces that these select."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.admission.guards import BINDING, GUARD, Guards
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from tests.unit.analysis.joining import SITE, derived
from tests.unit.analysis.test_selections import LIVE, resource

POLICY = "k8s/ValidatingAdmissionPolicy"
BOUND = f"{POLICY}Binding"
CREATED = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
PODS = {**CREATED, "resources": ["pods"]}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap"}
SYSTEM = ("default", "kube-system")


def policy(*rules: object, name: str = "p", kind: str = POLICY, **spec: object) -> Resource:
    match = {"resourceRules": list(rules or (PODS,)), **_part(spec, "matchConstraints")}
    return resource(kind, name, "", spec={**spec, "matchConstraints": match})


def bound(*actions: str, name: str = "b", kind: str = BOUND, **spec: object) -> Resource:
    said = {"validationActions": list(actions)} if actions else {}
    return resource(kind, name, "", spec={"policyName": "p", **said, **spec})


def _part(spec: dict[str, object], name: str) -> dict[str, object]:
    found = spec.pop(name, {})
    assert isinstance(found, dict)
    return found


def namespace(name: str, **labels: object) -> Resource:
    return resource("k8s/Namespace", name, "", metadata={"labels": labels})


def namespaces(*more: Resource) -> list[Resource]:
    return [*map(namespace, SYSTEM), *more]


def said(fact: Fact) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(fact.body)
    return found


def of_policy(*resources: Resource, live: bool = True) -> dict[str, Any]:
    (found,) = _facts(GUARD, resources, live=live)
    return found


def of_binding(*resources: Resource, live: bool = True) -> dict[str, Any]:
    (found,) = _facts(BINDING, resources, live=live)
    return found


def _facts(kind: str, resources: tuple[Resource, ...], *, live: bool) -> list[dict[str, Any]]:
    site = LIVE if live else SITE
    halves = resources[::2], resources[1::2]
    return [said(fact) for fact in derived(Guards(), *halves, site=site) if fact.kind == kind]


def test_a_policy_with_two_bindings() -> None:
    team = {"namespaceSelector": {"matchLabels": {"team": "ml"}}}
    found = of_policy(
        policy(),
        bound("Audit", "Warn", name="all"),
        bound("Deny", name="ml", matchResources=team),
        *namespaces(namespace("ml", team="ml"), namespace("dev", team="x")),
    )
    del found["spec"]
    assert found == {
        "kind": "ValidatingAdmissionPolicy",
        "name": "p",
        "live": True,
        "guards": ["pods"],
        "failure": "Fail",
        "bindings": ["all", "ml"],
        "others": 0,
        "actions": ["Audit", "Deny", "Warn"],
        "refuses": True,
        "complete": True,
        "refusedIn": ["ml"],
        "toldIn": ["default", "dev", "kube-system"],
        "openIn": [],
        "unchanged": ["pods"],
        "skippedBy": [],
        "namespacesSkippedBy": [],
        "freeNames": [],
        "carried": [],
        "mentions": [],
        "othersMention": [],
        "controllers": "asked",
    }


def test_a_binding_with_its_policy() -> None:
    reference = {"name": "limits", "parameterNotFoundAction": "Deny"}
    team = {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}
    found = of_binding(
        policy(paramKind=CONFIG, failurePolicy="Ignore"),
        bound("Deny", paramRef=reference, matchResources=team),
        *namespaces(),
    )
    del found["spec"]
    assert found == {
        "kind": "ValidatingAdmissionPolicyBinding",
        "name": "b",
        "policy": "p",
        "live": True,
        "declared": True,
        "failure": "Ignore",
        "refuses": True,
        "asked": True,
        "selects": "none",
        "requires": ["team"],
        "complete": True,
        "parameters": {
            "kind": "ConfigMap",
            "named": True,
            "name": "limits",
            "namespace": "",
            "ofRequests": True,
            "missing": "Deny",
        },
    }


def test_where_a_finding_points() -> None:
    facts = derived(Guards(), [policy(failurePolicy="Ignore"), bound("Audit")])
    of = {fact.kind: fact for fact in facts}
    assert of[GUARD].subject.kind == POLICY
    spot = of[GUARD].spot("/spec/failurePolicy")
    assert spot is not None
    assert spot.pointer == "/spec/failurePolicy"
    assert of[GUARD].spot("/failure") == spot
    assert of[GUARD].spot("/bindings") is None
    assert of[BINDING].spot("/failure") is None
    assert [fact.heuristic for fact in facts] == [True, True]
    assert {fact.heuristic for fact in derived(Guards(), [policy(), bound()], site=LIVE)} == {False}


@pytest.mark.parametrize(
    ("rule", "guards", "unchanged"),
    [
        pytest.param({"resources": ["pods"]}, ["pods"], ["pods"], id="pods"),
        pytest.param(
            {"resources": ["pods/*"]},
            ["pods"],
            ["pods"],
            id="a star of parts is the whole too",
        ),
        pytest.param(
            {"resources": ["pods/*"], "operations": ["CONNECT", "UPDATE"]},
            ["pods", "pods/attach", "pods/ephemeralcontainers", "pods/exec"],
            [],
            id="parts",
        ),
        pytest.param(
            {"resources": ["pods", "deployments"], "apiGroups": ["apps"]},
            ["deployments"],
            ["deployments"],
            id="another group",
        ),
        pytest.param({"resources": ["pods"], "apiVersions": ["v2"]}, [], [], id="another version"),
        pytest.param({"resources": ["pods"], "operations": ["DELETE"]}, [], [], id="deleting"),
        pytest.param({"resources": ["pods"], "operations": ["*"]}, ["pods"], [], id="any"),
        pytest.param({"resources": ["pods"], "scope": "Cluster"}, [], [], id="in no namespace"),
        pytest.param(
            {"resources": ["namespaces"], "scope": "Cluster"},
            ["namespaces"],
            ["namespaces"],
            id="of the cluster",
        ),
        pytest.param({"resources": ["pods"], "resourceNames": ["x"]}, [], [], id="one by name"),
        pytest.param(
            {"resources": ["resourceclaims"], "apiGroups": ["*"], "apiVersions": ["v1beta1"]},
            ["resourceclaims"],
            ["resourceclaims"],
            id="the same in another version",
        ),
        pytest.param({"resources": ["rayclusters"], "apiGroups": ["ray.io"]}, [], [], id="custom"),
        pytest.param({"resources": "pods"}, [], [], id="no list"),
    ],
)
def test_what_is_guarded(rule: dict[str, object], guards: list[str], unchanged: list[str]) -> None:
    found = of_policy(policy({**CREATED, **rule}))
    assert (found["guards"], sorted(found["unchanged"])) == (guards, unchanged)


def test_exactly_one_version() -> None:
    claims = {"resources": ["resourceclaims"], "apiGroups": ["*"], "apiVersions": ["v1beta1"]}
    exact = {"matchPolicy": "Exact"}
    assert of_policy(policy({**CREATED, **claims}, matchConstraints=exact))["guards"] == []


def test_what_is_excluded() -> None:
    every = {**CREATED, "resources": ["pods", "secrets"]}
    without = {"excludeResourceRules": [{**CREATED, "resources": ["secrets"]}]}
    named = {"excludeResourceRules": [{**PODS, "resourceNames": ["x"]}]}
    assert of_policy(policy(every, matchConstraints=without))["guards"] == ["pods"]
    assert of_policy(policy(every, matchConstraints=named))["guards"] == ["pods", "secrets"]


def test_a_policy_without_a_binding() -> None:
    other = bound("Deny", policyName="q")
    found = of_policy(policy(), other, *namespaces())
    assert (found["bindings"], found["others"], found["refuses"]) == ([], 1, False)
    assert found["openIn"] == ["default", "kube-system"]


def test_a_binding_without_a_policy() -> None:
    found = of_binding(policy(name="q"), bound("Deny"))
    assert (found["declared"], found["failure"], found["asked"]) == (False, "", True)


def test_a_binding_of_the_other_kind() -> None:
    mutating = "k8s/MutatingAdmissionPolicy"
    found = of_policy(policy(kind=mutating), bound("Deny"))
    assert (found["kind"], found["bindings"], found["refuses"]) == (mutating[4:], [], False)
    found = of_policy(policy(kind=mutating), bound(kind=f"{mutating}Binding"), *namespaces())
    assert (found["bindings"], found["refuses"]) == (["b"], True)
    assert found["refusedIn"] == ["default", "kube-system"]


TEAM = {"matchLabels": {"team": "ml"}}


@pytest.mark.parametrize(
    ("match", "selects"),
    [
        pytest.param({}, "some", id="no selector"),
        pytest.param({"namespaceSelector": {}}, "some", id="an empty one"),
        pytest.param({"namespaceSelector": TEAM}, "some", id="a label that one has"),
        pytest.param({"namespaceSelector": {"matchLabels": {"team": "x"}}}, "none", id="none has"),
        pytest.param(
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ml"}}},
            "some",
            id="by name",
        ),
        pytest.param(
            {"namespaceSelector": {"matchLabels": {"hidden": "x"}}}, "unknown", id="not told"
        ),
        pytest.param(
            {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "x"}]}},
            "unknown",
            id="not valid",
        ),
    ],
)
@pytest.mark.parametrize("of_policy_itself", [False, True], ids=["binding", "policy"])
def test_what_is_selected(
    match: dict[str, object], selects: str, *, of_policy_itself: bool
) -> None:
    places = namespaces(namespace("ml", team="ml", hidden=1))
    if of_policy_itself:
        found = of_binding(policy(matchConstraints=match), bound("Deny"), *places)
    else:
        found = of_binding(policy(), bound("Deny", matchResources=match), *places)
    assert found["selects"] == selects


def test_a_selector_says_nothing_of_what_no_namespace_holds() -> None:
    none = {"matchResources": {"namespaceSelector": TEAM}}
    for rules, selects in (
        ({**CREATED, "resources": ["pods", "nodes"]}, "some"),
        ({**CREATED, "resources": ["nodes"], "scope": "Cluster"}, "some"),
        ({**CREATED, "resources": ["nodes"], "scope": "Namespaced"}, "none"),
        ({**CREATED, "resources": ["rayclusters"], "apiGroups": ["ray.io"]}, "unknown"),
        (
            {**CREATED, "resources": ["rayclusters"], "apiGroups": ["x"], "scope": "Namespaced"},
            "none",
        ),
    ):
        found = of_binding(policy(rules), bound("Deny", **none), *namespaces())
        assert found["selects"] == selects, rules


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        pytest.param({"resources": ["pods"]}, True, id="the same"),
        pytest.param({"resources": ["*"]}, True, id="all"),
        pytest.param({"resources": ["pods/*"]}, True, id="with parts"),
        pytest.param({"resources": ["pods/exec"]}, False, id="a part"),
        pytest.param({"resources": ["services"]}, False, id="another resource"),
        pytest.param({"resources": ["pods"], "operations": ["UPDATE"]}, False, id="other verbs"),
        pytest.param({"resources": ["pods"], "operations": []}, False, id="no verbs"),
        pytest.param({"resources": ["pods"], "apiGroups": ["apps"]}, False, id="another group"),
        pytest.param({"resources": ["pods"], "apiVersions": ["v2"]}, True, id="another version"),
        pytest.param({"resources": ["pods"], "scope": "Namespaced"}, True, id="a scope"),
    ],
)
def test_whether_a_binding_is_asked(rule: dict[str, object], *, asked: bool) -> None:
    match = {"resourceRules": [{**CREATED, **rule}]}
    resources = (policy(), bound("Deny", matchResources=match), *namespaces())
    assert of_binding(*resources)["asked"] is asked
    assert of_policy(*resources)["refusedIn"] == (["default", "kube-system"] if asked else [])


def test_not_all_namespaces_were_read() -> None:
    assert of_policy(policy(), namespace("ml"))["complete"] is False
    assert of_policy(policy(), *namespaces(), live=False)["complete"] is False


def test_parameters_that_are_ignored() -> None:
    found = of_binding(policy(), bound("Deny", paramRef={"name": "x"}), *namespaces(), live=False)
    assert found["parameters"]["named"] is False


@pytest.mark.parametrize(
    ("kind", "of_requests"),
    [
        pytest.param(CONFIG, True, id="in namespaces"),
        pytest.param({"apiVersion": "v1", "kind": "Node"}, False, id="of the cluster"),
        pytest.param({"apiVersion": "rules.example.com/v1", "kind": "Limit"}, False, id="custom"),
    ],
)
def test_whose_parameters(kind: dict[str, str], *, of_requests: bool) -> None:
    found = of_binding(policy(paramKind=kind), bound("Deny", paramRef={"name": "x"}))
    assert found["parameters"]["ofRequests"] is of_requests
    there = of_binding(policy(paramKind=kind), bound(paramRef={"name": "x", "namespace": "ml"}))
    assert there["parameters"]["ofRequests"] is False


@pytest.mark.parametrize("spec", [None, [], {"policyName": 1, "matchResources": [], "paramRef": 1}])
def test_odd_bindings(spec: object) -> None:
    found = of_binding(resource(BOUND, "b", "", spec=spec), *namespaces())
    assert (found["declared"], found["refuses"]) == (False, False)
