"""What of the targets was not judged, and is not a gap: in a few bounded lines, for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from auditor.model.finding import Report
from auditor.model.resource import Some
from reports import controls as controls_of

SHOWN_PLACES: Final = 3
SHOWN_KINDS: Final = 4
SHOWN_GLOBS: Final = 8

_LIKELY: Final = (".yam", ".tmpl", ".tpl", ".gotmpl", ".j2", ".jinja", ".jsonnet", ".cue", ".gz")
"""How names of files end that may well hold manifests: they are named before others."""


def told(report: Report) -> Iterator[str]:
    """A line for each way in which something was read or met, and not judged."""
    yield from _excluded(report)
    yield from _others(report)
    yield from _passed_over(report)
    yield from _linked(report)
    yield from _ignored(report)


def everything(report: Report) -> str:
    """What was read, in a few words: not everything when something was left out."""
    if any(target.passed.excluded_files for target in report.targets):
        return "everything but what --exclude left out"
    for target in report.targets:
        passed = target.passed.hidden.count or target.passed.files or target.others.count
        if target.excluded or passed:
            return "everything else"
    return "everything"


def _excluded(report: Report) -> Iterator[str]:
    """Say what was left out by which glob."""
    files: Counter[str] = Counter()
    for target in report.targets:
        for each in target.passed.excluded:
            files[each.glob] += each.files
    if files.total():
        named = [f"{glob} {_count(number, 'file')}" for glob, number in files.items() if number]
        yield f"left out by --exclude: {_some(named, len(named), SHOWN_GLOBS)}"


def _others(report: Report) -> Iterator[str]:
    places = [
        f"{target.uri} {place}" if len(report.targets) > 1 else place
        for target in report.targets
        for place in target.others.named
    ]
    number = sum(target.others.count for target in report.targets)
    if number:
        were = "was" if number == 1 else "were"
        unknown = f"{_count(number, 'document')} {were} not recognised"
        yield f"{unknown} ({_some(places, number, SHOWN_PLACES)})" if places else unknown


def _passed_over(report: Report) -> Iterator[str]:
    hidden = _sum(target.passed.hidden for target in report.targets)
    suffixes: Counter[str] = Counter()
    for target in report.targets:
        suffixes.update(dict(target.passed.suffixes))
    parts = []
    if hidden.count:
        named = _some(hidden.named, hidden.count, SHOWN_PLACES)
        parts.append(f"{_count(hidden.count, 'hidden folder')} ({named})")
    if suffixes:
        order = sorted(suffixes, key=lambda name: (not _likely(name), -suffixes[name], name))
        names = [name or "no suffix" for name in order]
        named = _some(names, len(names), SHOWN_KINDS)
        whose = "its" if suffixes.total() == 1 else "their"
        parts.append(f"{_count(suffixes.total(), 'file')} by {whose} suffix ({named})")
    if parts:
        yield f"passed over: {', '.join(parts)}"


def _linked(report: Report) -> Iterator[str]:
    linked = _sum(target.passed.linked for target in report.targets)
    if linked.count:
        named = _some(linked.named, linked.count, SHOWN_PLACES)
        yield f"{_count(linked.count, 'link')} to what is read in its own place ({named})"


def _ignored(report: Report) -> Iterator[str]:
    kinds = [kind for kind in report.coverage.kinds if kind.ignored]
    if kinds:
        kinds.sort(key=lambda kind: (-kind.seen, kind.kind))
        objects = sum(kind.seen for kind in kinds)
        names = [kind.kind.partition("/")[2] for kind in kinds]
        named = _some(names, len(names), SHOWN_KINDS)
        seen = f"{_count(len(kinds), 'kind')}, {_count(objects, 'object')}"
        yield f"{seen}: read, no rule looks at them ({named})"


def not_assessed(report: Report) -> Iterator[str]:
    """Say in one line how many controls of each framework had no rule on anything that was read.

    Frameworks that the run is about have a section of their own.
    """
    own = {each.id for each in controls_of.asked(report)}
    marks = {each.id: controls_of.mark(each) for each in report.frameworks if each.unreviewed}
    controls: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for control in report.controls:
        controls[control.framework] += 1
        missing[control.framework] += control.state in controls_of.NOT_LOOKED_AT
    parts = [
        f"{name} {missing[name]} of {number}" + (f" ({marks[name]})" if name in marks else "")
        for name, number in sorted(controls.items())
        if missing[name] and name not in own
    ]
    if parts:
        why = "with no rule on what was read"
        yield f"controls not assessed, {why}: {', '.join(parts)}"


def _sum(parts: Iterator[Some]) -> Some:
    found = list(parts)
    names = tuple(name for part in found for name in part.named)
    return Some(sum(part.count for part in found), names)


def _likely(suffix: str) -> bool:
    return suffix in _LIKELY or any(name in suffix for name in (".yaml", ".yml", ".json"))


def _some(names: list[str] | tuple[str, ...], count: int, most: int) -> str:
    shown = ", ".join(names[:most])
    more = count - min(len(names), most)
    return f"{shown} and {more:,} more" if more > 0 else shown


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
