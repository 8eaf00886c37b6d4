"""CycloneDX attestations: valid by the strict validator, and each reference leads to something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.model.enums import ControlState, Decision
from auditor.model.finding import Report
from auditor.model.results import GateResult
from auditor.model.results_finding import Waiver
from reports import cyclonedx
from reports.controls import NOT_LOOKED_AT
from tests.contract.reports import Many, finding, reference, report
from tests.engines.judges import Judge
from tests.unit.reports.test_oscal import control, full

MARK = Waiver("W-1", "ml", "moves", "ciso", "2027-01-01")


def document(what: Report) -> Any:
    return json.loads(b"".join(cyclonedx.render(what)))


def declared(what: Report) -> Any:
    return document(what)["declarations"]


def test_the_strict_validator_finds_nothing_wrong(cyclonedx_judge: Judge, tmp_path: Path) -> None:
    reports = {
        "full": full(),
        "nothing": report(Many(()), gaps=(), targets=(), controls=()),
        "not assessed": report(Many(()), controls=(control("1", ControlState.NOT_ASSESSED),)),
    }
    files = [tmp_path / f"{name}.json" for name in reports]
    for file, what in zip(files, reports.values(), strict=True):
        file.write_text(json.dumps(document(what)))
    assert cyclonedx_judge.complaints(files) == []


def test_the_validator_complains(cyclonedx_judge: Judge, tmp_path: Path) -> None:
    found = document(full())
    found["declarations"]["claims"][0]["colour"] = "red"
    (tmp_path / "a.json").write_text(json.dumps(found))
    ((_, said),) = cyclonedx_judge.complaints([tmp_path / "a.json"])
    assert "colour" in said


REFERENCES = {
    *("assessor", "claims", "counterClaims", "counterEvidence", "evidence"),
    *("mitigationStrategies", "requirement", "target"),
}


def references(value: Any) -> Iterator[tuple[str, str]]:
    """All texts in members that are references, by the member."""
    if isinstance(value, dict):
        for name, item in value.items():
            texts = [item] if isinstance(item, str) else item if isinstance(item, list) else []
            if name in REFERENCES:
                yield from ((name, each) for each in texts if isinstance(each, str))
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def named(value: Any) -> Iterator[str]:
    """All that can be referred to."""
    if isinstance(value, dict):
        if "bom-ref" in value:
            yield value["bom-ref"]
        for item in value.values():
            yield from named(item)
    elif isinstance(value, list):
        for item in value:
            yield from named(item)


def test_every_reference_leads_to_something() -> None:
    found = document(full())
    there = list(named(found))
    assert len(there) == len(set(there)), "no two things have one name"
    pairs = list(references(found))
    assert {name for name, _ in pairs} == REFERENCES
    assert {each for _, each in pairs} <= set(there)


def test_a_claim_is_a_rule_on_a_target() -> None:
    seen = (
        finding(0),
        finding(1, waiver=MARK),
        finding(2, verdict="unknown"),
        finding(3, verdict="pass"),
        finding(4, verdict="not-applicable"),
        finding(5, resource=reference("a", target="k8s://x")),
    )
    found = declared(report(Many(seen)))
    read, ours, other = found["claims"]
    assert read["counterEvidence"] == ["gap/0", "gap/1"]
    assert ours["evidence"] == ["finding/3"]
    assert ours["counterEvidence"] == ["finding/0", "finding/1", "finding/2"]
    assert ours["mitigationStrategies"] == ["waiver/0"]
    assert other["counterEvidence"] == ["finding/5"]
    assert "Rule one (rule-one)" in ours["predicate"]
    names = {each["bom-ref"]: each["name"] for each in found["targets"]["components"]}
    assert [names[each["target"]] for each in (ours, other)] == ["t", "k8s://x"]
    accepted = found["evidence"][-1]
    assert accepted["description"].startswith("accepted by ml, approved by ciso")


def test_a_piece_of_evidence() -> None:
    one = finding(related=(reference("other", file="GET /"),), new=True)
    seen = declared(report(Many((one,))))["evidence"][0]
    assert (seen["propertyName"], seen["description"]) == ("rule-one", "message 0")
    about, read = seen["data"]
    content = json.loads(about["contents"]["attachment"]["content"])
    assert content["observed"] == ["/spec/x = 0"]
    assert content["related"] == ["Pod ml/other in t GET /"]
    assert (content["fingerprint"], content["new"]) == (one.fingerprint, True)
    assert read["contents"]["url"] == f"urn:sha256:{'e' * 64}"


SCORES = {
    ControlState.SATISFIED: (1, None),
    ControlState.NOT_SATISFIED: (0, None),
    ControlState.UNDETERMINED: (None, 0),
    ControlState.SUPPORTED: (None, None),
}


@pytest.mark.parametrize(("state", "scores"), SCORES.items())
def test_conformance(state: ControlState, scores: tuple[int | None, int | None]) -> None:
    found = document(report(Many((finding(controls=("cis:1",)),)), controls=(control("1", state),)))
    (row,) = found["declarations"]["attestations"][0]["map"]
    assert row["requirement"] == "requirement/cis:1"
    assert row["counterClaims"] == ["claim/0"]
    assert row["conformance"].get("score") == scores[0]
    assert row.get("confidence", {}).get("score") == scores[1]
    assert row["conformance"]["rationale"].startswith(state.value)


@pytest.mark.parametrize("listed", [True, False])
def test_what_is_satisfied_without_a_claim_says_why(*, listed: bool) -> None:
    seen = Many((finding(verdict="pass", controls=("cis:1",)),) if listed else ())
    found = document(report(seen, controls=(control("1", ControlState.SATISFIED),)))
    (row,) = found["declarations"]["attestations"][0]["map"]
    assert ("claims" in row) is listed
    assert ("what passes was not listed" in row["conformance"]["rationale"]) is not listed


def test_a_version_that_nobody_told_is_left_out() -> None:
    seen = Many((finding(), finding(1, resource=reference("a", target="k8s://x"))))
    ours, other = declared(report(seen))["targets"]["components"]
    assert ("version" in ours, other["version"]) == (False, "1.37")


@pytest.mark.parametrize("state", sorted(NOT_LOOKED_AT))
def test_what_is_not_assessed_is_a_requirement_alone(state: ControlState) -> None:
    states = (control("1", ControlState.SATISFIED), control("2", state))
    found = document(report(Many(()), controls=states))
    (standard,) = found["definitions"]["standards"]
    assert [each["identifier"] for each in standard["requirements"]] == ["1", "2"]
    (about,) = standard["requirements"][1]["properties"]
    assert about == {"name": "auditor:state", "value": state.value}
    (attested,) = found["declarations"]["attestations"]
    assert [each["requirement"] for each in attested["map"]] == ["requirement/cis:1"]
    assert attested["summary"] == "cis: 1 of its controls were assessed by rules"


@pytest.mark.parametrize("decision", Decision)
def test_the_gate(decision: Decision) -> None:
    gate = GateResult("high", decision, ("because",), 1)
    found = document(report(Many(()), gate=gate))["metadata"]["properties"]
    assert {"name": "auditor:gate", "value": decision.value} in found
    assert {"name": "auditor:run", "value": "k8s://x: unreachable"} in found


def test_a_run_has_one_number() -> None:
    first, second, other = (
        document(report(Many(()), run_id=run))["serialNumber"] for run in ("0", "0", "1")
    )
    assert first == second != other
