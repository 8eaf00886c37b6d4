"""What ``--render`` finds equals a scan of what kustomize and helm print themselves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, auditor
from tests.e2e.signed import EPOCH
from tests.engines.golang import PATIENT
from tests.engines.kubectl import Kubectl
from tests.live.charts import chart, overlay, written
from tests.sweeps import sweep

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a}]}\n"
Found = set[tuple[object, ...]]


def findings(ran: Ran) -> Found:
    """The findings of a scan, whatever file they are told by."""
    found = set()
    for each in ran.results()["findings"]:
        resource = each["resource"]
        observed = [(seen["path"], repr(seen.get("value"))) for seen in each["observed"]]
        found.add(
            (
                *(each["rule"], each["verdict"], each["element"], each["message"]),
                *(resource["kind"], resource["namespace"], resource["name"], tuple(observed)),
            )
        )
    return found


def output(*command: str | Path) -> bytes:
    line = [str(each) for each in command]
    env = {**os.environ, **PATIENT}
    done = subprocess.run(line, capture_output=True, check=True, timeout=120, env=env)
    return done.stdout


def scan(*words: str | Path, cwd: Path, stdin: bytes = b"") -> Ran:
    options = ("--format", "json", "--all")
    return auditor("scan", *words, *options, cwd=cwd, stdin=stdin)


def equal(rendered: Ran, printed: Ran) -> dict[str, Any]:
    assert rendered.results()["gaps"] == []
    assert findings(rendered) == findings(printed)
    assert len(rendered.results()["findings"]) == len(printed.results()["findings"])
    seen = rendered.results()["coverage"]["resources"], printed.results()["coverage"]["resources"]
    assert seen[0] == seen[1]
    return rendered.results()


@sweep(3, 30)
def test_overlays_are_judged_as_kustomize_builds_them(
    size: int, kustomize: Path, tmp_path: Path
) -> None:
    for seed in range(size):
        folder = tmp_path / str(seed)
        root = overlay(folder / "tree", seed)
        printed = scan("-", cwd=folder, stdin=output(kustomize, "build", root / "over"))
        results = equal(scan("tree", "--render", "--kustomize", kustomize, cwd=folder), printed)
        files = {each["resource"]["file"] for each in results["findings"]}
        assert {each["resource"]["rendered"] for each in results["findings"]} == {"over"}
        assert {file.partition("/")[0] for file in files} <= {"base", "over"}
        assert any(file.startswith("base/w") for file in files), seed


def test_kubectl_builds_them_as_well(kubectl: Kubectl, tmp_path: Path) -> None:
    root = overlay(tmp_path / "tree", 1)
    printed = scan("-", cwd=tmp_path, stdin=output(kubectl.binary, "kustomize", root / "over"))
    equal(scan("tree", "--render", "--kustomize", kubectl.binary, cwd=tmp_path), printed)


@pytest.mark.parametrize("given", [False, True], ids=["default values", "values of a file"])
@sweep(2, 20)
def test_charts_are_judged_as_helm_renders_them(
    size: int, helm: Path, tmp_path: Path, *, given: bool
) -> None:
    for seed in range(size):
        folder = tmp_path / str(seed)
        root = chart(folder / "tree", seed)
        values = ("--values", root / "values-prod.yaml") if given else ()
        line = (helm, "template", "release-name", root / "demo")
        text = output(*line, "--namespace", "release-namespace", *values)
        printed = scan("-", cwd=folder, stdin=text)
        results = equal(scan("tree", "--render", "--helm", helm, *values, cwd=folder), printed)
        for each in results["findings"]:
            assert each["resource"]["rendered"] == "demo"
            assert (root / each["resource"]["file"]).is_file()
            assert "/templates/" in each["resource"]["file"]


@pytest.mark.parametrize("profile", ["ai-platform", "pod-security-restricted"])
def test_collect_then_evaluate_is_scan(
    profile: str, helm: Path, kustomize: Path, tmp_path: Path
) -> None:
    """Byte for byte, without the files and without the tools, and by another profile as well."""
    root = tmp_path / "tree"
    overlay(root / "overlays", 5)
    chart(root / "charts", 5)
    (root / "beside.yaml").write_text(POD)
    (root / "broken.yaml").write_text("kind: [")
    values = root / "charts" / "values-prod.yaml"
    tools = ("--render", "--kustomize", kustomize, "--helm", helm, "--values", values)
    scanned = auditor(
        *("scan", "tree", *tools, "--format", "json", "--profile", profile),
        cwd=tmp_path,
        env=EPOCH,
    )
    collected = auditor("collect", "tree", *tools, "--output", "evidence", cwd=tmp_path, env=EPOCH)
    assert collected.code == 3, collected.err
    assert ", 1 not read\n" in collected.out, "broken.yaml"
    root.rename(tmp_path / "gone")
    evaluated = auditor(
        *("evaluate", "evidence", "--no-cache", "--format", "json", "--profile", profile),
        cwd=tmp_path,
        env={**EPOCH, "PATH": ""},
    )
    assert (evaluated.code, evaluated.err) == (scanned.code, scanned.err)
    assert evaluated.out == scanned.out
    rendered = {each["resource"].get("rendered") for each in evaluated.results()["findings"]}
    assert {"overlays/over", "charts/demo", None} <= rendered


FAILING = {
    "a file that is not there": ("resources: [no.yaml]\n", "no such file"),
    "a file beside its root": ("resources: [../beside.yaml]\n", "is not in or below"),
    "a chart": (
        "helmCharts: [{name: x, repo: 'https://example.com'}]\n",
        "must specify --enable-helm",
    ),
    "a function": ("transformers: [f.yaml]\n", "plugin"),
    "itself": ("resources: [../over]\n", "cycle"),
}
FUNCTION = """\
apiVersion: x.io/v1
kind: F
metadata:
  name: f
  annotations:
    config.kubernetes.io/function: "exec: {path: ./x}"
