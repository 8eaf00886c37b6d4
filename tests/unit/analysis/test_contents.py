"""Objects that only name what they deploy, or hold it as a text: one gap each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.analysis.contents import contents_from_table
from auditor.analysis.workloads import Workloads
from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from auditor.platforms.kubernetes import kind_name
from tests.unit.analysis.test_workloads import resource

ROOT = Path(__file__).parents[3]
TABLE = yaml.load((ROOT / "policies/tables/unread-contents.yaml").read_text(), yaml.CSafeLoader)
MANIFEST = "apiVersion: v1\nkind: Pod\n"


def gaps(group: str, kind: str, spec: object) -> list[Gap]:
    version = f"{group}/v1"
    body = {"apiVersion": version, "kind": kind, "spec": spec}
    made = resource(kind_name(group, kind), body, api_version=version)
    found = Workloads([], contents_from_table(TABLE)).derive(made)
    return [each for each in found if isinstance(each, Gap)]


def put(path: list[str], value: object) -> Any:
    for step in reversed(path):
        value = [value] if step == "*" else {step: value}
    return value


@pytest.mark.parametrize(
    ("row", "path"),
    [
        pytest.param(row, path, id=f"{row['kind']}.{row['group']}:{path}")
        for row in TABLE
        for path in row["at"]
    ],
)
def test_each_path_is_a_gap(row: dict[str, Any], path: str) -> None:
    steps = path.replace("[*]", ".*").split(".")
    assert steps[0] == "spec"
    for value in ("text", {"a": "b"}):
        (gap,) = gaps(row["group"], row["kind"], put(steps[1:], value))
        assert (gap.cause, gap.scope, gap.line) == (GapCause.UNSUPPORTED, "a.yaml", 3)
        assert gap.detail == f"{row['kind']} ml/x: {row['what']}"
        assert gap.hint == row["hint"]
    for nothing in (None, "", [], {}):
        assert gaps(row["group"], row["kind"], put(steps[1:], nothing)) == []


def test_texts_of_an_object_are_one_gap() -> None:
    spec = {"a": MANIFEST, "b": [MANIFEST, "text", {"c": MANIFEST}]}
    (gap,) = gaps("fleet.example", "Bundle", spec)
    assert gap.detail == "Bundle ml/x: a manifest is a text, at /spec/a and 2 more"


def test_all_reasons_of_an_object_are_one_gap() -> None:
    spec = {"templates": [{"resource": {"manifest": MANIFEST}, "http": {"body": MANIFEST}}]}
    (gap,) = gaps("argoproj.io", "Workflow", spec)
    assert "what it creates is a manifest of its own" in gap.detail


def test_texts_of_kubernetes_itself_are_data() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": MANIFEST}}
    assert list(Workloads([]).derive(resource("k8s/ConfigMap", body))) == []
