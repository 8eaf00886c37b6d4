"""Kinds by the same name in other groups: a cluster's own are read, and nobody poses as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.runs import Run, collector_of
from tests.faults import server as fake
from tests.faults.clusters import KINDS, on, scanned
from tests.faults.server import pod

POSING = {
    "a group of its own": "evil.example",
    "ends as built-in groups do": "evil.k8s.io",
    "a built-in group that has no such kind": "networking.k8s.io",
}


@pytest.mark.parametrize("group", POSING.values(), ids=POSING.keys())
def test_a_custom_kind_can_not_pose_as_a_built_in_one(tmp_path: Path, group: str) -> None:
    """Whatever order a server tells its groups in: this one has no other Deployments."""
    kinds = (("Pod", "pods", True), ("Namespace", "namespaces", True))
    handler = on("/api", fake.discovery((group, "v1", kinds), *fake.GROUPS))
    document = scanned(tmp_path, handler, KINDS)
    assert [gap for gap in document["gaps"] if gap["scope"] in KINDS] == []
    asked = [record for record in document["records"] if record.kind]
    assert {record.request.partition("?")[0] for record in asked} == {
        "GET /api/v1/pods",
        "GET /api/v1/namespaces",
    }


@pytest.mark.parametrize("group", POSING.values(), ids=POSING.keys())
def test_nor_in_a_file(tmp_path: Path, group: str) -> None:
    """A policy of another group protects nobody, and its pod is no more than a likeness."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}
    real = {"apiVersion": "v1", "kind": "Pod", **pod("real")}
    quota = {
        "apiVersion": f"{group}/v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "ml"},
        "spec": {"hard": {"pods": "1"}},
    }
    (tmp_path / "a.json").write_text(
        "\n".join(json.dumps(each) for each in (namespace, real, quota))
    )
    document = json.loads(Run().results(collector_of(tmp_path)))
    kinds = set(document["coverage"]["resources"])
    assert "k8s/ResourceQuota" not in kinds
    assert document["counts"]["k8s-resource-quota-missing"]["fail"] == 1
