"""Selectors over classes of pods: what they select, and what nobody can know."""

from __future__ import annotations

import random
from typing import Any

import pytest

from auditor.analysis.label_selectors import (
    More,
    PodClass,
    PodClasses,
    Requirements,
    Selected,
    of_labels,
    of_selector,
)
from auditor.secrets.marks import marker

SOME, NONE, UNKNOWN = Selected.SOME, Selected.NONE, Selected.UNKNOWN


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    found: dict[str, Any] = {"key": key, "operator": operator}
    return {**found, "values": list(values)} if values else found


def selector(*expressions: dict[str, Any], **labels: str) -> Requirements:
    found = of_selector({"matchLabels": labels, "matchExpressions": list(expressions)})
    assert found is not None
    return found


WEB = PodClass({"app": "web", "tier": "front"})
BARE = PodClass({})


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(selector(), SOME, id="empty"),
        pytest.param(selector(app="web"), SOME, id="a label"),
        pytest.param(selector(app="wbe"), NONE, id="another value"),
        pytest.param(selector(app="web", tier="back"), NONE, id="one of two"),
        pytest.param(selector(expression("app", "In", "a", "web")), SOME, id="in"),
        pytest.param(selector(expression("app", "In", "a", "b")), NONE, id="in none of these"),
        pytest.param(selector(expression("app", "NotIn", "a")), SOME, id="not in"),
        pytest.param(selector(expression("app", "NotIn", "a", "web")), NONE, id="not in, of both"),
        pytest.param(selector(expression("x", "NotIn", "a")), SOME, id="not in, without the key"),
        pytest.param(selector(expression("tier", "Exists")), SOME, id="exists"),
        pytest.param(selector(expression("x", "Exists")), NONE, id="exists not"),
        pytest.param(selector(expression("x", "DoesNotExist")), SOME, id="does not exist"),
        pytest.param(selector(expression("app", "DoesNotExist")), NONE, id="does exist"),
    ],
)
def test_of_pods_whose_labels_are_all_known(asked: Requirements, expected: Selected) -> None:
    assert PodClasses([WEB]).select(asked) is expected


def test_one_class_has_to_satisfy_all() -> None:
    found = PodClasses([PodClass({"a": "1"}), PodClass({"b": "1"})])
    assert found.select(selector(a="1")) is SOME
    assert found.select(selector(a="1", b="1")) is NONE
    assert found.select(selector(expression("b", "DoesNotExist"), a="1")) is SOME


def test_nothing_is_selected_where_there_is_nothing() -> None:
    assert PodClasses([]).select(selector()) is NONE
    assert PodClasses([]).select(selector(expression("x", "DoesNotExist"))) is NONE


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(selector(app="web"), SOME, id="written"),
        pytest.param(selector(app="wbe"), NONE, id="written otherwise"),
        pytest.param(selector(x="y"), UNKNOWN, id="may be added"),
        pytest.param(selector(expression("x", "NotIn", "y")), UNKNOWN, id="may be added, not in"),
        pytest.param(selector(expression("x", "Exists")), UNKNOWN, id="may exist"),
        pytest.param(selector(expression("x", "DoesNotExist")), UNKNOWN, id="may not exist"),
        pytest.param(selector(x="y", app="wbe"), NONE, id="one written otherwise"),
        pytest.param(selector(), SOME, id="empty"),
    ],
)
def test_of_pods_that_an_operator_labels(asked: Requirements, expected: Selected) -> None:
    operated = PodClass({"app": "web"}, More.ANY)
    assert PodClasses([operated]).select(asked) is expected
    certain = PodClasses([operated, PodClass({"x": "y"}), PodClass({"x": "z"}), BARE])
    if expected is UNKNOWN:
        assert certain.select(asked) is SOME, "another class surely has it"


def test_controllers_add_their_own_labels_alone() -> None:
    found = PodClasses([PodClass({"app": "web"}, More.OF_CONTROLLERS)])
    assert found.select(selector(**{"job-name": "a"})) is UNKNOWN
    assert found.select(selector(expression("pod-template-hash", "Exists"))) is UNKNOWN
    assert found.select(selector(x="y")) is NONE
    assert found.select(selector(expression("x", "DoesNotExist"))) is SOME


