"""What was accepted: by whom, why, until when, and what of it a person should look at."""

from __future__ import annotations

from typing import Any, Final

from auditor.model.finding import Report
from auditor.model.waivers import WaiverResult
from reports.html.findings import Groups
from reports.html.words import count, cut, more
from reports.text import safe
from reports.waivers import notices

MOST: Final = 200


def made(report: Report, _: Groups) -> dict[str, Any] | None:
    """List the waivers of the run; None where it had no file of them."""
    if report.waivers is None:
        return None
    accepted = count(sum(report.waived.values()), "finding")
    return {
        "summary": f"{accepted} accepted. They still fail; the gate does not count them.",
        "notices": [safe(line) for each in report.waivers for line in notices(each)][:MOST],
        "rows": [_row(each) for each in report.waivers[:MOST]],
        "more": more(len(report.waivers) - MOST, "waiver"),
    }


def _row(waiver: WaiverResult) -> dict[str, str]:
    return {
        "id": safe(waiver.id),
        "rule": safe(waiver.rule),
        "state": waiver.state.value + (", broad" if waiver.broad else ""),
        "findings": f"{waiver.findings:,}",
        "expires": safe(waiver.expires),
        "owner": safe(waiver.owner),
        "approved_by": safe(waiver.approved_by),
        "reason": cut(f"{waiver.reason} {waiver.ticket}".strip()),
    }
