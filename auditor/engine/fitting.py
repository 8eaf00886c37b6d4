"""Values of another type than a rule takes them to be: where one decides, nothing does.

``runAsUser: "0"`` is a text, and ``"0" != 0`` is true, so that a rule would pass what no API server
takes. Which types a rule means follows from its own expressions (``auditor.cel.strict``). Whether a
body has other ones is looked at quickly, at once for all rules; only where it has are the rules
looked at, one by one: each is evaluated with the wrong values made unusable. An error then is one
that these values made, and their field is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from auditor.analysis.either import EITHER_NAMES, EITHER_VALUES
from auditor.cel import UNUSABLE, Program, Wants
from auditor.cel.wants import ANY, EITHER, NOTHING, unite
from auditor.engine.observe import as_text
from auditor.engine.outcome import BodyPath
from auditor.engine.templates import has_hole
from auditor.policy.compiled import ActiveRule
from auditor.secrets.marks import MARK

_CLASSES: Final[Mapping[str, tuple[type, ...]]] = {
    "bool": (bool,),
    "int": (int,),
    "number": (int, float),
    "string": (str,),
    "list": (list,),
    "map": (dict,),
    "number or string": (int, float, str),
}
_WANTED: Final = {
    "bool": "a boolean",
    "int": "an integer",
    "number": "a number",
    "string": "a string",
    "list": "a list",
    "map": "a map",
    "number or string": "a number or a string",
}
_FOUND: Final[Mapping[type, tuple[str, str]]] = {
    bool: ("a boolean", "bool"),
    int: ("a number", "number"),
    float: ("a number", "number"),
    str: ("a string", "string"),
    list: ("a list", "array"),
    dict: ("a map", "object"),
}
"""What people call a value, and what an API server calls it when it can't decode it."""

_SCALAR: Final = frozenset({"int", "number", "string"})
_NEVER: Final = "never"
"""A type that rules disagree on: each has to be asked."""

_QUICK: Final[Mapping[str, frozenset[type] | None]] = {
    ANY: None,
    _NEVER: frozenset({type(None)}),
    **{kind: frozenset({*classes, type(None)}) for kind, classes in _CLASSES.items()},
}


class Misfit(msgspec.Struct, frozen=True):
    """A value of a wrong type, below the body or the element."""

    below_item: bool
    path: BodyPath
    value: object
    wanted: str

    def shown(self) -> str:
        """The value, as JSON; of a map or a list, only that: rules need not read all of it."""
        if isinstance(self.value, dict | list):
            return f'"({_FOUND[self.value.__class__][0]})"'
        return as_text(self.value)

    def told(self) -> str:
        """The field, its type, and what an API server says of it."""
        found, name = _FOUND[self.value.__class__]
        if self.wanted == "int" and self.value.__class__ is float:
            found = "a fraction"
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        field = field.removeprefix(".") or "the element"
        refused = f'the API server answers "cannot unmarshal {name}"'
        return f"{field} is {found}, not {_WANTED[self.wanted]}; {refused}"


_Roots = tuple[object, object]
_NO_FIELDS: Final = "does not support field selection"


def field_of_no_map(error: str, paths: Iterable[tuple[bool, BodyPath]], roots: _Roots) -> str:
    """Say which field should have been a map, of an error that a field of it was asked for.

    ``paths`` are what the failed expression read, below the element or the body, ``roots`` are
    (body, element). Other errors are told as they are.
    """
    if _NO_FIELDS not in error:
        return error
    for below_item, path in paths:
        value: Any = roots[below_item]
        for depth in range(len(path) + 1):
            if depth and value.__class__ in _FOUND and not isinstance(value, dict | list):
                return Misfit(below_item, path[:depth], value, "map").told()
            if depth == len(path) or not isinstance(value, dict):
                break
            value = value.get(path[depth])
    return error


class Expected(msgspec.Struct, frozen=True):
    """The types that a rule means, of the body and of the element."""

    body: Wants
    item: Wants

    def misfits(self, body: object, item: object) -> tuple[Misfit, ...]:
        """The values of other types."""
        found = [Misfit(False, *each) for each in _find(self.body, body, ())]
        found += [Misfit(True, *each) for each in _find(self.item, item, ())]
        return tuple(found)


def expected(*programs: Program | None) -> Expected:
    """The types that the expressions of one rule mean, together."""
    wants = [program.wants for program in programs if program is not None]
    return Expected(
        *(_open(unite(each[root] for each in wants if root in each)) for root in ("object", "item"))
    )


def _open(tree: Wants, name: str = "", above: str = "") -> Wants:
    """The types, without those of fields that the API takes texts and numbers for."""
    kind = ANY if tree.kind == EITHER else tree.kind
    if kind in _SCALAR and (name in EITHER_NAMES or above in EITHER_VALUES):
        kind = "number or string"
    below = {field: _open(child, field, name) for field, child in tree.fields.items()}
    fields = {field: child for field, child in sorted(below.items()) if child}
    items = _open(tree.items, name) if tree.items else NOTHING
    values = _open(tree.values, "", name) if tree.values else NOTHING
    return Wants(kind, fields, items or None, values or None)


