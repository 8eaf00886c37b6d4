"""What became of findings, run by run: for people, for programs, for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.model.enums import Severity
from auditor.model.history import FindingCourse, FindingCourseState, Trend, TrendPoint
from reports.rows import harmless
from reports.style import Style
from reports.text import cells, safe, wrap

SHOWN: Final = 20
"""Runs, groups and findings that a screen lists; all are in the other formats."""
GROUPS: Final[Mapping[str, Callable[[FindingCourse], str]]] = MappingProxyType(
    {
        "severity": lambda found: found.severity.value,
        "rule": lambda found: found.rule,
        "target": lambda found: found.target,
        "namespace": lambda found: found.namespace or "(none)",
        "owner": lambda found: found.owner or "(nobody)",
    }
)
"""What findings are counted by."""
COLUMNS: Final = FindingCourse.__struct_fields__
_NUMBERS: Final = ("targets", "open", "new", "reopened", "mended", "unseen", "undecided")
_STATES: Final = tuple(FindingCourseState)
_Row = Sequence[str]


def screen(trend: Trend, by: str, style: Style) -> Iterator[str]:
    """Yield lines for people: the latest runs, the groups, what is open longest, what is unseen."""
    head = ("RUN ENDED", "PROFILE", *(name.upper() for name in _NUMBERS))
    yield from _table([head, *(_point(each) for each in trend.points[-SHOWN:])])
    yield from _more(len(trend.points), "earlier runs")
    yield from _notes(trend, style)
    yield ""
    rows = counted(trend, by)
    yield from _table(
        [(by.upper(), "OPEN", "UNSEEN", "MENDED", "REOPENED"), *(_group(*x) for x in rows[:SHOWN])]
    )
    yield from _more(len(rows), "more")
    for state, title in (
        (FindingCourseState.OPEN, "OPEN, the longest first"),
        (FindingCourseState.UNSEEN, "UNSEEN: open when a run could tell last"),
    ):
        yield from _listed(trend, state, title, style)
    yield ""
    last = trend.points[-1]
    mended = sum(each.state is FindingCourseState.MENDED for each in trend.findings)
    reopened = sum(bool(each.reopened) for each in trend.findings)
    yield (
        f"TREND runs={len(trend.points)} open={last.open} unseen={last.unseen} mended={mended} "
        f"reopened={reopened}"
    )


def _point(point: TrendPoint) -> _Row:
    numbers = (str(getattr(point, name)) for name in _NUMBERS)
    return (point.finished[:19] + "Z", safe(point.profile), *numbers)


def _notes(trend: Trend, style: Style) -> Iterator[str]:
    """What is to be said of the runs themselves."""
    alone = sum(not point.key for point in trend.points)
    if alone:
        text = f"nobody that was trusted stands for {alone} of {len(trend.points)} runs"
        yield from wrap(text, style.width, style.glyph("unknown"))
    missing = trend.points[-1].missing
    if missing:
        names = ", ".join(missing[:SHOWN])
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        text = f"missing from the latest run: {names}{more}"
        yield from wrap(safe(text), style.width, style.glyph("unknown"))
    profiles = {point.profile for point in trend.points}
    if len(profiles) > 1:
        text = "runs are by several profiles: --profile ID keeps to those of one"
        yield from wrap(text, style.width, style.glyph("unknown"))


def counted(trend: Trend, by: str) -> list[tuple[str, Counter[str]]]:
    """Count how many findings of each group are in which state; the most open ones first."""
    found: dict[str, Counter[str]] = {}
    for each in trend.findings:
        counts = found.setdefault(GROUPS[by](each), Counter())
        counts[each.state.value] += 1
        counts["reopened"] += bool(each.reopened)
    if by == "severity":
        return sorted(found.items(), key=lambda item: -Severity(item[0]).rank)
    return sorted(found.items(), key=lambda item: (-item[1]["open"], -item[1]["unseen"], item[0]))


def _group(name: str, counts: Counter[str]) -> _Row:
    return (safe(name), *(str(counts[key]) for key in ("open", "unseen", "mended", "reopened")))


def _listed(trend: Trend, state: FindingCourseState, title: str, style: Style) -> Iterator[str]:
    found = [each for each in trend.findings if each.state is state]
    if not found:
        return
    found.sort(key=lambda each: (each.first_seen, -each.severity.rank))
    yield ""
    yield f"{title}  {len(found)}"
    for each in found[:SHOWN]:
        where = "/".join(filter(None, (each.namespace, each.name)))
        element = f" {each.element}" if each.element else ""
        kind = each.kind.partition("/")[2] or each.kind
        back = f", came back {each.reopened}x" if each.reopened else ""
        why = f"; {each.why}" if each.why else ""
        text = (
            f"{each.first_seen[:10]}  {each.severity.value} {each.rule}: {kind} {where}{element} "
            f"({each.target}; seen {each.last_seen[:10]}{back}{why})"
        )
        yield from wrap(safe(text), style.width, "  ")
    yield from _more(len(found), "more")


def _more(number: int, what: str) -> Iterator[str]:
    if number > SHOWN:
        yield f"  and {number - SHOWN} {what}: --format json"


def _table(rows: Sequence[_Row]) -> Iterator[str]:
    """Columns as wide as they have to be; numbers to the right."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        parts = [
            " " * (width - cells(cell)) + cell if number else cell + " " * (width - cells(cell))
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(parts).rstrip()


def as_json(trend: Trend, by: str) -> Iterator[str]:
    """Yield an object: the runs, the groups, and the course of every finding."""
    value = {
        "schema": "trend/v1",
        "runs": msgspec.to_builtins(trend.points),
        "by": by,
        "groups": [
            {
                "name": name,
                **{state.value: counts[state.value] for state in _STATES},
                "reopened": counts["reopened"],
            }
            for name, counts in counted(trend, by)
        ],
        "findings": msgspec.to_builtins(trend.findings),
    }
    yield json.dumps(value, indent=2) + "\n"


def as_csv(trend: Trend) -> Iterator[str]:
    """Yield a table (RFC 4180): a row a finding."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in trend.findings:
        writer.writerow([harmless(safe(_cell(getattr(each, name)))) for name in COLUMNS])
    yield buffer.getvalue()


def _cell(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
