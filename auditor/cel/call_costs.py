"""What a call costs, and how large its result can be, by the sizes of the arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from auditor.cel.ast import Call, Literal
from auditor.cel.functions import Function
from auditor.cel.sizes import (
    SATURATED,
    SCALAR,
    Size,
    joined,
    larger,
    list_of,
    plus,
    text_of,
    times,
)

_A_STEP: Final = 10
"""Characters or elements that a function of the library gets through in one step."""

_PATTERN_A_STEP: Final = 4
"""Characters of a regular expression that a text costs one more step for, each ten characters."""

_AT_ONCE: Final = frozenset(
    {
        *("bool", "double", "duration", "dyn", "first", "hasValue", "int", "isSorted", "last"),
        *("optional.none", "optional.of", "or", "orValue", "size", "timestamp", "type", "uint"),
        *("value", "charAt"),
    }
)
"""Functions that do not look at the whole of their arguments."""

_PASSED_ON: Final = frozenset(
    {
        *("distinct", "dyn", "optional.of", "optional.ofNonZeroValue", "or", "orValue", "reverse"),
        *("slice", "sort", "value"),
    }
)
"""Functions whose result is one of the arguments, or as large as that."""

_PICKING: Final = frozenset({"first", "last", "max", "min"})
"""Functions whose result is an element of the first argument."""

_PAIRWISE: Final = frozenset({"distinct", "sets.contains", "sets.equivalent", "sets.intersects"})
"""Functions that compare each element of a list with each of another."""

_PATTERNS: Final = frozenset({"find", "findAll", "matches"})
_SCALARS: Final = frozenset({"bool", "double", "int", "uint"})


def call_cost(call: Call, args: Sequence[Size], function: Function | None) -> int:
    """Steps of the call itself, its arguments not counted."""
    operator = _OPERATORS.get(call.function)
    if operator is not None:
        return operator(args)
    if function is None or not args:
        return 1
    if call.function in _AT_ONCE:
        return function.cost
    if call.function in _PAIRWISE:
        first, last = args[0], args[-1]
        pairs = times(max(1, first.elements), max(1, last.elements))
        return plus(function.cost, times(pairs, min(_element(first).total, _element(last).total)))
    if call.function in _PATTERNS and len(args) > 1:
        steps = plus(1, args[0].text // _A_STEP)
        return times(function.cost, steps, plus(1, args[1].text // _PATTERN_A_STEP))
    return times(function.cost, plus(1, plus(*(size.total for size in args)) // _A_STEP))


def call_size(call: Call, args: Sequence[Size], function: Function | None) -> Size:
    """How large the result can be."""
    name = call.function
    if name == "_+_":
        return joined(args[0], args[1])
    if name in _OPERATORS or function is None or not args:
        return SCALAR
    if name in _PASSED_ON:
        return larger(args)
    if name in _PICKING:
        return _element(args[0]) if args[0].elements or args[0].path else SCALAR
    sized = _SIZES.get(name)
    if sized is not None:
        return sized(call, args)
    if {signature.result.name for signature in function.signatures} <= _SCALARS:
        return SCALAR
    total = plus(*(size.total for size in args))
    element = Size(0, total, total)
    return Size(total, total, total, element)


def _element(size: Size) -> Size:
    if size.element is not None:
        return size.element
    return Size(size.elements, size.text, size.total) if size.path else SCALAR


def _equality(args: Sequence[Size]) -> int:
    return plus(1, min(size.total for size in args))


def _membership(args: Sequence[Size]) -> int:
    item, container = args
    return plus(1, times(container.elements, min(item.total, _element(container).total)))


def _sum(args: Sequence[Size]) -> int:
    return plus(1, *(size.elements // _A_STEP + size.text // _A_STEP for size in args))


def _one(_args: Sequence[Size]) -> int:
    return 1


def _replaced(_call: Call, args: Sequence[Size]) -> Size:
    new = args[2].text if len(args) > 2 else 0
    return text_of(times(plus(1, args[0].text), plus(1, new)))


def _join(_call: Call, args: Sequence[Size]) -> Size:
    separator = args[1].text if len(args) > 1 else 0
    element = _element(args[0])
    return text_of(times(args[0].elements, plus(element.text, separator)))


def _split(_call: Call, args: Sequence[Size]) -> Size:
    return Size(plus(1, args[0].text), 0, plus(1, args[0].total), text_of(args[0].text))


def _flattened(_call: Call, args: Sequence[Size]) -> Size:
    element = _element(args[0])
    inner = element.element if element.element is not None else element
    most = plus(args[0].elements, times(args[0].elements, element.elements))
    return list_of(min(most, max(args[0].total, args[0].elements)), inner)


def _range(call: Call, args: Sequence[Size]) -> Size:
    match call.args[-1:]:
        case (Literal(value=int() as length),):
            return list_of(min(max(0, length), SATURATED), SCALAR)
        case _:
            return list_of(max(args[-1].elements, 1), SCALAR)


_OPERATORS: Final[Mapping[str, Callable[[Sequence[Size]], int]]] = {
    "_==_": _equality,
    "_!=_": _equality,
    "@in": _membership,
    "_+_": _sum,
    **dict.fromkeys(("_-_", "_*_", "_/_", "_%_", "-_", "!_", "_<_", "_<=_", "_>_", "_>=_"), _one),
}

_SIZES: Final[Mapping[str, Callable[[Call, Sequence[Size]], Size]]] = {
    "flatten": _flattened,
    "join": _join,
    "lists.range": _range,
    "replace": _replaced,
    "split": _split,
}
