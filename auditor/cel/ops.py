"""The operators of the language over the values of :mod:`auditor.cel.values`.

The interpreter and compiled code call the same functions, so that they cannot disagree. All raise
:class:`~auditor.cel.errors.CelEvalError` (never another class) when there is no value, and none
changes its arguments. The names, which stay as they are:

* ``equal not_equal`` (``==``, ``!=``; an error of UNUSABLE only),
  ``less less_equal greater greater_equal``,
* ``add sub mul div mod neg`` and the range checks ``checked_int checked_uint checked_duration
  checked_timestamp``,
* ``as_bool logical_not`` (an operand of ``&&``, ``||``, ``?:``, ``!`` or a macro's predicate),
* ``in_(item, container)``, ``index select has_field`` and ``optional_index optional_select``,
* ``iterate`` (one variable) and ``iterate_pairs`` (two), the order of a macro's elements,
* ``map_key`` and ``from_key`` (bool keys), ``put`` (a new map entry), ``spread`` (``?`` in
  literals), ``merge_entry`` (``transformMapEntry``),
* ``type_name`` and ``no_overload`` for messages.

Two orders that plain Python gets wrong and compiled code must leave to these functions: NaN has no
order (``less(nan, x)`` is an error, as in cel-go) and ``True == 1`` holds for Python only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from auditor.cel.arithmetic import (
    add,
    checked_duration,
    checked_int,
    checked_timestamp,
    checked_uint,
    div,
    mod,
    mul,
    neg,
    no_overload,
    sub,
    type_name,
)
from auditor.cel.errors import CelEvalError
from auditor.cel.values import (
    FALSE_KEY,
    NONE,
    TRUE_KEY,
    UNUSABLE,
    BoolKey,
    Duration,
    OptionalValue,
    Timestamp,
    UInt,
)

__all__ = [
    "add",
    "as_bool",
    "checked_duration",
    "checked_int",
    "checked_timestamp",
    "checked_uint",
    "div",
    "equal",
    "from_key",
    "greater",
    "greater_equal",
    "has_field",
    "in_",
    "index",
    "iterate",
    "iterate_pairs",
    "less",
    "less_equal",
    "logical_not",
    "map_key",
    "merge_entry",
    "mod",
    "mul",
    "neg",
    "no_overload",
    "not_equal",
    "optional_index",
    "optional_select",
    "put",
    "select",
    "spread",
    "sub",
    "type_name",
]

_NUMBERS: Final = frozenset({int, UInt, float})
_ORDERED: Final = frozenset({int, UInt, str, bytes, bool, Timestamp, Duration})
_KEYS: Final = frozenset({int, UInt, float, str, bool})
_MISSING: Final = object()


def equal(a: object, b: object) -> bool:
    """``a == b`` for any two values: numbers by value, everything else only within its type."""
    if a.__class__ is b.__class__:
        if a.__class__ is list and b.__class__ is list:
            return _equal_lists(a, b)
        if a.__class__ is dict and b.__class__ is dict:
            return _equal_maps(a, b)
        if a.__class__ is OptionalValue and b.__class__ is OptionalValue:
            return _equal_optionals(a, b)
        return bool(a == b)
    if a is UNUSABLE or b is UNUSABLE:
        no_overload("_==_", a, b)
    return a.__class__ in _NUMBERS and b.__class__ in _NUMBERS and a == b


def _equal_lists(a: list[object], b: list[object]) -> bool:
    if len(a) != len(b):
        return False
    return all(map(equal, a, b))


def _equal_maps(a: dict[object, object], b: dict[object, object]) -> bool:
    if len(a) != len(b):
        return False
    for key, value in a.items():
        other = b.get(key, _MISSING)
        if other is _MISSING or not equal(value, other):
            return False
    return True


def _equal_optionals(a: OptionalValue, b: OptionalValue) -> bool:
    return a.present is b.present and (not a.present or equal(a.value, b.value))


def not_equal(a: object, b: object) -> bool:
    """``a != b``."""
    return not equal(a, b)


def less(a: Any, b: Any) -> bool:
    """``a < b``: exact across int, uint and double; strings by code point."""
    _require_order("_<_", a, b)
    return bool(a < b)


def less_equal(a: Any, b: Any) -> bool:
    """``a <= b``."""
    _require_order("_<=_", a, b)
    return bool(a <= b)


def greater(a: Any, b: Any) -> bool:
    """``a > b``."""
    _require_order("_>_", a, b)
    return bool(a > b)


def greater_equal(a: Any, b: Any) -> bool:
    """``a >= b``."""
    _require_order("_>=_", a, b)
    return bool(a >= b)


def _require_order(operator: str, a: Any, b: Any) -> None:
    first, second = a.__class__, b.__class__
    if first is second and first in _ORDERED:
        return
    if first not in _NUMBERS or second not in _NUMBERS:
        no_overload(operator, a, b)
    if a != a or b != b:  # noqa: PLR0124  # the test for NaN
        raise CelEvalError("NaN values cannot be ordered")


def as_bool(value: object) -> bool:
    """``value`` where the language wants a bool; raises for every other type."""
    if value is True or value is False:
        return value
    raise CelEvalError(f"no such overload: expected bool, got {type_name(value)}")


def logical_not(value: object) -> bool:
    """``!value``."""
    if value is True:
        return False
    if value is False:
        return True
    return no_overload("!_", value)


def map_key(value: object) -> object:
    """``value`` in the form that map keys have; raises for a type that cannot be a key."""
    kind = value.__class__
    if kind is str or kind is int or kind is UInt:
        return value
    if kind is bool:
        return TRUE_KEY if value else FALSE_KEY
    raise CelEvalError(f"unsupported key type: {type_name(value)}")


def from_key(key: object) -> object:
    """The CEL value of a map key as stored: the inverse of :func:`map_key`."""
    return key.value if key.__class__ is BoolKey else key


def put(entries: dict[object, object], key: object, value: object) -> None:
    """Add an entry to a map under construction; raises for a bad or a repeated key."""
    stored = map_key(key)
    if stored in entries:
        raise CelEvalError(f"duplicate map key: {describe(key)}")
    entries[stored] = value


def merge_entry(entries: dict[object, object], addition: object) -> None:
    """Add the entries of the map ``addition``; raises for a repeated key."""
    if addition.__class__ is not dict:
        no_overload("transformMapEntry", addition)
    for key, value in addition.items():
        if key in entries:
            raise CelEvalError(f"duplicate map key: {describe(from_key(key))}")
        entries[key] = value


def spread(value: object) -> OptionalValue:
    """The operand of ``?`` in a list or map literal; raises unless it is an optional."""
    if value.__class__ is OptionalValue:
        return value
    raise CelEvalError(f"cannot initialize optional entry from a {type_name(value)}")


def describe(key: object) -> str:
    """A map key, list index or field as it is shown in a message: short and in one line."""
    if key.__class__ is bool:
        return "true" if key else "false"
    if key.__class__ in _NUMBERS:
        return str(key)
    if key.__class__ is not str:
        return type_name(key)
    text = key if key.isprintable() else ascii(key)[1:-1]
    return text if len(text) <= 80 else text[:79] + "…"


def _lookup(entries: dict[object, object], key: object) -> object:
    """The entry under a CEL value, or _MISSING; 1, 1u and 1.0 are one key, and null is none."""
    kind = key.__class__
    if kind is str or kind in _NUMBERS:
        return entries.get(key, _MISSING)
    if kind is bool:
        return entries.get(TRUE_KEY if key else FALSE_KEY, _MISSING)
    return _MISSING


def in_(item: object, container: object) -> bool:
    """``item in container``: an element of a list or a key of a map."""
    if container.__class__ is list:
        if item.__class__ is str:
            return item in container
        return any(equal(item, element) for element in container)
    if container.__class__ is dict and item is not UNUSABLE:
        return _lookup(container, item) is not _MISSING
    return no_overload("@in", item, container)


def _list_index(key: object) -> int:
    """A list index as an int; a double or uint with an integral value will do."""
    if key.__class__ is int or key.__class__ is UInt:
        return key
    if key.__class__ is float and key.is_integer():
        return int(key)
    raise CelEvalError(f"unsupported index type: {type_name(key)}")


def index(operand: object, key: object) -> object:
    """``operand[key]``; on an optional it yields an optional."""
    if operand.__class__ is dict:
        found = _lookup(operand, key)
        if found is _MISSING:
            raise CelEvalError(f"no such key: {describe(key)}")
        return found
    if operand.__class__ is list:
        position = _list_index(key)
        if 0 <= position < len(operand):
            return operand[position]
        raise CelEvalError(f"index out of bounds: {describe(key)}")
    if operand.__class__ is OptionalValue:
        return optional_index(operand, key)
    return no_overload("_[_]", operand, key)


def select(operand: object, field: str) -> object:
    """``operand.field``; on an optional it yields an optional."""
    if operand.__class__ is dict:
        found = operand.get(field, _MISSING)
        if found is _MISSING:
            raise CelEvalError(f"no such key: {describe(field)}")
        return found
    if operand.__class__ is OptionalValue:
        return optional_select(operand, field)
    raise CelEvalError(f"type '{type_name(operand)}' does not support field selection: {field}")


def has_field(operand: object, field: str) -> bool:
    """``has(operand.field)``; on an optional, whether it holds a map with the field.

    Null has no fields, as in Kubernetes: a manifest's empty ``securityContext:`` is not an error.
    """
    if operand.__class__ is dict:
        return field in operand
    if operand is None:
        return False
    if operand.__class__ is OptionalValue:
        return operand.present and has_field(operand.value, field)
    raise CelEvalError(f"type '{type_name(operand)}' does not support field selection: {field}")


def optional_index(operand: object, key: object) -> OptionalValue:
    """``operand[?key]``: none for a missing key or an index out of range, and of none and null."""
    if operand.__class__ is OptionalValue:
        return optional_index(operand.value, key) if operand.present else NONE
    if operand.__class__ is dict:
        if key.__class__ not in _KEYS:
            map_key(key)
        found = _lookup(operand, key)
        return NONE if found is _MISSING else OptionalValue(found, present=True)
    if operand.__class__ is list:
        position = _list_index(key)
        if 0 <= position < len(operand):
            return OptionalValue(operand[position], present=True)
        return NONE
    if operand is None:
        return NONE
    return no_overload("_[?_]", operand, key)


def optional_select(operand: object, field: str) -> OptionalValue:
    """``operand.?field``: none for a missing field, and of none and null."""
    if operand.__class__ is dict:
        found = operand.get(field, _MISSING)
        return NONE if found is _MISSING else OptionalValue(found, present=True)
    if operand.__class__ is OptionalValue:
        return optional_select(operand.value, field) if operand.present else NONE
    if operand is None:
        return NONE
    raise CelEvalError(f"type '{type_name(operand)}' does not support field selection: {field}")


def iterate(value: object) -> list[object]:
    """What a macro with one variable visits: the elements of a list or the keys of a map.

    The result may be the list itself: it is not to be changed.
    """
    if value.__class__ is list:
        return value
    if value.__class__ is dict:
        return [from_key(key) for key in value]
    raise CelEvalError(f"got '{type_name(value)}', expected a list or a map to iterate over")


def iterate_pairs(value: object) -> Iterable[tuple[object, object]]:
    """What a macro with two variables visits: index and element, or key and value."""
    if value.__class__ is list:
        return enumerate(value)
    if value.__class__ is dict:
        return [(from_key(key), item) for key, item in value.items()]
    raise CelEvalError(f"got '{type_name(value)}', expected a list or a map to iterate over")
