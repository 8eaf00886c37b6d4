"""What became of each finding, run by run, in time. Pure.

A finding that a run does not list is mended only if that run could have told. By an example: run 1
finds a privileged pod in the cluster ``prod``. Run 2 does not list it, because

* its rule passed on all of ``prod``: it is *mended*;
* pods could not be listed (a gap), ``prod`` could not be reached, the finding is ``unknown``, the
  profile of run 2 does not have the rule, or its file was left out by ``--exclude``: it is
  *unseen*, neither open nor mended, until a run can tell;
* ``prod`` was not asked in run 2. A run of other targets says nothing of it. Where ``prod`` ran
  together with one of these targets before, it is *missing*, and its open findings are unseen.

When it is listed again after it was mended, it is *reopened*; after it was unseen it never went.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from auditor.model.enums import Severity, TargetState, Verdict
from auditor.model.history import (
    ALL_RULES,
    NAMELESS,
    FindingCourse,
    FindingCourseState,
    FindingSeen,
    Judging,
    RunSeen,
    TargetSeen,
    Trend,
    TrendPoint,
)

_OPEN: Final = FindingCourseState.OPEN
_UNSEEN: Final = FindingCourseState.UNSEEN
_MENDED: Final = FindingCourseState.MENDED


def trend_of(runs: Iterable[RunSeen]) -> Trend:
    """Follow each finding through ``runs``, whatever their order is."""
    follower = Follower()
    ordered = sorted(runs, key=lambda run: (run.finished, run.manifest))
    points = tuple(follower.step(run) for run in ordered)
    return Trend(points, follower.findings())


class _Course(msgspec.Struct):
    """The course of a finding until now; ``found`` is how it was listed last."""

    target: str
    found: FindingSeen
    first_seen: str
    last_seen: str
    decided: str
    judging: Judging
    limits: frozenset[object]
    state: FindingCourseState = _OPEN
    mended: str = ""
    reopened: int = 0
    why: str = ""
    otherwise: bool = False

    def shown(self, uri: str) -> FindingCourse:
        found = self.found
        return FindingCourse(
            *(uri, self.target, found.fingerprint, found.rule, found.kind, found.namespace),
            *(found.name, found.element, Severity(found.severity), found.owner, self.state),
            *(self.first_seen, self.last_seen, self.mended, self.decided, self.reopened),
            *(self.why, self.otherwise),
        )


class _Sight(msgspec.Struct):
    """What one run says of one target: what fails, what is unknown, what was hidden."""

    fails: dict[str, FindingSeen]
    unknown: set[tuple[str, ...]]
    rows: list[TargetSeen]
    rules: frozenset[str]

    def doubt(self, course: _Course) -> str:
        """Why it can't be told whether a finding that is not listed is mended; "" where it can."""
        found = course.found
        if any(row.state is TargetState.UNREACHABLE for row in self.rows):
            return "its target could not be read"
        if found.rule not in self.rules:
            return "its rule was not judged"
        if (found.fingerprint,) in self.unknown or _subject(found) in self.unknown:
            return "it could not be decided"
        for row in self.rows:
            for hidden in row.hidden:
                # what is hidden by design, and was so when it was seen, does not hide it
                known = hidden.design and hidden in course.limits
                if not known and (found.rule in hidden.rules or ALL_RULES in hidden.rules):
                    return hidden.why
            if not course.limits.issuperset(row.globs):
                return "files were left out that were not when it was seen"
        return ""

    def limits(self) -> frozenset[object]:
        """What is not looked at, by somebody's wish or by design."""
        globs = {glob for row in self.rows for glob in row.globs}
        return frozenset(globs | {each for row in self.rows for each in row.hidden if each.design})


