"""What can go wrong at one node of a syntax tree, for :mod:`auditor.cel.mutate`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from auditor.cel.ast import (
    Bind,
    Call,
    Index,
    ListLiteral,
    Literal,
    Logical,
    Node,
    Quantifier,
    Select,
    Ternary,
    Transform,
)
from auditor.cel.patterns import pattern_changes
from auditor.cel.values import UInt

OTHER: Final = "~"
"""What is added to a text to have another one."""

_COMPARISONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "_==_": ("_!=_",),
        "_!=_": ("_==_",),
        "_<_": ("_<=_", "_>=_"),
        "_<=_": ("_<_", "_>_"),
        "_>_": ("_>=_", "_<=_"),
        "_>=_": ("_>_", "_<_"),
    }
)
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "_==_": operator.eq,
        "_!=_": operator.ne,
        "_<_": operator.lt,
        "_<=_": operator.le,
        "_>_": operator.gt,
        "_>=_": operator.ge,
        "@in": lambda value, values: value in values,
    }
)
_ARITHMETIC: Final = MappingProxyType({"_-_": "_+_", "_*_": "_/_", "_/_": "_*_", "_%_": "_*_"})
_QUANTIFIERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"all": ("exists",), "exists": ("all",), "exists_one": ("exists", "all")}
)
_NEIGHBOURS: Final = MappingProxyType(
    {"startsWith": "contains", "endsWith": "contains", "contains": "startsWith"}
)
_CLEANERS: Final = frozenset({"lowerAscii", "upperAscii", "trim"})
_PATTERN_FUNCTIONS: Final = frozenset({"matches", "find", "findAll"})

Part = TypeVar("Part")


def changes(node: Node) -> Iterator[Node]:
    """The node with one thing wrong with it; its children stay as they are."""
    match node:
        case Logical(conjunction, left, right):
            yield from (left, right, replace(node, conjunction=not conjunction))
        case Ternary(_, then, otherwise):
            yield from (then, otherwise)
        case Literal():
            yield from _literal_changes(node)
        case Call():
            yield from _call_changes(node)
        case Quantifier(kind, operand, _, _, body):
            if not _is_single(operand):
                yield from (replace(node, kind=other) for other in _QUANTIFIERS[kind])
            yield from (
                replace(node, body=Literal(value, body.position)) for value in (True, False)
            )
        case Transform("filter", operand):
            yield operand
        case Select(_, _, True) | Index(_, _, True):
            yield from _strict(node)
        case ListLiteral(elements, optional):
            for index in range(len(elements)):
                yield replace(
                    node, elements=_without(elements, index), optional=_without(optional, index)
                )
        case _:
            pass


def negatable(node: Node) -> bool:
    """Whether a ``!`` before this condition is a change that no other one makes."""
    match node:
        case Literal() | Logical() | Ternary() | Bind():
            return False
        case Call(function):
            return function != "!_" and function not in _COMPARISONS
        case _:
            return True


def _without(parts: tuple[Part, ...], index: int) -> tuple[Part, ...]:
    return (*parts[:index], *parts[index + 1 :])


def _strict(node: Select | Index) -> Iterator[Node]:
    """Without its question mark, where that is what makes the chain optional."""
    operand = node.operand
    while isinstance(operand, Select | Index):
        if operand.optional:
            return
        operand = operand.operand
    yield replace(node, optional=False)


def _is_single(node: Node) -> bool:
    """Whether it is a list of one element, of which all quantifiers say the same."""
    return isinstance(node, ListLiteral) and node.optional == (False,)


def _literal_changes(node: Literal) -> Iterator[Node]:
    value = node.value
    if isinstance(value, bool):
        yield replace(node, value=not value)
    elif isinstance(value, int | float):
        yield replace(node, value=type(value)(value + 1))
        if value > 0 or not isinstance(value, UInt):
            yield replace(node, value=type(value)(value - 1))
    elif isinstance(value, str):
        yield replace(node, value=value + OTHER)
        yield replace(node, value="")


def _call_changes(node: Call) -> Iterator[Node]:
    function, target, args = node.function, node.target, node.args
    if function == "!_":
        yield args[0]
    elif function in _COMPARED:
        yield from (replace(node, function=other) for other in _COMPARISONS.get(function, ()))
        yield from _default_changes(node)
    elif function == "_+_":
        yield from args
    elif function in _ARITHMETIC:
        yield replace(node, function=_ARITHMETIC[function])
    elif function == "orValue" and target is not None:
        yield Call("value", target, (), node.position)
    elif function in _NEIGHBOURS:
        yield replace(node, function=_NEIGHBOURS[function])
    elif function in _CLEANERS and target is not None:
        yield target
    if function in _PATTERN_FUNCTIONS and args and isinstance(args[-1], Literal):
        pattern = args[-1].value
        if isinstance(pattern, str):
            for changed in pattern_changes(pattern):
                yield replace(node, args=(*args[:-1], replace(args[-1], value=changed)))


def default_of(node: Node) -> Literal | None:
    """The text or number that ``x.orValue(constant)`` falls back to."""
    if isinstance(node, Call) and node.function == "orValue":
        (default,) = node.args
        if isinstance(default, Literal) and not isinstance(default.value, bool):
            return default
    return None


def _default_changes(node: Call) -> Iterator[Node]:
    """Another default on one side of a comparison, so that an absent value ends the other way."""
    for place, side in enumerate(node.args):
        default = default_of(side)
        if default is not None and isinstance(side, Call):
            others = _constants(node.args[1 - place])
            for value in _other_defaults(node.function, place, default.value, others):
                changed = replace(side, args=(replace(default, value=value),))
                yield replace(node, args=(*node.args[:place], changed, *node.args[place + 1 :]))


def _other_defaults(
    function: str, place: int, default: object, others: list[object] | None
) -> list[object]:
    """Defaults to try: the first that turns a comparison with constants, else any near one."""
    near: list[object]
    match default:
        case UInt() | float():
            return []
        case str():
            near = [default + OTHER] if default else []
        case int():
            near = [default - 1, default + 1]
        case _:
            return []
    if others is None or (function == "@in" and place == 1):
        return near
    compare = _COMPARED[function]
    operand: Any = others if function == "@in" else others[0]
    more: list[object] = [other for other in others if isinstance(other, str)]
    numbers = [other for other in others if type(other) is int]
    more += [near_by for other in numbers for near_by in (other - 1, other, other + 1)]

    def outcome(value: object) -> bool:
        return compare(value, operand) if place == 0 else compare(operand, value)

    alike: list[object] = [value for value in (*near, OTHER, *more) if type(value) is type(default)]
    if any(type(other) is not type(default) for other in others):
        return near
    before = outcome(default)
    return [value for value in alike if outcome(value) != before][:1]


def _constants(node: Node) -> list[object] | None:
    """The texts and whole numbers that a constant or a list of constants holds, None for others."""
    match node:
        case Literal(str() | int() as value) if not isinstance(value, bool | UInt):
            return [value]
        case ListLiteral(elements):
            values = [part.value for part in elements if isinstance(part, Literal)]
            return values if values and len(values) == len(elements) else None
        case _:
            return None
