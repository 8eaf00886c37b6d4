"""The standard functions: size, text, conversions, times and optionals.

:data:`STDLIB` is what the language itself has; the extension libraries are in
``auditor.cel.library``. Operators and macros are not functions: see :mod:`auditor.cel.ops` and
:mod:`auditor.cel.ast`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from auditor.cel import convert
from auditor.cel.arithmetic import TIMESTAMP_MIN, no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Function, Library, Signature
from auditor.cel.regex import compile_pattern
from auditor.cel.times import duration_field, timestamp_field
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
    VAR_B,
    Type,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from auditor.cel.values import NONE, Duration, OptionalValue, Timestamp

_OPTIONALS: Final = "1.28"
_OPTIONALS_V2: Final = "1.33"
_PATTERN_COST: Final = 10
_SIZED: Final = (str, list, dict, bytes)


class _Accessor(Protocol):
    def __call__(self, value: object, zone: object = ..., /) -> int: ...


def size(value: object) -> int:
    """``size(value)``: code points of a string, bytes, elements of a list, entries of a map."""
    if isinstance(value, _SIZED):
        return len(value)
    return no_overload("size", value)


def contains(text: object, part: object) -> bool:
    """``text.contains(part)``."""
    if text.__class__ is str and part.__class__ is str:
        return part in text
    return no_overload("contains", text, part)


def starts_with(text: object, prefix: object) -> bool:
    """``text.startsWith(prefix)``."""
    if text.__class__ is str and prefix.__class__ is str:
        return text.startswith(prefix)
    return no_overload("startsWith", text, prefix)


def ends_with(text: object, suffix: object) -> bool:
    """``text.endsWith(suffix)``."""
    if text.__class__ is str and suffix.__class__ is str:
        return text.endswith(suffix)
    return no_overload("endsWith", text, suffix)


def matches(text: object, pattern: object) -> bool:
    """``text.matches(pattern)``: whether the RE2 pattern is found anywhere in the text."""
    if text.__class__ is str and pattern.__class__ is str:
        return compile_pattern(pattern).search(text)
    return no_overload("matches", text, pattern)


def dyn(value: object) -> object:
    """``dyn(value)``: the value itself; only the checker forgets its type."""
    return value


def optional_some(value: object) -> OptionalValue:
    """``optional.of(value)``."""
    return OptionalValue(value, present=True)


def optional_none() -> OptionalValue:
    """``optional.none()``."""
    return NONE


def optional_non_zero(value: object) -> OptionalValue:
    """``optional.ofNonZeroValue(value)``: none for null, false, 0 and whatever is empty.

    The zero of a timestamp is the start of year 1, not the epoch, as in cel-go.
    """
    match value:
        case Timestamp():
            empty = value.ns == TIMESTAMP_MIN
        case Duration():
            empty = value.ns == 0
        case None | bool() | int() | float() | str() | bytes() | list() | dict():
            empty = not value
        case _:
            empty = False
    return NONE if empty else OptionalValue(value, present=True)


def has_value(value: object) -> bool:
    """``optional.hasValue()``."""
    if value.__class__ is OptionalValue:
        return value.present
    return no_overload("hasValue", value)


def get_value(value: object) -> object:
    """``optional.value()``; raises for a none."""
    if value.__class__ is not OptionalValue:
        return no_overload("value", value)
    if not value.present:
        raise CelEvalError("optional.none() has no value")
    return value.value


def or_else(value: object, alternative: object) -> object:
    """``optional.or(alternative)``: the first of the two optionals that has a value.

    The interpreter evaluates ``alternative`` only if it is needed. A value that is not an optional
    is passed through, as cel-go does.
    """
    return alternative if value.__class__ is OptionalValue and not value.present else value


def or_value(value: object, alternative: object) -> object:
    """``optional.orValue(alternative)``: the value of the optional, else the alternative.

    Evaluation order and values that are not optionals: as for :func:`or_else`.
    """
    if value.__class__ is OptionalValue:
        return value.value if value.present else alternative
    return value


def first(value: object) -> OptionalValue:
    """``list.first()``: its first element, or none."""
    if value.__class__ is not list:
        return no_overload("first", value)
    return OptionalValue(value[0], present=True) if value else NONE


def last(value: object) -> OptionalValue:
    """``list.last()``: its last element, or none."""
    if value.__class__ is not list:
        return no_overload("last", value)
    return OptionalValue(value[-1], present=True) if value else NONE


def unwrap(value: object) -> list[object]:
    """``optional.unwrap(list)``: the values of those optionals in the list that have one."""
    if value.__class__ is not list:
        return no_overload("optional.unwrap", value)
    result: list[object] = []
    for item in value:
        if item.__class__ is not OptionalValue:
            return no_overload("optional.unwrap", item)
        if item.present:
            result.append(item.value)
    return result


def _accessor(name: str, *, of_duration: bool) -> _Accessor:
    def access(value: object, zone: object = "", /) -> int:
        if value.__class__ is Timestamp and zone.__class__ is str:
            return timestamp_field(value, name, zone)
        if of_duration and value.__class__ is Duration and zone == "":
            return duration_field(value, name)
        return no_overload(name, value)

    return access


def _function(
    name: str,
    implementation: Callable[..., object],
    *signatures: Signature,
    since: str = "",
    cost: int = 1,
) -> Function:
    library = "optional" if since else "standard"
    return Function(name, implementation, signatures, library, since, cost)


def _member(receiver: Type, *args: Type, result: Type) -> Signature:
    return Signature(receiver, args, result)


def _global(*args: Type, result: Type) -> Signature:
    return Signature(None, args, result)


def _converter(
    name: str, implementation: Callable[[object], object], to: Type, *sources: Type
) -> Function:
    return _function(name, implementation, *(_global(source, result=to) for source in sources))


def _time_accessor(name: str, *, of_duration: bool = False) -> Function:
    signatures = [_member(TIMESTAMP, result=INT), _member(TIMESTAMP, STRING, result=INT)]
    if of_duration:
        signatures.append(_member(DURATION, result=INT))
    return _function(name, _accessor(name, of_duration=of_duration), *signatures)


_OPTIONAL_A: Final = optional_of(VAR_A)
_LIST_A: Final = list_of(VAR_A)
_SIZED_TYPES: Final = (STRING, BYTES, _LIST_A, map_of(VAR_A, VAR_B))

_FUNCTIONS: Final = (
    _function(
        "size",
        size,
        *(_global(kind, result=INT) for kind in _SIZED_TYPES),
        *(_member(kind, result=INT) for kind in _SIZED_TYPES),
    ),
    _function("contains", contains, _member(STRING, STRING, result=BOOL)),
    _function("startsWith", starts_with, _member(STRING, STRING, result=BOOL)),
    _function("endsWith", ends_with, _member(STRING, STRING, result=BOOL)),
    _function(
        "matches",
        matches,
        _member(STRING, STRING, result=BOOL),
        _global(STRING, STRING, result=BOOL),
        cost=_PATTERN_COST,
    ),
    _converter("int", convert.to_int, INT, INT, UINT, DOUBLE, STRING, TIMESTAMP, DURATION),
    _converter("uint", convert.to_uint, UINT, UINT, INT, DOUBLE, STRING),
    _converter("double", convert.to_double, DOUBLE, DOUBLE, INT, UINT, STRING),
    _converter(
        "string",
        convert.to_string,
        STRING,
        *(STRING, BOOL, INT, UINT, DOUBLE, BYTES, TIMESTAMP, DURATION),
    ),
    _converter("bytes", convert.to_bytes, BYTES, BYTES, STRING),
    _converter("bool", convert.to_bool, BOOL, BOOL, STRING),
    _converter("timestamp", convert.to_timestamp, TIMESTAMP, TIMESTAMP, STRING, INT),
    _converter("duration", convert.to_duration, DURATION, DURATION, STRING),
    _converter("type", convert.to_type, type_of(VAR_A), VAR_A),
    _converter("dyn", dyn, DYN, VAR_A),
    _time_accessor("getFullYear"),
    _time_accessor("getMonth"),
    _time_accessor("getDate"),
    _time_accessor("getDayOfMonth"),
    _time_accessor("getDayOfYear"),
    _time_accessor("getDayOfWeek"),
    _time_accessor("getHours", of_duration=True),
    _time_accessor("getMinutes", of_duration=True),
    _time_accessor("getSeconds", of_duration=True),
    _time_accessor("getMilliseconds", of_duration=True),
    _function("optional.of", optional_some, _global(VAR_A, result=_OPTIONAL_A), since=_OPTIONALS),
    _function("optional.none", optional_none, _global(result=_OPTIONAL_A), since=_OPTIONALS),
    _function(
        "optional.ofNonZeroValue",
        optional_non_zero,
        _global(VAR_A, result=_OPTIONAL_A),
        since=_OPTIONALS,
    ),
    _function("hasValue", has_value, _member(_OPTIONAL_A, result=BOOL), since=_OPTIONALS),
    _function("value", get_value, _member(_OPTIONAL_A, result=VAR_A), since=_OPTIONALS),
    _function(
        "or", or_else, _member(_OPTIONAL_A, _OPTIONAL_A, result=_OPTIONAL_A), since=_OPTIONALS
    ),
    _function("orValue", or_value, _member(_OPTIONAL_A, VAR_A, result=VAR_A), since=_OPTIONALS),
    _function("first", first, _member(_LIST_A, result=_OPTIONAL_A), since=_OPTIONALS_V2),
    _function("last", last, _member(_LIST_A, result=_OPTIONAL_A), since=_OPTIONALS_V2),
    _function(
        "optional.unwrap",
        unwrap,
        _global(list_of(_OPTIONAL_A), result=_LIST_A),
        since=_OPTIONALS_V2,
    ),
    _function(
        "unwrapOpt", unwrap, _member(list_of(_OPTIONAL_A), result=_LIST_A), since=_OPTIONALS_V2
    ),
)

STDLIB: Final[Library] = {function.name: function for function in _FUNCTIONS}
"""The standard functions by name."""
