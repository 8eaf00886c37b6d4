"""OCSF compliance findings: valid by the schema of their version, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from auditor.model.enums import Decision
from auditor.model.finding import Report
from auditor.model.results import GateResult
from auditor.model.results_finding import Observed, Waiver
from reports import ocsf
from tests.contract.reports import NASTY, VERDICTS, Many, finding, reference, report

WAIVER = Waiver("W-1", "ml", "moves", "ciso", "2027-01-01")


@pytest.fixture(scope="module")
def schema() -> Any:
    made = OcsfJsonSchemaEmbedded(get_ocsf_schema(ocsf.VERSION))
    return jsonschema.Draft202012Validator(made.get_class_schema("compliance_finding"))


def events(what: Report) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(ocsf.render(what)).splitlines()]


def test_every_event_is_valid(schema: Any) -> None:
    found = [
        finding(
            number,
            verdict=VERDICTS[number % len(VERDICTS)],
            message=text,
            element=text,
            resource=reference(text, namespace=text, file=text, line=number),
            related=(reference(text, target="k8s://x", file="GET /"),),
            observed=(Observed(text, value=text),),
            waiver=WAIVER if number % 2 else None,
        )
        for number, text in enumerate(NASTY)
    ]
    said = events(report(Many(tuple(found))))
    assert len(said) == len(NASTY) + 2 + 1
    for event in said:
        problems = [error.message for error in schema.iter_errors(event)]
        assert not problems, problems[0]
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]


def test_the_schema_complains(schema: Any) -> None:
    (event, *_) = events(report(Many((finding(),))))
    del event["finding_info"]["uid"]
    event["resources"][0]["colour"] = "red"
    assert len(list(schema.iter_errors(event))) == 2


STATES = {
    "fail": (3, 1),
    "unknown": (0, 1),
    "manual": (99, 1),
    "not-applicable": (99, 1),
    "pass": (1, None),
}


@pytest.mark.parametrize(("verdict", "states"), STATES.items())
def test_verdicts(verdict: str, states: tuple[int, int | None]) -> None:
    event = events(report(Many((finding(verdict=verdict),))))[0]
    assert (event["compliance"]["status_id"], event.get("status_id")) == states


def test_an_event() -> None:
    event = events(report(Many((finding(controls=("cis:1", "cis:2", "nsa:x"), waiver=WAIVER),))))[0]
    assert event["finding_info"]["uid"] == finding().fingerprint
    assert event["compliance"]["requirements"] == ["cis:1", "cis:2", "nsa:x"]
    assert event["compliance"]["standards"] == ["cis", "nsa"]
    assert event["resources"][0]["data"] == {"target": "t", "file": "a.yaml", "line": 3}
    assert (event["status"], event["severity_id"]) == ("Suppressed", 4)
    assert "approved by ciso" in event["comment"]
    assert event["time"] == 1795392000000


@pytest.mark.parametrize("decision", Decision)
def test_the_gate_is_the_last(decision: Decision) -> None:
    what = report(Many(()), gate=GateResult("high", decision, ("because",), 1))
    event = events(what)[-1]
    expected = {Decision.PASS: 1, Decision.FAIL: 3, Decision.INCOMPLETE: 0}
    assert event["compliance"]["status_id"] == expected[decision]
    assert event["message"].endswith("because")
    assert "k8s://x: unreachable" in event["compliance"]["status_details"]
