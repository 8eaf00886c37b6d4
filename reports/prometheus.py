"""Prometheus text, for the text file collector of a node exporter: numbers, to graph and alert on.

A series is kept for each set of labels for as long as the database keeps anything, so findings are
counted, by rule, and not listed; gaps are, up to a thousand. All are gauges, and the text is both
the older format (0.0.4) and OpenMetrics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from auditor.model.enums import Decision, TargetState
from auditor.model.finding import Report
from auditor.model.waivers import WaiverState
from reports.text import safe

MOST_GAPS: Final = 1_000
_Sample = tuple[Mapping[str, str], float]


def render(report: Report) -> Iterator[bytes]:
    """Yield the text, a metric at a time."""
    for name, text, samples in _metrics(report):
        lines = [f"# HELP auditor_{name} {text}", f"# TYPE auditor_{name} gauge"]
        lines += [f"auditor_{name}{_labels(labels)} {_number(value)}" for labels, value in samples]
        yield ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
    yield b"# EOF\n"


def _metrics(report: Report) -> Iterator[tuple[str, str, Iterable[_Sample]]]:
    yield (
        "run_info",
        "What judged, by which profile.",
        [({"version": report.version, "profile": report.profile, "policy": report.policy}, 1)],
    )
    yield "finished_timestamp_seconds", "When the run ended.", [({}, _seconds(report.finished))]
    gate = report.gate.decision
    states = [({"decision": each.value}, float(each is gate)) for each in Decision]
    yield "gate", "What the gate decided: 1 for that, 0 for the others.", states
    reasons = [({"reason": each}, 1.0) for each in dict.fromkeys(map(safe, report.gate.reasons))]
    yield "gate_reason_info", "Why the gate decided so.", reasons
    yield "coverage_ratio", "Decided checks of all checks.", [({}, report.coverage.ratio)]
    yield (
        "findings",
        "Findings of the run by rule, verdict and severity; listed in other formats.",
        _findings(report),
    )
    yield "gaps", "Things that were not read.", [({}, len(report.gaps))]
    yield "gap_info", f"What was not read, the first {MOST_GAPS}.", _gaps(report)
    yield "target_state", "How much of a target was read: 1 for that.", _targets(report)
    yield "waivers", "Waivers by their state.", _waivers(report)
    yield "waiver_findings", "Failing findings that a waiver covers.", _covered(report)


def _findings(report: Report) -> Iterator[_Sample]:
    found = Counter[tuple[str, str, str, str]]()
    for each in report.findings:
        waived = "true" if each.waiver is not None else "false"
        found[each.rule, each.verdict, each.severity, waived] += 1
    for (rule, verdict, severity, waived), number in sorted(found.items()):
        labels = {"rule": rule, "verdict": verdict, "severity": severity, "accepted": waived}
        yield labels, number


def _gaps(report: Report) -> Iterator[_Sample]:
    told = set()
    for item in report.gaps[:MOST_GAPS]:
        gap = item.gap
        labels = {
            "target": gap.target,
            "scope": gap.scope,
            "namespace": gap.namespace,
            "cause": gap.cause.value,
            "detail": gap.detail,
            "line": str(gap.line),
        }
        key = tuple(map(safe, labels.values()))
        if key not in told:
            told.add(key)
            yield labels, 1


def _targets(report: Report) -> Iterator[_Sample]:
    for uri, state in {target.uri: target.state for target in report.targets}.items():
        for each in TargetState:
            yield {"target": uri, "state": each.value}, float(each is state)


def _waivers(report: Report) -> Iterator[_Sample]:
    states = Counter(waiver.state for waiver in report.waivers or ())
    for state in WaiverState:
        yield {"state": state.value}, states[state]


def _covered(report: Report) -> Iterator[_Sample]:
    for waiver in report.waivers or ():
        labels = {"waiver": waiver.id, "rule": waiver.rule, "state": waiver.state.value}
        yield labels, waiver.findings


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = [f'{name}="{_escaped(safe(value))}"' for name, value in labels.items()]
    return "{" + ",".join(pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
