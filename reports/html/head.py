"""What the page begins with: the verdict, of what, and how many of what kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from auditor.model.enums import Decision, Severity
from auditor.model.finding import Report
from reports.details import configured
from reports.html.words import moment
from reports.text import safe

_SEVERITIES: Final = tuple(each.value for each in reversed(Severity))
_SHOWN_TARGETS: Final = 3
_SIGNS: Final = {Decision.PASS: "✓", Decision.FAIL: "✗", Decision.INCOMPLETE: "?"}


def made(report: Report) -> dict[str, Any]:
    """Put together what the page says before its first section."""
    targets = [safe(each.uri) for each in report.targets]
    more = len(targets) - _SHOWN_TARGETS
    gate = report.gate
    return {
        "title": ", ".join(targets[:_SHOWN_TARGETS]) + (f" and {more} more" if more > 0 else ""),
        "started": moment(report.started),
        "when": f"{moment(report.started)} to {moment(report.finished)}",
        "profile": safe(report.profile),
        "rules": len(report.counts),
        "version": safe(report.version) + configured(report),
        "decision": gate.decision.value,
        "sign": _SIGNS[gate.decision],
        "reasons": safe("; ".join(gate.reasons))
        or f"nothing at the gate ({safe(gate.expression)})",
        "tallies": [*_tallies(report)],
        "run": safe(report.run_id),
        "policy": safe(report.policy),
        "digest": safe(report.digest),
    }


def _tallies(report: Report) -> Iterator[dict[str, str]]:
    """Count what is open; each leads to what it counts."""
    for name in _SEVERITIES:
        number = report.tallies.get(("fail", name), 0) - report.waived.get(("fail", name), 0)
        yield {"name": name, "number": f"{number:,}", "to": "findings", "field": "severity"}
    unknown = sum(n for (verdict, _), n in report.tallies.items() if verdict == "unknown")
    yield {"name": "unknown", "number": f"{unknown:,}", "to": "findings", "field": "severity"}
    if report.waivers is not None:
        number = sum(report.waived.values())
        yield {"name": "accepted", "number": f"{number:,}", "to": "waivers", "field": ""}
    gaps = "gap" if len(report.gaps) == 1 else "gaps"
    yield {"name": gaps, "number": f"{len(report.gaps):,}", "to": "gaps", "field": ""}
