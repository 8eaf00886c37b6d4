"""Prometheus text: read by both of its parsers."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from auditor.model.enums import Decision, GapCause
from auditor.model.finding import GapReport
from auditor.model.resource import Gap
from auditor.model.results import GateResult
from auditor.model.results_finding import Waiver
from reports import prometheus
from tests.contract.reading import samples
from tests.contract.reports import NASTY, Many, finding, report
from tests.unit.model.documents import WAIVER


def read(*found: Any, **more: Any) -> dict[tuple[str, ...], float]:
    data = b"".join(prometheus.render(report(Many(found), **more)))
    values = samples(data)
    older = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(data.decode())
        for sample in family.samples
    }
    assert older == values, "both formats say the same"
    return values


def test_numbers() -> None:
    accepted = finding(2, waiver=Waiver("W-1", "ml", "moves", "ciso", "2027-01-01"))
    values = read(finding(), finding(1), accepted, finding(3, verdict="unknown"), waivers=(WAIVER,))
    counted = {key[1:]: value for key, value in values.items() if key[0] == "auditor_findings"}
    assert counted == {
        ("rule-one", "fail", "high", "false"): 2,
        ("rule-one", "fail", "high", "true"): 1,
        ("rule-one", "unknown", "high", "false"): 1,
    }
    assert values["auditor_finished_timestamp_seconds",] == 1795392000
    assert values["auditor_coverage_ratio",] == 0.5
    assert values["auditor_target_state", "k8s://x", "unreachable"] == 1
    assert values["auditor_target_state", "k8s://x", "complete"] == 0
    assert values["auditor_waivers", "expiring"] == 1
    assert values["auditor_waiver_findings", "w-1", "r", "expiring"] == 1


def test_the_gate() -> None:
    values = read(gate=GateResult("high", Decision.INCOMPLETE, ("a", "a"), 3))
    states = {key[1]: value for key, value in values.items() if key[0] == "auditor_gate"}
    assert states == {"pass": 0, "fail": 0, "incomplete": 1}


def test_names_that_would_end_a_label() -> None:
    gaps = tuple(GapReport(Gap("t", text, GapCause.DENIED, text), ()) for text in NASTY)
    values = read(gaps=gaps)
    assert sum(key[0] == "auditor_gap_info" for key in values) == len(set(NASTY))


def test_gaps_are_bounded_and_counted() -> None:
    gaps = tuple(GapReport(Gap("t", f"{n}", GapCause.DENIED, "d"), ()) for n in range(1200))
    values = read(gaps=gaps)
    assert sum(key[0] == "auditor_gap_info" for key in values) == prometheus.MOST_GAPS
    assert values["auditor_gaps",] == 1200
