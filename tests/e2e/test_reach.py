"""``auditor reach``, and what can reach what in the results of a scan."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.command import ROOT, auditor

SCHEMAS = {
    name: json.loads((ROOT / f"policies/schema/network-{name}.v1.schema.json").read_text())
    for name in ("reach", "enforcement", "answer")
}
ESTATE = """\
apiVersion: v1
kind: Namespace
metadata: {name: ml}
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: vllm, namespace: ml}
spec:
  selector: {matchLabels: {app: vllm}}
  template:
    metadata: {labels: {app: vllm}}
    spec: {containers: [{name: c, image: i, ports: [{name: http, containerPort: 8000}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: web, labels: {app: front}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: ml}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: front, namespace: ml}
spec:
  podSelector: {matchLabels: {app: vllm}}
  ingress:
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}}]
      ports: [{port: http}]
"""
SCREEN = """\
2 workloads in 2 namespaces of 2 tenants
2 network policies, as if something enforced them: files do not tell

ml  tenant ml
  Deployment vllm  (1 template)
    in  closed by default: NetworkPolicy ml/deny and 1 more policy
        tenant web
          TCP 8000  NetworkPolicy ml/front spec.ingress[0]
    out closed by default: NetworkPolicy ml/deny
        nothing else

web  tenant web
  Pod front  (1 template)
    in  open by default, as no policy selects it
    out open by default, as no policy selects it
        to everything: {places}, …
"""
PLACES = (
    "instance metadata, ECS task metadata, Azure wire server, Alibaba Cloud metadata, kubelet, "
    "API server, etcd"
)
WORDS = ("allowed", "denied")
ALLOWED = """\
2 network policies, as if something enforced them: files do not tell

web/Pod front to ml/Deployment vllm  TCP 8000
  allowed
    out of web/Pod front
      no policy is about it: everything is accepted
    into ml/Deployment vllm
      NetworkPolicy ml/front spec.ingress[0] accepts it
"""
DENIED = """\
2 network policies, as if something enforced them: files do not tell

web/Pod front to ml/Deployment vllm  TCP 8001
  denied
    out of web/Pod front
      no policy is about it: everything is accepted
    into ml/Deployment vllm
      NetworkPolicy ml/deny isolates it, and accepts nothing of that
      NetworkPolicy ml/front isolates it, and accepts nothing of that
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    path = tmp_path / "estate.yaml"
    path.write_text(ESTATE)
    return path


def test_the_screen(estate: Path) -> None:
    ran = auditor("reach", estate, "--plain")
    assert (ran.code, ran.out) == (0, SCREEN.format(places=PLACES))


@pytest.mark.parametrize(("port", "screen"), [("8000", ALLOWED), ("8001", DENIED)])
def test_one_question(estate: Path, port: str, screen: str) -> None:
    ran = auditor("reach", estate, "--plain", "--from", "web", "--to", "ml/vllm", "--port", port)
    assert (ran.code, ran.out) == (0, screen)


def test_one_side_alone(estate: Path) -> None:
    into = auditor("reach", estate, "--plain", "--to", "ml").out
    assert "in  closed by default" in into
    assert "out closed" not in into
    assert "Pod front" not in into
    out = auditor("reach", estate, "--plain", "--from", "web/front").out
    assert "out open by default" in out
    assert "in  open" not in out


def test_who_is_not_there_is_said(estate: Path) -> None:
    for options in (("--from", "webb", "--to", "ml"), ("--to", "mll")):
        ran = auditor("reach", estate, *options)
        assert "there are the namespaces ml, web" in ran.out


def test_json_and_results_have_the_form_of_their_schemas(estate: Path) -> None:
    ran = auditor("reach", estate, "--format", "json", "--from", "web", "--to", "ml")
    found = json.loads(ran.out)
    assert found["schema"] == "reach/v1"
    for name, facts in (
        ("reach", found["workloads"]),
        ("enforcement", found["enforcement"]),
        ("answer", found["answers"]),
    ):
        assert facts, name
        for each in facts:
            assert each.pop("target") == str(estate)
            jsonschema.validate(each, SCHEMAS[name])
    profile = ("--profile", "network-reach", "--format", "json")
    listed = auditor("scan", estate, *profile).results()["facts"]
    assert [each["body"] for each in listed["network/Reach"]] == found["workloads"]
    assert "network/Answer" not in listed


def test_csv(estate: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(auditor("reach", estate, "--format", "csv").out)))
    found = {(row["workloads"], row["direction"], row["other"]): row for row in rows}
    row = found["Deployment vllm", "ingress", "tenants"]
    assert (row["names"], row["ports"]) == ("web", "TCP 8000")
    assert row["by"] == "NetworkPolicy ml/front spec.ingress[0]"
    asked = auditor("reach", estate, "--format", "csv", "--from", "web", "--to", "ml").out
    verdicts = [row["verdict"] for row in csv.DictReader(io.StringIO(asked))]
    assert verdicts == ["allowed", "denied"]


@pytest.mark.parametrize("place", ["metadata", "169.254.169.254", "world"])
def test_who_reaches_what_is_no_workload(estate: Path, place: str) -> None:
    ran = auditor("reach", estate, "--plain", "--to", place)
    assert ran.code == 0
    asked = ran.out.split("\n\n")[1:]
    allowed, denied = (next(x for x in asked if f"\n  {word}" in x) for word in WORDS)
    assert allowed.startswith("web/Pod front to ")
    assert denied.startswith("ml/Deployment vllm to ")
    assert "NetworkPolicy ml/deny isolates it, and accepts nothing of that" in denied


def test_other_profiles_have_no_reach(estate: Path) -> None:
    results = auditor("scan", estate, "--format", "json").results()
    assert "network/Reach" not in results.get("facts", {})


def test_a_bundle_replays(estate: Path, tmp_path: Path) -> None:
    options = ("--profile", "network-reach", "--exit-zero", "--output", tmp_path / "bundle")
    assert auditor("scan", estate, *options).code == 0
    ran = auditor("replay", tmp_path / "bundle")
    assert ran.code == 0, ran.out + ran.err
    results = json.loads((tmp_path / "bundle/results.json").read_text())
    assert len(results["facts"]["network/Reach"]) == 2


@pytest.mark.parametrize("port", ["http", "0", "70000", "80/icmp"])
def test_a_port_that_is_none(estate: Path, port: str) -> None:
    ran = auditor("reach", estate, "--port", port)
    assert (ran.code, ran.out) == (2, "")
    assert f"--port {port} is no port" in ran.err


def test_the_screen_of_a_scan(estate: Path) -> None:
    ran = auditor("scan", estate, "--profile", "network-reach", "--exit-zero")
    part = ran.out.split("\nNetwork reach\n")[1].split("\n\n")[0]
    assert part.splitlines() == [
        "  2 workloads in 2 namespaces of 2 tenants",
        "  2 network policies, as if something enforced them: files do not tell",
        "  to them: open by default 1, closed by default 1",
        "  from them: open by default 1, closed by default 1",
        "  who reaches whom, and by which rule: auditor reach TARGET",
    ]
    assert "Network reach" not in auditor("scan", estate).out
