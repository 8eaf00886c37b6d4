"""What is other than in the baseline: what is new first, for that is what the gate counts."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UnsetType

from auditor.model.finding import Report
from reports.delta import gone as gone_since
from reports.html.findings import Groups
from reports.html.words import count
from reports.text import safe

SHOWN: Final = 10
"""Rules whose new findings stand open on the page; those of the others are folded."""


def made(report: Report, groups: Groups) -> dict[str, Any] | None:
    """Tell what is new since the baseline; None where there was none."""
    found = report.baseline
    if found is None:
        return None
    new = f"{count(found.new, 'new finding')} ({groups.new_severities()})"
    gone = "" if isinstance(found.gone, UnsetType) else f"; {gone_since(report, found.gone)}"
    known = f"{count(found.known, 'finding')} known, which the gate passes by"
    shown = [*groups.new()]
    left = len(shown) - SHOWN
    return {
        "summary": safe(f"{new if found.new else 'Nothing is new'}; {known}{gone}."),
        "run": safe(found.run),
        "manifest": safe(found.manifest),
        "groups": shown[:SHOWN],
        "further": shown[SHOWN:],
        "more": f"New findings of {count(left, 'rule')} more" if left > 0 else "",
    }
