"""Lists: order, sums, search, parts and repetition.

``isSorted``, ``sum``, ``min``, ``max``, ``indexOf`` and ``lastIndexOf`` are in every API server
(kubernetes/apiserver ``pkg/cel/library/lists.go``), the others came with cel-go's ``ext/lists.go``,
version 3. The first element says which overload a call means; an element that has no order with
another neither is moved nor replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from auditor.cel.arithmetic import add, no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Function, Signature
from auditor.cel.library.define import LINEAR, check_elements, function, member, plain
from auditor.cel.library.identity import identity
from auditor.cel.ops import equal
from auditor.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    VAR_A,
    Type,
    list_of,
)
from auditor.cel.values import Duration, Timestamp, UInt

_NUMBERS: Final = frozenset({int, UInt, float})
_ORDERED: Final = _NUMBERS | {bool, str, bytes, Duration, Timestamp}
_ZEROS: Final[dict[type, object]] = {
    int: 0,
    UInt: UInt(0),
    float: 0.0,
    Duration: Duration(0),
}
_EXT: Final = "1.34"


def _compare(a: Any, b: Any) -> int | None:
    """-1, 0 or 1; None when there is no order between the two."""
    same = a.__class__ is b.__class__ or (a.__class__ in _NUMBERS and b.__class__ in _NUMBERS)
    if not same or a != a or b != b:  # noqa: PLR0124 - NaN
        return None
    return int(a > b) - int(a < b)


def _ordered(name: str, values: object) -> list[object]:
    """The list, when each element is of a type that has an order."""
    if values.__class__ is not list or any(value.__class__ not in _ORDERED for value in values):
        return no_overload(name, values)
    return values


def is_sorted(values: object) -> bool:
    """``list.isSorted()``: whether no element comes before a smaller one."""
    if values.__class__ is not list:
        return no_overload("isSorted", values)
    for at, value in enumerate(values):
        if value.__class__ not in _ORDERED:
            return no_overload("isSorted", values)
        if at and _compare(values[at - 1], value) == 1:
            return False
    return True


def total(values: object) -> object:
    """``list.sum()``: 0 of an empty list.

    Raises:
        CelEvalError: the elements are not numbers or durations of one type, or the sum is too big.
    """
    if values.__class__ is not list:
        return no_overload("sum", values)
    first = values[0].__class__ if values else int
    if first not in _ZEROS:
        return no_overload("sum", values)
    result = _ZEROS[first]
    for value in values:
        result = add(result, value)
    return result


def smallest(values: object) -> object:
    """``list.min()``: the first of the smallest.

    Raises:
        CelEvalError: the list is empty.
    """
    return _extreme("min", values, 1)


def largest(values: object) -> object:
    """``list.max()``; see :func:`smallest`."""
    return _extreme("max", values, -1)


def _extreme(name: str, values: object, worse: int) -> object:
    ordered = _ordered(name, values)
    if not ordered:
        raise CelEvalError(f"{name}: the list is empty")
    best = ordered[0]
    for value in ordered:
        if _compare(best, value) == worse:
            best = value
    return best


def index_of(values: object, item: object) -> int:
    """``list.indexOf(item)``: of the first element that is equal, -1 if none is."""
    if values.__class__ is not list:
        return no_overload("indexOf", values, item)
    return next((at for at, value in enumerate(values) if equal(value, item)), -1)


def last_index_of(values: object, item: object) -> int:
    """``list.lastIndexOf(item)``: of the last element that is equal, -1 if none is."""
    if values.__class__ is not list:
        return no_overload("lastIndexOf", values, item)
    backwards = range(len(values) - 1, -1, -1)
    return next((at for at in backwards if equal(values[at], item)), -1)


def part(values: object, start: object, end: object) -> list[object]:
    """``list.slice(start, end)``: from ``start`` to before ``end``.

    Raises:
        CelEvalError: the positions are not in order or not in the list.
    """
    if values.__class__ is not list or start.__class__ is not int or end.__class__ is not int:
        return no_overload("slice", values, start, end)
    if not 0 <= start <= end <= len(values):
        raise CelEvalError(f"slice: no positions {start} to {end} in {len(values)} elements")
    return values[start:end]


def flatten(values: object, depth: object = 1) -> list[object]:
    """``list.flatten(depth)``: with the elements of lists in place of the lists.

    Raises:
        CelEvalError: ``depth`` is negative.
        CelLimitError: too many elements.
    """
    if values.__class__ is not list or depth.__class__ is not int:
        return no_overload("flatten", values, depth)
    if depth < 0:
        raise CelEvalError("flatten: the depth is negative")
    found: list[object] = []
    for value in _leaves(values, depth):
        found.append(value)
        check_elements(len(found))
    return found


def _leaves(values: list[object], depth: int) -> Iterator[object]:
    stack = [(iter(values), depth)]
    while stack:
        elements, left = stack[-1]
        value = next(elements, stack)
        if value is stack:
            stack.pop()
        elif value.__class__ is list and left:
            stack.append((iter(value), left - 1))
        else:
            yield value


def distinct(values: object) -> list[object]:
    """``list.distinct()``: of equal elements only the first."""
    if values.__class__ is not list:
        return no_overload("distinct", values)
    found: dict[object, object] = {}
    for value in values:
        found.setdefault(identity(value), value)
    return list(found.values())


def backwards(values: object) -> list[object]:
    """``list.reverse()``."""
    return values[::-1] if values.__class__ is list else no_overload("reverse", values)


def sort(values: object) -> list[object]:
    """``list.sort()``: from the smallest to the largest.

    Raises:
        CelEvalError: the elements are of different types, or have no order.
    """
    if values.__class__ is not list:
        return no_overload("sort", values)
    if not values:
        return []
    kind = values[0].__class__
    if kind not in _ORDERED:
        raise CelEvalError("sort: the elements have no order")
    if any(value.__class__ is not kind for value in values):
        raise CelEvalError("sort: the elements are of different types")
    if len(values) > 1 and any(value != value for value in values):  # noqa: PLR0124 - NaN
        raise CelEvalError("sort: NaN has no order")
    return sorted(values)


def up_to(count: object) -> list[object]:
    """``lists.range(count)``: 0, 1, and so on, ``count`` of them.

    Raises:
        CelLimitError: too many.
    """
    if count.__class__ is not int:
        return no_overload("lists.range", count)
    check_elements(count)
    return list(range(count))


_TYPES: Final = (INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES)
_SUMMED: Final = (INT, UINT, DOUBLE, DURATION)
_ANY: Final = list_of(VAR_A)
_define = partial(function, "lists", cost=LINEAR)


def _to_element(types: tuple[Type, ...]) -> tuple[Signature, ...]:
    return tuple(member(list_of(each), result=each) for each in types)


FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("isSorted", is_sorted, *[member(list_of(each), result=BOOL) for each in _TYPES]),
    _define("sum", total, *_to_element(_SUMMED)),
    _define("min", smallest, *_to_element(_TYPES)),
    _define("max", largest, *_to_element(_TYPES)),
    _define("indexOf", index_of, member(_ANY, VAR_A, result=INT)),
    _define("lastIndexOf", last_index_of, member(_ANY, VAR_A, result=INT)),
    _define("slice", part, member(_ANY, INT, INT, result=_ANY, since=_EXT)),
    _define(
        "flatten",
        flatten,
        member(list_of(DYN), result=list_of(DYN), since=_EXT),
        member(list_of(DYN), INT, result=list_of(DYN), since=_EXT),
    ),
    _define("distinct", distinct, member(_ANY, result=_ANY, since=_EXT)),
    _define("reverse", backwards, member(_ANY, result=_ANY, since=_EXT)),
    _define(
        "sort",
        sort,
        *[member(list_of(each), result=list_of(each), since=_EXT) for each in _TYPES],
    ),
    _define("lists.range", up_to, plain(INT, result=list_of(INT), since=_EXT)),
)
"""The functions of this module."""
