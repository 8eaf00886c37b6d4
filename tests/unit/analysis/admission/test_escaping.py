"""How objects get past admission policies that are in effect."""

from __future__ import annotations

import pytest

from auditor.analysis.admission.guards import GUARD, Guards
from tests.unit.analysis.admission.test_guards import (
    CREATED,
    PODS,
    bound,
    namespace,
    namespaces,
    of_policy,
    policy,
)
from tests.unit.analysis.admission.test_guards import said as body
from tests.unit.analysis.joining import derived

AWAY = {"matchExpressions": [{"key": "ignore", "operator": "DoesNotExist"}]}
DEBUG = {"matchExpressions": [{"key": "mode", "operator": "NotIn", "values": ["debug"]}]}
CHOSEN = {"matchLabels": {"checked": "yes"}}
BY_NAME = {
    "matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
    ]
}


@pytest.mark.parametrize(
    ("of_policy_itself", "of_bindings", "found"),
    [
        pytest.param({}, [{}], [], id="none"),
        pytest.param(AWAY, [{}], ["!ignore"], id="the policy"),
        pytest.param({}, [AWAY], ["!ignore"], id="the only binding"),
        pytest.param({}, [AWAY, {}], [], id="one of two bindings"),
        pytest.param({}, [AWAY, CHOSEN], [], id="the other opts in"),
        pytest.param({}, [AWAY, DEBUG], ["!ignore", "mode notin (debug)"], id="both bindings"),
        pytest.param(AWAY, [DEBUG, {}], ["!ignore"], id="the policy, and one of two"),
        pytest.param(CHOSEN, [CHOSEN], [], id="opting in"),
        pytest.param(AWAY, [], ["!ignore"], id="no binding"),
    ],
)
@pytest.mark.parametrize("which", ["object", "namespace"])
def test_labels(
    which: str, of_policy_itself: object, of_bindings: list[object], found: list[str]
) -> None:
    key, field = f"{which}Selector", {"object": "skippedBy", "namespace": "namespacesSkippedBy"}
    bindings = [
        bound("Deny", name=f"b{number}", matchResources={key: each})
        for number, each in enumerate(of_bindings)
    ]
    said = of_policy(policy(matchConstraints={key: of_policy_itself}), *bindings)
    assert said[field[which]] == found
    other = {"object": "namespacesSkippedBy", "namespace": "skippedBy"}[which]
    assert said[other] == []


def test_a_binding_that_only_tells_closes_no_way() -> None:
    refusing = bound("Deny", name="a", matchResources={"objectSelector": AWAY})
    assert of_policy(policy(), refusing, bound("Audit", name="b"))["skippedBy"] == ["!ignore"]


def test_the_name_of_a_namespace_is_nobodys_to_set() -> None:
    found = of_policy(policy(matchConstraints={"namespaceSelector": BY_NAME}), bound("Deny"))
    assert found["namespacesSkippedBy"] == []


def test_namespaces_that_are_left_out_by_name_are_meant() -> None:
    places = namespaces(namespace("ml"), namespace("dev", ignore=""))
    for match in (BY_NAME, {"matchExpressions": [*BY_NAME["matchExpressions"], *_away()]}):
        found = of_policy(
            policy(), bound("Deny", matchResources={"namespaceSelector": match}), *places
        )
        assert found["openIn"] == ([] if match is BY_NAME else ["dev"])
        assert "kube-system" not in found["refusedIn"]


def _away() -> list[dict[str, object]]:
    return [{"key": "ignore", "operator": "DoesNotExist"}]


def excluding(resource: str, *names: str, operation: str = "CREATE") -> dict[str, object]:
    rule = {**CREATED, "resources": [resource], "operations": [operation]}
    return {"excludeResourceRules": [{**rule, "resourceNames": list(names)}]}


@pytest.mark.parametrize(
    ("of_policy_itself", "of_bindings", "found"),
    [
        pytest.param(excluding("pods", "x", "y"), [{}], ["x", "y"], id="the policy"),
        pytest.param({}, [excluding("pods", "x")], ["x"], id="the only binding"),
        pytest.param({}, [excluding("pods", "x"), {}], [], id="one of two"),
        pytest.param(excluding("secrets", "x"), [{}], [], id="what it is not about"),
        pytest.param(excluding("*", "x"), [{}], ["x"], id="all"),
        pytest.param(excluding("pods"), [{}], [], id="pods as such"),
        pytest.param(excluding("pods", "x", operation="DELETE"), [{}], [], id="deleting"),
    ],
)
def test_names(
    of_policy_itself: dict[str, object], of_bindings: list[dict[str, object]], found: list[str]
) -> None:
    bindings = [
        bound("Deny", name=f"b{number}", matchResources=each)
        for number, each in enumerate(of_bindings)
    ]
    assert of_policy(policy(matchConstraints=of_policy_itself), *bindings)["freeNames"] == found


