"""What providers' programs print of a managed cluster is taken, and nothing that only looks so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.cli.wiring import CollectorOptions, wired
from auditor.model.resource import Gap, Resource
from auditor.ports import Live

ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/ml"
LINK = "https://container.googleapis.com/v1/projects/p/locations/l/clusters/ml"
ID = (
    "/subscriptions/1/resourceGroups/r/providers/Microsoft.ContainerService/managedClusters/ml"
    "/providers/microsoft.insights/diagnosticSettings/d"
)
EKS = {"cluster": {"name": "ml", "arn": ARN, "logging": {"clusterLogging": []}}}
GKE = {"name": "ml", "selfLink": LINK}
AKS = {"id": ID, "name": "d", "logs": []}


def read(folder: Path, name: str, text: str) -> list[Resource]:
    (folder / name).write_text(text)
    collector = wired().collector_for(str(folder), CollectorOptions())
    assert not isinstance(collector, Live)
    found = []
    for shard in collector.plan(lambda _: 1).shards:
        for reading in collector.read(shard):
            assert not isinstance(reading, Gap)
            found += reading.resources()
            assert not reading.gaps()
    return found


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(EKS, [("k8s/Cluster.eks.amazonaws.com", "ml")], id="EKS"),
        pytest.param(GKE, [("k8s/Cluster.container.googleapis.com", "ml")], id="GKE"),
        pytest.param([AKS], [("k8s/DiagnosticSetting.insights.azure.com", "ml/d")], id="AKS"),
        pytest.param(
            {"value": [AKS, {**AKS, "name": "e"}]},
            [("k8s/DiagnosticSetting.insights.azure.com", f"ml/{name}") for name in "de"],
            id="AKS of a REST client",
        ),
        pytest.param({"cluster": {"arn": "arn:aws:ecs:a:1:cluster/ml"}}, [], id="ECS"),
        pytest.param({"cluster": ARN}, [], id="a name alone"),
        pytest.param({"selfLink": LINK + "/nodePools/a"}, [], id="of nodes"),
        pytest.param([{"id": "/subscriptions/1"}], [], id="another setting"),
        pytest.param([3, ARN], [], id="no objects"),
        pytest.param({"value": "diagnosticSettings"}, [], id="no list"),
    ],
)
def test_documents(document: Any, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    found = read(tmp_path, "a.json", json.dumps(document, indent=1))
    assert [(each.kind, each.name) for each in found] == expected
    again = read(tmp_path, "a.json", "{}") + read(tmp_path, "b.yaml", json.dumps(document))
    assert [(each.kind, each.name) for each in again] == [
        (each.kind, each.name) for each in found
    ], "YAML says the same"


def test_lines(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "a.json", json.dumps({"value": [AKS]}, indent=1))
    assert found.line == 3
    assert json.loads(found.body) == AKS
