"""A field of a wrong type: the screen says which, and no rule that it decides passes or fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.command import auditor
from tests.e2e.runs import Run, collector_of, generate

PASSES = "pass", "not-applicable"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: odd, namespace: a}
spec:
  hostNetwork: "true"
  securityContext:
    runAsUser: "0"
  containers:
  - name: c
    image: r.io/a:1.2
    securityContext: {runAsUser: "0", privileged: "true", procMount: 5}
    env: [{name: PORT, value: 8080}]
"""
TOLD = {
    ("k8s-pod-root-user", "/spec/securityContext/runAsUser", "0", 7),
    ("k8s-pod-host-network", "/spec/hostNetwork", "true", 5),
    *(
        (f"k8s-container-{rule}", "/spec/containers/0/securityContext/runAsUser", "0", 11)
        for rule in ("root-user", "non-root-not-required", "non-root-undeclared")
    ),
    ("k8s-container-privileged", "/spec/containers/0/securityContext/privileged", "true", 11),
    ("k8s-container-proc-mount-unmasked", "/spec/containers/0/securityContext/procMount", 5, 11),
}
CLEAN = (
    POD.replace('"true"', "false")
    .replace('"0"', "1")
    .replace("8080", '"8080"')
    .replace("procMount: 5", "procMount: Default")
)


def test_the_screen_names_the_field(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    scan = ("scan", tmp_path, "--profile", "pod-security-restricted", "--fail-on", "unknown")
    ran = auditor(*scan)
    assert ran.code == 1
    sentence = "spec.securityContext.runAsUser is a string, not an integer;"
    said = 'the API server answers "cannot unmarshal string"'
    title = "Pod runs its containers as user 0"
    shown = " ".join(ran.out.split())
    assert f"UNKNOWN (medium) {sentence} {said} 1 finding" in shown
    assert "no verdict: k8s-pod-root-user" in shown
    every = " ".join(auditor(*scan, "--all").out.split())
    assert f"not decided: {sentence} {said} ({title})" in every
    assert '/spec/securityContext/runAsUser = "0"' in ran.out


def test_every_rule_that_it_decides_has_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    run = Run(profile="pod-security-restricted", gate="never", list_all=True)
    found = json.loads(run.results(collector_of(tmp_path)))["findings"]
    told = {
        (item["rule"], seen["path"], seen["value"], seen["line"])
        for item in found
        if "cannot unmarshal" in item["message"]
        for seen in item["observed"]
    }
    assert told == TOLD
    decided = {item["rule"] for item in found if item["verdict"] in (*PASSES, "fail")}
    assert not decided & {rule for rule, *_ in TOLD}
    (tmp_path / "a.yaml").write_text(CLEAN)
    assert b"cannot unmarshal" not in run.results(collector_of(tmp_path))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_bytes_without_the_memo(tmp_path: Path, workers: int) -> None:
    tree = generate(tmp_path / "tree", 12)
    for number, path in enumerate(sorted(tree.rglob("*.yaml"))):
        text = path.read_text()
        quoted = text.replace(": true\n", ': "true"\n').replace(": false\n", ": 0\n")
        path.write_text(quoted if number % 3 else text)
    first = Run(gate="never", list_all=True).results(collector_of(tree))
    assert first.count(b"cannot unmarshal") > 10
    again = Run(gate="never", list_all=True, memo=False, workers=workers, cache=tmp_path / "cache")
    for _ in range(2):
        assert again.results(collector_of(tree)) == first
