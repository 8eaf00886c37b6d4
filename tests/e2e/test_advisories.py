"""The pack of advisories, as people list it, add to it, and meet it in a scan."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.command import auditor
from tests.pieces import ROOT

SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: triton, namespace: serving}
spec:
  selector: {matchLabels: {app: triton}}
  template:
    metadata: {labels: {app: triton}}
    spec:
      containers:
        - {name: server, image: "registry.example.com/nvidia/tritonserver:25.06-py3"}
        - {name: ours, image: "registry.example.com/acme/router:2.3.1"}
"""
OURS = """\
- id: ACME-7
  component: acme-router
  severity: high
  what: Whoever reaches the router reads what others asked.
  ranges: [{before: "2.4"}]
  as-of: "2026-11-30"
  reference: https://acme.example/7
"""
RULE = """\
id: acme-router-vulnerable
title: Router has known faults
severity: high
confidence: high
applies-to: stack/Image
when: object.component == "acme-router"
check: size(object.affected) == 0
message: "{object.component} {object.version} has {object.affected[0].id}"
rationale: It is our own.
remediation: Update it.
references: [https://acme.example/7]
examples:
  - {name: fixed, expect: pass, object: {component: acme-router, affected: []}}
  - name: old
    expect: fail
    object: {component: acme-router, version: "1", affected: [{id: A}]}
  - {name: field absent, expect: not-applicable, object: {component: other}}
"""


PROFILE = """\
id: ours
title: Ours
description: Ours.
select: [{ids: [acme-router-vulnerable, model-server-vulnerable]}]
gate: high
"""


def test_they_are_listed_with_versions_conditions_and_sources() -> None:
    shown = auditor("advisories", "nvidia-container-toolkit").out
    assert "CVE-2026-24260  high     2026-06-30" in shown
    assert "Affected: before 1.16.2. Not when devices reach containers by CDI alone." in shown
    assert "https://nvidia.custhelp.com/app/answers/detail/a_id/5850" in shown
    assert shown.splitlines()[-1].startswith("6 advisories, the newest of 2026-06-30;")
    driver = " ".join(auditor("advisories", "nvidia-driver").out.split())
    mended = "Mended in 595.71.05, 580.159.03, 535.309.01; of other branches before these nothing"
    assert mended in driver


def test_a_program_reads_them_in_the_form_of_their_schema() -> None:
    rows = json.loads(auditor("advisories", "--json").out)
    schema = json.loads((ROOT / "policies/schema/advisories.schema.json").read_text())
    jsonschema.validate(rows, schema)
    assert [row["component"] for row in rows] == sorted(row["component"] for row in rows)


def test_an_unknown_component_is_told() -> None:
    done = auditor("advisories", "nvidia-drivr")
    assert (done.code, done.out) == (2, "")
    assert (
        done.err
        == "Error: no advisory is about 'nvidia-drivr'\nhint: did you mean 'nvidia-driver'?\n"
    )


def test_no_line_is_wider_than_the_screen_but_an_address() -> None:
    lines = auditor("advisories", env={"COLUMNS": "60"}).out.splitlines()
    assert [line for line in lines if len(line) > 60 and "https://" not in line] == []


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    for name, text in (
        ("tables/advisories.yaml", OURS),
        (
            "tables/stack-images.yaml",
            "- {component: acme-router, images: [acme/router]}\n",
        ),
        ("rules/acme-router-vulnerable.yaml", RULE),
        (
            "profiles/ours.yaml",
            PROFILE,
        ),
    ):
        path = tmp_path / "policies" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "server.yaml").write_text(SERVER)
    return tmp_path


def test_rows_of_ones_own_count_as_the_shipped_ones_do(ours: Path) -> None:
    options = ("--policies", ours / "policies", "--profile", "ours", "--format", "json")
    found = auditor("scan", "server.yaml", *options, cwd=ours).results()["findings"]
    assert {each["rule"]: each["message"] for each in found} == {
        "acme-router-vulnerable": "acme-router 2.3.1 has ACME-7",
        "model-server-vulnerable": (
            "triton-inference-server 25.06-py3 of Deployment serving/triton has known faults: "
            "CVE-2026-47627, CVE-2025-23319; 26.06 has none of them"
        ),
    }
    assert "ACME-7" in auditor("advisories", "--policies", ours / "policies").out


BAD = {
    "branches and ranges": (
        "  ranges:",
        '  branches: {"1": "1.2"}\n  ranges:',
        "needs either ranges or branches",
    ),
    "nothing affected": ('  ranges: [{before: "2.4"}]\n', "", "needs either ranges or branches"),
    "a number": ('"2.4"', "2.4", "must be text, not a number"),
    "no version": ('"2.4"', '"v2"', "must be a version, as 29.1"),
    "turned": ('{before: "2.4"}', '{from: "3", before: "2.4"}', "ends before it begins"),
    "overlapping": (
        '[{before: "2.4"}]',
        '[{before: "2.4"}, {from: "2.3", before: "3.0"}]',
        "the range from 2.3 begins in another",
    ),
    "no severity": ("high", "terrible", "'terrible' is not allowed"),
    "no condition": ("  as-of", "  when: tuesday\n  as-of", "'tuesday' is not allowed"),
    "no day": ('"2026-11-30"', '"yesterday"', "must be a day, as 2026-11-30"),
    "no address": ("https://acme.example/7", "acme.example", "is not an https:// URL"),
    "no branch": ('ranges: [{before: "2.4"}]', 'branches: {"2": "3.1"}', "3.1 is not of branch 2"),
    "a name for a branch": (
        'ranges: [{before: "2.4"}]',
        'branches: {"R580": "580.1"}',
        "'R580' is not a branch",
    ),
    "no branches": ('ranges: [{before: "2.4"}]', "branches: {}", "must be branches with"),
    "no ranges": ('ranges: [{before: "2.4"}]', "ranges: []", "must not be empty"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_row_that_is_not_valid_is_told_by_its_line(ours: Path, name: str) -> None:
    old, new, message = BAD[name]
    text = OURS.replace(old, new, 1)
    assert text != OURS
    (ours / "policies/tables/advisories.yaml").write_text(text)
    done = auditor("advisories", "--policies", ours / "policies")
    assert done.code == 2
    assert message in done.err
    assert "tables/advisories.yaml:" in done.err
