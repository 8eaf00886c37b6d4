"""Patches of kustomize are judged by what they write, in a scan and in its bundle alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.e2e.signed import ran

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: team}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: m, image: r.io/a:1}, {name: old, image: r.io/b:1}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: team}
"""
OVERLAY = "resources: [../base]\npatches: [{path: p.yaml}, {path: rm-ns.yaml}, {path: ops.json}]\n"
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: team}
spec:
  template:
    spec:
      containers:
      - name: m
        args: [--x]
        securityContext: {privileged: true}
      - {name: old, $patch: delete, securityContext: {privileged: true}}
"""
DELETED = "$patch: delete\napiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"
NODE_PORT = """\
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: team}
spec: {type: NodePort}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: team}
spec: {ingressClassName: a}
"""
OPS = '[{"op": "remove", "path": "/spec/replicas"}]\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "base/d.yaml": BASE,
        "base/kustomization.yaml": "resources: [d.yaml]\n",
        "over/kustomization.yaml": OVERLAY,
        "over/p.yaml": PATCH + NODE_PORT,
        "over/rm-ns.yaml": DELETED,
        "over/ops.json": OPS,
    }
    for name, text in files.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "tree"


def at(results: dict[str, Any], file: str) -> set[tuple[str, str, int]]:
    """The findings of a file as (verdict, rule, line)."""
    return {
        (each["verdict"], each["rule"], each["resource"]["line"])
        for each in results["findings"]
        if each["resource"]["file"] == file
    }


def test_only_what_is_written_fails(tree: Path) -> None:
    results = auditor("scan", "tree", "--format", "json", cwd=tree.parent).results()
    assert at(results, "over/p.yaml") == {
        ("fail", "k8s-container-privileged", 10),
        ("fail", "k8s-service-node-port", 16),
    }
    assert at(results, "over/rm-ns.yaml") == set()
    gone = [each["element"] for each in results["findings"] if "old" in each["element"]]
    assert set(gone) == {"container old"}
    assert {each["resource"]["file"] for each in results["findings"]} == {
        "base/d.yaml",
        "over/p.yaml",
    }


def test_every_file_is_counted(tree: Path) -> None:
    results = auditor("scan", "tree", "--format", "json", cwd=tree.parent).results()
    (target,) = results["targets"]
    assert target["files"] == 4
    assert results["coverage"]["resources"]["k8s/Deployment"]["seen"] == 2
    (gap,) = results["gaps"]
    assert (gap["scope"], gap["detail"]) == (
        "over",
        "a kustomization that was not rendered, with 1 that it includes",
    )


def test_same_file_is_whole_when_nobody_lists_it(tree: Path) -> None:
    """What was found of it as a patch is not remembered for it as an object."""
    scan = ("scan", "tree", "--format", "json")
    before = at(auditor(*scan, cwd=tree.parent).results(), "over/p.yaml")
    text = (tree / "over" / "p.yaml").read_text().replace("$patch: delete, ", "")
    (tree / "over" / "p.yaml").write_text(text)
    assert at(auditor(*scan, cwd=tree.parent).results(), "over/p.yaml") > before
    listed = at(auditor(*scan, cwd=tree.parent).results(), "over/p.yaml")
    (tree / "over" / "kustomization.yaml").write_text("resources: [../base, p.yaml]\n")
    whole = at(auditor(*scan, cwd=tree.parent).results(), "over/p.yaml")
    assert whole > listed
    assert ("fail", "k8s-memory-limit-missing", 8) in whole - listed


def test_bundle_replays_to_the_same_bytes(tree: Path) -> None:
    assert ran(tree.parent, "scan", "tree", "--output", "kept", "--no-sign", "-q").code == 1
    replayed = ran(tree.parent, "replay", "kept")
    assert replayed.code == 0, replayed.out
    assert replayed.out.startswith("REPLAY same")
