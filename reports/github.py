"""Annotations of GitHub Actions: workflow commands for the log of a step.

GitHub shows ten errors, ten warnings and ten notices of a step. The worst are among them, and
those first that a baseline does not have; what it has is a notice. Room is kept for what was not
read, and the last lines, which are no commands, say what is not annotated.
A command ends with its line and a property with a comma, so both are encoded. Other lines begin
with a word of ours, and hold neither ``::`` at their start nor ``##[``, by which the runner knows
commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from auditor.model.finding import GapReport, Report
from auditor.model.results_finding import Finding
from reports import delta
from reports.details import (
    PASSING,
    details,
    gap_details,
    gap_message,
    message,
    rule_of,
    verdict_of_run,
)
from reports.of_run import lines_of_run
from reports.places import path_of, path_of_gap
from reports.text import safe

MOST: Final = 10
"""Annotations of each level that GitHub shows of a step."""
MOST_GAPS: Final = 5
"""Warnings that are kept for what was not read."""
_LEVELS: Final = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "notice",
    "info": "notice",
}


def render(report: Report) -> Iterator[bytes]:
    """Yield the commands, then what they do not show."""
    for line in _lines(report):
        yield line.encode("utf-8", "backslashreplace") + b"\n"


def _lines(report: Report) -> Iterator[str]:
    gaps = report.gaps[:MOST_GAPS]
    shown = Counter(warning=len(gaps))
    left = Counter[str](gaps=len(report.gaps) - len(gaps))
    for item in gaps:
        yield _gap(item)
    for finding in delta.new_first(report):
        level = _level(report, finding)
        if finding.verdict in PASSING:
            left["passing"] += 1
        elif shown[level] < MOST:
            shown[level] += 1
            yield _finding(report, finding, level)
        else:
            left["findings"] += 1
    yield from map(_plain, _rest(report, left))


def _rest(report: Report, left: Counter[str]) -> Iterator[str]:
    yield f"auditor: {verdict_of_run(report)}"
    for text in lines_of_run(report):
        yield f"auditor: {text}"
    if left["findings"] or left["gaps"]:
        yield (
            f"auditor: {left['findings']} findings and {left['gaps']} gaps are not annotated: "
            f"GitHub shows {MOST} of a level. All are in the report of format json."
        )
    if left["passing"]:
        yield f"auditor: {left['passing']} findings that pass or do not apply are not annotated"


def _level(report: Report, finding: Finding) -> str:
    """How loud a finding is: what was accepted, and what the baseline has, asks nobody to act."""
    if finding.waiver is not None or delta.known(report, finding):
        return "notice"
    return _LEVELS[finding.severity] if finding.verdict == "fail" else "warning"


def _finding(report: Report, finding: Finding, level: str) -> str:
    resource = finding.resource
    word = finding.severity if finding.verdict == "fail" else finding.verdict
    title = f"{word}: {safe(rule_of(report, finding.rule).title)}"
    body = "\n".join((message(finding), *details(finding), safe(f"auditor explain {finding.rule}")))
    return _command(level, path_of(resource), resource.line, title, body)


def _gap(item: GapReport) -> str:
    body = "\n".join((gap_message(item), *gap_details(item)))
    return _command("warning", path_of_gap(item.gap), item.gap.line, "auditor: not read", body)


def _command(level: str, path: str, line: int, title: str, body: str) -> str:
    where = f"file={_property(safe(path))}"
    if line:
        where += f",line={line}"
    return f"::{level} {where},title={_property(title)}::{_data(body)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """A line that is no command."""
    return text.replace("##[", "## [")
