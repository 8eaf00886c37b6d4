"""CSV (RFC 4180), for spreadsheets: a row for all that there is to say.

A cell that begins as a formula does is one to a spreadsheet, quotes or not. Such a cell gets an
apostrophe before it, which spreadsheets take for "this is text". The same is done behind a
semicolon and a quote within a cell, since many spreadsheets take semicolons for separators.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from auditor.model.answers import AnswerResult
from auditor.model.finding import GapReport, Report
from auditor.model.results import ControlResult
from auditor.model.results_finding import Finding
from auditor.model.waivers import WaiverResult
from reports import answers
from reports.controls import NOT_LOOKED_AT, in_order, mark
from reports.details import accepted, message, not_decided, rule_of, verdict_of_run
from reports.fleet import Standing, matrix, standings
from reports.places import path_of_gap, path_of_target, place_of
from reports.subjects import named, observations
from reports.text import safe
from reports.waivers import notices

COLUMNS: Final = (
    *("record", "verdict", "severity", "rule", "title", "message"),
    *("target", "kind", "namespace", "name", "element", "path", "line", "read_in"),
    *("observed", "related", "controls", "covers", "new", "heuristic", "differs", "covered_by"),
    *("confidence", "accepted", "remediation", "uid", "rendered", "evidence", "fingerprint"),
    "mapping",
)
"""``record`` is run, target, waiver, control, answer, gap or finding; cells may be empty.

``mapping`` is whose it is, of a control, and whether anybody has reviewed it. A control without a
target is that of the run; targets, and controls on them, are in the order of the worst first.
"""
_QUOTES: Final = "\"'\u201c\u201d"
_SIGNS: Final = "=+\\-@|%\uff1d\uff0b\uff0d\uff20"
_FORMULA: Final = re.compile(f"(^|[;{_QUOTES}])([\\s{_QUOTES}]*)(?=[{_SIGNS}])")
"""Where a cell could begin as a formula; wide forms of the signs count as well."""
_SUSPECT: Final = frozenset("=+-@|%\uff1d\uff0b\uff0d\uff20" + _QUOTES)
_INSIDE: Final = re.compile(f"[;{_QUOTES}]")
"""Of other cells nothing is looked for: most are neither."""
_REMEMBERED: Final = 4096
_BATCH: Final = 50


def render(report: Report) -> Iterator[bytes]:
    """Yield the file, some hundred rows at a time."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    cell = lru_cache(_REMEMBERED)(lambda text: harmless(safe(text)))  # most are those of before
    writer.writerow(COLUMNS)
    for number, row in enumerate(_rows(report), 1):
        writer.writerow([cell(row.get(name, "")) for name in COLUMNS])
        if not number % _BATCH:
            yield _taken(out)
    last = _taken(out)
    if last:
        yield last


def _taken(out: io.StringIO) -> bytes:
    data = out.getvalue().encode("utf-8", "backslashreplace")
    out.seek(0)
    out.truncate()
    return data


def _rows(report: Report) -> Iterator[Mapping[str, str]]:
    run = f"{verdict_of_run(report)}; {not_decided(report)}"
    yield {"record": "run", "verdict": report.gate.decision.value, "message": run}
    columns = standings(report)
    for each in columns:
        target = each.target
        yield {
            "record": "target",
            "verdict": target.state.value,
            "message": "; ".join(filter(None, (each.told, each.labels))),
            "target": target.uri,
            "path": path_of_target(target.uri),
            "uid": target.uid,
        }
    yield from map(_waiver, report.waivers or ())
    marks = {each.id: mark(each) for each in report.frameworks}
    yield from (_control(each, marks) for each in in_order(report))
    if len(report.targets) > 1:
        yield from _on_targets(report, columns, marks)
    yield from map(_answer, report.answers or ())
    yield from map(_gap, report.gaps)
    for finding in report.findings:
        yield _finding(report, finding)


def _waiver(waiver: WaiverResult) -> Mapping[str, str]:
    said = "; ".join(notices(waiver)) or f"covers {waiver.findings}"
    return {
        "record": "waiver",
        "verdict": waiver.state.value,
        "rule": waiver.rule,
        "name": waiver.id,
        "message": said,
        "accepted": accepted(waiver),
    }


def _control(control: ControlResult, marks: Mapping[str, str]) -> Mapping[str, str]:
    return {
        "record": "control",
        "verdict": control.state.value,
        "title": control.title,
        "message": control.why,
        "controls": f"{control.framework}:{control.id}",
        "related": " ".join(control.rules),
        "mapping": marks.get(control.framework, ""),
    }


def _on_targets(
    report: Report, columns: tuple[Standing, ...], marks: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """Controls by target, those first that do not hold on most, on the worst targets first."""
    for framework in report.frameworks:
        found = matrix(report, framework)
        for control in found.controls:
            reasons = {each.target: each.why for each in control.targets}
            for state, on in ((found.state(control, each.target), each) for each in columns):
                if state not in NOT_LOOKED_AT:
                    yield {
                        **_control(control, marks),
                        "verdict": state.value,
                        "target": on.target.uri,
                        "message": reasons.get(on.target.uri, ""),
                    }


def _answer(answer: AnswerResult) -> Mapping[str, str]:
    return {
        "record": "answer",
        "verdict": answer.state.value,
        "title": "by a person's word",
        "target": answer.target,
        "message": answers.words(answer),
        "related": "; ".join(answers.notices(answer)),
        "controls": answer.control,
    }


def _gap(item: GapReport) -> Mapping[str, str]:
    gap = item.gap
    return {
        "record": "gap",
        "verdict": gap.cause.value,
        "message": gap.detail,
        "target": gap.target,
        "kind": gap.scope,
        "namespace": gap.namespace,
        "path": path_of_gap(gap),
        "line": str(gap.line or ""),
        "remediation": gap.hint,
        "related": " ".join(item.rules),
    }


def _finding(report: Report, finding: Finding) -> Mapping[str, str]:
    resource, info = finding.resource, rule_of(report, finding.rule)
    flags = {name: "yes" for name in ("new", "heuristic", "differs") if getattr(finding, name)}
    return {
        **flags,
        "record": "finding",
        "verdict": finding.verdict,
        "severity": finding.severity,
        "rule": finding.rule,
        "title": info.title,
        "message": message(finding),
        "target": resource.target,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "element": finding.element,
        "path": place_of(finding),
        "line": str(resource.line or ""),
        "read_in": resource.file,
        "observed": "; ".join(observations(finding)),
        "related": "; ".join(f"{named(other)} in {other.location}" for other in finding.related),
        "controls": " ".join(finding.controls),
        "covers": str(finding.covers),
        "covered_by": finding.covered_by,
        "confidence": finding.confidence,
        "accepted": "" if finding.waiver is None else accepted(finding.waiver),
        "remediation": " ".join(info.remediation.split()),
        "uid": resource.uid,
        "rendered": resource.rendered,
        "evidence": " ".join(finding.evidence),
        "fingerprint": finding.fingerprint,
    }


def harmless(text: str) -> str:
    """A cell in which a spreadsheet finds no formula."""
    if text[:1] not in _SUSPECT and not text[:1].isspace() and _INSIDE.search(text) is None:
        return text
    return _FORMULA.sub(r"\1\2'", text)
