"""A framework of one's own: it maps shipped rules, and the whole command line knows it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor

FRAMEWORK = """\
framework: acme-baseline
title: Acme's baseline
url: https://acme.example/baseline
version: "2026"
controls:
  - {id: A.1, title: Nothing is privileged, rules: [k8s-container-privileged]}
  - {id: A.2, title: Pods stay out of the node, rules: [k8s-pod-host-ipc, k8s-pod-host-network]}
  - {id: A.3, title: People are trained}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: ml}
spec:
  containers: [{name: main, image: a, securityContext: {privileged: true}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own" / "controls").mkdir(parents=True)
    (tmp_path / "own" / "controls" / "acme-baseline.yaml").write_text(FRAMEWORK)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pod.yaml").write_text(POD)
    return tmp_path


def of_acme(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        control["id"]: control
        for control in results["controls"]
        if control["framework"] == "acme-baseline"
    }


def test_results_have_its_controls(folder: Path) -> None:
    ran = auditor("scan", "tree", "--policies", "own", "--format", "json", cwd=folder)
    assert ran.code == 1, ran.err
    results = ran.results()
    assert {
        "id": "acme-baseline",
        "title": "Acme's baseline",
        "url": "https://acme.example/baseline",
        "version": "2026",
    } in results["frameworks"]
    found = of_acme(results)
    assert {name: each["state"] for name, each in found.items()} == {
        "A.1": "not-satisfied",
        "A.2": "satisfied",
        "A.3": "not-covered",
    }
    assert found["A.3"]["title"] == "People are trained"
    for each in found.values():
        assert each["targets"] == [{"target": "tree", "state": each["state"]}]
    assert found["A.1"]["why"] == "fails: k8s-container-privileged"
    assert found["A.1"]["rules"] == ["k8s-container-privileged"]
    assert found["A.3"]["why"] == "no rule of this program speaks to it"
    (privileged,) = (
        each for each in results["findings"] if each["rule"] == "k8s-container-privileged"
    )
    assert "acme-baseline:A.1" in privileged["controls"]
    assert "cis-kubernetes:5.2.2" in privileged["controls"], "shipped frameworks keep theirs"
    assert found["A.1"]["findings"] == [privileged["fingerprint"]]


def test_a_control_without_a_rule_changes_no_gate(folder: Path) -> None:
    with_it = auditor("scan", "tree", "--policies", "own", "--format", "json", cwd=folder)
    alone = auditor("scan", "tree", "--format", "json", cwd=folder)
    assert with_it.code == alone.code == 1
    assert with_it.results()["gate"] == alone.results()["gate"]
    assert with_it.results()["counts"] == alone.results()["counts"]


def test_the_screen_counts_what_is_not_assessed(folder: Path) -> None:
    ran = auditor("scan", "tree", "--policies", "own", cwd=folder)
    (line,) = (line for line in ran.out.splitlines() if "controls not assessed" in line)
    assert "acme-baseline 1 of 3" in line
    assert re.search(r"cis-kubernetes \d+ of 132", line)


def test_explain_and_profiles_show_them(folder: Path) -> None:
    page = auditor("explain", "k8s-container-privileged", "--policies", "own", cwd=folder)
    assert "  acme-baseline:A.1  Nothing is privileged\n" in page.out
    assert (
        "  nsa-kubernetes:pod-security  Pods are kept apart from their node (our own mapping)"
        in (page.out)
    )
    (line,) = (each for each in page.out.splitlines() if each.startswith("  nist-800-53  "))
    assert line.endswith(" (our own mapping, unreviewed)")
    alone = auditor("profiles", "show", "acme-baseline", "--policies", "own", cwd=folder)
    assert alone.code == 2
    assert "select: [{controls: [acme-baseline]}]" in alone.err
    shown = auditor("profiles", "show", "ai-platform", "--policies", "own", cwd=folder)
    assert re.search(r"  acme-baseline +2 of 3 by rules, 1 not covered\n", shown.out)
    as_json = auditor("profiles", "show", "ai-platform", "--policies", "own", "--json", cwd=folder)
    assert json.loads(as_json.out)["controls"]["acme-baseline"] == {
        "assessed": 2,
        "of-files": 0,
        "all": 3,
        "person": 0,
        "not-covered": 1,
        "states": {"manual": 0, "not-assessed": 0, "not-covered": 1},
        "of-the-framework": 3,
        "mapping": "checks",
        "unreviewed": "",
    }


def test_all_errors_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Each with its file, its line and what was meant perhaps, before anything is read."""
    for name, text in WRONG.items():
        (tmp_path / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / name).write_text(text)
    (tmp_path / "pod.yaml").write_text(POD)
    ran = auditor("scan", "pod.yaml", "--policies", "own", "--profile", "acme", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    told = " ".join(ran.err.split())
    for place, complaint in COMPLAINTS.items():
        assert f"own/{place}: {complaint}" in told
    assert f"{len(COMPLAINTS)} errors in the policy files" in told


WRONG = {
    "controls/acme.yaml": """\
framework: acme
title: Acme
url: https://acme.example/
mapping: support
controls:
  - {id: A.1, title: One, rules: [k8s-container-privilegd]}
  - {id: A.1, title: Again, controls: [nist-800-53:AC-66]}
  - {id: A.2, title: Two, same-as: "cis-kubernetes:5.2.99"}
  - {id: A.3, title: Three, not-coverd: x}
""",
    "controls/nist-800-53.yaml": """\
framework: nist-800-53
title: Met by us
url: https://acme.example/
controls:
  - {id: AC-6, title: Least, rules: [k8s-rbac-*]}
""",
    "profiles/acme.yaml": """\
id: acme
title: A
select: [{controls: [acmee]}, {controls: ["acme:A.9"]}]
gate: high
""",
    "rules/acme-one.yaml": """\
id: acme-one
title: One
severity: high
confidence: high
applies-to: [k8s/PodTemplate]
check: object.spec.?hostPID.orValue(false) == false
message: The host's processes are seen
controls: ["nist-800-53:AC-66", "acme:A.11", "cis-kuberntes:5.2.2"]
rationale: One.
remediation: Two.
references: [https://acme.example/]
tags: [pods]
examples:
  - {name: a, expect: pass, object: {spec: {}}}
  - {name: b, expect: fail, object: {spec: {hostPID: true}}}
""",
}
COMPLAINTS = {
    "controls/acme.yaml:4:10": "'support' is not allowed hint: did you mean 'supports'?",
    "controls/acme.yaml:6:35": "no rule is called 'k8s-container-privilegd' "
    "hint: did you mean 'k8s-container-privileged'?",
    "controls/acme.yaml:7:10": "control acme:A.1 exists already, in own/controls/acme.yaml:6:10",
    "controls/acme.yaml:7:40": "no control is called 'nist-800-53:AC-66' "
    "hint: did you mean 'nist-800-53:AC-6'?",
    "controls/acme.yaml:8:36": "no control is called 'cis-kubernetes:5.2.99' hint: did you mean",
    "controls/acme.yaml:9:29": "unknown key 'not-coverd' hint: did you mean 'not-covered'?",
    "controls/nist-800-53.yaml:1:12": "framework nist-800-53 exists already, in "
    "controls/nist-800-53.yaml:1:12 hint: choose another id; controls of yours may name its own",
    "controls/nist-800-53.yaml:5:10": "control nist-800-53:AC-6 exists already",
    "profiles/acme.yaml:3:22": "no framework is called 'acmee' hint: did you mean 'acme'?",
    "profiles/acme.yaml:3:43": "no control is called 'acme:A.9' hint: did you mean 'acme:A.",
    "rules/acme-one.yaml:8:12": "no control is called 'nist-800-53:AC-66' "
    "hint: did you mean 'nist-800-53:AC-6'?",
    "rules/acme-one.yaml:8:33": "no control is called 'acme:A.11' hint: did you mean 'acme:A.1'?",
    "rules/acme-one.yaml:8:46": "no control is called 'cis-kuberntes:5.2.2' "
    "hint: did you mean 'cis-kubernetes:5.2.2'?",
}


def test_profiles_show_what_rules_cannot_decide(folder: Path) -> None:
    file = folder / "own" / "controls" / "acme-baseline.yaml"
    asked = 'People are trained, decided-by: person, question: "By whom?"}'
    file.write_text(FRAMEWORK.replace("People are trained}", asked))
    command = ("profiles", "show", "ai-platform", "--policies", "own")
    shown = auditor(*command, cwd=folder)
    assert re.search(r"  acme-baseline +2 of 3 by rules, 1 for a person\n", shown.out)
    listed = json.loads(auditor(*command, "--json", cwd=folder).out)["open"]
    assert [each for each in listed if each["control"].startswith("acme-baseline:")] == [
        {
            "control": "acme-baseline:A.3",
            "title": "People are trained",
            "decided-by": "person",
            "question": "By whom?",
        }
    ]


def test_a_bundle_with_it_replays(folder: Path) -> None:
    ran = auditor("scan", "tree", "--policies", "own", "--output", "kept", "--no-sign", cwd=folder)
    assert ran.code == 1, ran.err
    replayed = auditor("replay", "kept", cwd=folder)
    assert (replayed.code, replayed.out[:11]) == (0, "REPLAY same"), replayed
    kept = json.loads((folder / "kept" / "results.json").read_text())
    assert of_acme(kept)["A.3"]["state"] == "not-covered"


def test_a_rule_that_is_not_there_is_an_error_with_its_place(folder: Path) -> None:
    file = folder / "own" / "controls" / "acme-baseline.yaml"
    file.write_text(FRAMEWORK.replace("k8s-pod-host-ipc", "k8s-pod-host-ipcc"))
    ran = auditor("scan", "tree", "--policies", "own", cwd=folder)
    assert (ran.code, ran.out) == (2, "")
    assert "own/controls/acme-baseline.yaml:7:57: no rule is called 'k8s-pod-host-ipcc'" in ran.err
    assert "did you mean 'k8s-pod-host-ipc'?" in ran.err
