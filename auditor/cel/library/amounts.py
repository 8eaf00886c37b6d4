"""Quantities of Kubernetes (apimachinery ``pkg/api/resource``): exact numbers of two kinds.

A small one is an int64 times a power of ten; it is "an integer" when that power is not negative,
whatever its value: ``1000m`` is none. Others are decimals of nine places, rounded away from zero,
and never "an integer". Which kind a text makes, and a sum, is what the API server decides by.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, Final

import msgspec

from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.values import INT_MAX, INT_MIN

_TEXT: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<zeros>0*)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?P<suffix>[eEinumkKMGTP]*[-+]?[0-9]*)"
)
_EXPONENT: Final = re.compile(r"[eE]([-+]?[0-9]+)")
_DECIMAL: Final = MappingProxyType(
    {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
)
_BINARY: Final = MappingProxyType({"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60})
_NANO: Final = -9
_SMALL_DIGITS: Final = 18
_SMALL_BINARY_DIGITS: Final = 14
_LONGEST: Final = 4000
_LARGEST_SCALE: Final = 1000
_FAR: Final = 2 * (_LONGEST + _LARGEST_SCALE)
"""Powers of ten between two numbers of which the digits of one can't make up for the scale."""


class Quantity(msgspec.Struct, frozen=True, eq=False):
    """``value`` times ten to the power of ``scale``; ``small`` as the module says."""

    cel_type: ClassVar[str] = "kubernetes.Quantity"

    value: int
    scale: int
    small: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.compare(other) == 0

    def __hash__(self) -> int:
        value, scale = self.value, self.scale
        while value and value % 10 == 0:
            value, scale = value // 10, scale + 1
        return hash((value, scale if value else 0))

    def compare(self, other: Quantity) -> int:
        """-1, 0 or 1."""
        sign, others = _sign(self.value), _sign(other.value)
        if sign != others or not sign:
            return _sign(sign - others)
        apart = self.scale - other.scale
        if abs(apart) > _FAR:
            return sign * _sign(apart)
        left = self.value * 10 ** max(0, apart)
        right = other.value * 10 ** max(0, -apart)
        return _sign(left - right)

    def plus(self, other: Quantity) -> Quantity:
        """The sum.

        Raises:
            CelLimitError: it has too many digits.
        """
        if self.small and other.small:
            if not other.value:
                return self
            if not self.value:
                return other
        scale = min(self.scale, other.scale)
        if max(self.scale, other.scale) - scale > _FAR:
            raise CelLimitError("a sum of quantities has too many digits")
        left = self.value * 10 ** (self.scale - scale)
        right = other.value * 10 ** (other.scale - scale)
        fits = all(INT_MIN <= each <= INT_MAX for each in (left, right, left + right))
        return Quantity(left + right, scale, self.small and other.small and fits)

    def minus(self, other: Quantity) -> Quantity:
        """The difference; int64's minimum is its own opposite where all three are small.

        Raises:
            CelLimitError: it has too many digits.
        """
        if self.small and other.small and other.value == INT_MIN:
            wrapped = self.plus(other)
            if wrapped.small:
                return wrapped
        return self.plus(other.negated())

    def negated(self) -> Quantity:
        """The same with the other sign."""
        return Quantity(-self.value, self.scale, self.small)

    def integer(self) -> int | None:
        """The value, where the API server takes it for an integer."""
        if not self.small or self.scale < 0 or (self.value and self.scale > _SMALL_DIGITS):
            return None
        value = self.value * 10**self.scale if self.value else 0
        return value if INT_MIN <= value <= INT_MAX else None

    def approximate(self) -> float:
        """The value as a double, with the errors that Go's way of it makes."""
        try:
            value = float(self.value)
        except OverflowError:
            value = float("inf") * _sign(self.value)
        return value * _power_of_ten(self.scale) if self.scale else value


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _power_of_ten(exponent: int) -> float:
    """As Go's math.Pow10: from tables of 32 steps and of one, each rounded."""
    if not -323 <= exponent <= 308:
        return 0.0 if exponent < 0 else float("inf")
    steps, rest = divmod(abs(exponent), 32)
    if exponent < 0:
        return float(f"1e-{steps * 32}") / float(f"1e{rest}")
    return float(f"1e{steps * 32}") * float(f"1e{rest}")


@lru_cache(4096)
def parse(text: str) -> Quantity:
    """The quantity that a text means.

    Raises:
        CelEvalError: it is none.
        CelLimitError: it has more digits than anything is worth.
    """
    if len(text) > _LONGEST:
        raise CelLimitError(f"a quantity is longer than {_LONGEST}")
    found = _TEXT.fullmatch(text) if text else None
    if found is None:
        raise CelEvalError("quantity: not a number with a suffix")
    whole, part = found["whole"] or "0", found["part"] or ""
    power = _BINARY.get(found["suffix"])
    if power is None:
        made = _decimal(whole, part, _exponent(found["suffix"]))
    else:
        made = _binary(whole, part, power)
    if not made.small and not (found["zeros"] or found["whole"] or part):
        raise CelEvalError("quantity: there is no number")
    return made.negated() if found["sign"] == "-" else made


def _decimal(whole: str, part: str, exponent: int) -> Quantity:
    scale = exponent - len(part)
    if len(whole) + len(part) <= _SMALL_DIGITS and scale >= _NANO:
        return Quantity(int(whole + part), scale, small=True)
    return _rounded(int(whole + part), scale)


def _binary(whole: str, part: str, power: int) -> Quantity:
    if not part and len(whole) + power * 3 // 10 <= _SMALL_BINARY_DIGITS:
        return Quantity(int(whole) << power, 0, small=True)
    large = _rounded(int(whole + part) << power, -len(part))
    return large if large.compare(_LARGEST_BINARY) <= 0 else _LARGEST_BINARY


_LARGEST_BINARY: Final = Quantity(INT_MAX, 0, small=False)


def _exponent(suffix: str) -> int:
    power = _DECIMAL.get(suffix)
    if power is not None:
        return power
    found = _EXPONENT.fullmatch(suffix)
    exponent = int(found[1]) if found is not None else INT_MAX + 1
    if not INT_MIN <= exponent <= INT_MAX:
        raise CelEvalError("quantity: the suffix is not known")
    return (exponent + 2**31) % 2**32 - 2**31


def _rounded(value: int, scale: int) -> Quantity:
    """A decimal of nine places; what is not exact is rounded away from zero."""
    if not value:
        return Quantity(0, scale, small=False)
    if scale > _LARGEST_SCALE:
        raise CelLimitError(f"a quantity of this length has an exponent above {_LARGEST_SCALE}")
    if scale >= _NANO:
        return Quantity(value * 10 ** (scale - _NANO), _NANO, small=False)
    if _NANO - scale > _LONGEST:
        return Quantity(1, _NANO, small=False)
    return Quantity(-(-value // 10 ** (_NANO - scale)), _NANO, small=False)
