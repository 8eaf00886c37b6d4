"""Doubles as golang.org/x/text prints them for American English.

It keeps a precision in fields of 8 and 16 bits, which huge ones wrap around.
"""

from __future__ import annotations

from math import isfinite, isnan
from typing import Final

from auditor.cel.times import plain_decimal

DEFAULT_PRECISION: Final = 6

_NO_NUMBER: Final = "%!(NOVERB)"
_READ_PRECISION: Final = 1_000_000
"""The value after which no more digit of a precision is read, but the clause is malformed."""
_LONGEST_FRACTION: Final = 1074
"""No double has more digits behind the point."""
_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TIMES_TEN: Final = "\u00d710"


def fixed(number: float, precision: int) -> str:
    """``%f``: with commas between the thousands."""
    if precision // 10 > _READ_PRECISION:
        return _NO_NUMBER
    if not isfinite(number):
        return _special(number)
    least, most = precision % 2**8, (precision + 2**15) % 2**16 - 2**15
    size = abs(number)
    text = plain_decimal(size) if most < 0 else f"{size:.{min(most, _LONGEST_FRACTION)}f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return f"{_sign(number)}{int(whole):,}{'.' if fraction else ''}{fraction}"


def scientific(number: float, precision: int) -> str:
    """``%e``: with six digits behind the point; the precision is the least width."""
    if precision // 10 > _READ_PRECISION:
        return _NO_NUMBER
    text = _special(number)
    if isfinite(number):
        mantissa, _, exponent = f"{abs(number):.6e}".partition("e")
        power = exponent.removeprefix("+").translate(_SUPERSCRIPT)
        text = f"{_sign(number)}{mantissa}{_TIMES_TEN}{power}"
    return text.rjust(precision % 2**16)


def _sign(number: float) -> str:
    """Zero has none, whatever its own."""
    return "-" if number < 0 else ""


def _special(number: float) -> str:
    return "NaN" if isnan(number) else f"{_sign(number)}∞"
