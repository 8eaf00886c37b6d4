"""JUnit XML, as CI servers and their test reports take it: a test case for each finding.

Those readers know four outcomes, and a fifth would be lost, so

====================================== =========== ==============================
what                                   outcome     type
====================================== =========== ==============================
fails                                  failure     its severity
is not decided; was not read           error       ``unknown``; the cause
accepted, for a person, does not apply skipped     ``accepted``, ``manual``, ``not-applicable``
passes                                 (none)      its message is the case's output
====================================== =========== ==============================

The last suite is the gate, so that a run without findings still has a test, and one that is
incomplete is not green.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from auditor.model.enums import Decision
from auditor.model.finding import GapReport, Report
from auditor.model.results_finding import Finding
from reports.details import (
    accepted,
    details,
    gap_details,
    gap_message,
    message,
    verdict_of_run,
)
from reports.of_run import lines_of_run
from reports.places import path_of_gap, place_of
from reports.subjects import subject
from reports.text import safe

_ILLEGAL: Final = re.compile("[\ufffe\uffff]")
"""What XML 1.0 refuses and :func:`reports.text.safe` leaves."""
_OUTCOMES: Final = {
    "fail": "failure",
    "unknown": "error",
    "manual": "skipped",
    "not-applicable": "skipped",
    "pass": "",
}


def render(report: Report) -> Iterator[bytes]:
    """Yield the document, a case at a time."""
    for text in _document(report):
        yield text.encode("utf-8", "backslashreplace")


def _document(report: Report) -> Iterator[str]:
    found = Counter(_outcome(finding) for finding in report.findings)
    gaps = Counter({"error": len(report.gaps)})
    gate = Counter([_of_gate(report)])
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="auditor"{_counts(found + gaps + gate)}>\n'
    yield _suite(f"findings by {report.profile}", found, report)
    for finding in report.findings:
        yield _case(finding)
    yield "</testsuite>\n"
    yield _suite("what was not read", gaps, report)
    for item in report.gaps:
        yield _gap(item)
    yield "</testsuite>\n"
    yield _suite("gate", gate, report)
    yield from _gate(report)
    yield "</testsuite>\n</testsuites>\n"


def _outcome(finding: Finding) -> str:
    return "skipped" if finding.waiver is not None else _OUTCOMES[finding.verdict]


def _counts(found: Counter[str]) -> str:
    numbers = {
        "tests": found.total(),
        "failures": found["failure"],
        "errors": found["error"],
        "skipped": found["skipped"],
    }
    return "".join(f' {name}="{number}"' for name, number in numbers.items())


def _suite(name: str, found: Counter[str], report: Report) -> str:
    return (
        f"<testsuite{_attributes(name=name)}{_counts(found)} timestamp={_quoted(report.started)}>\n"
    )


def _case(finding: Finding) -> str:
    resource = finding.resource
    place = {"classname": resource.target, "name": f"{finding.rule}: {subject(finding)}"}
    place["file"] = place_of(finding)
    if resource.line:
        place["line"] = str(resource.line)
    body = "\n".join((message(finding), *details(finding)))
    outcome = _outcome(finding)
    if not outcome:
        return (
            f"<testcase{_attributes(**place)}><system-out>{_text(body)}</system-out></testcase>\n"
        )
    kind, said = _kind(finding)
    return f"<testcase{_attributes(**place)}>{_said(outcome, kind, said, body)}</testcase>\n"


def _kind(finding: Finding) -> tuple[str, str]:
    """The type of an outcome, and the message that stands in its list."""
    if finding.waiver is not None:
        return "accepted", accepted(finding.waiver)
    if finding.verdict == "fail":
        return finding.severity, message(finding)
    return finding.verdict, message(finding)


def _gap(item: GapReport) -> str:
    gap = item.gap
    place = {"classname": gap.target, "name": gap_message(item), "file": path_of_gap(gap)}
    if gap.line:
        place["line"] = str(gap.line)
    body = "\n".join((gap_message(item), *gap_details(item)))
    said = _said("error", gap.cause.value, gap_message(item), body)
    return f"<testcase{_attributes(**place)}>{said}</testcase>\n"


def _of_gate(report: Report) -> str:
    match report.gate.decision:
        case Decision.PASS:
            return ""
        case Decision.FAIL:
            return "failure"
        case Decision.INCOMPLETE:
            return "error"


def _gate(report: Report) -> Iterator[str]:
    outcome, said = _of_gate(report), verdict_of_run(report)
    lines = (said, *lines_of_run(report))
    yield f"<testcase{_attributes(classname='gate', name=f'gate {report.gate.expression}')}>"
    if outcome:
        yield _said(outcome, report.gate.decision.value, said, said)
    yield f"<system-out>{_text(chr(10).join(lines))}</system-out></testcase>\n"


def _said(outcome: str, kind: str, said: str, body: str) -> str:
    return f"<{outcome}{_attributes(type=kind, message=said)}>{_text(body)}</{outcome}>"


def _attributes(**values: str) -> str:
    return "".join(f" {name}={_quoted(value)}" for name, value in values.items())


def _quoted(text: str) -> str:
    return f'"{_text(safe(text))}"'


def _text(text: str) -> str:
    """Escape what XML would read as its own, and show what it has no way to hold."""
    if text.isascii():
        return html.escape(text)
    return html.escape(_ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
