"""What is other than in the baseline: what is new first, for that is what the gate counts."""

from __future__ import annotations

from typing import Any

from msgspec import UnsetType

from auditor.model.finding import Report
from reports.delta import gone as gone_since
from reports.html.findings import Groups
from reports.html.words import count
from reports.text import safe


def made(report: Report, groups: Groups) -> dict[str, Any] | None:
    """Tell what is new since the baseline; None where there was none."""
    found = report.baseline
    if found is None:
        return None
    new = count(found.new, "finding")
    said = f"{new} not known of it" if found.new else "Nothing is new"
    gone = "" if isinstance(found.gone, UnsetType) else f" {gone_since(report, found.gone)}."
    return {
        "summary": safe(
            f"{said}; {count(found.known, 'finding')} known, which the gate passes by.{gone}"
        ),
        "run": safe(found.run),
        "manifest": safe(found.manifest),
        "groups": [*groups.new()],
    }
