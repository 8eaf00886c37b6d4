"""SARIF 2.1.0 (OASIS), as code scanning takes it: one run, one result a finding, worst first.

Code scanning shows results and nothing else, and each only where its first location is a file. So

* what was not read is a result too, of the rule ``auditor-not-read``, beside the notifications of
  the invocation, where SARIF has a place for it: no results must not look like nothing was wrong;
* an object of a cluster is a logical location beside a file that stands in (:mod:`reports.places`);
* a line is given where there is one, and no region where there is none.

``partialFingerprints`` are ours, which know elements by their names: a container that changes its
place in a list, or a line that moves, is the same alert. A finding that is not decided is ``open``,
one for a person ``review``; SARIF 2.1.0 (3.27.10) wants the level ``none`` with both.

GitHub takes 25 000 results a run and refuses a file with more. Those that pass are left out, since
each result becomes an alert; how many are left out, and why, is a result and a notification.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.model.enums import Decision, GapCause, TargetState
from auditor.model.finding import GapReport, Report
from auditor.model.results_finding import Finding, Observed
from reports import answers, controls
from reports.details import (
    PASSING,
    accepted,
    details,
    gap_details,
    gap_fingerprint,
    gap_message,
    message,
    not_decided,
    targets,
    verdict_of_run,
    waivers,
)
from reports.once import once
from reports.oscal_values import uuid
from reports.places import path_of, path_of_gap, path_of_target, place_of, uri_of
from reports.sarif_rules import LEFT_OUT, NOT_READ, Rules, said
from reports.subjects import named, observations
from reports.text import safe

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS: Final = 25_000
"""Results in one run that GitHub takes."""
MOST_GAPS: Final = 1_000
"""Results for gaps: they must not crowd out the findings. Notifications tell all."""
MOST_RELATED: Final = 100
"""Locations of one result that GitHub keeps."""
LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
)
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"fail": "fail", "unknown": "open", "manual": "review"}
)
FINGERPRINT: Final = "auditor/v2"
PRIMARY: Final = "primaryLocationLineHash"
"""The one that GitHub compares."""

_encode = msgspec.json.encode
_Object = dict[str, Any]


def render(report: Report) -> Iterator[bytes]:
    """Yield the document, a result a line."""
    rules = Rules.of(report)
    left = Counter[str]()
    yield b'{"$schema":%b,"version":"2.1.0","runs":[{' % _encode(SCHEMA)
    yield b'"tool":%b,\n' % _encode(rules.tool(safe(report.version)))
    yield b'"automationDetails":%b,\n' % _encode(_automation(report))
    yield b'"columnKind":"unicodeCodePoints",\n"results":['
    separator = b"\n"
    for result in _results(report, rules, left):
        yield separator + _encode(result)
        separator = b",\n"
    yield b'],\n"invocations":[%b],\n' % _encode(_invocation(report, left))
    yield b'"properties":%b}]}\n' % _encode(_properties(report, left))


def _results(report: Report, rules: Rules, left: Counter[str]) -> Iterator[_Object]:
    """All results; ``left`` counts what has no room."""
    gaps = report.gaps[:MOST_GAPS]
    left["gaps"] = len(report.gaps) - len(gaps)
    room = MOST_RESULTS - len(gaps) - 1
    compared = report.baseline is not None
    for finding in report.findings:
        if finding.verdict in PASSING:
            left["passing"] += 1
        elif room:
            room -= 1
            yield _result(finding, rules, compared=compared)
        else:
            left["findings"] += 1
    for item in gaps:
        yield _gap(item, rules, compared=compared)
    if left["findings"] or left["gaps"]:
        yield _cut(report, rules, left, compared=compared)


def _result(finding: Finding, rules: Rules, *, compared: bool) -> _Object:
    kind = KINDS[finding.verdict]
    found: _Object = {
        **rules.reference(finding.rule),
        "kind": kind,
        "level": LEVELS[finding.severity] if kind == "fail" else "none",
        "message": {"text": said(message(finding), *details(finding))},
        "locations": [_location(finding)],
        "partialFingerprints": {PRIMARY: finding.fingerprint, FINGERPRINT: finding.fingerprint},
    }
    others = list(islice(_related(finding), MOST_RELATED))
    if others:
        found["relatedLocations"] = [{"id": n, **each} for n, each in enumerate(others, 1)]
    if finding.waiver is not None:
        found["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": accepted(finding.waiver),
            }
        ]
    if compared:
        found["baselineState"] = "new" if finding.new else "unchanged"
    found["properties"] = _about(finding)
    return found


def _about(finding: Finding) -> _Object:
    """What SARIF has no field for."""
    about: _Object = {
        "verdict": finding.verdict,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "covers": finding.covers,
        "controls": [safe(control) for control in finding.controls],
        "evidence": finding.evidence,
    }
    if finding.covered_by:
        about["coveredBy"] = finding.covered_by
    return about


def _location(finding: Finding) -> _Object:
    resource = finding.resource
    name = safe(named(resource))
    return {
        "physicalLocation": _physical(_uri(finding), resource.line),
        "logicalLocations": [
            {
                "name": name,
                "fullyQualifiedName": f"{safe(resource.target)} {name}",
                "kind": "resource",
            }
        ],
    }


@once
def _uri(finding: Finding) -> str:
    return uri_of(place_of(finding))


def _physical(uri: str, line: int) -> _Object:
    place: _Object = {"artifactLocation": {"uri": uri}}
    if line > 0:
        place["region"] = {"startLine": line}
    return place


def _related(finding: Finding) -> Iterator[_Object]:
    """Where else to look: the other resources, and the lines of values."""
    for other in finding.related:
        yield {
            "physicalLocation": _physical(uri_of(path_of(other)), other.line),
            "message": {"text": said(f"with {safe(named(other))}")},
        }
    for item, seen in zip(finding.observed, observations(finding), strict=True):
        if item.line:
            yield {
                "physicalLocation": _physical(_uri_of_value(finding, item), item.line),
                "message": {"text": said(safe(seen))},
            }


def _uri_of_value(finding: Finding, item: Observed) -> str:
    if not isinstance(item.of, msgspec.UnsetType):
        return uri_of(path_of(finding.related[item.of], item.file))
    if item.file in {"", finding.resource.file}:
        return _uri(finding)
    return uri_of(path_of(finding.resource, item.file))


def _gap(item: GapReport, rules: Rules, *, compared: bool) -> _Object:
    found: _Object = {
        **rules.reference(NOT_READ),
        "kind": "open",
        "level": "none",
        "message": {"text": said(gap_message(item), *gap_details(item))},
        "locations": [_gap_location(item)],
        "partialFingerprints": {PRIMARY: gap_fingerprint(item)},
    }
    return {**found, "baselineState": "unchanged"} if compared else found


def _gap_location(item: GapReport) -> _Object:
    return {"physicalLocation": _physical(uri_of(path_of_gap(item.gap)), item.gap.line)}


def _cut(report: Report, rules: Rules, left: Counter[str], *, compared: bool) -> _Object:
    """Say in the list itself what it does not show."""
    first = report.targets[0].uri if report.targets else ""
    found: _Object = {
        **rules.reference(LEFT_OUT),
        "kind": "open",
        "level": "none",
        "message": {"text": left_out(left)},
        "locations": [{"physicalLocation": _physical(uri_of(path_of_target(first) or "."), 0)}],
        "partialFingerprints": {PRIMARY: LEFT_OUT},
    }
    return {**found, "baselineState": "unchanged"} if compared else found


def left_out(left: Mapping[str, int]) -> str:
    """Say what has no room, and why."""
    return (
        f"{left['findings']} findings and {left['gaps']} gaps are left out, the mildest: code "
        f"scanning takes {MOST_RESULTS} results a run. All are in the report of format json."
    )


def _invocation(report: Report, left: Counter[str]) -> _Object:
    """How the run went; whatever was not read is a notification."""
    notes = [_note("auditor/gate", "note", verdict_of_run(report))]
    notes += [_note("auditor/target", "note", text) for text in targets(report)]
    notes.append(_note("auditor/coverage", "note", not_decided(report)))
    notes += [_note("auditor/waiver", "note", text) for text in waivers(report)]
    notes += [_note("auditor/answer", "note", text) for text in answers.brief(report)]
    notes += [_note("auditor/controls", "note", text) for text in controls.brief(report)]
    if left["passing"]:
        passing = f"{left['passing']} findings that pass or do not apply are left out: each would "
        notes.append(_note("auditor/left-out", "note", f"{passing}become an alert"))
    if left["findings"] or left["gaps"]:
        notes.append(_note("auditor/left-out", "warning", left_out(left)))
    unread = [
        {
            **_note(f"auditor/gap/{item.gap.cause.value}", _level(item), gap_message(item)),
            "locations": [_gap_location(item)],
        }
        for item in report.gaps
    ]
    return {
        "executionSuccessful": _went_well(report),
        "exitCode": report.gate.exit,
        "startTimeUtc": report.started,
        "endTimeUtc": report.finished,
        "toolExecutionNotifications": unread,
        "toolConfigurationNotifications": notes,
    }


def _went_well(report: Report) -> bool:
    """Whether all was reached, and nothing of ours broke."""
    return report.gate.decision is not Decision.INCOMPLETE and not (
        any(target.state is TargetState.UNREACHABLE for target in report.targets)
        or any(item.gap.cause is GapCause.INTERNAL for item in report.gaps)
    )


def _note(name: str, level: str, text: str) -> _Object:
    return {"descriptor": {"id": name}, "level": level, "message": {"text": said(text)}}


def _level(item: GapReport) -> str:
    return "error" if item.gap.everything or item.gap.cause is GapCause.INTERNAL else "warning"


def _automation(report: Report) -> _Object:
    """Which upload replaces which: those by one profile do."""
    return {"id": f"auditor/{safe(report.profile)}/", "guid": uuid("run", report.run_id)}


def _properties(report: Report, left: Counter[str]) -> _Object:
    return {
        "run": safe(report.run_id),
        "digest": report.digest,
        "policy": report.policy,
        "profile": safe(report.profile),
        "gate": report.gate.decision.value,
        "coverage": round(report.coverage.ratio, 6),
        "frameworks": [
            {"id": safe(each.id), "mapping": controls.mark(each) or "of the framework"}
            for each in report.frameworks
        ],
        "leftOut": {name: left[name] for name in ("findings", "gaps", "passing")},
    }
