"""Arithmetic operators: checked 64-bit integers, IEEE doubles, concatenation, times.

Consumers import these names from :mod:`auditor.cel.ops`. Every function raises
:class:`~auditor.cel.errors.CelEvalError` when the operation has no value. Operands never convert:
``1 + 1.0`` has no overload, although ``1 == 1.0`` holds.
"""

from __future__ import annotations

from math import copysign, inf, nan
from typing import Final, NoReturn

from auditor.cel.errors import CelEvalError
from auditor.cel.produced import ELEMENT, LARGEST, too_much
from auditor.cel.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    BoolKey,
    Duration,
    OptionalValue,
    Timestamp,
    TypeValue,
    UInt,
)

TIMESTAMP_MIN: Final = -62_135_596_800 * 10**9
"""0001-01-01T00:00:00Z in nanoseconds since the epoch."""

TIMESTAMP_MAX: Final = 253_402_300_799 * 10**9 + 999_999_999
"""9999-12-31T23:59:59.999999999Z in nanoseconds since the epoch."""

MAX_LENGTH: Final = LARGEST
"""Largest result of ``+``, in code points, bytes, or elements of :data:`ELEMENT` each."""

_TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "null_type",
    bool: "bool",
    BoolKey: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    TypeValue: "type",
    OptionalValue: "optional_type",
}


def type_name(value: object) -> str:
    """The CEL name of the type of ``value``.

    A value of a library names its own type in the class attribute ``cel_type``.
    """
    name = _TYPE_NAMES.get(value.__class__)
    if name is None:
        declared = getattr(value.__class__, "cel_type", None)
        name = declared if declared.__class__ is str else value.__class__.__name__
    return name


def no_overload(function: str, *args: object) -> NoReturn:
    """Raise ``no such overload: function(type, type)`` for these argument values."""
    names = ", ".join(map(type_name, args))
    raise CelEvalError(f"no such overload: {function}({names})")


def checked_int(value: int) -> int:
    """``value`` if it fits in int64; raises for an overflow."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise CelEvalError("int overflow")


def checked_uint(value: int) -> UInt:
    """``value`` as a uint if it fits in 64 bits; raises for an overflow."""
    if 0 <= value <= UINT_MAX:
        return UInt(value)
    raise CelEvalError("uint overflow")


def checked_duration(ns: int) -> Duration:
    """A duration of ``ns`` nanoseconds; raises unless it fits in int64 (292 years), as cel-go."""
    if INT_MIN <= ns <= INT_MAX:
        return Duration(ns)
    raise CelEvalError("duration overflow")


def checked_timestamp(ns: int, offset: int = 0) -> Timestamp:
    """The time ``ns`` nanoseconds after the epoch; raises outside the years 1 to 9999."""
    if TIMESTAMP_MIN <= ns <= TIMESTAMP_MAX:
        return Timestamp(ns, offset)
    raise CelEvalError("timestamp overflow")


def add(a: object, b: object) -> object:
    """``a + b``: numbers of one type, concatenation, and times with durations."""
    if a.__class__ is int and b.__class__ is int:
        return checked_int(a + b)
    if a.__class__ is str and b.__class__ is str:
        _check_length(len(a) + len(b))
        return a + b
    if a.__class__ is list and b.__class__ is list:
        _check_length(ELEMENT * (len(a) + len(b)))
        return a + b
    return _add_others(a, b)


def _add_others(a: object, b: object) -> object:
    match a, b:
        case float(), float():
            return a + b
        case UInt(), UInt():
            return checked_uint(int(a) + int(b))
        case bytes(), bytes():
            _check_length(len(a) + len(b))
            return a + b
        case Duration(), Duration():
            return checked_duration(a.ns + b.ns)
        case Timestamp(), Duration():
            return checked_timestamp(a.ns + b.ns, a.offset)
        case Duration(), Timestamp():
            return checked_timestamp(a.ns + b.ns, b.offset)
        case _:
            return no_overload("_+_", a, b)


def sub(a: object, b: object) -> object:
    """``a - b``: numbers of one type, times and durations."""
    if a.__class__ is int and b.__class__ is int:
        return checked_int(a - b)
    match a, b:
        case UInt(), UInt():
            return checked_uint(int(a) - int(b))
        case float(), float():
            return a - b
        case Timestamp(), Timestamp():
            return checked_duration(a.ns - b.ns)
        case Timestamp(), Duration():
            return checked_timestamp(a.ns - b.ns, a.offset)
        case Duration(), Duration():
            return checked_duration(a.ns - b.ns)
        case _:
            return no_overload("_-_", a, b)


def mul(a: object, b: object) -> object:
    """``a * b``: numbers of one type."""
    if a.__class__ is int and b.__class__ is int:
        return checked_int(a * b)
    match a, b:
        case float(), float():
            return a * b
        case UInt(), UInt():
            return checked_uint(int(a) * int(b))
        case _:
            return no_overload("_*_", a, b)


def div(a: object, b: object) -> object:
    """``a / b``: integers truncate toward zero and have no quotient by zero; doubles have."""
    if a.__class__ is int and b.__class__ is int:
        quotient = abs(a) // abs(_divisor(b, "divide by zero"))
        return checked_int(quotient if (a < 0) == (b < 0) else -quotient)
    match a, b:
        case float(), float():
            return _divide_doubles(a, b)
        case UInt(), UInt():
            return UInt(int(a) // _divisor(b, "divide by zero"))
        case _:
            return no_overload("_/_", a, b)


def mod(a: object, b: object) -> object:
    """``a % b``: integers only; the remainder has the sign of ``a``."""
    if a.__class__ is int and b.__class__ is int:
        if b == -1:
            checked_int(-a)
        rest = abs(a) % abs(_divisor(b, "modulus by zero"))
        return rest if a >= 0 else -rest
    if a.__class__ is UInt and b.__class__ is UInt:
        return UInt(int(a) % _divisor(b, "modulus by zero"))
    return no_overload("_%_", a, b)


def neg(a: object) -> object:
    """``-a``: int, double or duration."""
    if a.__class__ is int:
        return checked_int(-a)
    if a.__class__ is float:
        return -a
    if a.__class__ is Duration:
        return checked_duration(-a.ns)
    return no_overload("-_", a)


def _check_length(length: int) -> None:
    if length > MAX_LENGTH:
        raise too_much()


def _divisor(b: int, message: str) -> int:
    if b:
        return int(b)
    raise CelEvalError(message)


def _divide_doubles(a: float, b: float) -> float:
    if b:
        return a / b
    if not a or a != a:  # noqa: PLR0124  # the test for NaN, which has no quotient either
        return nan
    return copysign(inf, a) * copysign(1.0, b)