_Found = Iterator[tuple[BodyPath, object, str]]


def _find(tree: Wants, value: object, path: BodyPath) -> _Found:
    if value is None:
        return
    if tree.kind and not _fits(tree.kind, value):
        yield path, value, tree.kind
    elif isinstance(value, dict):
        for name, child in tree.fields.items():
            yield from _find(child, value.get(name), (*path, name))
        if tree.values is not None:
            for name, below in value.items():
                yield from _find(tree.values, below, (*path, name))
    elif isinstance(value, list) and tree.items is not None:
        for index, below in enumerate(value):
            yield from _find(tree.items, below, (*path, index))


def _fits(kind: str, value: object) -> bool:
    """Text that is not what it will be, or was, fits everywhere; so does 1.0 for an integer."""
    if value.__class__ in _CLASSES[kind]:
        return True
    if isinstance(value, str):
        return has_hole(value) or value.startswith(MARK)
    return kind == "int" and isinstance(value, float) and value.is_integer()


def decisive(
    rule: ActiveRule, body: object, item: object, misfits: tuple[Misfit, ...]
) -> Misfit | None:
    """The value of a wrong type that a rule needs; None when its verdict is the same with any."""
    for program in (rule.when, rule.check):
        if program is not None and misfits:
            value, misfit = without(program, body, item, rule.params, misfits)
            if misfit is not None:
                return misfit
            if program is rule.when and value is False:
                return None
    return None


def without(
    program: Program, body: object, item: object, params: object, misfits: tuple[Misfit, ...]
) -> tuple[object, Misfit | None]:
    """What an expression comes to when values can't be used; the one to blame when to nothing."""
    if not misfits:
        return None, None
    in_body = [misfit.path for misfit in misfits if not misfit.below_item]
    in_item = [misfit.path for misfit in misfits if misfit.below_item]
    trace = program.trace(_spoilt(body, in_body), _spoilt(item, in_item), params)
    if trace.error is None and trace.value is not UNUSABLE:
        return trace.value, None
    for read in trace.reads:
        for misfit in misfits:
            same = misfit.below_item is (read.root == "item")
            if same and misfit.path[: len(read.path)] == read.path:
                return None, misfit
    return None, misfits[0]


def _spoilt(value: object, paths: Iterable[BodyPath]) -> object:
    """A copy of a value, with nothing that could be used at some paths."""
    for path in paths:
        value = _replaced(value, path)
    return value


def _replaced(value: object, path: BodyPath) -> object:
    if not path:
        return UNUSABLE
    copied: Any = value.copy() if isinstance(value, dict | list) else value
    copied[path[0]] = _replaced(copied[path[0]], path[1:])
    return copied


class Fitting:
    """Whether the values of many bodies are of the types that some rules mean: a quick look.

    It may say no of a body that is none, never yes of one that is.
    """

    def __init__(self, trees: Iterable[Wants]) -> None:
        step = _step(unite(trees, _agreed))
        self._step = None if step == _NO_STEP else step

    def fits(self, values: Iterable[object]) -> bool:
        """Whether all that is meant to be of some type is, in each of several values."""
        return self._step is None or _each_fits(self._step, values)


class _Plan(NamedTuple):
    """What is looked at below a value: fields by name, elements of a list, values of a map."""

    fields: tuple[tuple[str, _Step], ...]
    items: _Step | None
    values: _Step | None


_Step = tuple[frozenset[type] | None, _Plan | None]
"""The classes that a value may have, None for any, and what is below it, if anything."""

_NO_STEP: Final[_Step] = (None, None)


def _step(tree: Wants) -> _Step:
    fields = tuple((name, _step(child)) for name, child in tree.fields.items())
    items = _step(tree.items) if tree.items else None
    values = _step(tree.values) if tree.values else None
    below = _Plan(fields, items, values) if fields or items or values else None
    return _QUICK[tree.kind], below


def _each_fits(step: _Step, values: Iterable[object]) -> bool:
    classes, below = step
    for value in values:
        if classes is not None and value.__class__ not in classes:
            return False
        if below is not None and not _fit_below(below, value):
            return False
    return True


def _fit_below(plan: _Plan, value: Any) -> bool:
    fields, items, values = plan
    if value.__class__ is dict:
        for name, (classes, below) in fields:
            found = value.get(name)
            if found is None:
                continue
            if classes is not None and found.__class__ not in classes:
                return False
            if below is not None and not _fit_below(below, found):
                return False
        return values is None or _each_fits(values, value.values())
    return items is None or value.__class__ is not list or _each_fits(items, value)


def _agreed(first: str, second: str) -> str:
    """The narrower of two types; what fits it, fits both."""
    if first == second or not second:
        return first
    if not first:
        return second
    return "int" if {first, second} == {"int", "number"} else _NEVER
