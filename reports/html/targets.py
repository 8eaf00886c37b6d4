"""The targets of a run beside each other: which is worst, and which control holds on which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from auditor.model.enums import TargetState
from auditor.model.finding import Report
from auditor.model.policy import Framework
from reports import controls, fleet
from reports.html.findings import Groups
from reports.html.words import count, more
from reports.text import safe

MOST_TARGETS: Final = 200
MOST_COLUMNS: Final = 24
MOST_ROWS: Final = 40
FEW_ROWS: Final = 12
"""Controls of a framework that the run is not about."""
_NOTHING: Final = {
    TargetState.COMPLETE: "nothing fails",
    TargetState.PARTIAL: "nothing fails of what was read",
    TargetState.UNREACHABLE: "nothing was read",
}


def made(report: Report, _: Groups) -> dict[str, Any] | None:
    """Lay the targets out, the worst first; None where there is one."""
    if len(report.targets) < 2:
        return None
    found = fleet.standings(report)
    return {
        "summary": f"{count(len(found), 'target')}, the worst first.",
        "rows": [
            {
                "head": each.head,
                "uri": safe(each.target.uri),
                "labels": safe(each.labels),
                "state": each.target.state.value,
                "told": each.told or _NOTHING[each.target.state],
                "gaps": f"{each.gaps:,}",
            }
            for each in found[:MOST_TARGETS]
        ],
        "more": more(len(found) - MOST_TARGETS, "target"),
        "legend": fleet.LEGEND,
        "matrices": [*_matrices(report, found[:MOST_COLUMNS])],
    }


def _matrices(report: Report, columns: tuple[fleet.Standing, ...]) -> Iterator[dict[str, Any]]:
    about = controls.asked(report)
    for framework in report.frameworks:
        found = fleet.matrix(report, framework)
        rows = found.controls if framework in about else _open(found)
        most = MOST_ROWS if framework in about else FEW_ROWS
        if rows:
            yield {
                "title": _title(framework),
                "heads": ["Control", *(each.head for each in columns)],
                "rows": [
                    {
                        "id": safe(each.id),
                        "cells": [
                            {"kind": state.value, "sign": fleet.SIGNS[state]}
                            for state in (found.state(each, on.target) for on in columns)
                        ],
                    }
                    for each in rows[:most]
                ],
                "more": _left(len(rows) - most, len(report.targets) - len(columns)),
            }


def _open(found: fleet.Matrix) -> tuple[Any, ...]:
    return tuple(each for each in found.controls if found.is_open(each))


def _title(framework: Framework) -> str:
    mark = controls.mark(framework)
    title = f"{framework.title} {framework.version}".strip()
    return safe(f"{title} ({mark})" if mark else title)


def _left(rows: int, columns: int) -> str:
    left = [count(rows, "control")] if rows > 0 else []
    left += [count(columns, "target")] if columns > 0 else []
    return f"and {' and '.join(left)} more, which hold better: in results.json" if left else ""