"""


@pytest.mark.parametrize("case", FAILING.values(), ids=FAILING)
def test_what_kustomize_refuses_is_a_gap(
    case: tuple[str, str], kustomize: Path, tmp_path: Path
) -> None:
    text, why = case
    mark = tmp_path / "it-ran"
    files = {"over/kustomization.yaml": text, "beside.yaml": POD, "over/f.yaml": FUNCTION}
    root = written(tmp_path / "tree", files)
    (root / "over" / "x").write_text(f"#!/bin/sh\ntouch {mark}\n")
    (root / "over" / "x").chmod(0o755)
    ran = scan("tree", "--render", "--kustomize", kustomize, cwd=tmp_path)
    (gap,) = ran.results()["gaps"]
    assert gap["scope"] == "over"
    assert gap["detail"].startswith("a kustomization that was not rendered: ")
    assert why in gap["detail"]
    assert str(tmp_path) not in gap["detail"]
    assert not mark.exists()


CHARTS = {
    "a required value": ('a: {{ required "say a" .Values.a }}\n', "say a"),
    "text that is not YAML": ("a: [\n{{ .Values.b }}", "YAML parse error"),
    "an unknown function": ("a: {{ nosuch }}\n", 'function "nosuch" not defined'),
    "a dependency that is missing": ("", "missing in charts"),
}


@pytest.mark.parametrize("case", CHARTS.values(), ids=CHARTS)
def test_what_helm_refuses_is_a_gap(case: tuple[str, str], helm: Path, tmp_path: Path) -> None:
    text, why = case
    needs = "" if text else "dependencies: [{name: x, version: '1', repository: 'https://a.b'}]\n"
    files = {
        "c/Chart.yaml": f"apiVersion: v2\nname: c\nversion: 1.0.0\n{needs}",
        "c/templates/a.yaml": text,
    }
    written(tmp_path / "tree", files)
    ran = scan("tree", "--render", "--helm", helm, cwd=tmp_path)
    (gap,) = ran.results()["gaps"]
    assert gap["scope"] == "c"
    assert gap["detail"].startswith("a Helm chart that was not rendered: ")
    assert why in gap["detail"]
    assert str(tmp_path) not in gap["detail"]


def test_templates_see_nothing_of_the_user(
    helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither files beside the chart, nor a cluster, nor the environment."""
    monkeypatch.setenv("CANARY", "c4n4ry")
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
        '  file: {{ .Files.Get "../../key" | quote }}\n'
        '  found: {{ lookup "v1" "Secret" "" "" | toString | quote }}\n'
    )
    files = {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/templates/a.yaml": text,
        "key": "c4n4ry",
    }
    written(tmp_path / "tree", files)
    words = ("tree", "--render", "--helm", helm, "--output", "kept", "--no-sign")
    ran = scan(*words, cwd=tmp_path)
    assert ran.results()["gaps"] == []
    assert ran.results()["coverage"]["resources"]["k8s/ConfigMap"]["seen"] == 1
    assert "c4n4ry" not in ran.out
    assert os.environ["CANARY"] == "c4n4ry"
