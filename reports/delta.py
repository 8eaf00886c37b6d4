"""What is other than in the baseline, said first: it is what the reader of a change came for.

::

    since the baseline (run 1a2b3c4d5e6f): 2 new (1 critical, 1 high); 120 known; 4 gone

What is known is not counted by the gate. What is gone was mended, or what it was on was not read
this time, or the policy does not ask for it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

from msgspec import UnsetType

from auditor.model.enums import Severity
from auditor.model.finding import Report
from auditor.model.results_finding import Finding
from reports.text import safe

NEW: Final = "New since the baseline"
KNOWN: Final = "Known of the baseline, and not counted"
OLD: Final = "Not new since the baseline"
_RUN: Final = 12
_SEVERITIES: Final = tuple(each.value for each in reversed(Severity))

Part = Callable[[Report], Iterator[Finding]]


def told(report: Report) -> Iterator[str]:
    """Say in a line what is new, known and gone; nothing where there is no baseline."""
    found = report.baseline
    if found is not None:
        text = (
            f"since the baseline (run {found.run[:_RUN]}): {found.new:,} new{_worst(report)}; "
            f"{found.known:,} known"
        )
        if not isinstance(found.gone, UnsetType):
            text += f"; {gone(report, found.gone)}"
        yield safe(text)


def gone(report: Report, number: int) -> str:
    """Say how many findings of then are none now, and that a gap may be why."""
    doubt = ", or not read this time" if number and report.gaps else ""
    return f"{number:,} gone{doubt}"


def _worst(report: Report) -> str:
    """Say of what severities the new findings are."""
    counts = Counter(
        each.severity if each.verdict == "fail" else "undecided" for each in new(report)
    )
    names = (*_SEVERITIES, "undecided")
    parts = [f"{counts[name]:,} {name}" for name in names if counts[name]]
    return f" ({', '.join(parts)})" if parts else ""


def new(report: Report) -> Iterator[Finding]:
    """Yield the findings that the baseline does not have; none where there is no baseline."""
    if report.baseline is not None:
        yield from (each for each in report.findings if each.new)


def old(report: Report) -> Iterator[Finding]:
    """Yield all others."""
    return (each for each in report.findings if report.baseline is None or not each.new)


def new_first(report: Report) -> Iterable[Finding]:
    """Take all findings, those first that the baseline does not have."""
    return chain(new(report), old(report))


def parts(report: Report) -> Iterator[tuple[str, Part]]:
    """Yield the findings in the parts that a baseline makes of them, each with its heading."""
    if report.baseline is None:
        yield "", old
        return
    for heading, part in ((NEW, new), (OLD, old)):
        if next(part(report), None) is not None:
            yield heading, part


def known(report: Report, finding: Finding) -> bool:
    """Say whether a finding that the gate would count is not counted: the baseline has it."""
    compared = report.baseline is not None and finding.verdict in {"fail", "unknown"}
    return compared and not finding.new
