"""GitLab's code quality report: a list of issues, each with a path, a line and a fingerprint.

GitLab shows the list alone, so what was not read is an issue as well (``auditor-not-read``), and
the run itself is one (``auditor-run``): with an empty list a run that read nothing would look
clean. A line is required; where there is none it is 1. A fingerprint must be unique in the list:
ours is, within a target, so that of an issue has the path in it too. What passes is left out, for
each entry is an issue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.model.enums import Decision
from auditor.model.finding import GapReport, Report
from auditor.model.results_finding import Finding
from reports import delta
from reports.details import (
    PASSING,
    accepted,
    details,
    gap_details,
    gap_fingerprint,
    gap_message,
    message,
    verdict_of_run,
)
from reports.markdown import code
from reports.of_run import lines_of_run
from reports.places import path_of_gap, path_of_target, place_of
from reports.text import safe

SEVERITIES: Final[Mapping[str, str]] = MappingProxyType(
    {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}
)
RUN: Final = "auditor-run"
NOT_READ: Final = "auditor-not-read"
_encode = msgspec.json.encode
_Issue = dict[str, Any]


def render(report: Report) -> Iterator[bytes]:
    """Yield the list, an issue a line."""
    left = 0
    separator = b"[\n"
    for finding in delta.new_first(report):
        if finding.verdict in PASSING:
            left += 1
            continue
        yield separator + _encode(_finding(finding))
        separator = b",\n"
    for item in report.gaps:
        yield separator + _encode(_gap(item))
        separator = b",\n"
    yield separator + _encode(_run(report, left)) + b"\n]\n"


def _finding(finding: Finding) -> _Issue:
    path = place_of(finding)
    prints = f"{finding.fingerprint}\0{path}".encode("utf-8", "backslashreplace")
    words = message(finding)
    severity = SEVERITIES[finding.severity]
    if finding.verdict != "fail":
        words = f"{words} ({finding.verdict})"
    if finding.waiver is not None:
        words, severity = f"{words} ({accepted(finding.waiver)})", "info"
    return _issue(
        finding.rule,
        words,
        severity,
        (path, finding.resource.line),
        hashlib.sha256(prints).hexdigest(),
        details(finding),
    )


def _gap(item: GapReport) -> _Issue:
    place = (path_of_gap(item.gap), item.gap.line)
    said = gap_message(item)
    return _issue(NOT_READ, said, "major", place, gap_fingerprint(item), gap_details(item))


def _run(report: Report, left: int) -> _Issue:
    first = path_of_target(report.targets[0].uri) if report.targets else "auditor"
    lines = [*lines_of_run(report)]
    if left:
        lines.append(
            f"{left} findings that pass or do not apply are left out: each would be an issue"
        )
    fingerprint = hashlib.sha256(RUN.encode()).hexdigest()
    severity = "major" if report.gate.decision is Decision.INCOMPLETE else "info"
    return _issue(RUN, verdict_of_run(report), severity, (first, 0), fingerprint, lines)


def _issue(
    name: str,
    words: str,
    severity: str,
    place: tuple[str, int],
    fingerprint: str,
    body: Iterable[str],
) -> _Issue:
    path, line = place
    return {
        "type": "issue",
        "check_name": safe(name),
        "description": words,
        "categories": ["Security"],
        "severity": severity,
        "fingerprint": fingerprint,
        "location": {"path": safe(path), "lines": {"begin": line or 1}},
        "content": {"body": "\n".join(f"- {code(text)}" for text in body)},
    }
