"""Pod specs in custom resources without a row, and objects inside objects, however deep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.engine.lines import source_pointer
from auditor.model.resource import Gap, Resource, Target
from auditor.ports import Shard
from collectors.documents.collector import FilesCollector
from collectors.kubernetes.manifests.recogniser import MANIFESTS

TABLE: list[dict[str, object]] = [
    {"kind": "Pod", "group": "", "templates": [""], "shape": "template"},
    {
        "kind": "AppWrapper",
        "group": "workload.codeflare.dev",
        "templates": ["spec.components[*].template"],
        "shape": "object",
    },
]
CONTAINERS = [{"name": "main", "image": "a"}]


def facts_of(tmp_path: Path, text: str, name: str = "a.yaml") -> tuple[list[Resource], list[Gap]]:
    """What is derived of a file as the collector reads it."""
    (tmp_path / name).write_text(text)
    collector = FilesCollector(Target("t", "files"), tmp_path, (MANIFESTS,))
    workloads = Workloads(rows_from_table(TABLE))
    facts: list[Resource] = []
    gaps: list[Gap] = []
    for reading in collector.read(Shard(0, (name,), 0)):
        if isinstance(reading, Gap):
            gaps.append(reading)
            continue
        for resource in reading.resources():
            for fact in workloads.derive(resource):
                (gaps if isinstance(fact, Gap) else facts).append(fact)  # type: ignore[arg-type]  # sorted by class
        gaps += reading.gaps()
    return facts, gaps


def custom(spec: object, group: str = "example.com") -> str:
    head = {
        "apiVersion": f"{group}/v1".removeprefix("/"),
        "kind": "Thing",
        "metadata": {"name": "x"},
    }
    return json.dumps({**head, "spec": spec})


def nested(levels: int, inner: object) -> object:
    for _ in range(levels):
        inner = {"deeper": inner}
    return inner


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        pytest.param({"containers": CONTAINERS}, ["spec"], id="the spec itself"),
        pytest.param({"a": {"containers": CONTAINERS}}, ["a"], id="below"),
        pytest.param({"a": {"spec": {"containers": CONTAINERS}}}, ["a/spec"], id="a template"),
        pytest.param(
            {"l": [{"containers": CONTAINERS}, {}, {"containers": CONTAINERS}]},
            ["l/0", "l/2"],
            id="of a list",
        ),
        pytest.param(
            {"b": {"containers": CONTAINERS}, "a": {"containers": CONTAINERS}},
            ["b", "a"],
            id="in the order of the document",
        ),
        pytest.param(
            {"containers": CONTAINERS, "a": {"containers": CONTAINERS}},
            ["spec", "a"],
            id="beside one that was found",
        ),
        pytest.param({"a/b~": {"containers": CONTAINERS}}, ["a~1b~0"], id="escapes of a pointer"),
        pytest.param(nested(60, {"containers": CONTAINERS}), None, id="sixty levels down"),
        pytest.param({"containers": []}, [], id="no container"),
        pytest.param({"containers": [{"name": "a"}]}, [], id="nothing but a name"),
        pytest.param({"containers": [{"image": "a"}]}, ["spec"], id="no name"),
        pytest.param({"containers": [*CONTAINERS, "x"]}, ["spec"], id="not all are containers"),
        pytest.param({"containers": {"a": CONTAINERS[0]}}, ["containers/a"], id="a map"),
    ],
)
def test_by_shape(tmp_path: Path, spec: object, parts: list[str] | None) -> None:
    facts, gaps = facts_of(tmp_path, custom(spec), "a.json")
    assert gaps == []
    assert all(fact.heuristic for fact in facts)
    if parts is None:
        assert len(facts) == 1
    else:
        assert [fact.part for fact in facts] == parts


def test_places_beside_the_spec_have_names_of_their_own(tmp_path: Path) -> None:
    document = json.loads(custom({"a": {"containers": CONTAINERS}}))
    document["a"] = {"containers": CONTAINERS}
    facts, _ = facts_of(tmp_path, json.dumps(document), "a.json")
    assert [fact.part for fact in facts] == ["a", "/a"]


@pytest.mark.parametrize(
    ("group", "found"),
    [
        pytest.param("example.com", 1, id="custom"),
        pytest.param("example.k8s.io", 1, id="custom, in a group of the project"),
        pytest.param("apps", 1, id="unknown, in a group of Kubernetes"),
        pytest.param("", 1, id="unknown, in the core"),
        pytest.param("app", 1, id="a group that nobody has"),
    ],
)
def test_groups(tmp_path: Path, group: str, found: int) -> None:
    facts, _ = facts_of(tmp_path, custom({"containers": CONTAINERS}, group))
    assert len(facts) == found


def test_escapes_do_not_hide_a_pod(tmp_path: Path) -> None:
    text = custom({"containers": CONTAINERS}).replace('"containers"', '"\\u0063ontainers"')
    facts, _ = facts_of(tmp_path, text, "a.json")
    assert [fact.heuristic for fact in facts] == [True]


def wrapped(levels: int) -> dict[str, object]:
    body: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": CONTAINERS},
    }
    for _ in range(levels):
        body = {
            "apiVersion": "workload.codeflare.dev/v1beta2",
            "kind": "AppWrapper",
            "metadata": {"name": "w"},
            "spec": {"components": [{"template": body}]},
        }
    return body


@pytest.mark.parametrize("levels", [1, 2, 40])
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_objects_inside_objects(tmp_path: Path, levels: int, form: str) -> None:
    body = wrapped(levels)
    text = json.dumps(body) if form == "json" else yaml.safe_dump(body)
    (fact,), gaps = facts_of(tmp_path, text, f"a.{form}")
    assert gaps == []
    assert fact.part == "/".join(["components/0"] * levels)
    pointer = source_pointer(fact, ("spec", "containers"))
    assert pointer == "/spec/components/0/template" * levels + "/spec/containers"
    assert fact.parent is not None
    assert fact.parent.pointer == "", "it belongs to the outermost object"


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_ten_thousand_levels_are_a_gap(tmp_path: Path, form: str) -> None:
    head = '{"apiVersion":"workload.codeflare.dev/v1","kind":"AppWrapper","spec":{"components":[{'
    text = (head + '"template":') * 10_000 + "{}" + "}]}}" * 10_000
    facts, gaps = facts_of(tmp_path, text, f"a.{form}")
    assert facts == []
    assert [gap.scope for gap in gaps] == [f"a.{form}"]
    assert "nested" in gaps[0].detail


def test_a_pod_below_ten_thousand_levels_is_a_gap(tmp_path: Path) -> None:
    text = custom("@").replace(
        '"@"', '{"a":' * 10_000 + json.dumps({"containers": CONTAINERS}) + "}" * 10_000
    )
    facts, gaps = facts_of(tmp_path, text, "a.json")
    assert facts == []
    assert len(gaps) == 1