class Follower:
    """Takes runs one after the other, oldest first, and keeps what is known of each finding."""

    def __init__(self) -> None:
        self._courses: defaultdict[str, dict[str, _Course]] = defaultdict(dict)
        self._together: defaultdict[str, set[str]] = defaultdict(set)
        self._states: Counter[FindingCourseState] = Counter()
        self._identities: dict[str, str] = {}
        self._uris: dict[str, str] = {}

    def step(self, run: RunSeen) -> TrendPoint:
        """Take the next run; what it changed, and what is known after it."""
        changed: Counter[str] = Counter()
        sights = self._sights(run)
        for target, sight in sorted(sights.items()):
            changed.update(self._listed(target, sight, run))
            changed.update(self._not_listed(target, sight, run))
        missing = self._missing(frozenset(sights))
        for target in missing:
            for course in self._courses[target].values():
                self._hide(course, "its target is missing")
        return TrendPoint(
            *(run.manifest, run.run, run.finished, run.judging.profile, run.key),
            *(
                len(sights),
                tuple(map(self._uri, missing)),
                changed["new"],
                changed["reopened"],
                changed["mended"],
            ),
            sum(each.verdict is not Verdict.FAIL for each in run.findings),
            self._states[_OPEN],
            self._states[_UNSEEN],
        )

    def findings(self) -> tuple[FindingCourse, ...]:
        """The course of each finding until now."""
        found = (
            each.shown(self._uri(each.target))
            for courses in self._courses.values()
            for each in courses.values()
        )
        return tuple(sorted(found, key=_place))

    def _listed(self, target: str, sight: _Sight, run: RunSeen) -> Iterator[str]:
        """What fails in a run is open after it."""
        courses = self._courses[target]
        limits = sight.limits()
        for name, found in sight.fails.items():
            course = courses.get(name)
            if course is None:
                yield "new"
                made = _Course(target, found, *((run.finished,) * 3), run.judging, limits)
                courses[name] = made
                self._states[_OPEN] += 1
                continue
            if course.state is _MENDED:
                yield "reopened"
                course.reopened += 1
            self._move(course, _OPEN)
            course.found, course.judging, course.limits = found, run.judging, limits
            course.last_seen = course.decided = run.finished
            course.mended, course.why, course.otherwise = "", "", False

    def _not_listed(self, target: str, sight: _Sight, run: RunSeen) -> Iterator[str]:
        """What a run does not list is mended where it could tell, and unseen where it could not."""
        for name, course in self._courses[target].items():
            if name in sight.fails:
                continue
            why = sight.doubt(course)
            if why:
                self._hide(course, why)
                continue
            course.decided = run.finished
            if course.state is not _MENDED:
                yield "mended"
                self._move(course, _MENDED)
                course.mended, course.why = run.finished, ""
                course.otherwise = course.judging != run.judging

    def _hide(self, course: _Course, why: str) -> None:
        if course.state is not _MENDED:
            self._move(course, _UNSEEN)
            course.why = why

    def _move(self, course: _Course, state: FindingCourseState) -> None:
        self._states[course.state] -= 1
        self._states[state] += 1
        course.state = state

    def _sights(self, run: RunSeen) -> dict[str, _Sight]:
        """What a run says of each of its targets, by what tells them apart in all runs."""
        rules = frozenset(run.judging.rules)
        found: dict[str, _Sight] = {}
        identities = [self._identity(row) for row in run.targets]
        for identity, row in zip(identities, run.targets, strict=True):
            found.setdefault(identity, _Sight({}, set(), [], rules)).rows.append(row)
            self._uris[identity] = row.uri
        for each in run.findings:
            sight = found[identities[each.target]]
            if each.verdict is Verdict.FAIL:
                sight.fails[each.fingerprint] = each
            else:
                sight.unknown |= {(each.fingerprint,), _subject(each)}
        return found

    def _identity(self, row: TargetSeen) -> str:
        """What tells a target from others; one that told nothing is who had its name last."""
        if row.uid in NAMELESS:
            return self._identities.get(row.uri, row.identity)
        if row.uri not in self._identities and row.uri in self._together:
            self._introduce(row.uri, row.identity)
        self._identities[row.uri] = row.identity
        return row.identity

    def _introduce(self, uri: str, identity: str) -> None:
        """Call what was only known by its name by what it says it is, from now on."""
        for others in self._together.values():
            if uri in others:
                others.discard(uri)
                others.add(identity)
        self._together[identity] |= self._together.pop(uri)

    def _uri(self, identity: str) -> str:
        return self._uris.get(identity, identity)

    def _missing(self, present: frozenset[str]) -> tuple[str, ...]:
        """Targets that ran together with one that is here, before, and are not here."""
        known = {other for target in present for other in self._together[target]}
        for target in present:
            self._together[target] |= present
        return tuple(sorted(known - present))


def _subject(found: FindingSeen) -> tuple[str, ...]:
    """One rule on one object, whatever the element: undecided for the one is so for the others."""
    return found.rule, found.kind, found.namespace, found.name


def _place(found: FindingCourse) -> tuple[str, ...]:
    return (
        *(
            found.target,
            found.uid,
            found.rule,
            found.namespace,
            found.kind,
            found.name,
            found.element,
        ),
        found.fingerprint,
    )
