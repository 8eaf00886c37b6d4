"""What is whole and what is pieces, which fields are whose, and where each of them stands."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.recognize import may_hold, search
from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.engine.lines import source_pointer
from auditor.model.resource import Gap, Resource
from tests.unit.analysis.test_workloads import resource

Json = dict[str, Any]

MAIN: Json = {"name": "main", "image": "r.io/a:1"}
PRIVILEGED: Json = {"securityContext": {"privileged": True}}
CASES: dict[str, tuple[Json, list[tuple[str, str]]]] = {
    "whole": ({"containers": [MAIN]}, [("Whole", "/x")]),
    "one container without an image": (
        {"containers": [MAIN, {"name": "b", **PRIVILEGED}]},
        [("Pieces", "/x")],
    ),
    "a patch of a whole one": ({"patch": {"containers": [MAIN]}}, [("Pieces", "/x/patch")]),
    "an override": ({"podOverride": {"a": MAIN | PRIVILEGED}}, [("Pieces", "/x/podOverride/a")]),
    "a word that ends as patch does": (
        {"dispatch": {"containers": [MAIN]}},
        [("Whole", "/x/dispatch")],
    ),
    "a whole pod and a container beside it": (
        {"containers": [MAIN], "image": "b", "env": [{"name": "A", "value": "b"}]},
        [("Whole", "/x"), ("Pieces", "/x")],
    ),
    "fields of both": (
        {"image": "a", "env": [{"name": "A", "value": "b"}], "hostNetwork": True},
        [("Pieces", "/x")],
    ),
    "a pod and its container": (
        {"hostNetwork": True, "mainContainer": {"image": "a"}},
        [("Pieces", "/x"), ("Pieces", "/x/mainContainer")],
    ),
    "two weak signs of a pod": (
        {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "a"}]},
        [("Pieces", "/x")],
    ),
    "one weak sign of a pod": ({"serviceAccountName": "a"}, []),
    "an object inside": (
        {"job": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"hostPID": True}}},
        [("Inside", "/x/job")],
    ),
    "a reference": ({"job": {"apiVersion": "batch/v1", "kind": "Job", "name": "x"}}, []),
    "a manifest": ({"t": "# hello\n---\nkind: Pod\napiVersion: v1\n"}, [("Text", "/x/t")]),
    "a manifest in a list": ({"t": ["- apiVersion: v1\n  kind: Pod\n"]}, [("Text", "/x/t/0")]),
    "a template of a manifest": (
        {"t": "{{- if x }}\napiVersion: v1\nkind: Pod"},
        [("Text", "/x/t")],
    ),
    "a text about manifests": ({"t": "Set apiVersion: v1 and kind: Pod."}, []),
    "what has the name of another field": (
        {"volumes": {"a": {"hostPID": True}}},
        [("Pieces", "/x/volumes/a")],
    ),
    "containers by name": (
        {"hostPID": True, "containers": {"a": {"image": "b"}}},
        [("Pieces", "/x"), ("Pieces", "/x/containers/a")],
    ),
}


@pytest.mark.parametrize(("value", "expected"), CASES.values(), ids=CASES)
def test_what_is_found(value: Json, expected: list[tuple[str, str]]) -> None:
    body = {"apiVersion": "a.example/v1", "kind": "Thing", "x": value}
    found = list(search(body, {}))
    assert [(type(each).__name__, each.pointer) for each in found] == expected
    if found:
        assert may_hold(msgspec.json.encode(body))


def facts_of(spec: Json, kind: str = "Thing") -> list[Resource | Gap]:
    body = {"apiVersion": "a.example/v1", "kind": kind, "spec": spec}
    made = resource(f"k8s/{kind}.a.example", body, api_version="a.example/v1")
    return list(Workloads(rows_from_table([])).derive(made))


def value_at(body: Any, pointer: str) -> object:
    for part in pointer.split("/")[1:]:
        body = body[int(part)] if isinstance(body, list) else body[part]
    return body


def leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, item in enumerate(value) for leaf in leaves(item, (*path, i))]
    return [path]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"a": {"containers": [MAIN | PRIVILEGED]}}, id="whole"),
        pytest.param({"a": {"image": "a", "args": ["b"], "hostPID": True}}, id="side by side"),
        pytest.param(
            {"a": {"image": "a", "hostPID": True, "containers": [MAIN, {"name": "b"}]}},
            id="beside other containers",
        ),
        pytest.param(
            {
                "a": {
                    "image": "a",
                    "podSecurityContext": {"runAsUser": 0},
                    "containerSecurityContext": {"runAsUser": 1},
                    "envs": [{"name": "A", "value": "b"}],
                    "extraVolumes": [{"name": "v", "hostPath": {"path": "/"}}],
                }
            },
            id="by other names",
        ),
        pytest.param(
            {
                "a": {
                    "image": "a",
                    "env": [{"name": "A", "value": "b"}],
                    "envs": [{"name": "B", "value": "c"}, {"name": "C", "value": "d"}],
                    "extraEnv": [{"name": "D", "value": "e"}],
                    "volumes": [{"name": "v", "emptyDir": {"sizeLimit": 1}}],
                    "extraVolumes": [{"name": "w", "hostPath": {"path": "/"}}],
                }
            },
            id="by two names",
        ),
        pytest.param(
            {
                "a": {
                    "extraEnv": [{"name": "A", "value": "b"}],
                    "envs": [{"name": "B", "value": "c"}],
                }
            },
            id="by two other names",
        ),
        pytest.param(
            {"t": {"metadata": {"annotations": {"a": "b"}}, "spec": {"containers": [MAIN]}}},
            id="with what stands around it",
        ),
        pytest.param(
            {
                "job": {
                    "apiVersion": "a.example/v1",
                    "kind": "Inner",
                    "spec": {"x": {"image": "a", "podSecurityContext": {"runAsUser": 0}}},
                }
            },
            id="in an object inside",
        ),
    ],
)
def test_every_value_points_back(spec: Json) -> None:
    (fact,) = facts_of(spec)
    assert isinstance(fact, Resource)
    body = msgspec.json.decode(fact.body)
    body.pop("owner")
    for path in leaves(body):
        pointer = source_pointer(fact, path)
        assert pointer is not None
        value: Any = body
        for step in path:
            value = value[step]
        assert value_at({"spec": spec}, pointer) == value, (path, pointer)


def only(spec: Json) -> Json:
    (fact,) = facts_of({"a": spec})
    assert isinstance(fact, Resource)
    decoded: Json = msgspec.json.decode(fact.body)
    found: Json = decoded["spec"]
    return found


@pytest.mark.parametrize(
    ("spec", "pod", "container"),
    [
        pytest.param(
            {"image": "a", "args": ["b"], "securityContext": {"runAsUser": 0}},
            {},
            {"image": "a", "args": ["b"], "securityContext": {"runAsUser": 0}},
            id="a context beside a container",
        ),
        pytest.param(
            {"image": "a", "args": ["b"], "securityContext": {"runAsUser": 0, "fsGroup": 1}},
            {"securityContext": {"runAsUser": 0, "fsGroup": 1}},
            {"image": "a", "args": ["b"]},
            id="a context that is a pod's",
        ),
        pytest.param(
            {"podSecurityContext": {"runAsUser": 1}, "securityContext": {"runAsUser": 0}},
            {"securityContext": {"runAsUser": 1}},
            {"securityContext": {"runAsUser": 0}},
            id="a context of each",
        ),
        pytest.param(
            {"args": ["a"], "env": [{"name": "A", "value": "b"}], "extraEnv": [{"name": "C"}]},
            {},
            {"args": ["a"], "env": [{"name": "A", "value": "b"}, {"name": "C"}]},
            id="variables in two lists",
        ),
        pytest.param(
            {"image": "driver", "repository": "r.io", "securityContext": {"privileged": True}},
            {},
            {"securityContext": {"privileged": True}},
            id="an image that is put together",
        ),
        pytest.param(
            {"image": {"name": "a", "tag": "b"}, "env": [{"name": "A", "value": "b"}]},
            {},
            {"env": [{"name": "A", "value": "b"}]},
            id="an image that is a map",
        ),
        pytest.param(
            {"hostPID": True, "volumes": {"a": "b"}, "tolerations": "x"},
            {"hostPID": True},
            None,
            id="fields of another kind",
        ),
    ],
)
def test_whose_a_field_is(spec: Json, pod: Json, container: Json | None) -> None:
    found = only(spec)
    containers = found.pop("containers", None)
    assert found == pod
    assert containers == (None if container is None else [container])


def test_an_owner_inside_of_an_object_inside_points_there() -> None:
    inner = {"apiVersion": "a.example/v1", "kind": "C", "spec": {"containers": [MAIN]}}
    middle = {"apiVersion": "a.example/v1", "kind": "B", "spec": {"y": inner}}
    (fact,) = facts_of({"x": middle})
    assert isinstance(fact, Resource)
    assert source_pointer(fact, ("owner", "kind")) == "/spec/x/spec/y/kind"
    assert source_pointer(fact, ("owner", "name")) == "/metadata/name"
    assert msgspec.json.decode(fact.body)["owner"]["kind"] == "C"
    assert (fact.part, fact.heuristic) == ("x/y/spec", True)


def test_below_a_patch_an_object_is_one_too() -> None:
    job = {"apiVersion": "a.example/v1", "kind": "B", "spec": {"containers": [MAIN]}}
    (fact,) = facts_of({"patch": job})
    assert isinstance(fact, Resource)
    assert fact.kind == "k8s/PodTemplatePatch"


def test_names_of_places_are_distinct() -> None:
    spec = {
        "containers": [MAIN],
        "image": "a",
        "args": ["b"],
        "spec": {"containers": [MAIN]},
        "x": {"hostPID": True, "template": {"hostPID": True}},
    }
    names = [fact.part for fact in facts_of(spec) if isinstance(fact, Resource)]
    assert names == ["spec", "spec as container", "/spec/spec", "x", "x/template"]


@pytest.mark.parametrize(
    ("version", "kind", "hint"),
    [
        ("v1", "pod", "write the kind as Pod"),
        ("rbac.authorization.k8s.io/v1", "clusterrole", "write the kind as ClusterRole"),
        ("apps/v1", "DEPLOYMENT", "write the kind as Deployment"),
        ("v1", "Novelty", None),
        ("a.example/v1", "pod", None),
    ],
)
def test_kinds_with_wrong_capitals(version: str, kind: str, hint: str | None) -> None:
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}
    full = f"k8s/{kind}" if "example" not in version else f"k8s/{kind}.a.example"
    found = list(Workloads([]).derive(resource(full, body, api_version=version)))
    assert [gap.hint for gap in found if isinstance(gap, Gap)] == ([hint] if hint else [])


def test_what_rows_have_found_is_not_found_again() -> None:
    rows = [
        {"kind": "Thing", "group": "a.example", "templates": ["spec.a"], "shape": "podspec"},
        {"kind": "Thing", "group": "a.example", "templates": ["spec.b"], "shape": "container"},
        {"kind": "Thing", "group": "a.example", "templates": ["spec.c"], "shape": "template"},
        {"kind": "Thing", "group": "a.example", "templates": ["spec.d"], "shape": "pieces"},
    ]
    pod = {"containers": [MAIN], "runner": MAIN}
    spec = {"a": pod, "b": {**MAIN, "x": MAIN}, "c": {"spec": pod}, "d": {**MAIN, "runner": MAIN}}
    body = {"apiVersion": "a.example/v1", "kind": "Thing", "spec": {**spec, "e": pod}}
    made = resource("k8s/Thing.a.example", body, api_version="a.example/v1")
    found = list(Workloads(rows_from_table(rows)).derive(made))
    heuristic = [fact.part for fact in found if isinstance(fact, Resource) and fact.heuristic]
    assert heuristic == ["/spec/a/runner", "/spec/d/runner", "/spec/e", "/spec/e/runner"]
    assert [fact.part for fact in found if isinstance(fact, Resource) and not fact.heuristic] == [
        "",
        "b",
        "c",
        "d",
    ]
