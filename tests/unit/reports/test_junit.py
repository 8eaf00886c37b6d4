"""JUnit XML: outcomes that readers know, and counts that add up."""

from __future__ import annotations

import pytest
from junitparser import JUnitXml, TestCase

from auditor.model.enums import Decision
from auditor.model.results import GateResult
from auditor.model.results_finding import Waiver
from reports import junit
from tests.contract.reports import Many, finding, reference, report

WAIVER = Waiver("W-1", "ml", "moves", "ciso", "2027-01-01")
OUTCOMES = {
    "fail": ({"verdict": "fail", "severity": "critical"}, ("Failure", "critical")),
    "unknown": ({"verdict": "unknown"}, ("Error", "unknown")),
    "manual": ({"verdict": "manual"}, ("Skipped", "manual")),
    "not applicable": ({"verdict": "not-applicable"}, ("Skipped", "not-applicable")),
    "accepted": ({"waiver": WAIVER}, ("Skipped", "accepted")),
}


def read(*found: object, **more: object) -> JUnitXml:
    return JUnitXml.fromstring(b"".join(junit.render(report(Many(found), **more))))  # type: ignore[arg-type]


def only(**more: object) -> TestCase:
    (case,) = next(iter(read(finding(**more))))
    return case


@pytest.mark.parametrize(("more", "outcome"), OUTCOMES.values(), ids=OUTCOMES)
def test_outcomes(more: dict[str, object], outcome: tuple[str, str]) -> None:
    (result,) = only(**more).result
    assert (type(result).__name__, result.type) == outcome
    assert "message 0" in result.text
    assert "ciso" in (result.message if "waiver" in more else "ciso")


def test_a_pass_has_no_result() -> None:
    case = only(verdict="pass")
    assert case.is_passed
    assert case.system_out.startswith("message 0\nPod ml/pod-0, container main\n")


def test_a_case_says_where() -> None:
    case = only(resource=reference("web", file="a&b.yaml", line=9))
    assert (case.classname, case.name) == ("t", "rule-one: Pod ml/web, container main")
    attributes = case._elem.attrib
    assert (attributes["file"], attributes["line"]) == ("t/a&b.yaml", "9")
    live = only(resource=reference("web", target="k8s://x", file="GET /"))
    assert "line" not in live._elem.attrib


GATES = {Decision.PASS: None, Decision.FAIL: "Failure", Decision.INCOMPLETE: "Error"}


@pytest.mark.parametrize(("decision", "outcome"), GATES.items())
def test_the_gate_is_a_test(decision: Decision, outcome: str | None) -> None:
    """A run without findings has a test, and an incomplete one is not green."""
    suites = list(read(gaps=(), gate=GateResult("high", decision, ("because",), 1)))
    assert [suite.tests for suite in suites] == [0, 0, 1]
    (case,) = suites[2]
    assert [type(each).__name__ for each in case.result] == ([outcome] if outcome else [])
    assert "because" in case.system_out
    assert "k8s://x: unreachable" in case.system_out


def test_what_was_not_read_is_an_error() -> None:
    malformed, unreachable = list(read())[1]
    assert [each.type for each in (*malformed.result, *unreachable.result)] == [
        "malformed",
        "unreachable",
    ]
    assert malformed.result[0].text.endswith("not YAML\ntry: mend it\nno verdict: rule-one")
    assert malformed._elem.attrib["line"] == "7"
