"""A history as a page of its own: what is open over time as a picture, and the same as tables.

After a run something stays as it is known until the next one, so lines go in steps::

    open and unseen    ──┐  ┌────      above each other: what may be there
    open               ──┴──┘ ───      below: what a run saw last
      ▮ ▮   ▮                          new and back again up, mended down, at each run

There is no script. What is written by others is escaped by the template, and the policy of the page
lets nothing but its own style be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from auditor.model.history import FindingCourse, FindingCourseState, Trend, TrendPoint
from reports.html.page import asset, digest, templates
from reports.html.words import count, cut, moment
from reports.text import safe
from reports.trend import counted

LISTED: Final = 500
"""Findings of a state, runs and groups that the page lists; JSON and CSV have all."""
_COUNTED: Final = (*(state.value for state in FindingCourseState), "reopened")
_WIDTH, _HIGH, _LOW = 860, 200, 70
_LEFT, _TOP, _BAR = 48, 24, 6


def render(trend: Trend, by: str) -> Iterator[bytes]:
    """Yield the page in pieces; findings are counted by the group ``by``."""
    style = asset("page.css") + asset("trend.css")
    last = trend.points[-1]
    context = {
        "style": style,
        "style_hash": digest(style),
        "title": f"{count(last.open, 'finding')} open after {count(len(trend.points), 'run')}",
        "period": f"{moment(trend.points[0].finished)} to {moment(last.finished)}",
        "notes": list(_notes(trend)),
        "picture": _picture(trend.points),
        "runs": [_run(each) for each in trend.points[: -LISTED - 1 : -1]],
        "by": by,
        "groups": [
            {"name": cut(name), **{key: counts[key] for key in _COUNTED}}
            for name, counts in counted(trend, by)[:LISTED]
        ],
        "lists": [_list(trend, state) for state in FindingCourseState],
    }
    for piece in templates().get_template("trend.html").stream(context):
        yield piece.encode("utf-8", "backslashreplace")


def _notes(trend: Trend) -> Iterator[str]:
    """What is to be known of the runs before their numbers are believed."""
    last = trend.points[-1]
    if last.unseen:
        yield (
            f"{count(last.unseen, 'finding')} were open when a run could tell last, and the latest "
            "could not: they count neither as open nor as mended."
        )
    if last.missing:
        names = ", ".join(map(cut, last.missing[:LISTED]))
        yield f"Missing from the latest run: {names}."
    alone = sum(not each.key for each in trend.points)
    if alone:
        yield f"Nobody that was trusted stands for {alone} of {count(len(trend.points), 'run')}."
    if len({each.profile for each in trend.points}) > 1:
        yield "The runs are by several profiles, so that numbers rise and fall with them."


def _run(point: TrendPoint) -> dict[str, Any]:
    found = {name: getattr(point, name) for name in point.__struct_fields__}
    return {**found, "when": moment(point.finished), "profile": cut(point.profile)}


def _list(trend: Trend, state: FindingCourseState) -> dict[str, Any]:
    found = [each for each in trend.findings if each.state is state]
    if state is FindingCourseState.MENDED:
        found.sort(key=lambda each: each.mended, reverse=True)
    else:
        found.sort(key=lambda each: (each.first_seen, -each.severity.rank))
    more = len(found) - LISTED
    return {
        "state": state.value,
        "count": count(len(found), "finding"),
        "findings": [_finding(each) for each in found[:LISTED]],
        "more": f"and {count(more, 'finding')} more, in CSV and JSON" if more > 0 else "",
    }


def _finding(each: FindingCourse) -> dict[str, str]:
    place = "/".join(filter(None, (each.namespace, each.name)))
    kind = each.kind.partition("/")[2] or each.kind
    return {
        "severity": each.severity.value,
        "rule": safe(each.rule),
        "subject": cut(f"{kind} {place} {each.element}".rstrip()),
        "target": cut(each.target),
        "owner": cut(each.owner),
        "first": each.first_seen[:10],
        "last": each.last_seen[:10],
        "mended": each.mended[:10],
        "back": f"{each.reopened}x" if each.reopened else "",
        "why": cut(each.why) + ("judged otherwise since" if each.otherwise else ""),
    }


def _picture(points: Sequence[TrendPoint]) -> dict[str, Any]:
    """Lengths of the picture: everything in pixels, from the top on the left."""
    places = list(_places(points))
    most = max(1, *(each.open + each.unseen for each in points))
    moved = max(1, *(each.new + each.reopened for each in points), *(p.mended for p in points))
    middle = _TOP + _HIGH + 12 + _LOW / 2
    bars = []
    for x, each in zip(places, points, strict=True):
        up = (each.new + each.reopened) / moved * _LOW / 2
        down = each.mended / moved * _LOW / 2
        bars.append(
            {
                "x": _shown(x - _BAR / 2),
                "y": _shown(middle - up),
                "up": _shown(up),
                "middle": _shown(middle),
                "down": _shown(down),
                "told": f"{moment(each.finished)}: {each.open} open, {each.unseen} unseen, "
                f"{each.new} new, {each.reopened} back again, {each.mended} mended",
            }
        )
    return {
        "width": _LEFT + _WIDTH + 16,
        "height": int(_TOP + _HIGH + 12 + _LOW + 24),
        "bar": _BAR,
        "open": _steps(places, [each.open / most for each in points]),
        "all": _steps(places, [(each.open + each.unseen) / most for each in points]),
        "bars": bars,
        "left": _LEFT,
        "right": _LEFT + _WIDTH,
        "top": _TOP,
        "base": _TOP + _HIGH,
        "middle": _shown(middle),
        "bottom": int(_TOP + _HIGH + 12 + _LOW + 16),
        "most": most,
        "moved": moved,
        "begin": points[0].finished[:10],
        "end": points[-1].finished[:10],
    }


def _places(points: Sequence[TrendPoint]) -> Iterator[float]:
    """Where each run stands: by its time, a little apart from both edges."""
    times = [dt.datetime.fromisoformat(each.finished).timestamp() for each in points]
    length = times[-1] - times[0]
    room = _WIDTH - 2 * _BAR
    for each in times:
        part = (each - times[0]) / length if length else 0.0
        yield _LEFT + _BAR + part * room


def _steps(places: Sequence[float], parts: Sequence[float]) -> str:
    """A filled shape below steps: each value holds until the next run, the last to the edge."""
    base = _TOP + _HIGH
    ends = [*places[1:], float(_LEFT + _WIDTH)]
    found = [f"{_shown(places[0])},{base}"]
    for begin, end, part in zip(places, ends, parts, strict=True):
        y = _shown(base - part * _HIGH)
        found += [f"{_shown(begin)},{y}", f"{_shown(end)},{y}"]
    return " ".join([*found, f"{_LEFT + _WIDTH},{base}"])


def _shown(length: float) -> str:
    return f"{length:.1f}"
