"""A finding that a worse one on the same element covers is marked, and the gate leaves it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from auditor.model.results_finding import FindingState
from auditor.model.results_layout import covered, evidence_of, rule_of
from auditor.policy import policies_folder
from auditor.runner.covering import Covering
from tests.e2e.runs import Run, collector_of

SOCKET, SENSITIVE = "k8s-runtime-socket-mounted", "k8s-host-path-sensitive"
WRITABLE, ANY = "k8s-host-path-writable", "k8s-pod-host-path-volume"
SCHEMA = policies_folder() / "schema/results.v1.schema.json"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: ml}
spec:
  volumes:
  - {name: run, hostPath: {path: /run/containerd}}
  - {name: etc, hostPath: {path: /etc}}
  - {name: data, hostPath: {path: /data}}
  containers:
  - name: main
    image: a
    volumeMounts: [{name: run, mountPath: /r}, {name: etc, mountPath: /e, readOnly: true}]
"""


def scanned(folder: Path, **options: Any) -> dict[str, Any]:
    (folder / "tree").mkdir(exist_ok=True)
    for name in ("a", "b"):
        (folder / "tree" / f"{name}.yaml").write_text(POD.replace("NAME", name))
    document: dict[str, Any] = json.loads(
        Run(gate="medium", **options).results(collector_of(folder / "tree"))
    )
    return document


def about_volumes(document: dict[str, Any]) -> dict[tuple[str, str, str], str | None]:
    return {
        (item["resource"]["name"], item["element"], item["rule"]): item.get("covered_by")
        for item in document["findings"]
        if item["element"].startswith("volume ")
    }


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.process)])
def test_the_worst_rule_covers_the_others(tmp_path: Path, workers: int) -> None:
    found = about_volumes(scanned(tmp_path, workers=workers))
    assert found == {
        (name, f"volume {volume}", rule): cover
        for name in ("a", "b")
        for volume, rule, cover in (
            ("run", SOCKET, None),
            ("run", WRITABLE, SOCKET),
            ("run", ANY, SOCKET),
            ("etc", SENSITIVE, None),
            ("etc", ANY, SENSITIVE),
            ("data", ANY, None),
        )
    }


def test_the_gate_counts_what_is_not_covered(tmp_path: Path) -> None:
    document = scanned(tmp_path)
    worse = ("critical", "high", "medium")
    told = [item for item in document["findings"] if item["severity"] in worse]
    counted = [item for item in told if "covered_by" not in item]
    assert len(told) - len(counted) == 6
    assert document["gate"]["reasons"] == [f"{len(counted)} findings at or above medium"]
    assert sum(item["rule"] == ANY for item in document["findings"]) == 6
    (control,) = (item for item in document["controls"] if item["id"] == "host-path-volumes")
    assert control["state"] == "not-satisfied", "a covered finding fails all the same"


def test_results_with_marks_keep_to_the_contract(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(scanned(tmp_path))] == []


def finding(rule: str, element: str = "volume v", verdict: str = "fail", name: str = "p") -> bytes:
    resource = {
        "target": "t",
        "kind": "k8s/Pod",
        "namespace": "n",
        "name": name,
        "uid": "",
        "file": "f",
    }
    body = {
        "fingerprint": "0" * 64,
        "evidence": [f"sha256:{'1' * 64}"],
        "covers": 1,
        "rule": rule,
        "verdict": verdict,
        "severity": "high",
        "resource": {**resource, "line": len(rule)},
        "element": element,
        "message": '"covered_by":"x","rule":"y"',
    }
    return msgspec.json.encode(body)


def marks(*findings: bytes, covered_by: dict[str, tuple[str, ...]]) -> list[str | None]:
    """What each finding is covered by; the gate counts exactly those that nothing covers."""
    amendment = Covering(covered_by)
    said = []
    for each in findings:
        shown, counted = amendment.amend(each, msgspec.json.decode(each, type=FindingState))
        cover = msgspec.json.decode(shown).get("covered_by")
        assert counted is (cover is None)
        assert rule_of(shown) == rule_of(each)
        said.append(cover)
    return said


BY_A = {"c": ("a", "b"), "b": ("a",)}


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        pytest.param([finding("a"), finding("c")], [None, "a"], id="covered"),
        pytest.param(
            [finding("a"), finding("b"), finding("c")], [None, "a", "a"], id="by the worst"
        ),
        pytest.param([finding("b"), finding("c")], [None, "b"], id="by the next"),
        pytest.param([finding("c"), finding("a")], [None, None], id="by nothing milder"),
        pytest.param([finding("a"), finding("c", "volume w")], [None, None], id="another element"),
        pytest.param([finding("a"), finding("c", name="q")], [None, None], id="another resource"),
        pytest.param(
            [finding("a", verdict="unknown"), finding("c")], [None, None], id="by no unknown"
        ),
        pytest.param(
            [finding("a"), finding("c", verdict="unknown")], [None, None], id="an unknown"
        ),
        pytest.param([finding("a"), finding("d")], [None, None], id="a rule that nothing covers"),
    ],
)
def test_who_covers_whom(findings: list[bytes], expected: list[str | None]) -> None:
    assert marks(*findings, covered_by=BY_A) == expected


def test_the_mark_stands_in_the_head() -> None:
    plain = finding("c")
    marked = covered(plain, "k8s-a-b")
    assert evidence_of(marked) == evidence_of(plain)
    assert msgspec.json.decode(marked) == {**msgspec.json.decode(plain), "covered_by": "k8s-a-b"}
    with pytest.raises(ValueError, match="does not begin"):
        evidence_of(marked.replace(b"k8s-a-b", b"k8s a b"))
