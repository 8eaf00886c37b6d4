"""Every framework on the examples that come with the program: what each control is, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.policy import load, policies_folder
from tests.e2e.command import auditor
from tests.pieces import ROOT

FRAMEWORKS = (
    *("nist-800-53", "nist-800-190", "iso-27001", "soc2", "pci-dss-4", "hipaa", "csa-ccm"),
    *("nist-ai-rmf", "eu-ai-act", "iso-42001", "mitre-atlas"),
    *("nsa-kubernetes", "cis-kubernetes", "cis-docker", "scg-vsphere-8"),
)
EXAMPLES = ("estate", "gpu-cluster", "gpu-host", "vcenter")
POLICY = load((policies_folder(),))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run by a profile that asks for all of them."""
    folder = tmp_path_factory.mktemp("all")
    (folder / "own" / "profiles").mkdir(parents=True)
    select = f"select: [{{controls: {json.dumps(FRAMEWORKS)}}}]"
    text = f"id: everything\ntitle: T\n{select}\ngate: high\n"
    (folder / "own" / "profiles" / "everything.yaml").write_text(text)
    examples = [str(ROOT / "examples" / each) for each in EXAMPLES]
    out = ("-q", "-o", "json=r.json", "--exit-zero")
    options = ("--policies", "own", "--profile", "everything", *out)
    ran = auditor("scan", *examples, *options, cwd=folder)
    assert ran.code == 0, ran.err
    return dict(json.loads((folder / "r.json").read_text()))


def of(results: dict[str, Any], framework: str) -> list[dict[str, Any]]:
    return [each for each in results["controls"] if each["framework"] == framework]


def test_each_framework_can_be_asked_for_alone() -> None:
    assert set(FRAMEWORKS) <= POLICY.profiles.keys() & POLICY.frameworks.keys()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_control_is_in_a_state_and_says_why(results: dict[str, Any], framework: str) -> None:
    """The counts of its rules are the oracle: nothing passes that none of them decided."""
    controls = of(results, framework)
    known = [each.id for each in POLICY.controls.values() if each.framework == framework]
    assert sorted(each["id"] for each in controls) == sorted(known)
    held = "supported" if POLICY.frameworks[framework].mapping.value == "supports" else "satisfied"
    seen = set()
    for each in controls:
        counts = [results["counts"][rule] for rule in each.get("rules", ())]
        totals = {key: sum(count[key] for count in counts) for key in ("pass", "fail", "unknown")}
        state, why = each["state"], each.get("why", "")
        seen.add(state)
        assert len(each["targets"]) == len(EXAMPLES)
        assert (state == "not-satisfied") == (totals["fail"] > 0), each
        match state:
            case "satisfied" | "supported":
                assert state == held
                assert totals["pass"]
                assert not totals["unknown"]
            case "not-satisfied":
                assert why.startswith("fails: ")
                assert each["findings"]
            case "undetermined":
                assert why
                assert totals["unknown"] or not totals["pass"] or "a gap may hide" in why
            case "manual":
                assert why.endswith("?"), "what a person is asked"
            case "not-covered" | "not-assessed":
                assert why
            case _:
                pytest.fail(state)
    assert "not-satisfied" in seen, "the examples have faults"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_marks_are_with_the_framework(results: dict[str, Any], framework: str) -> None:
    (found,) = (each for each in results["frameworks"] if each["id"] == framework)
    known = POLICY.frameworks[framework]
    assert found.get("mapping", "checks") == known.mapping.value
    assert found.get("unreviewed", "") == known.unreviewed