@pytest.mark.parametrize("value", [marker("by-name"), 1, None, ["web"]])
def test_a_value_that_is_not_known_may_be_any(value: object) -> None:
    found = PodClasses([PodClass({"app": value})])
    assert found.select(selector(app="web")) is UNKNOWN
    assert found.select(selector(expression("app", "NotIn", "web"))) is UNKNOWN
    assert found.select(selector(expression("app", "Exists"))) is SOME
    assert PodClasses([WEB]).select(selector(app=marker("by-name"))) is UNKNOWN


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("app=web", id="text"),
        pytest.param({"matchLabels": ["app"]}, id="a list of labels"),
        pytest.param({"matchLabels": {"app": 1}}, id="a number"),
        pytest.param({"matchExpressions": {"key": "app"}}, id="expressions as a map"),
        pytest.param({"matchExpressions": ["app"]}, id="an expression as text"),
        pytest.param({"matchExpressions": [{"operator": "Exists"}]}, id="no key"),
        pytest.param({"matchExpressions": [expression("a", "in", "b")]}, id="small letters"),
        pytest.param({"matchExpressions": [expression("a", "In")]}, id="in nothing"),
        pytest.param({"matchExpressions": [expression("a", "Exists", "b")]}, id="exists as"),
        pytest.param({"matchExpressions": [{**expression("a", "In"), "values": "b"}]}, id="value"),
        pytest.param({"matchExpressions": [{**expression("a", "In"), "values": [1]}]}, id="int"),
    ],
)
def test_what_no_server_takes(written: object) -> None:
    assert of_selector(written) is None


@pytest.mark.parametrize("written", [None, {}, {"matchLabels": None, "matchExpressions": None}])
def test_an_empty_selector_requires_nothing(written: object) -> None:
    assert of_selector(written) == ()


def test_labels_of_a_service() -> None:
    assert [str(each) for each in of_labels({"b": "2", "a": "1"}) or ()] == ["a=1", "b=2"]
    assert of_labels(None) == ()
    assert of_labels({"a": True}) is None
    assert of_labels("a") is None


def test_requirements_are_written_as_kubectl_takes_them() -> None:
    found = selector(
        expression("a", "In", "y", "x"),
        expression("b", "NotIn", "x"),
        expression("c", "Exists"),
        expression("d", "DoesNotExist"),
    )
    assert [str(each) for each in found] == ["a in (x, y)", "b notin (x)", "c", "!d"]


def holds(labels: dict[str, str], written: dict[str, Any]) -> bool:
    """As the documentation of LabelSelector has it, one pod at a time."""
    for each in written["matchExpressions"]:
        key, values = each["key"], each.get("values", ())
        said = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not said[each["operator"]]:
            return False
    return all(labels.get(key) == value for key, value in written["matchLabels"].items())


def test_classes_are_as_one_pod_after_the_other() -> None:
    dice = random.Random(3)
    for _ in range(300):
        pods = [
            {key: dice.choice("xyz") for key in "abcd" if dice.random() < 0.4}
            for _ in range(dice.randrange(200))
        ]
        classes = PodClasses(map(PodClass, pods))
        for _ in range(10):
            written = some_selector(dice)
            asked = of_selector(written)
            assert asked is not None
            expected = SOME if any(holds(pod, written) for pod in pods) else NONE
            assert classes.select(asked) is expected, (pods, written)


def some_selector(dice: random.Random) -> dict[str, Any]:
    """A selector that the API server takes."""
    expressions = []
    for _ in range(dice.randrange(4)):
        operator = dice.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        values = dice.sample("xyz", dice.randint(1, 3)) if operator.endswith("In") else ()
        expressions.append(expression(dice.choice("abcd"), operator, *values))
    labels = {key: dice.choice("xyz") for key in "abcd" if dice.random() < 0.15}
    return {"matchLabels": labels, "matchExpressions": expressions}
