"""Controls by framework: which hold and why, what a person has to answer, what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from auditor.model.enums import ControlState
from auditor.model.finding import Report
from auditor.model.results import ControlResult
from reports import controls
from reports.html.findings import Groups
from reports.html.words import cut
from reports.text import natural, safe

_ORDER: Final = (
    ControlState.NOT_SATISFIED,
    ControlState.UNDETERMINED,
    ControlState.MANUAL,
    ControlState.ATTESTED,
    ControlState.SUPPORTED,
    ControlState.SATISFIED,
    ControlState.NOT_ASSESSED,
    ControlState.NOT_COVERED,
)
"""In the order in which a person has to do with them."""
_BY_ID: Final = frozenset({ControlState.NOT_ASSESSED, ControlState.NOT_COVERED})
"""States of which there is nothing to say beside which controls they are."""
WIDTH: Final = 240
MANY: Final = 4
"""Controls that are undetermined for one reason; paper names so many together, by their ids."""


def made(report: Report, _: Groups) -> list[dict[str, Any]]:
    """Show the frameworks that the run is about, then others of which anything was looked at."""
    return [*_frameworks(report)]


def _frameworks(report: Report) -> Iterator[dict[str, Any]]:
    asked = controls.asked(report)
    for framework in sorted(report.frameworks, key=lambda each: each not in asked):
        found = sorted(controls.of_framework(report, framework), key=lambda each: natural(each.id))
        counts = Counter(each.state for each in found)
        if not set(counts) - controls.NOT_LOOKED_AT and framework not in asked:
            continue
        yield {
            "asked": framework in asked,
            "title": safe(f"{framework.title} {framework.version}".strip()),
            "summary": controls.summary(found),
            "mark": safe(controls.mark(framework)),
            "notes": [safe(each) for each in controls.notes(framework, len(found))],
            "bar": [*_bar(counts, len(found))],
            "counts": [
                {"kind": state.value, "told": f"{counts[state]} {controls.WORDS[state]}"}
                for state in _ORDER
                if counts[state]
            ],
            "controls": [*_rows(found)],
            "alike": [*_alike(found)],
            "left": [*_left(found)],
        }


def _bar(counts: Counter[ControlState], total: int) -> Iterator[dict[str, Any]]:
    """Draw the shares of the states beside each other."""
    at = 0.0
    for state in _ORDER:
        if counts[state]:
            width = WIDTH * counts[state] / total
            yield {
                "x": f"{at:.1f}",
                "width": f"{width:.1f}",
                "kind": state.value,
                "told": f"{counts[state]} {controls.WORDS[state]}",
            }
            at += width


def _rows(found: Sequence[ControlResult]) -> Iterator[dict[str, str]]:
    for state in _ORDER:
        for each in found:
            if each.state is state and state not in _BY_ID:
                yield {
                    "id": safe(each.id),
                    "title": safe(each.title) + (" (unreviewed)" if each.unreviewed else ""),
                    "state": controls.WORDS[state],
                    "kind": state.value,
                    "why": cut(each.why),
                }


def _alike(found: Sequence[ControlResult]) -> Iterator[dict[str, str]]:
    """Name together the controls that are undetermined for one reason, where they are many."""
    reasons: dict[str, list[str]] = {}
    for each in found:
        if each.state is ControlState.UNDETERMINED:
            reasons.setdefault(cut(each.why), []).append(safe(each.id))
    for why, names in reasons.items():
        if len(names) >= MANY:
            yield {"why": why, "ids": ", ".join(names)}


def _left(found: Sequence[ControlResult]) -> Iterator[str]:
    for state in _ORDER:
        names = [each.id for each in found if each.state is state]
        if state in _BY_ID and names:
            yield safe(f"{controls.WORDS[state]}: {', '.join(names)}")
