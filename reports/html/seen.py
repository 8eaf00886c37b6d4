"""What was looked at, and what was not seen and which rules that blinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from auditor.model.finding import Report
from reports import scope
from reports.details import percent
from reports.html.findings import Groups
from reports.html.words import count, cut, more
from reports.text import safe

SHOWN_GAPS: Final = 200
SHOWN_RULES: Final = 8


def scope_of(report: Report, _: Groups) -> dict[str, Any]:
    """List targets, as whom they were read, and what of them is not read by design."""
    objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
    decided = f"{percent(report.coverage.ratio)} % of the checks could be decided."
    return {
        "targets": [
            {
                "uri": safe(each.uri),
                "state": each.state.value,
                "version": safe(each.version),
                "principal": safe(each.principal) or "-",
                "uid": safe(each.uid),
            }
            for each in report.targets
        ],
        "coverage": f"{count(objects, 'object')}; {decided}",
        "told": [safe(each) for each in (*scope.not_assessed(report), *scope.told(report))],
    }


def gaps_of(report: Report, _: Groups) -> dict[str, Any]:
    """List what was not read, why, and which rules have no verdict for it."""
    blinded = {rule for each in report.gaps for rule in each.rules}
    return {
        "summary": f"{count(len(report.gaps), 'gap')}: what was not read was not judged, and "
        f"{count(len(blinded), 'rule')} may have missed something.",
        "rows": [*_gaps(report)],
        "more": more(len(report.gaps) - SHOWN_GAPS, "gap"),
    }


def _gaps(report: Report) -> Iterator[dict[str, str]]:
    for each in report.gaps[:SHOWN_GAPS]:
        gap = each.gap
        left = len(each.rules) - SHOWN_RULES
        rules = ", ".join(each.rules[:SHOWN_RULES]) + (f" and {left} more" if left > 0 else "")
        yield {
            "target": safe(gap.target),
            "scope": safe(f"{gap.scope} in {gap.namespace}" if gap.namespace else gap.scope),
            "cause": gap.cause.value,
            "detail": cut(gap.detail),
            "hint": cut(gap.hint),
            "rules": safe(rules) or "none",
        }
