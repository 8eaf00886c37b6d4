"""Rules judge one body: the only place, besides the command line, that catches every exception."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from auditor.analysis.shapes import Shape, resolve_joined
from auditor.cel import CelEvalError, Program
from auditor.engine import templates
from auditor.engine.observe import Explanation, Observer
from auditor.engine.outcome import BodyPath, Judgement, Outcome, Seen
from auditor.engine.paths import length_at, plain_paths
from auditor.engine.tally import change, lane, mark
from auditor.model.elements import field_of, key_of, keyed, told_apart
from auditor.model.enums import Verdict
from auditor.policy.compiled import ActiveRule

_TALLIES_KEPT = 8192
_NOT_BOOL = "the result is not true or false"


class _Unit(msgspec.Struct, frozen=True, gc=False):
    """What a rule is applied to, told apart from its like: the body, or one element of it."""

    item: object
    at: BodyPath
    label: str
    key: str


_WHOLE_BODY = _Unit(None, (), "", "")
_BODY_ALONE: Sequence[object] = (None,)


class _Member:
    """One rule of a set, taken apart for the loop over all rules and elements."""

    __slots__ = (
        "_observer",
        "check",
        "failed",
        "inapplicable",
        "index",
        "listed",
        "params",
        "rule",
        "when",
    )

    def __init__(self, index: int, rule: ActiveRule, *, listed: bool) -> None:
        self.index = index
        self.rule = rule
        self.when = rule.when.fast if rule.when is not None else None
        self.check = rule.check.fast
        self.params = rule.params
        self.listed = listed
        self.failed = mark(index, Verdict.FAIL)
        self.inapplicable = mark(index, Verdict.NOT_APPLICABLE)
        self._observer: Observer | None = None

    def observer(self, shape: Shape) -> Observer:
        if self._observer is None:
            self._observer = Observer(self.rule.check, self.rule.message, shape)
        return self._observer


class _Set:
    """The rules that are applied to the same elements: those of one ``each``, or to the body.

    ``start`` is the tally of one element for which every rule in ``members`` passes.
    """

    __slots__ = ("_tallies", "each", "members", "params", "paths", "source", "start")

    def __init__(self, source: str, each: Program | None, params: object) -> None:
        self.source = source
        self.each = each
        self.params = params
        self.paths = plain_paths(source)
        self.members: list[_Member] = []
        self.start = 0
        self._tallies: dict[tuple[int, ...], int] = {}

    def add(self, member: _Member) -> None:
        applies = None if member.listed else _always(member.rule)
        if applies is False:
            self.start += lane(member.index, Verdict.NOT_APPLICABLE)
            return
        self.start += lane(member.index, Verdict.PASS)
        if applies is True:
            member.when = None
        self.members.append(member)

    def tally(self, marks: tuple[int, ...]) -> int:
        """Add up: every rule passes on the element, except where a mark says what it did."""
        tally = self._tallies.get(marks)
        if tally is None:
            tally = self.start + sum(map(change, marks))
            if len(self._tallies) < _TALLIES_KEPT:
                self._tallies[marks] = tally
        return tally

    def items(self, body: dict[str, object]) -> Sequence[object]:
        """The elements.

        Raises:
            CelEvalError: there is no such list.
        """
        if self.each is None:
            return _BODY_ALONE
        items = self.each.run(body, None, self.params)
        if not isinstance(items, list):
            raise CelEvalError(f"{self.source} is not a list")
        return items


def never_applies(rule: ActiveRule) -> bool:
    """Whether no body can change that the rule is not applicable, as its parameters are."""
    return _always(rule) is False


def _always(rule: ActiveRule) -> bool | None:
    """What ``when`` comes to for every body, None where that depends on the body."""
    if rule.when is None or not rule.when.reads.keys() <= {"params"}:
        return None
    try:
        applies = rule.when.run(None, None, rule.params)
    except CelEvalError:
        return None
    return applies if isinstance(applies, bool) else None


class _Places:
    """Where the elements of one set stand in a body; found out when there is something to tell."""

    __slots__ = (
        "_keys",
        "_last",
        "_list",
        "_origins",
        "_set",
        "_shape",
        "_unit",
        "body",
        "items",
    )

    def __init__(
        self, group: _Set, items: Sequence[object], body: dict[str, object], shape: Shape
    ) -> None:
        self._set = group
        self.items = items
        self.body = body
        self._shape = shape
        self._origins: Sequence[BodyPath] | None = None
        self._keys: Sequence[str] = ()
        self._list: tuple[BodyPath, str, str] = (), "", ""
        self._last = -1
        self._unit = _WHOLE_BODY

    def unit(self, index: int) -> _Unit:
        if self._last == index or self._set.each is None:
            return self._unit
        if self._origins is None:
            self._origins = self._find(self._set.each)
            self._keys = told_apart(list(map(self._key, self.items, self._origins)))
        item, at = self.items[index], self._origins[index]
        unit = _Unit(item, at, label_of(item, at, index), self._keys[index])
        self._last, self._unit = index, unit
        return self._unit

    def _key(self, item: object, at: BodyPath) -> str:
        if not at:
            return key_of(item, "")
        if not isinstance(at[-1], int):
            return keyed(self.body, at)
        path, start, field = self._list
        if path != at[:-1]:
            path = at[:-1]
            start, field = keyed(self.body, path), field_of(path)
            self._list = path, start, field
        return f"{start}/{key_of(item, field)}"

    def _find(self, each: Program) -> Sequence[BodyPath]:
        """The path of each element, () where it is made up."""
        body, shape = self.body, self._shape
        if self._set.paths is not None:
            origins: list[BodyPath] = [
                (*part, index)
                for path in self._set.paths
                for part in shape.parts_of(path)
                for index in range(length_at(body, part))
            ]
            if len(origins) == len(self.items):
                return origins
        trace = each.trace(body, None, self._set.params)
        found = [
            resolve_joined(origin[1], body, shape) if origin and origin[0] == "object" else ()
            for origin in trace.elements
        ]
        return found or [() for _ in self.items]


class Judge:
    """Applies a fixed list of rules to bodies of one shape.

    ``rules`` are (index in the profile, rule). ``list_all`` also lists what is only counted by
    default: passes and not-applicable.
    """

    def __init__(
        self, rules: Sequence[tuple[int, ActiveRule]], shape: Shape, *, list_all: frozenset[int]
    ) -> None:
        self._shape = shape
        sets: dict[str, _Set] = {}
        for index, rule in rules:
            key = _set_key(rule)
            if key not in sets:
                source = rule.each.source if rule.each is not None else ""
                sets[key] = _Set(source, rule.each, rule.params)
            sets[key].add(_Member(index, rule, listed=index in list_all))
        self._sets = tuple(sets.values())

    def judge(self, body: dict[str, object], *, templated: bool = False) -> Judgement:
        """Judge one prepared body (joined lists added).

        ``templated`` says that there may be text of a template in it that was not rendered.
        """
        outcomes: list[Outcome] = []
        tally = 0
        for group in self._sets:
            try:
                items = group.items(body)
            except Exception as error:  # noqa: BLE001 - a bug of ours costs these verdicts only
                for member in group.members:
                    outcomes.append(_undecided(member, _WHOLE_BODY, _told(error)))
                    tally += lane(member.index, Verdict.UNKNOWN)
                continue
            if items:
                places = _Places(group, items, body, self._shape)
                for index in range(len(items)):
                    marks: list[int] = []
                    members: Sequence[_Member] = group.members
                    if templated:
                        members = self._take_templated(members, places, index, outcomes, marks)
                    self._judge_element(members, places, index, outcomes, marks)
                    tally += group.tally(tuple(marks))
        return Judgement(tuple(outcomes), tally)

    def _take_templated(
        self,
        members: Sequence[_Member],
        places: _Places,
        index: int,
        outcomes: list[Outcome],
        marks: list[int],
    ) -> Sequence[_Member]:
        """Mark the rules that a template decides on one element as undecided; the others."""
        body, item = places.body, places.items[index]
        left = []
        for member in members:
            program = None
            if templates.is_read(member.rule, body, item):
                program = templates.decides(member.rule, body, item)
            if program is None:
                left.append(member)
                continue
            unit = places.unit(index)
            why = Observer(program, None, self._shape).explain(body, item, member.params)
            seen = self._seen(why, unit, body)
            outcomes.append(_undecided(member, unit, templates.UNRENDERED, seen))
            marks.append(mark(member.index, Verdict.UNKNOWN))
        return left

    def _judge_element(
        self,
        members: Sequence[_Member],
        places: _Places,
        index: int,
        outcomes: list[Outcome],
        marks: list[int],
    ) -> None:
        """Apply rules to one element, and mark those that do not pass."""
        body, item = places.body, places.items[index]
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
                    outcomes.append(_counted(member, places.unit(index), Verdict.PASS))
                continue
            if applies is False:
                if member.listed:
                    outcomes.append(_counted(member, places.unit(index), Verdict.NOT_APPLICABLE))
                marks.append(member.inapplicable)
                continue
            unit = _WHOLE_BODY
            try:
                unit = places.unit(index)
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
        member: _Member,
        unit: _Unit,
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
            seen = self._seen(why, unit, body)
            outcomes.append(_failed(member, unit, why, seen))
            return Verdict.FAIL
        outcomes.append(_undecided(member, unit, _NOT_BOOL))
        return Verdict.UNKNOWN

    def _apply_exactly(
        self, member: _Member, unit: _Unit, body: dict[str, object], outcomes: list[Outcome]
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
            outcomes.append(_undecided(member, unit, str(error), self._seen(why, unit, body)))
            return Verdict.UNKNOWN
        return self._decided(member, unit, body, outcomes, result)

    def _seen(self, why: Explanation, unit: _Unit, body: dict[str, object]) -> tuple[Seen, ...]:
        """The reads of an explanation, with their places in the body."""
        seen = []
        for below_item, path, text in why.reads:
            place = (*unit.at, *path) if below_item else resolve_joined(path, body, self._shape)
            seen.append(Seen(place, text))
        return tuple(seen)


def _set_key(rule: ActiveRule) -> str:
    """Equal for rules that are applied to the same elements, whatever the body."""
    if rule.each is None:
        return ""
    if "params" not in rule.each.reads:
        return rule.each.source
    return f"{rule.each.source}\0{sorted(rule.params.items())!r}"


def _told(error: Exception) -> str:
    """What an error says of itself; one that no expression can have is our bug."""
    if isinstance(error, CelEvalError):
        return str(error)
    return f"internal error: {type(error).__name__}: {error}"


def _failed(member: _Member, unit: _Unit, why: Explanation, observed: tuple[Seen, ...]) -> Outcome:
    verdict = Verdict.FAIL
    found = (unit.label, unit.at, why.message, observed, unit.key, why.causes)
    return Outcome(member.index, verdict, *found)


def _undecided(
    member: _Member, unit: _Unit, error: str, observed: tuple[Seen, ...] = ()
) -> Outcome:
    message = f"not decided: {error} ({member.rule.rule.title})"
    verdict = Verdict.UNKNOWN
    return Outcome(member.index, verdict, unit.label, unit.at, message, observed, unit.key)


def _not_applicable(member: _Member, unit: _Unit, outcomes: list[Outcome]) -> Verdict:
    if member.listed:
        outcomes.append(_counted(member, unit, Verdict.NOT_APPLICABLE))
    return Verdict.NOT_APPLICABLE


def _counted(member: _Member, unit: _Unit, verdict: Verdict) -> Outcome:
    return Outcome(member.index, verdict, unit.label, unit.at, "", (), unit.key)


def label_of(item: object, at: BodyPath, index: int) -> str:
    """Name an element for people: the singular of its list and its name, ``container main``."""
    noun = next((part for part in reversed(at) if isinstance(part, str)), "element")
    singular = noun[:-3] + "y" if noun.endswith("ies") else noun.removesuffix("s")
    name: object = item
    if isinstance(item, dict):
        name = item.get("name")
        if not isinstance(name, str) or not name:
            name = item.get("key", item.get("path"))
    if not isinstance(name, str) or not name:
        position = at[-1] if at and isinstance(at[-1], int) else index
        name = f"[{position}]"
    return f"{singular} {name}"
