"""Numbers: extremes, rounding, signs and bits, as cel-go's ``ext/math.go`` has them.

In no API server. ``math.greatest`` and ``math.least`` take one number, one list, or up to
:data:`MAX_ARGUMENTS` numbers of any type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from auditor.cel import ops
from auditor.cel.arithmetic import checked_int, no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import NEVER, Function, Signature
from auditor.cel.library.define import LINEAR, function, plain
from auditor.cel.types import BOOL, DOUBLE, DYN, INT, UINT, Type, list_of
from auditor.cel.values import INT_MAX, UINT_MAX, UInt

MAX_ARGUMENTS: Final = 16

_NUMBERS: Final = (int, UInt, float)
_INTEGERS: Final = (int, UInt)
_BITS: Final = 64
_WHOLE: Final = 2.0**52
"""Doubles from here on have no fraction."""


def greatest(*values: object) -> object:
    """``math.greatest(...)``: the first of the largest.

    Raises:
        CelEvalError: there is no value, one is not a number, or one of several is NaN.
    """
    return _extreme("math.greatest", values, ops.less)


def least(*values: object) -> object:
    """``math.least(...)``: the first of the smallest; see :func:`greatest`."""
    return _extreme("math.least", values, ops.greater)


def _extreme(name: str, values: tuple[object, ...], worse: Callable[[Any, Any], bool]) -> object:
    numbers: Sequence[object] = values
    if len(values) == 1 and isinstance(values[0], list):
        numbers = values[0]
    if not numbers:
        raise CelEvalError(f"{name}: there is no value")
    for number in numbers:
        if number.__class__ not in _NUMBERS:
            return no_overload(name, *values)
        if number != number and len(numbers) > 1:  # noqa: PLR0124 - NaN
            raise CelEvalError(f"{name}: NaN has no order")
    best = numbers[0]
    for number in numbers[1:]:
        if worse(best, number):
            best = number
    return best


def _rounding(name: str, to_int: Callable[[float], int]) -> Callable[[object], float]:
    def rounded(value: object) -> float:
        if value.__class__ is not float:
            return no_overload(name, value)
        if not abs(value) < _WHOLE:
            return value
        return math.copysign(float(to_int(value)), value)

    return rounded


def _half_away(value: float) -> int:
    """The nearest whole number; of two, the one that is farther from zero."""
    down = math.floor(abs(value))
    return int(math.copysign(down + (abs(value) - down >= 0.5), value))


ceil: Final = _rounding("math.ceil", math.ceil)
floor: Final = _rounding("math.floor", math.floor)
trunc: Final = _rounding("math.trunc", math.trunc)
nearest: Final = _rounding("math.round", _half_away)


def _test(name: str, holds: Callable[[float], bool]) -> Callable[[object], bool]:
    def test(value: object) -> bool:
        return holds(value) if value.__class__ is float else no_overload(name, value)

    return test


def absolute(value: object) -> object:
    """``math.abs(value)``.

    Raises:
        CelEvalError: it is the smallest int, which has no counterpart.
    """
    if value.__class__ is int:
        return checked_int(abs(value))
    if value.__class__ is float:
        return abs(value)
    return value if value.__class__ is UInt else no_overload("math.abs", value)


def sign(value: object) -> object:
    """``math.sign(value)``: -1, 0 or 1 of the same type; NaN for NaN."""
    if value.__class__ not in _NUMBERS:
        return no_overload("math.sign", value)
    number: Any = value
    if number != number:  # noqa: PLR0124 - NaN
        return number
    return number.__class__((number > 0) - (number < 0))


def sqrt(value: object) -> float:
    """``math.sqrt(value)``: NaN for a negative number."""
    if value.__class__ not in _NUMBERS:
        return no_overload("math.sqrt", value)
    number = float(value)
    return math.sqrt(number) if number >= 0 else math.nan


def _bitwise(name: str, combine: Callable[[int, int], int]) -> Callable[..., object]:
    def combined(a: object, b: object) -> object:
        if a.__class__ is not b.__class__ or a.__class__ not in _INTEGERS:
            return no_overload(name, a, b)
        return a.__class__(combine(int(a), int(b)))  # type: ignore[call-overload]  # see _INTEGERS

    return combined


def bit_not(value: object) -> object:
    """``math.bitNot(value)``."""
    if value.__class__ is int:
        return ~value
    if value.__class__ is UInt:
        return UInt(value ^ UINT_MAX)
    return no_overload("math.bitNot", value)


def shift_left(value: object, bits: object) -> object:
    """``math.bitShiftLeft(value, bits)``: what is shifted out is lost."""
    return _shifted("math.bitShiftLeft", value, bits, lambda a, b: a << min(b, _BITS))


def shift_right(value: object, bits: object) -> object:
    """``math.bitShiftRight(value, bits)``: zeros come in, also to a negative int."""
    return _shifted("math.bitShiftRight", value, bits, lambda a, b: a >> min(b, _BITS))


def _shifted(name: str, value: object, bits: object, shift: Callable[[int, int], int]) -> object:
    if value.__class__ not in _INTEGERS or bits.__class__ is not int:
        return no_overload(name, value, bits)
    if bits < 0:
        raise CelEvalError(f"{name}: negative offset {bits}")
    moved = shift(int(value) & UINT_MAX, bits) & UINT_MAX
    if value.__class__ is UInt:
        return UInt(moved)
    return moved if moved <= INT_MAX else moved - (UINT_MAX + 1)


def _same(*types: Type) -> tuple[Signature, ...]:
    return tuple(plain(each, result=each, since=NEVER) for each in types)


def _pairs() -> tuple[Signature, ...]:
    return tuple(plain(each, each, result=each, since=NEVER) for each in (INT, UINT))


_EXTREMES: Final = (
    *_same(INT, UINT, DOUBLE),
    *[plain(list_of(each), result=each, since=NEVER) for each in (INT, UINT, DOUBLE)],
    *[
        plain(*[each] * count, result=each, since=NEVER)
        for count in range(2, MAX_ARGUMENTS + 1)
        for each in (INT, UINT, DOUBLE, DYN)
    ],
)
_SHIFTS: Final = tuple(plain(each, INT, result=each, since=NEVER) for each in (INT, UINT))
_define = partial(function, "math")
_TESTS: Final[tuple[tuple[str, Callable[[float], bool]], ...]] = (
    ("math.isInf", math.isinf),
    ("math.isNaN", math.isnan),
    ("math.isFinite", math.isfinite),
)

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("math.greatest", greatest, *_EXTREMES, cost=LINEAR),
    _define("math.least", least, *_EXTREMES, cost=LINEAR),
    _define("math.ceil", ceil, *_same(DOUBLE)),
    _define("math.floor", floor, *_same(DOUBLE)),
    _define("math.trunc", trunc, *_same(DOUBLE)),
    _define("math.round", nearest, *_same(DOUBLE)),
    *[
        _define(name, _test(name, holds), plain(DOUBLE, result=BOOL, since=NEVER))
        for name, holds in _TESTS
    ],
    _define("math.abs", absolute, *_same(INT, UINT, DOUBLE)),
    _define("math.sign", sign, *_same(INT, UINT, DOUBLE)),
    _define(
        "math.sqrt",
        sqrt,
        *[plain(each, result=DOUBLE, since=NEVER) for each in (INT, UINT, DOUBLE)],
    ),
    _define("math.bitAnd", _bitwise("math.bitAnd", int.__and__), *_pairs()),
    _define("math.bitOr", _bitwise("math.bitOr", int.__or__), *_pairs()),
    _define("math.bitXor", _bitwise("math.bitXor", int.__xor__), *_pairs()),
    _define("math.bitNot", bit_not, *_same(INT, UINT)),
    _define("math.bitShiftLeft", shift_left, *_SHIFTS),
    _define("math.bitShiftRight", shift_right, *_SHIFTS),
)
"""The functions of this module."""
