"""The shipped table of pod templates: well-formed, and each path of it finds its pod."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml

from auditor.analysis.paths import parse_path
from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.model.resource import Resource
from tests.cases import every

ROOT = Path(__file__).parents[2]
TABLE = yaml.load((ROOT / "policies/tables/pod-templates.yaml").read_text(), yaml.CSafeLoader)
SCHEMA = json.loads((ROOT / "policies/schema/pod-templates.schema.json").read_text())

POD = {"containers": [{"name": "main", "image": "r.io/a:1"}]}
SHAPES = {
    "template": {"spec": POD},
    "podspec": POD,
    "container": POD["containers"][0],
    "pieces": POD["containers"][0],
    "text": json.dumps(POD),
}
NAMED_BY_THE_ISSUE = [
    ("RayCluster", "ray.io"),
    ("RayJob", "ray.io"),
    ("RayService", "ray.io"),
    ("PyTorchJob", "kubeflow.org"),
    ("MPIJob", "kubeflow.org"),
    ("TFJob", "kubeflow.org"),
    ("TrainingRuntime", "trainer.kubeflow.org"),
    ("InferenceService", "serving.kserve.io"),
    ("ServingRuntime", "serving.kserve.io"),
    ("JobSet", "jobset.x-k8s.io"),
    ("LeaderWorkerSet", "leaderworkerset.x-k8s.io"),
    ("Job", "batch.volcano.sh"),
    ("Notebook", "kubeflow.org"),
    ("Rollout", "argoproj.io"),
    ("Service", "serving.knative.dev"),
    ("Workflow", "argoproj.io"),
    ("SparkApplication", "sparkoperator.k8s.io"),
]
PATHS: dict[str, tuple[dict[str, object], str]] = {
    f"{row['kind']}.{row['group']}:{row['shape']}:{path or 'itself'} ({number})": (row, path)
    for number, row in enumerate(TABLE)
    if row["shape"] != "object"
    for path in row["templates"]
}


def put(value: object, path: tuple[str, ...]) -> tuple[object, str]:
    """Wrap ``value`` so that it stands at ``path``; a star is one element of a list."""
    if not path:
        return value, ""
    inner, pointer = put(value, path[1:])
    if path[0] == "*":
        return [inner], "/0" + pointer
    return {path[0]: inner}, f"/{path[0]}{pointer}"


def resource(row: dict[str, object], body: object) -> Resource:
    (found,) = {item.kind for item in rows_from_table([row])}
    return Resource(
        kind=found,
        api_version="v1",
        name="x",
        namespace="ml",
        uid="",
        source="a.yaml",
        document=0,
        line=1,
        body=msgspec.json.encode(body),
    )


def test_table_has_the_form_of_its_schema() -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(TABLE)


@pytest.mark.parametrize(("kind", "group"), NAMED_BY_THE_ISSUE)
def test_kinds_that_users_count_on_have_a_row(kind: str, group: str) -> None:
    assert any((row["kind"], row["group"]) == (kind, group) for row in TABLE)


def test_a_row_is_written_once() -> None:
    keys = [(row["kind"], row["group"], row["shape"], row.get("partial", False)) for row in TABLE]
    assert sorted(keys) == sorted(set(keys))


def test_a_kind_has_one_scope() -> None:
    scopes = {(row["kind"], row["group"], row.get("scope", "namespace")) for row in TABLE}
    assert len(scopes) == len({(kind, group) for kind, group, _ in scopes})


def test_each_path_finds_its_pod() -> None:
    every(PATHS, finds_its_pod)


def finds_its_pod(case: tuple[dict[str, object], str]) -> None:
    row, path = case
    body, pointer = put(SHAPES[str(row["shape"])], parse_path(path))
    facts = list(Workloads(rows_from_table([row])).derive(resource(row, body)))
    found = {fact.pointer: fact for fact in facts if isinstance(fact, Resource)}
    assert pointer in found
    spec = msgspec.json.decode(found[pointer].body)["spec"]
    assert spec["containers"][0]["image"] == "r.io/a:1"
    patch = bool(row.get("partial")) or row["shape"] in ("container", "pieces", "text")
    assert found[pointer].kind == ("k8s/PodTemplatePatch" if patch else "k8s/PodTemplate")
    assert not found[pointer].heuristic
