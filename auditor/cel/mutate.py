"""Small changes to a syntax tree, to find out whether anybody would notice them.

Each mutant differs from the tree in one place and in one way: an operand left out, a comparison or
a quantifier exchanged, a constant changed. They are the mistakes that people make.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

from auditor.cel.ast import (
    Call,
    Has,
    ListLiteral,
    Literal,
    Logical,
    Node,
    Quantifier,
    Ternary,
    Transform,
)

OTHER: Final = "\ufffdother\ufffd"
"""A text that no expression expects."""

_EXCHANGED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "_==_": "_!=_",
        "_!=_": "_==_",
        "_<_": "_<=_",
        "_<=_": "_<_",
        "_>_": "_>=_",
        "_>=_": "_>_",
    }
)
_COMPARED: Final[Mapping[str, Callable[[Any, Any], object]]] = MappingProxyType(
    {
        "_==_": operator.eq,
        "_!=_": operator.ne,
        "_<_": operator.lt,
        "_<=_": operator.le,
        "_>_": operator.gt,
        "_>=_": operator.ge,
        "@in": operator.contains,
    }
)
_TESTS: Final = frozenset({"@in", "matches", "startsWith", "endsWith", "contains", "hasValue"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed tree; ``position`` is the offset of the change in the source."""

    tree: Node
    change: str
    position: int


def mutants(tree: Node) -> Iterator[Mutant]:
    """Every tree that differs from ``tree`` by one change, in the order of the source."""
    for changed, change in _changes(tree):
        yield Mutant(changed, change, tree.position)
    kept = _compared_default(tree)
    for field in fields(tree):
        value = getattr(tree, field.name)
        if isinstance(value, tuple):
            for index, item in enumerate(value):
                if _is_node(item) and item is not kept:
                    for mutant in mutants(item):
                        items = (*value[:index], mutant.tree, *value[index + 1 :])
                        yield replace(mutant, tree=_with(tree, field.name, items))
        elif _is_node(value) and value is not kept:
            for mutant in mutants(value):
                yield replace(mutant, tree=_with(tree, field.name, mutant.tree))
    if kept is not None:
        yield from _defaults(tree, kept)


def _compared_default(tree: Node) -> Call | None:
    """The ``x.orValue(constant)`` that a comparison compares with other constants."""
    if isinstance(tree, Call) and tree.function in _COMPARED:
        for side in tree.args:
            if isinstance(side, Call) and side.function == "orValue" and _constants(side.args[0]):
                return side
    return None


def _defaults(tree: Node, side: Call) -> Iterator[Mutant]:
    """Changes inside a compared default: it only matters how the comparison ends."""
    if not isinstance(tree, Call) or side.target is None:
        return
    place = tree.args.index(side)

    def with_side(changed: Node) -> Node:
        return replace(tree, args=(*tree.args[:place], changed, *tree.args[place + 1 :]))

    for mutant in mutants(side.target):
        yield replace(mutant, tree=with_side(replace(side, target=mutant.tree)))
    replaced = replace(side, args=(Literal(_flipping(tree, side), side.args[0].position),))
    yield Mutant(with_side(replaced), "the default replaced by another", side.position)


def _flipping(tree: Call, side: Call) -> object:
    """A default for which the comparison ends the other way."""
    (default,) = _constants(side.args[0])
    others = [value for arg in tree.args if arg is not side for value in _constants(arg)]
    compare = _COMPARED[tree.function]

    def outcome(value: object) -> bool:
        if tree.function == "@in":
            return value in others
        pair = (value, others[0]) if tree.args[0] is side else (others[0], value)
        return bool(compare(*pair))

    candidates: list[object] = [OTHER] if isinstance(default, str) else [default - 1, default + 1]
    for other in others:
        candidates += [other] if isinstance(other, str) else [other - 1, other, other + 1]
    alike = [value for value in candidates if type(value) is type(default)]
    same_type = others and all(type(value) is type(default) for value in others)
    flipped = [value for value in alike if same_type and outcome(value) != outcome(default)]
    return (flipped or alike)[0]


def _constants(tree: Node) -> list[Any]:
    """The texts and whole numbers that a constant or a list of constants holds."""
    match tree:
        case Literal(value=bool()):
            return []
        case Literal(value=str() | int() as value):
            return [value]
        case ListLiteral(elements=elements):
            return [value for element in elements for value in _constants(element)]
        case _:
            return []


def _is_node(value: object) -> bool:
    return isinstance(value, Node)


def _with(tree: Any, field: str, value: object) -> Node:
    changed: Node = replace(tree, **{field: value})
    return changed


def _changes(tree: Node) -> Iterator[tuple[Node, str]]:
    match tree:
        case Logical():
            yield from _logical(tree)
        case Ternary():
            yield tree.then, "the condition of ?: always true"
            yield tree.otherwise, "the condition of ?: always false"
        case Call():
            yield from _call(tree)
        case Quantifier():
            other = {"all": "exists", "exists": "all"}.get(tree.kind, "exists")
            yield replace(tree, kind=other), f"{tree.kind} to {other}"
        case Transform(kind="filter"):
            yield tree.operand, "filter left out"
        case Has():
            yield Call("!_", None, (tree,), tree.position), "has() negated"
        case ListLiteral():
            yield from _list(tree)
        case Literal():
            yield from _literal(tree)
        case _:
            pass


def _logical(tree: Logical) -> Iterator[tuple[Node, str]]:
    sign, other = ("&&", "||") if tree.conjunction else ("||", "&&")
    yield replace(tree, conjunction=not tree.conjunction), f"{sign} to {other}"
    yield tree.left, f"the right side of {sign} left out"
    yield tree.right, f"the left side of {sign} left out"


def _call(tree: Call) -> Iterator[tuple[Node, str]]:
    other = _EXCHANGED.get(tree.function)
    if other is not None:
        yield replace(tree, function=other), f"{_sign(tree.function)} to {_sign(other)}"
    elif tree.function == "!_":
        yield tree.args[0], "! left out"
    elif tree.function == "_+_":
        yield tree.args[0], "the right side of + left out"
        yield tree.args[1], "the left side of + left out"
    elif tree.function in _TESTS:
        yield Call("!_", None, (tree,), tree.position), f"{_sign(tree.function)} negated"


def _sign(function: str) -> str:
    return function.strip("_@")


def _list(tree: ListLiteral) -> Iterator[tuple[Node, str]]:
    for index in range(len(tree.elements)):
        rest = replace(
            tree,
            elements=tree.elements[:index] + tree.elements[index + 1 :],
            optional=tree.optional[:index] + tree.optional[index + 1 :],
        )
        yield rest, f"element {index} of a list left out"


def _literal(tree: Literal) -> Iterator[tuple[Node, str]]:
    value = tree.value
    if isinstance(value, bool):
        yield replace(tree, value=not value), f"{str(value).lower()} to {str(not value).lower()}"
    elif isinstance(value, int):
        for other in (value - 1, value + 1):
            yield replace(tree, value=other), f"{value} to {other}"
    elif isinstance(value, str):
        yield replace(tree, value=OTHER), "a text replaced by another"
