"""Findings as they stand in the page itself: by rule and by object, some of each.

They come in one pass, the worst first, and none is kept: what is shown of the first ones is, and
counts. Of objects as many are told apart as a person would look at, and the worst are the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from auditor.model.finding import Report
from auditor.model.results_finding import Finding, ResourceRef
from reports.details import PASSING
from reports.html.accept import command
from reports.html.words import count, cut, lines, more, prose
from reports.remedy import short_remedy
from reports.subjects import location_of, named, observations, related, subject
from reports.text import safe
from reports.waivers import told

SHOWN: Final = {"critical": 5, "high": 3, "medium": 2, "low": 1, "info": 1}
"""How many findings of a rule stand in the page itself, by its severity."""
SHOWN_VALUES: Final = 3
SHOWN_OBJECTS: Final = 40
MOST_OBJECTS: Final = 2_000
"""How many objects are told apart; of further ones it is known how many findings they have."""


class _Key(NamedTuple):
    """What findings are grouped by: those of a rule that went alike."""

    verdict: str
    severity: str
    rule: str


class _Object:
    """An object, how many of its findings fail by severity, and for which rules."""

    def __init__(self, resource: ResourceRef) -> None:
        self.resource = resource
        self.counts: Counter[str] = Counter()
        self.rules: dict[str, None] = {}


class Groups:
    """Findings by verdict and rule, and by object: how many, and the first of them."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.many = len(report.targets) > 1
        self.counts: Counter[_Key] = Counter()
        self._first: dict[_Key, list[dict[str, Any]]] = {}
        self._new: dict[_Key, list[dict[str, Any]]] = {}
        self._new_counts: Counter[_Key] = Counter()
        self._objects: dict[tuple[str, ...], _Object] = {}
        self._further = 0

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep what is shown of it."""
        key = _Key(finding.verdict, finding.severity, finding.rule)
        self.counts[key] += 1
        self._keep(self._first, key, finding)
        if finding.new:
            self._new_counts[key] += 1
            self._keep(self._new, key, finding)
        if finding.verdict == "fail" and finding.waiver is None:
            self._count(finding)

    def _keep(self, kept: dict[_Key, list[dict[str, Any]]], key: _Key, finding: Finding) -> None:
        first = kept.setdefault(key, [])
        if len(first) < SHOWN[finding.severity]:
            first.append(self._shown(finding))

    def _count(self, finding: Finding) -> None:
        found = finding.resource
        key = (found.target, found.namespace, found.kind, found.name, found.file)
        if key not in self._objects:
            if len(self._objects) >= MOST_OBJECTS:
                self._further += 1
                return
            self._objects[key] = _Object(found)
        this = self._objects[key]
        this.counts[finding.severity] += 1
        this.rules[finding.rule] = None

    def _shown(self, finding: Finding) -> dict[str, Any]:
        return {
            "subject": safe(subject(finding)),
            "place": safe(location_of(finding.resource, many_targets=self.many)),
            "message": cut(finding.message),
            "seen": [cut(each) for each in seen(finding, many_targets=self.many)],
            "marks": safe(next(told(finding), "")),
            "accept": command(finding) if finding.waiver is None else "",
        }

    def shown(self) -> Iterator[dict[str, Any]]:
        """Yield the groups as the report has them: what fails first, the worst first."""
        for key, number in self.counts.items():
            yield self._group(key, number, self._first[key])

    def new(self) -> Iterator[dict[str, Any]]:
        """Yield what is new of each rule."""
        for key, number in self._new_counts.items():
            yield self._group(key, number, self._new[key])

    def new_severities(self) -> str:
        """Say of how many of what severity what is new is."""
        counts: Counter[str] = Counter()
        for key, number in self._new_counts.items():
            counts[key.severity if key.verdict == "fail" else "undecided"] += number
        return ", ".join(
            f"{counts[name]:,} {name}" for name in (*SHOWN, "undecided") if counts[name]
        )

    def _group(self, key: _Key, number: int, first: list[dict[str, Any]]) -> dict[str, Any]:
        info = self.report.rules.get(key.rule)
        sentence, snippet = short_remedy(info.remediation) if info is not None else ("", ())
        left = number - len(first)
        fails = key.verdict == "fail"
        return {
            "id": safe(key.rule),
            "title": safe(info.title if info is not None else key.rule),
            "kind": key.severity if fails else "unknown",
            "word": key.severity if fails else key.verdict,
            "count": count(number, "finding"),
            "why": prose(info.rationale) if info is not None else "",
            "fix": lines(sentence or "\n".join(snippet)) if fails else "",
            "code": not sentence,
            "findings": first,
            "accept": next((each["accept"] for each in first if each["accept"]), ""),
            "more": more(left, "finding"),
        }

    def objects(self) -> list[dict[str, str]]:
        """Make a row of each of the worst objects."""
        found = sorted(self._objects.values(), key=_worst_first)[:SHOWN_OBJECTS]
        return [
            {
                "name": safe(named(each.resource)),
                "place": safe(location_of(each.resource, many_targets=self.many)),
                "counts": ", ".join(
                    f"{each.counts[name]:,} {name}" for name in SHOWN if each.counts[name]
                ),
                "rules": safe(", ".join([*each.rules][:6]))
                + (f" and {len(each.rules) - 6} more" if len(each.rules) > 6 else ""),
            }
            for each in found
        ]

    def more_objects(self) -> str:
        """Say how many objects are not listed, and what findings they have."""
        left = len(self._objects) - SHOWN_OBJECTS
        if self._further:
            return f"and more than {count(left, 'object')} more"
        return f"and {count(left, 'object')} more" if left > 0 else ""


def made(_: Report, groups: Groups) -> dict[str, Any]:
    """Show what was found; what passes is counted, and has no place among it."""
    return {
        "summary": _summary(groups),
        "groups": [*groups.shown()],
        "objects": groups.objects(),
        "more_objects": groups.more_objects(),
    }


def seen(finding: Finding, *, many_targets: bool) -> Iterator[str]:
    """Name the other resources that a finding rests on, and what was read."""
    yield from related(finding, many_targets=many_targets)
    for item, said in zip(finding.observed[:SHOWN_VALUES], observations(finding), strict=False):
        place = f" ({item.file}:{item.line})" if item.file and item.line else ""
        yield said + place
    left = len(finding.observed) - SHOWN_VALUES
    if left > 0:
        yield f"and {count(left, 'value')} more"


def _worst_first(this: _Object) -> tuple[int, ...]:
    return tuple(-this.counts[name] for name in SHOWN)


def _summary(groups: Groups) -> str:
    """Count what fails and what is undecided; where there are gaps, nothing is said of all."""
    fails = sum(number for key, number in groups.counts.items() if key.verdict == "fail")
    open_ = sum(
        number
        for key, number in groups.counts.items()
        if key.verdict != "fail" and key.verdict not in PASSING
    )
    rules = len({key.rule for key in groups.counts if key.verdict == "fail"})
    read = " of what was read" if groups.report.gaps else ""
    failing = f"{count(fails, 'finding')} of {count(rules, 'rule')} fail"
    decided = f"{open_:,} could not be decided" if open_ else f"all{read} could be decided"
    return f"{failing if fails else f'Nothing{read} fails'}; {decided}."
