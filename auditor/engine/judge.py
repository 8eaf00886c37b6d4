"""Rules judge one body: the only place, besides the command line, that catches every exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from auditor.analysis.shapes import resolve_joined
from auditor.cel import CelEvalError
from auditor.engine import templates
from auditor.engine.fitting import Expected, Fitting, decisive, field_of_no_map
from auditor.engine.members import WHOLE_BODY, ElementLocations, Member, MemberSet, Unit, set_key
from auditor.engine.observe import Explanation, Observer, Reads
from auditor.engine.outcome import Judgement, Outcome, Seen
from auditor.engine.tally import lane, mark
from auditor.model.enums import Verdict
from auditor.platforms.shape import Shape
from auditor.policy.compiled import ActiveRule

_NOT_BOOL = "the result is not true or false"

_Reason: TypeAlias = tuple[str, Reads]
"""Why a rule has no verdict, and what it read."""
_Why: TypeAlias = Callable[[Member, object, object], _Reason | None]


class Judge:
    """Applies a fixed list of rules to bodies of one shape.

    ``rules`` are (index in the profile, rule). ``list_all`` also lists what is only counted by
    default: passes and not-applicable.
    """

    def __init__(
        self, rules: Sequence[tuple[int, ActiveRule]], shape: Shape, *, list_all: frozenset[int]
    ) -> None:
        self._shape = shape
        sets: dict[str, MemberSet] = {}
        for index, rule in rules:
            key = set_key(rule)
            if key not in sets:
                source = rule.each.source if rule.each is not None else ""
                sets[key] = MemberSet(source, rule.each, rule.params)
            sets[key].add(Member(index, rule, listed=index in list_all))
        self._sets = tuple((group, _elements_of(group)) for group in sets.values())
        self._fitting = Fitting(
            each.body for group in sets.values() for each in (group.expected, *_meant(group))
        )

    def judge(self, body: dict[str, object], *, templated: bool = False) -> Judgement:
        """Judge one prepared body (joined lists added).

        ``templated`` says that there may be text of a template in it that was not rendered.
        """
        outcomes: list[Outcome] = []
        tallies: list[int] = []
        odd = not self._fitting.fits((body,))
        for group, fitting in self._sets:
            try:
                items = group.items(body, unfit=odd)
            except Exception as error:  # noqa: BLE001 - a bug of ours costs these verdicts only
                for member in group.members:
                    outcomes.append(_undecided(member, WHOLE_BODY, _told(error)))
                    tallies.append(lane(member.index, Verdict.UNKNOWN))
                continue
            if items:
                locations = ElementLocations(group, items, body, self._shape)
                doubts = [self._unrendered] if templated else []
                if odd or not fitting.fits(items):
                    doubts.append(_unfit)
                for index in range(len(items)):
                    marks: list[int] = []
                    members: Sequence[Member] = group.members
                    for why in doubts:
                        members = self._take_undecided(
                            why, members, locations, index, outcomes, marks
                        )
                    self._judge_element(members, locations, index, outcomes, marks)
                    tallies.append(group.tally(tuple(marks)))
        return Judgement(tuple(outcomes), tuple(tallies))

    def _take_undecided(
        self,
        why: _Why,
        members: Sequence[Member],
        locations: ElementLocations,
        index: int,
        outcomes: list[Outcome],
        marks: list[int],
    ) -> Sequence[Member]:
        """Mark the rules that have no verdict on one element, and ``why``; the others."""
        body, item = locations.body, locations.items[index]
        left = []
        for member in members:
            reason = why(member, body, item)
            if reason is None:
                left.append(member)
                continue
            told, reads = reason
            unit = locations.unit(index)
            outcomes.append(_undecided(member, unit, told, self._seen(reads, unit, body)))
            marks.append(mark(member.index, Verdict.UNKNOWN))
        return left

    def _unrendered(self, member: Member, body: object, item: object) -> _Reason | None:
        """That text of a template decides a rule."""
        if not templates.is_read(member.rule, body, item):
            return None
        program = templates.decides(member.rule, body, item)
        if program is None:
            return None
        why = Observer(program, None, self._shape).explain(body, item, member.params)
        return templates.UNRENDERED, why.reads

    def _judge_element(
        self,
        members: Sequence[Member],
        locations: ElementLocations,
        index: int,
        outcomes: list[Outcome],
        marks: list[int],
    ) -> None:
        """Apply rules to one element, and mark those that do not pass."""
        body, item = locations.body, locations.items[index]
        for member in members:
            result: object = None
            try:
                applies = True if member.when is None else member.when(body, item, member.params)
                if applies is True:
                    result = member.check(body, item, member.params)
            except Exception:  # noqa: BLE001 - the fast path models no errors: the exact one decides
                applies = None
            if result is True:
                if member.listed:
                    outcomes.append(_counted(member, locations.unit(index), Verdict.PASS))
                continue
            if applies is False:
                if member.listed:
                    outcomes.append(_counted(member, locations.unit(index), Verdict.NOT_APPLICABLE))
                marks.append(member.inapplicable)
                continue
            unit = WHOLE_BODY
            try:
                unit = locations.unit(index)
                if applies is True:
                    verdict = self._decided(member, unit, body, outcomes, result)
                else:
                    verdict = self._apply_exactly(member, unit, body, outcomes)
            except Exception as error:  # noqa: BLE001 - a bug of ours costs this verdict only
                outcomes.append(_undecided(member, unit, _told(error)))
                verdict = Verdict.UNKNOWN
            marks.append(member.failed if verdict is Verdict.FAIL else mark(member.index, verdict))

    def _decided(
        self,
        member: Member,
        unit: Unit,
        body: dict[str, object],
        outcomes: list[Outcome],
        result: object,
    ) -> Verdict:
        if result is True:
            if member.listed:
                outcomes.append(_counted(member, unit, Verdict.PASS))
            return Verdict.PASS
        if result is False:
            why = member.observer(self._shape).explain(body, unit.item, member.params)
            seen = self._seen(why.reads, unit, body)
            outcomes.append(_failed(member, unit, why, seen))
            return Verdict.FAIL
        outcomes.append(_undecided(member, unit, _NOT_BOOL))
        return Verdict.UNKNOWN

    def _apply_exactly(
        self, member: Member, unit: Unit, body: dict[str, object], outcomes: list[Outcome]
    ) -> Verdict:
        rule = member.rule
        program = rule.check
        try:
            if rule.when is not None:
                program = rule.when
                applies = rule.when.exact(body, unit.item, rule.params)
                if applies is False:
                    return _not_applicable(member, unit, outcomes)
                if applies is not True:
                    outcomes.append(_undecided(member, unit, _NOT_BOOL))
                    return Verdict.UNKNOWN
                program = rule.check
            result = rule.check.exact(body, unit.item, rule.params)
        except CelEvalError as error:
            why = Observer(program).explain(body, unit.item, rule.params)
            paths = [(below_item, path) for below_item, path, _ in why.reads]
            told = field_of_no_map(str(error), paths, (body, unit.item))
            outcomes.append(_undecided(member, unit, told, self._seen(why.reads, unit, body)))
            return Verdict.UNKNOWN
        return self._decided(member, unit, body, outcomes, result)

    def _seen(self, reads: Reads, unit: Unit, body: dict[str, object]) -> tuple[Seen, ...]:
        """What was read, with its locations in the body."""
        seen = []
        for below_item, path, text in reads:
            place = (*unit.at, *path) if below_item else resolve_joined(path, body, self._shape)
            seen.append(Seen(place, text))
        return tuple(seen)


def _unfit(member: Member, body: object, item: object) -> _Reason | None:
    """That a value of a wrong type decides a rule."""
    misfit = decisive(member.rule, body, item, member.expected.misfits(body, item))
    if misfit is None:
        return None
    return misfit.told(), ((misfit.below_item, misfit.path, misfit.shown()),)


def _meant(group: MemberSet) -> list[Expected]:
    return [member.expected for member in group.members]


def _elements_of(group: MemberSet) -> Fitting:
    """A look at the elements of a set, for all of its rules."""
    return Fitting(each.item for each in _meant(group))


def _told(error: Exception) -> str:
    """What an error says of itself; one that no expression can have is our bug."""
    if isinstance(error, CelEvalError):
        return str(error)
    return f"internal error: {type(error).__name__}: {error}"


def _failed(member: Member, unit: Unit, why: Explanation, observed: tuple[Seen, ...]) -> Outcome:
    verdict = Verdict.FAIL
    found = (unit.label, unit.at, why.message, observed, unit.key, why.causes)
    return Outcome(member.index, verdict, *found)


def _undecided(member: Member, unit: Unit, error: str, observed: tuple[Seen, ...] = ()) -> Outcome:
    message = f"not decided: {error} ({member.rule.rule.title})"
    verdict = Verdict.UNKNOWN
    return Outcome(member.index, verdict, unit.label, unit.at, message, observed, unit.key)


def _not_applicable(member: Member, unit: Unit, outcomes: list[Outcome]) -> Verdict:
    if member.listed:
        outcomes.append(_counted(member, unit, Verdict.NOT_APPLICABLE))
    return Verdict.NOT_APPLICABLE


def _counted(member: Member, unit: Unit, verdict: Verdict) -> Outcome:
    return Outcome(member.index, verdict, unit.label, unit.at, "", (), unit.key)
