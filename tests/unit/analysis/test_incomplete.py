"""Objects of Kubernetes that make pods and do not say which: a gap of their kind."""

from __future__ import annotations

import msgspec
import pytest

from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource

PATHS = {
    "Pod": "",
    "Deployment": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
}
GROUPS = {"Deployment": "apps", "CronJob": "batch"}
ROWS = rows_from_table(
    [
        *(
            {"kind": kind, "group": GROUPS.get(kind, ""), "templates": [path], "shape": "template"}
            for kind, path in PATHS.items()
        ),
        {"kind": "Own", "group": "acme.io", "templates": ["spec.template"], "shape": "template"},
        {"kind": "Wrapper", "group": "acme.io", "templates": ["spec.object"], "shape": "object"},
    ]
)
POD = {"spec": {"containers": [{"name": "a", "image": "b"}]}}


def derived(kind: str, body: object, raw: bytes = b"", line: int = 7) -> list[Resource | Gap]:
    fields = {
        "api_version": "v1",
        "name": "x",
        "namespace": "ml",
        "uid": "u",
        "source": "a.yaml",
        "kind": kind,
        "document": 0,
        "line": line,
        "body": b"",
    }
    made = msgspec.convert(fields, Resource)
    encoded = raw or msgspec.json.encode(body)
    return list(Workloads(ROWS).derive(msgspec.structs.replace(made, body=encoded)))


MISSING = {
    "a pod": ("k8s/Pod", {"metadata": {}}, "Pod ml/x: spec is missing or is not a map"),
    "no spec": ("k8s/Deployment", {}, "Deployment ml/x: spec.template is missing"),
    "no template": (
        "k8s/Deployment",
        {"spec": {"replicas": 2}},
        "Deployment ml/x: spec.template is missing",
    ),
    "a null": (
        "k8s/Deployment",
        {"spec": {"template": None}},
        "Deployment ml/x: spec.template is missing",
    ),
    "no spec in it": (
        "k8s/Deployment",
        {"spec": {"template": {"metadata": {"labels": {"spec": "{"}}}}},
        "Deployment ml/x: spec.template.spec is missing or is not a map",
    ),
    "a list": (
        "k8s/Deployment",
        {"spec": {"template": {"spec": []}}},
        "Deployment ml/x: spec.template.spec is missing or is not a map",
    ),
    "deep": (
        "k8s/CronJob",
        {"spec": {"jobTemplate": {"spec": {}}}},
        "CronJob ml/x: spec.jobTemplate.spec.template is missing",
    ),
}


@pytest.mark.parametrize(("kind", "body", "told"), MISSING.values(), ids=MISSING.keys())
def test_what_is_missing_is_one_gap_of_its_kind(kind: str, body: object, told: str) -> None:
    (gap,) = derived(kind, body)
    assert isinstance(gap, Gap)
    assert (gap.scope, gap.cause) == (kind, GapCause.MALFORMED)
    assert gap.detail == f"a.yaml:7: {told}"
    assert "the API server refuses it" in gap.hint


def test_an_object_without_lines_has_its_source_alone() -> None:
    (gap,) = derived("k8s/Pod", {}, line=0)
    assert isinstance(gap, Gap)
    assert gap.detail.startswith("a.yaml: Pod ml/x: ")


WHOLE = {
    "a pod": ("k8s/Pod", POD),
    "an empty one": ("k8s/Pod", {"spec": {}}),
    "a deployment": ("k8s/Deployment", {"spec": {"template": POD}}),
    "a kind of somebody's own": ("k8s/Own.acme.io", {"spec": {"template": POD}}),
}


@pytest.mark.parametrize(("kind", "body"), WHOLE.values(), ids=WHOLE.keys())
def test_what_is_there_is_judged(kind: str, body: object) -> None:
    assert [isinstance(each, Resource) for each in derived(kind, body)] == [True]


def test_only_kinds_of_kubernetes_itself_must_have_pods() -> None:
    assert derived("k8s/Own.acme.io", {"spec": {}}) == []
    inside = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1}}
    assert derived("k8s/Wrapper.acme.io", {"spec": {"object": inside}}) == []


def test_white_space_of_json_does_not_matter() -> None:
    raw = b'{ "spec" :\n { "containers": [] } }'
    assert [isinstance(each, Resource) for each in derived("k8s/Pod", {}, raw)] == [True]
