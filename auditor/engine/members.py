"""Rules taken apart for the loop over all of them, and the elements that they are applied to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from auditor.analysis.shapes import resolve_joined
from auditor.cel import CelEvalError, Program
from auditor.engine.fitting import expected, without
from auditor.engine.observe import Observer
from auditor.engine.outcome import BodyPath
from auditor.engine.paths import length_at, plain_paths
from auditor.engine.tally import change, lane, mark
from auditor.model.elements import field_of, key_of, keyed, told_apart
from auditor.model.enums import Verdict
from auditor.platforms.shape import Shape
from auditor.policy.compiled import ActiveRule

_TALLIES_KEPT = 2048


class Unit(msgspec.Struct, frozen=True, gc=False):
    """What a rule is applied to, told apart from its like: the body, or one element of it."""

    item: object
    at: BodyPath
    label: str
    key: str


WHOLE_BODY = Unit(None, (), "", "")
_BODY_ALONE: Sequence[object] = (None,)


class Member:
    """One rule of a set, taken apart for the loop over all rules and elements."""

    __slots__ = (
        "_observer",
        "check",
        "expected",
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
        self.expected = expected(rule.when, rule.check)
        self.params = rule.params
        self.listed = listed
        self.failed = mark(index, Verdict.FAIL)
        self.inapplicable = mark(index, Verdict.NOT_APPLICABLE)
        self._observer: Observer | None = None

    def observer(self, shape: Shape) -> Observer:
        """What explains how the rule came to its result."""
        if self._observer is None:
            self._observer = Observer(self.rule.check, self.rule.message, shape)
        return self._observer


class MemberSet:
    """The rules that are applied to the same elements: those of one ``each``, or to the body.

    ``start`` is the tally of one element for which every rule in ``members`` passes.
    """

    __slots__ = ("_tallies", "each", "expected", "members", "params", "paths", "source", "start")

    def __init__(self, source: str, each: Program | None, params: object) -> None:
        self.source = source
        self.each = each
        self.expected = expected(each)
        self.params = params
        self.paths = plain_paths(source)
        self.members: list[Member] = []
        self.start = 0
        self._tallies: dict[tuple[int, ...], int] = {}

    def add(self, member: Member) -> None:
        """Add a rule, as far as not all of its verdicts are known now."""
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

    def items(self, body: dict[str, object], *, unfit: bool) -> Sequence[object]:
        """The elements; ``unfit`` says that there may be values of a wrong type in the body.

        Raises:
            CelEvalError: there is no such list, or such a value decides what is in it.
        """
        if self.each is None:
            return _BODY_ALONE
        if unfit:
            misfits = self.expected.misfits(body, None)
            _, misfit = without(self.each, body, None, self.params, misfits)
            if misfit is not None:
                raise CelEvalError(misfit.told())
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


class ElementLocations:
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
        self, group: MemberSet, items: Sequence[object], body: dict[str, object], shape: Shape
    ) -> None:
        self._set = group
        self.items = items
        self.body = body
        self._shape = shape
        self._origins: Sequence[BodyPath] | None = None
        self._keys: Sequence[str] = ()
        self._list: tuple[BodyPath, str, str] = (), "", ""
        self._last = -1
        self._unit = WHOLE_BODY

    def unit(self, index: int) -> Unit:
        """The element at an index."""
        if self._last == index or self._set.each is None:
            return self._unit
        if self._origins is None:
            self._origins = self._find(self._set.each)
            self._keys = told_apart(list(map(self._key, self.items, self._origins)))
        item, at = self.items[index], self._origins[index]
        unit = Unit(item, at, label_of(item, at, index), self._keys[index])
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


def set_key(rule: ActiveRule) -> str:
    """Equal for rules that are applied to the same elements, whatever the body."""
    if rule.each is None:
        return ""
    if "params" not in rule.each.reads:
        return rule.each.source
    return f"{rule.each.source}\0{sorted(rule.params.items())!r}"


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
