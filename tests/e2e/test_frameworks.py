"""Frameworks of our own mapping: where they are asked for, every report has them, with marks."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: ml}
spec:
  containers: [{name: main, image: a, securityContext: {privileged: true}}]
"""
OWN = """\
framework: acme
title: Acme's rules
url: https://acme.example/
mapping: supports
unreviewed: Written in an afternoon.
controls:
  - {id: "7.1", title: Least, controls: [nist-800-53:AC-6]}
  - {id: "7.2", title: Paper, not-covered: It is about paper.}
"""
PROFILE = "id: acme\ntitle: Acme\nselect: [{controls: [acme]}]\ngate: high\n"


_CIRCLE = """\
{id: "7.2", title: T, controls: [acme:7.3]}
  - {id: "7.3", title: T, controls: [acme:7.2]}"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frameworks")
    (folder / "tree").mkdir()
    (folder / "tree" / "pod.yaml").write_text(POD)
    reports = ("json=r.json", "html=r.html", "markdown=r.md", "csv=r.csv", "sarif=r.sarif")
    out = [part for each in reports for part in ("-o", each)]
    ran = auditor("scan", "tree", "--profile", "nist-800-53", *out, cwd=folder)
    assert ran.code == 1, ran.err
    (folder / "screen.txt").write_text(ran.out)
    return folder


def of(results: dict[str, Any], framework: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in results["controls"] if each["framework"] == framework}


def test_results_say_whose_mapping_it_is(made: Path) -> None:
    results = json.loads((made / "r.json").read_text())
    (framework,) = (each for each in results["frameworks"] if each["id"] == "nist-800-53")
    assert framework["mapping"] == "supports"
    assert "No assessor has reviewed it" in framework["unreviewed"]
    assert framework["total"] == 1189
    found = of(results, "nist-800-53")
    assert found["AC-6"]["state"] == "not-satisfied"
    assert found["AC-6"]["why"].startswith("fails: k8s-container-capabilities-kept, ")
    assert "k8s-container-privileged" in found["AC-6"]["rules"]
    assert "satisfied" not in {each["state"] for each in found.values()}
    assert "supported" in {each["state"] for each in found.values()}
    assert found["CM-3"]["state"] == "manual"
    assert found["CM-3"]["why"].startswith("Who reviews and approves changes")
    assert all(each["unreviewed"] for each in found.values())
    (privileged,) = (
        each for each in results["findings"] if each["rule"] == "k8s-container-privileged"
    )
    assert {"nist-800-53:AC-6", "cis-kubernetes:5.2.2"} <= set(privileged["controls"])
    assert not any(name.startswith("objectives:") for name in privileged["controls"])


@pytest.mark.parametrize("name", ["screen.txt", "r.html", "r.md", "r.csv", "r.sarif"])
def test_every_report_with_controls_marks_them(made: Path, name: str) -> None:
    text = (made / name).read_text()
    assert "our own mapping, unreviewed" in text
    assert "nist-800-53" in text


def test_rows_have_each_control(made: Path) -> None:
    results = json.loads((made / "r.json").read_text())
    with (made / "r.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["record"] == "control"]
    assert sorted((row["controls"], row["verdict"]) for row in rows) == sorted(
        (f"{each['framework']}:{each['id']}", each["state"]) for each in results["controls"]
    )


def test_the_screen_shows_what_is_open_first(made: Path) -> None:
    lines = (made / "screen.txt").read_text().splitlines()
    start = lines.index("Controls of nist-800-53 Rev. 5")
    assert "8 for a person" in lines[start + 1]
    assert "not satisfied" in lines[start + 2]
    assert not any("not assessed" in line and "nist-800-53" in line for line in lines[:start])


def test_who_does_not_ask_does_not_see_it(made: Path) -> None:
    results = auditor("scan", "tree", "--format", "json", cwd=made).results()
    assert not any(each["id"] in {"nist-800-53", "objectives"} for each in results["frameworks"])
    assert not any("nist" in name for each in results["findings"] for name in each["controls"])


def test_own_frameworks_are_mapped_through_shipped_ones(made: Path) -> None:
    for name, text in (("controls", OWN), ("profiles", PROFILE)):
        (made / "own" / name).mkdir(parents=True, exist_ok=True)
        (made / "own" / name / "acme.yaml").write_text(text)
    command = ("scan", "tree", "--policies", "own", "--profile", "acme", "--format", "json")
    results = auditor(*command, cwd=made).results()
    found = of(results, "acme")
    assert {name: each["state"] for name, each in found.items()} == {
        "7.1": "not-satisfied",
        "7.2": "not-covered",
    }
    assert found["7.2"]["why"] == "It is about paper."
    assert not of(results, "nist-800-53"), "nobody asked for it"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{id: "7.2", title: T, controls: [nist-800-53:AC-66]}', "no control is called"),
        ('{id: "7.1", title: T}', "control acme:7.1 exists already"),
        ('{id: "7.2", title: T, rules: [k8s-rbca-*]}', "no rule's id fits 'k8s-rbca-*'"),
        ('{id: "7.2", title: T, tags: [rbca]}', "hint: did you mean 'rbac'?"),
        ('{id: "7.2", title: T, rules: [k8s-secret-comitted]}', "did you mean"),
        ('{id: "7.2", title: T, controls: [acme:7.2]}', "not mapped through itself"),
        (
            _CIRCLE,
            "controls are mapped in a cycle: acme:7.2 > acme:7.3 > acme:7.2",
        ),
        ('{id: "7.2", title: T, tags: [rbac], not-covered: Why}', "it is one or the other"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "own" / "controls").mkdir(parents=True)
    start = OWN.rpartition("  - ")[0]
    (tmp_path / "own" / "controls" / "acme.yaml").write_text(f"{start}  - {line}\n")
    (tmp_path / "pod.yaml").write_text(POD)
    ran = auditor("scan", "pod.yaml", "--policies", "own", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "own/controls/acme.yaml:8:" in ran.err
    assert complaint in " ".join(ran.err.split())
