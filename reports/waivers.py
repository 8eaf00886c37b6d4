"""What was accepted: how much, and which waivers need a person's look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from auditor.model.finding import Report
from auditor.model.results_finding import Finding
from auditor.model.waivers import WaiverResult, WaiverState
from reports.style import Style
from reports.text import safe, wrap

SHOWN: Final = 6
_IN_FORCE: Final = (WaiverState.ACTIVE, WaiverState.EXPIRING)


def counted(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out what is accepted."""
    return (finding for finding in findings if finding.waiver is None)


def section(report: Report, style: Style, *, short: bool) -> Iterator[str]:
    """Tell how many findings are accepted, and of waivers that are to be looked at."""
    if report.waivers is None:
        return
    yield ""
    yield style.paint("Waivers", "bold")
    findings = sum(report.waived.values())
    used = sum(1 for each in report.waivers if each.findings and each.state in _IN_FORCE)
    many = _count(len(report.waivers), "waiver")
    text = (
        f"{_count(findings, 'finding')} accepted by {used} of {many}, and not counted by the gate"
    )
    yield from wrap(text, style.width, "  ")
    lines = [line for each in report.waivers for line in notices(each)]
    shown = lines[:SHOWN] if short else lines
    for line in shown:
        yield from wrap(safe(line), style.width, "  ")
    if len(lines) > len(shown):
        more = f"and {len(lines) - len(shown)} more to look at: --all lists them"
        yield from wrap(more, style.width, "  ")


def notices(waiver: WaiverResult) -> Iterator[str]:
    """Say what of a waiver a person should look at."""
    start = f"{waiver.id} of {waiver.owner}, {waiver.rule},"
    again = _count(waiver.findings, "finding")
    match waiver.state:
        case WaiverState.EXPIRED:
            found = f": {again} counted again" if waiver.findings else " and covers nothing"
            yield f"{start} expired on {waiver.expires}{found}"
            return
        case WaiverState.PENDING:
            yield f"{start} begins on {waiver.created}: {again} counted until then"
        case WaiverState.EXPIRING:
            yield f"{start} expires on {waiver.expires}"
        case WaiverState.ACTIVE:
            pass
    if not waiver.findings:
        yield f"{start} covers nothing"
    elif waiver.broad:
        yield f"{start} is broad: it covers {again}"


def told(finding: Finding) -> Iterator[str]:
    """Say by which waiver a finding is accepted, if it is."""
    found = finding.waiver
    if found is not None:
        yield f"accepted until {found.expires} by {found.id} of {found.owner}: {found.reason}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
