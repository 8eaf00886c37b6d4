"""What was looked at, and what was not seen and which rules that blinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from auditor.model.finding import Report, TargetReport
from reports import scope
from reports.details import percent
from reports.html.findings import Groups
from reports.html.words import count, cut, more, sentence
from reports.text import safe

SHOWN_GAPS: Final = 200
SHOWN_RULES: Final = 8
_COLUMNS: Final[Mapping[str, Callable[[TargetReport], str]]] = MappingProxyType(
    {
        "Target": lambda each: safe(each.uri),
        "State": lambda each: each.state.value,
        "Version": lambda each: safe(each.version),
        "Read as": lambda each: safe(each.principal),
        "Identity": lambda each: safe(each.uid),
    }
)
"""What is told of a target; a column is left out where it is empty for all of them."""


def scope_of(report: Report, _: Groups) -> dict[str, Any]:
    """List targets, as whom they were read, and what of them is not read by design."""
    objects = sum(kind.seen for kind in report.coverage.kinds if not kind.derived)
    columns = {
        name: cell
        for name, cell in _COLUMNS.items()
        if any(cell(each) for each in report.targets) or name == "Target"
    }
    decided = f"{percent(report.coverage.ratio)} % of the checks could be decided."
    return {
        "columns": [*columns],
        "targets": [[cell(each) for cell in columns.values()] for each in report.targets],
        "coverage": f"{count(objects, 'object')}; {decided}",
        "told": [
            safe(sentence(each)) for each in (*scope.not_assessed(report), *scope.told(report))
        ],
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