def test_names_of_what_no_namespace_holds_are_taken() -> None:
    rule = {**CREATED, "resources": ["namespaces"]}
    found = of_policy(policy(rule, matchConstraints=excluding("namespaces", "x")), bound("Deny"))
    assert found["freeNames"] == []


def test_bindings_that_are_about_creating_alone() -> None:
    every = {**PODS, "operations": ["*"]}
    created = {"resourceRules": [PODS]}
    only = bound("Deny", name="a", matchResources=created)
    assert of_policy(policy(every), only)["unchanged"] == ["pods"]
    assert of_policy(policy(every), only, bound("Deny", name="b"))["unchanged"] == []
    assert of_policy(policy(every), only, bound("Warn", name="b"))["unchanged"] == ["pods"]
    assert of_policy(policy(every))["unchanged"] == []


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("object.spec.containers.all(c, c.image != '')", ["containers", "image"]),
        ("variables.all.all(c, c.name != '')", []),
        ("object.spec.?initContainers.orValue([]) == []", ["initContainers"]),
        ("has(object.spec.ephemeralContainers)", ["ephemeralContainers"]),
        ("object.spec.containers.all(c, has(c.livenessProbe))", ["Probe", "containers"]),
        ("object.spec.containers.all(c, !has(c.lifecycle))", ["containers", "lifecycle"]),
        ("object.spec.imagePullSecrets == []", []),
    ],
)
def test_what_expressions_speak_of(expression: str, words: list[str]) -> None:
    said = {"expression": expression}
    assert sorted(of_policy(policy(validations=[said]))["mentions"]) == sorted(words)
    assert sorted(of_policy(policy(variables=[{"name": "v", **said}]))["mentions"]) == sorted(words)


def test_what_others_speak_of() -> None:
    said = {"expression": "object.spec.initContainers == []"}
    more = {**PODS, "operations": ["UPDATE"], "resources": ["pods/ephemeralcontainers"]}
    other = policy(more, name="q", validations=[said], kind="k8s/MutatingAdmissionPolicy")
    words = ["initContainers", "pods/ephemeralcontainers"]
    found = {
        each["name"]: each
        for fact in derived(Guards(), [policy()], [other])
        if fact.kind == GUARD
        for each in (body(fact),)
    }
    assert found["p"]["othersMention"] == words
    assert found["q"]["othersMention"] == []


NOT_OF_THE_SYSTEM = "!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')"
NO_ACCOUNT = "!('system:serviceaccounts' in request.userInfo.groups)"


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        pytest.param([], "asked", id="none"),
        pytest.param(["has(object.spec.x)"], "asked", id="about the object"),
        pytest.param([NOT_OF_THE_SYSTEM], "exempt", id="accounts of the system"),
        pytest.param([NO_ACCOUNT], "exempt", id="all accounts"),
        pytest.param(["true", NO_ACCOUNT], "exempt", id="one of two"),
        pytest.param(
            ["request.userInfo.username != 'system:serviceaccount:kube-system:job-controller'"],
            "asked",
            id="one controller of several",
        ),
        pytest.param(["request.userInfo.username != 'system:kube-scheduler'"], "asked", id="other"),
        pytest.param(
            ["request.userInfo.username.startsWith('system:')"], "asked", id="the system alone"
        ),
        pytest.param(["request.userInfo.groups == 3 + 'x'"], "unknown", id="not an expression"),
        pytest.param(
            ["authorizer.group('').resource('x').check('y').allowed() && request.userInfo.x == 1"],
            "unknown",
            id="what only a server knows",
        ),
        pytest.param(["request.userInfo == 1 ||"], "unknown", id="not even that"),
        pytest.param(["false", NO_ACCOUNT], "asked", id="about nobody"),
    ],
)
def test_controllers(conditions: list[str], found: str) -> None:
    said = [{"name": f"c{number}", "expression": each} for number, each in enumerate(conditions)]
    assert of_policy(policy(matchConditions=said))["controllers"] == found


def test_conditions_on_what_an_object_carries() -> None:
    said = [
        {"name": "labels", "expression": "object.metadata.labels['a'] != 'b'"},
        {"name": "annotations", "expression": "!has(object.metadata.?annotations.a)"},
        {"name": "old", "expression": "oldObject.metadata.labels == {}"},
        {"name": "namespace", "expression": "namespaceObject.metadata.name != 'x'"},
        {"name": "name", "expression": "object.metadata.name != 'x'"},
        {"name": "of-namespace", "expression": "namespaceObject.metadata.labels['a'] != 'x'"},
    ]
    assert of_policy(policy(matchConditions=said))["carried"] == ["labels", "annotations", "old"]


@pytest.mark.parametrize("odd", [1, "x", [1, {"expression": 1}], {"a": 1}, None])
def test_odd_parts(odd: object) -> None:
    found = of_policy(policy(matchConditions=odd, validations=odd, variables=odd))
    assert (found["controllers"], found["carried"], found["mentions"]) == ("asked", [], [])
