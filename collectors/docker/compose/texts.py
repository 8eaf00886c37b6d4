"""How Compose writes numbers and truth values where a text is meant."""

from __future__ import annotations

import math

from collectors.docker.compose.nodes import Scalar

_PLAIN_BELOW = 21


def go_text(value: Scalar) -> str:
    """Write a value as Go's ``fmt.Sprint`` does."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    return str(value)


def _float(value: float) -> str:
    """The shortest digits that mean the number; with an exponent where it is large or small."""
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    mantissa, _, exponent = f"{value:e}".partition("e")
    digits = repr(value)
    power = int(exponent)
    if -4 <= power < _PLAIN_BELOW:
        return (
            f"{value:.0f}"
            if value == int(value)
            else format(value, "f")
            if "e" in digits
            else digits
        )
    short = digits.partition("e")[0] if "e" in digits else mantissa.rstrip("0").rstrip(".")
    sign = "-" if power < 0 else "+"
    return f"{short}e{sign}{abs(power):02d}"
