"""Quantities, ``100m`` or ``1.5Gi``: order, sums and conversions.

As the API server has them (kubernetes/apiserver ``pkg/cel/library/quantity.go``).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.functions import Function
from auditor.cel.library.amounts import Quantity, parse
from auditor.cel.library.define import LINEAR, function, member, plain
from auditor.cel.types import BOOL, DOUBLE, INT, QUANTITY, STRING

_SINCE: Final = "1.28"


def quantity(text: object) -> Quantity:
    """``quantity(text)``.

    Raises:
        CelEvalError: ``text`` is not a quantity.
    """
    return parse(text) if text.__class__ is str else no_overload("quantity", text)


def is_quantity(text: object) -> bool:
    """``isQuantity(text)``."""
    if text.__class__ is not str:
        return no_overload("isQuantity", text)
    try:
        parse(text)
    except CelLimitError:
        raise
    except CelEvalError:
        return False
    return True


def sign(value: object) -> int:
    """``sign(value)``: -1, 0 or 1."""
    if value.__class__ is not Quantity:
        return no_overload("sign", value)
    return (value.value > 0) - (value.value < 0)


def is_integer(value: object) -> bool:
    """``value.isInteger()``: whether ``asInteger()`` has a value."""
    if value.__class__ is not Quantity:
        return no_overload("isInteger", value)
    return value.integer() is not None


def as_integer(value: object) -> int:
    """``value.asInteger()``.

    Raises:
        CelEvalError: it is too large, has a negative scale, or too many digits.
    """
    if value.__class__ is not Quantity:
        return no_overload("asInteger", value)
    found = value.integer()
    if found is None:
        raise CelEvalError("asInteger: the quantity cannot be converted to an integer")
    return found


def as_approximate_float(value: object) -> float:
    """``value.asApproximateFloat()``."""
    if value.__class__ is not Quantity:
        return no_overload("asApproximateFloat", value)
    return value.approximate()


def _operand(name: str, a: object, b: object) -> Quantity:
    """The second operand of a sum: a quantity, or an int."""
    if a.__class__ is Quantity and b.__class__ is Quantity:
        return b
    if a.__class__ is Quantity and b.__class__ is int:
        return Quantity(b, 0, small=True)
    return no_overload(name, a, b)


def add(a: object, b: object) -> Quantity:
    """``a.add(b)``, where ``b`` is a quantity or an int."""
    other = _operand("add", a, b)
    return a.plus(other) if a.__class__ is Quantity else no_overload("add", a, b)


def sub(a: object, b: object) -> Quantity:
    """``a.sub(b)``, where ``b`` is a quantity or an int."""
    other = _operand("sub", a, b)
    return a.minus(other) if a.__class__ is Quantity else no_overload("sub", a, b)


def compare_to(a: object, b: object) -> int:
    """``a.compareTo(b)``: -1, 0 or 1."""
    if a.__class__ is not Quantity or b.__class__ is not Quantity:
        return no_overload("compareTo", a, b)
    return a.compare(b)


def is_less_than(a: object, b: object) -> bool:
    """``a.isLessThan(b)``."""
    if a.__class__ is not Quantity or b.__class__ is not Quantity:
        return no_overload("isLessThan", a, b)
    return a.compare(b) < 0


def is_greater_than(a: object, b: object) -> bool:
    """``a.isGreaterThan(b)``."""
    if a.__class__ is not Quantity or b.__class__ is not Quantity:
        return no_overload("isGreaterThan", a, b)
    return a.compare(b) > 0


_define = partial(function, "quantity")
_SUM: Final = (
    member(QUANTITY, QUANTITY, result=QUANTITY, since=_SINCE),
    member(QUANTITY, INT, result=QUANTITY, since=_SINCE),
)

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("quantity", quantity, plain(STRING, result=QUANTITY, since=_SINCE), cost=LINEAR),
    _define("isQuantity", is_quantity, plain(STRING, result=BOOL, since=_SINCE), cost=LINEAR),
    _define("sign", sign, plain(QUANTITY, result=INT, since=_SINCE)),
    _define("isInteger", is_integer, member(QUANTITY, result=BOOL, since=_SINCE)),
    _define("asInteger", as_integer, member(QUANTITY, result=INT, since=_SINCE)),
    _define(
        "asApproximateFloat", as_approximate_float, member(QUANTITY, result=DOUBLE, since=_SINCE)
    ),
    _define("add", add, *_SUM),
    _define("sub", sub, *_SUM),
    _define("compareTo", compare_to, member(QUANTITY, QUANTITY, result=INT, since=_SINCE)),
    _define("isLessThan", is_less_than, member(QUANTITY, QUANTITY, result=BOOL, since=_SINCE)),
    _define(
        "isGreaterThan", is_greater_than, member(QUANTITY, QUANTITY, result=BOOL, since=_SINCE)
    ),
)
"""The functions of this module."""
