"""Rules judge one body: the only place, besides the command line, that catches every exception."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.analysis.shapes import Shape
from auditor.cel import CelEvalError, Program
from auditor.engine.observe import MAX_SEEN, Observer, as_seen, resolve_joined
from auditor.engine.outcome import BodyPath, Judgement, Outcome, Seen
from auditor.engine.tally import lane
from auditor.model.enums import Verdict
from auditor.policy.compiled import ActiveRule

_PLAIN_EACH = re.compile(r"object((?:\.\??[A-Za-z_][A-Za-z0-9_]*)+?)(?:\.orValue\(\[\]\))?")
_NOT_BOOL = "the result is not true or false"


@dataclass(frozen=True, slots=True)
class _Unit:
    """What a rule is applied to: the body, or one element of it."""

    item: object
    at: BodyPath
    label: str


class Judge:
    """Applies a fixed list of rules to bodies of one shape.

    ``rules`` are (index in the profile, rule). ``list_all`` also lists what is only counted by
    default: passes and not-applicable.
    """

    def __init__(
        self, rules: Sequence[tuple[int, ActiveRule]], shape: Shape, *, list_all: frozenset[int]
    ) -> None:
        self._shape = shape
        self._list_all = list_all
        self._sets: dict[str, tuple[Program | None, list[tuple[int, ActiveRule]]]] = {}
        for index, rule in rules:
            source = rule.each.source if rule.each is not None else ""
            self._sets.setdefault(source, (rule.each, []))[1].append((index, rule))
        self._observers: dict[int, Observer] = {}

    def judge(self, body: dict[str, object]) -> Judgement:
        """Judge one prepared body (joined lists added)."""
        outcomes: list[Outcome] = []
        tally = 0
        for source, (each, rules) in self._sets.items():
            try:
                units = self._units(source, each, rules, body)
            except CelEvalError as error:
                for index, rule in rules:
                    outcome = self._undecided(index, rule, _Unit(None, (), ""), body, str(error))
                    outcomes.append(outcome)
                    tally += lane(index, Verdict.UNKNOWN)
                continue
            for index, rule in rules:
                for unit in units:
                    verdict = self._apply(index, rule, unit, body, outcomes)
                    tally += lane(index, verdict)
        return Judgement(tuple(outcomes), tally)

    def _units(
        self,
        source: str,
        each: Program | None,
        rules: Sequence[tuple[int, ActiveRule]],
        body: dict[str, object],
    ) -> Sequence[_Unit]:
        if each is None:
            return (_Unit(None, (), ""),)
        params = rules[0][1].params
        items = each.run(body, None, params)
        if not isinstance(items, list):
            raise CelEvalError(f"{source} is not a list")
        base = plain_path(source)
        origins: Sequence[BodyPath]
        if base is not None:
            origins = [(*base, index) for index in range(len(items))]
        else:
            trace = each.trace(body, None, params)
            origins = [
                origin[1] if origin is not None and origin[0] == "object" else ()
                for origin in trace.elements
            ] or [() for _ in items]
        return [
            self._unit(item, at, index, body)
            for index, (item, at) in enumerate(zip(items, origins, strict=True))
        ]

    def _unit(self, item: object, at: BodyPath, index: int, body: dict[str, object]) -> _Unit:
        place = resolve_joined(at, body, self._shape)
        return _Unit(item, place, label_of(item, place, index))

    def _apply(
        self,
        index: int,
        rule: ActiveRule,
        unit: _Unit,
        body: dict[str, object],
        outcomes: list[Outcome],
    ) -> Verdict:
        try:
            params = rule.params
            if rule.when is not None:
                applies = rule.when.fast(body, unit.item, params)
                if applies is False:
                    if index in self._list_all:
                        outcomes.append(_counted(index, unit, Verdict.NOT_APPLICABLE))
                    return Verdict.NOT_APPLICABLE
                if applies is not True:
                    return self._apply_exactly(index, rule, unit, body, outcomes)
            result = rule.check.fast(body, unit.item, params)
        except Exception:  # noqa: BLE001 - the fast path models no errors: the exact one decides
            return self._apply_exactly(index, rule, unit, body, outcomes)
        return self._decided(index, rule, unit, body, outcomes, result)

    def _decided(
        self,
        index: int,
        rule: ActiveRule,
        unit: _Unit,
        body: dict[str, object],
        outcomes: list[Outcome],
        result: object,
    ) -> Verdict:
        if result is True:
            if index in self._list_all:
                outcomes.append(_counted(index, unit, Verdict.PASS))
            return Verdict.PASS
        if result is False:
            message = rule.message.render(body, unit.item, rule.params)
            observed = self._observed(index, rule.check, rule, unit, body)
            outcomes.append(Outcome(index, Verdict.FAIL, unit.label, unit.at, message, observed))
            return Verdict.FAIL
        outcomes.append(self._undecided(index, rule, unit, body, _NOT_BOOL))
        return Verdict.UNKNOWN

    def _apply_exactly(
        self,
        index: int,
        rule: ActiveRule,
        unit: _Unit,
        body: dict[str, object],
        outcomes: list[Outcome],
    ) -> Verdict:
        program = rule.check
        try:
            if rule.when is not None:
                program = rule.when
                applies = rule.when.exact(body, unit.item, rule.params)
                if applies is False:
                    if index in self._list_all:
                        outcomes.append(_counted(index, unit, Verdict.NOT_APPLICABLE))
                    return Verdict.NOT_APPLICABLE
                if applies is not True:
                    outcomes.append(self._undecided(index, rule, unit, body, _NOT_BOOL))
                    return Verdict.UNKNOWN
                program = rule.check
            result = rule.check.exact(body, unit.item, rule.params)
        except CelEvalError as error:
            observed = self._observed(index, program, rule, unit, body)
            outcome = self._undecided(index, rule, unit, body, str(error), observed)
            outcomes.append(outcome)
            return Verdict.UNKNOWN
        return self._decided(index, rule, unit, body, outcomes, result)

    def _undecided(
        self,
        index: int,
        rule: ActiveRule,
        unit: _Unit,
        body: dict[str, object],
        error: str,
        observed: tuple[Seen, ...] = (),
    ) -> Outcome:
        del body
        message = f"not decided: {error} ({rule.rule.title})"
        return Outcome(index, Verdict.UNKNOWN, unit.label, unit.at, message, observed)

    def _observed(
        self, index: int, program: Program, rule: ActiveRule, unit: _Unit, body: dict[str, object]
    ) -> tuple[Seen, ...]:
        if program is rule.check:
            observer = self._observers.get(index)
            if observer is None:
                observer = self._observers[index] = Observer(program)
        else:
            observer = Observer(program)
        seen = []
        for read in observer.reads(body, unit.item, rule.params)[:MAX_SEEN]:
            path = (*unit.at, *read.path) if read.root == "item" else read.path
            seen.append(as_seen(resolve_joined(path, body, self._shape), read.value))
        return tuple(seen)


def plain_path(source: str) -> tuple[str, ...] | None:
    """The path of an expression that only names a list, such as ``object.?a.orValue([])``."""
    plain = _PLAIN_EACH.fullmatch(source)
    return tuple(plain[1].replace("?", "")[1:].split(".")) if plain is not None else None


def _counted(index: int, unit: _Unit, verdict: Verdict) -> Outcome:
    return Outcome(index, verdict, unit.label, unit.at, "", ())


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
