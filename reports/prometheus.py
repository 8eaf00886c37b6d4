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

from auditor.model.enums import ControlState, Decision, TargetState
from auditor.model.finding import Report
from auditor.model.terms import TermState
from auditor.model.waivers import WaiverState
from reports.controls import mark
from reports.text import safe

MOST_GAPS: Final = 1_000
MOST_ANSWERS: Final = 1_000
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
    yield "answers", "Answers of people by their state.", _answers(report)
    yield (
        "answer_targets",
        f"Targets whose control an answer decides, by a person's word; the first {MOST_ANSWERS}.",
        _words(report),
    )
    yield "controls", "Controls of a framework by their state.", _controls(report)
    yield "framework_info", "Whose mapping the controls rest on.", _frameworks(report)


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


def _answers(report: Report) -> Iterator[_Sample]:
    states = Counter(answer.state for answer in report.answers or ())
    for state in TermState:
        yield {"state": state.value}, states[state]


def _words(report: Report) -> Iterator[_Sample]:
    told = set()
    for each in (report.answers or ())[:MOST_ANSWERS]:
        labels = {
            "control": each.control,
            "target": each.target,
            "answer": each.answer.value,
            "owner": each.owner,
            "state": each.state.value,
        }
        key = tuple(map(safe, labels.values()))
        if key not in told:
            told.add(key)
            yield labels, each.decides


def _controls(report: Report) -> Iterator[_Sample]:
    found = Counter((safe(each.framework), each.state) for each in report.controls)
    for framework in dict.fromkeys(name for name, _ in found):
        for state in ControlState:
            yield {"framework": framework, "state": state.value}, found[framework, state]


def _frameworks(report: Report) -> Iterator[_Sample]:
    for each in {safe(framework.id): framework for framework in report.frameworks}.values():
        mapping = mark(each) or "of the framework"
        yield {"framework": each.id, "version": each.version, "mapping": mapping}, 1


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
