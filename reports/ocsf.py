"""OCSF 1.8.0 compliance findings (class 2003), for lakes and SIEMs: a JSON object a line.

What was not read is an event as well, and the last line is the gate: a stream of events has no
other place to say that something is missing. Times are milliseconds since 1970; all events have
that of the end of the run. What OCSF has no attribute for is in ``unmapped``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.model.enums import Decision
from auditor.model.finding import GapReport, Report
from auditor.model.results_finding import Finding, ResourceRef
from reports.details import (
    accepted,
    details,
    gap_details,
    gap_fingerprint,
    gap_message,
    message,
    rule_of,
    verdict_of_run,
)
from reports.of_run import lines_of_run
from reports.text import safe

VERSION: Final = "1.8.0"
_CLASS: Final = 2003
_SEVERITIES: Final[Mapping[str, int]] = MappingProxyType(
    {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
)
_STATES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "fail": (3, "Fail"),
        "pass": (1, "Pass"),
        "unknown": (0, "Unknown"),
        "manual": (99, "Manual"),
        "not-applicable": (99, "Not Applicable"),
    }
)
"""``compliance.status_id`` and its name; 99 is what OCSF has no number for."""
_GATES: Final[Mapping[Decision, tuple[int, str]]] = MappingProxyType(
    {Decision.PASS: (1, "Pass"), Decision.FAIL: (3, "Fail"), Decision.INCOMPLETE: (0, "Unknown")}
)
_NEW: Final = (1, "New")
_SUPPRESSED: Final = (3, "Suppressed")
_encode = msgspec.json.encode
_Event = dict[str, Any]


def render(report: Report) -> Iterator[bytes]:
    """Yield the events, the gate last."""
    events = _Events(report)
    for finding in report.findings:
        yield _encode(events.finding(finding)) + b"\n"
    for item in report.gaps:
        yield _encode(events.gap(item)) + b"\n"
    yield _encode(events.gate()) + b"\n"


class _Events:
    """Events of one run, which have its time and product in common."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._time = round(datetime.fromisoformat(report.finished).timestamp() * 1000)
        product = {"name": "auditor", "vendor_name": "auditor", "version": safe(report.version)}
        self._metadata = {"version": VERSION, "product": product}

    def finding(self, finding: Finding) -> _Event:
        """One finding, of whatever verdict."""
        info = rule_of(self._report, finding.rule)
        found = self._event(
            "finding",
            (finding.fingerprint, safe(info.title), message(finding)),
            _SEVERITIES[finding.severity],
            _compliance(finding),
        )
        found["resources"] = [_resource(each) for each in (finding.resource, *finding.related)]
        if info.remediation and finding.verdict == "fail":
            found["remediation"] = {"desc": safe(" ".join(info.remediation.split()))}
        if finding.verdict != "pass":
            state = _SUPPRESSED if finding.waiver is not None else _NEW
            found["status_id"], found["status"] = state
        if finding.waiver is not None:
            found["comment"] = accepted(finding.waiver)
        found["unmapped"] |= {
            "verdict": finding.verdict,
            "severity": finding.severity,
            "confidence": finding.confidence,
            "covers": finding.covers,
            "new": finding.new,
            "evidence": finding.evidence,
        }
        return found

    def gap(self, item: GapReport) -> _Event:
        """What was not read."""
        said = gap_message(item)
        compliance = _status(_STATES["unknown"], "auditor-not-read", gap_details(item))
        words = (gap_fingerprint(item), "Something was not read", said)
        found = self._event("gap", words, _SEVERITIES["medium"], compliance)
        target = safe(item.gap.target)
        found["resources"] = [{"name": safe(item.gap.scope), "uid": target, "type": "target"}]
        found["unmapped"] |= {"cause": item.gap.cause.value, "line": item.gap.line}
        return found

    def gate(self) -> _Event:
        """What the gate decided, and how much was looked at."""
        report = self._report
        compliance = _status(_GATES[report.gate.decision], "auditor-gate", lines_of_run(report))
        words = (f"{safe(report.run_id)}/gate", "Gate of the run", verdict_of_run(report))
        found = self._event("gate", words, _SEVERITIES["info"], compliance)
        found["unmapped"] |= {"digest": report.digest, "policy": report.policy}
        return found

    def _event(
        self, record: str, words: tuple[str, str, str], severity: int, compliance: _Event
    ) -> _Event:
        uid, title, said = words
        return {
            "activity_id": 1,
            "category_uid": 2,
            "class_uid": _CLASS,
            "type_uid": _CLASS * 100 + 1,
            "time": self._time,
            "metadata": self._metadata,
            "severity_id": severity,
            "message": said,
            "finding_info": {"uid": uid, "title": title, "desc": said},
            "compliance": compliance,
            "unmapped": {"record": record},
        }


def _compliance(finding: Finding) -> _Event:
    controls = [safe(control) for control in finding.controls]
    frameworks = dict.fromkeys(control.partition(":")[0] for control in controls)
    found = _status(_STATES[finding.verdict], safe(finding.rule), details(finding))
    return {**found, "standards": [*frameworks], "requirements": controls}


def _status(state: tuple[int, str], control: str, lines: Iterable[str]) -> _Event:
    number, name = state
    return {"control": control, "status_id": number, "status": name, "status_details": [*lines]}


def _resource(resource: ResourceRef) -> _Event:
    place: _Event = {"target": safe(resource.target), "file": safe(resource.file)}
    if resource.line:
        place["line"] = resource.line
    return {
        "uid": safe(resource.uid),
        "name": safe(resource.name),
        "type": safe(resource.kind),
        "namespace": safe(resource.namespace),
        "data": place,
    }
