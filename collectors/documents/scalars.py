"""What a plain YAML scalar means to kubectl.

kubectl reads YAML with sigs.k8s.io/yaml: the YAML 1.1 resolver of go-yaml v2, then JSON. Facts from
go-yaml v2 ``resolve.go`` and Go's ``strconv.ParseInt(s, 0, 64)``: words such as ``yes`` are
booleans, ``0777`` and ``0o777`` are octal, underscores are ignored, there is no base 60, and what
looks like a time stays text.
"""

from __future__ import annotations

import binascii
import math
import re
import struct

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
WORDS: dict[str, object] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INT_MIN, _INT_MAX, _UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1
_MOST_DIGITS = 20
_GO_FIXED_LIMIT = 1e21
_GO_SHORTEST_EXPONENT = 6

PREFIX = "tag:yaml.org,2002:"


class NotRepresentable(ValueError):  # noqa: N818 - says why there is no value
    """A value that JSON, and so the API, does not have."""


def plain(text: str) -> object:
    """The value of an untagged plain scalar."""
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first not in "+-.0123456789":
        return text
    number = _number(text.replace("_", "") if first != "." else text, first)
    return text if number is None else number


def _number(text: str, first: str) -> object:
    if first != "." and _INTEGER.fullmatch(text):
        value = _integer(text)
        if value is None:
            pass
        elif _INT_MIN <= value <= _INT_MAX:
            return value
        elif 0 <= value <= _UINT_MAX and not text.startswith("+"):
            return as_json_number(float(value))
    number = _float(text)
    return None if number is None else as_json_number(number)


def _float(text: str) -> float | None:
    """The value of a decimal number; None when it is none, or larger than any float."""
    if not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    return None if math.isinf(number) else number


def _integer(text: str) -> int | None:
    """The value of an integer; None when it has more decimal digits than 64 bits hold."""
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-").lower()
    if digits.startswith("0x"):
        return sign * int(digits, 16)
    if digits.startswith("0b"):
        return sign * int(digits, 2)
    if digits.startswith("0") and len(digits) > 1:
        return sign * int(digits.removeprefix("0o"), 8)
    return sign * int(digits) if len(digits) <= _MOST_DIGITS else None


def as_json_number(value: float) -> int | float:
    """A float as it is after Go wrote it as JSON and Kubernetes read that back.

    Go writes whole numbers below 1e21 without exponent or point, from the shortest digits that
    tell them apart and zeros; Kubernetes reads such a number as an integer when it fits 64 bits.
    """
    if value.is_integer() and abs(value) < _GO_FIXED_LIMIT:
        whole = _written(value)
        if _INT_MIN <= whole <= _INT_MAX:
            return whole
    return value


def _written(value: float) -> int:
    """The integer that the shortest digits of a whole float say: of a large one, not its value."""
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return int(value)
    whole, _, fraction = mantissa.partition(".")
    return int(whole + fraction.ljust(int(exponent), "0"))


def tagged(tag: str, text: str) -> object:
    """The value of a scalar with an explicit tag.

    Raises:
        NotRepresentable: the text is not of the type that the tag says.
    """
    name = tag.removeprefix(PREFIX)
    match name:
        case "str":
            return text
        case "binary":
            try:
                import base64  # noqa: PLC0415 - few documents are tagged so

                return base64.b64decode(text.encode(), validate=False).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise NotRepresentable(f"!!binary is not base64 of text: {error}") from error
        case "!":
            return text
        case "int" | "float" | "bool" | "null":
            value = plain(text) if text else None
            return _checked(name, value, text)
        case _:
            return text


def _checked(name: str, value: object, text: str) -> object:
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "null": value is None,
    }
    if not fits[name]:
        raise NotRepresentable(f"cannot decode {text!r} as !!{name}")
    return value


def key_text(value: object, text: str) -> str:
    """A mapping key as JSON has it: ``value`` is what the scalar ``text`` means.

    sigs.k8s.io/yaml writes keys that are floats as Go's ``FormatFloat(key, 'g', -1, 32)``.

    Raises:
        NotRepresentable: null, integers beyond 63 bits and collections cannot be keys.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        digits = text.replace("_", "") if text[0] != "." else text
        if _INTEGER.fullmatch(digits):
            whole = _integer(digits)
            if whole is None:
                pass
            elif _INT_MIN <= whole <= _INT_MAX:
                return str(whole)
            elif 0 <= whole <= _UINT_MAX and not digits.startswith("+"):
                raise NotRepresentable("a key can't be an integer of 64 bits")
        number = _float(digits)
        return _short_float(value if number is None else number)
    raise NotRepresentable("a key must be text, a number or a boolean")


def _short_float(value: float) -> str:
    """The fewest digits that tell a 32-bit float apart, as Go's format ``g`` writes them."""
    try:
        single = _single(value)
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isnan(single) or math.isinf(single):
        return ".nan" if math.isnan(single) else ".inf" if single > 0 else "-.inf"
    if single == 0:
        return "-0" if math.copysign(1, single) < 0 else "0"
    precision = 0
    while _single(float(f"{single:.{precision}e}")) != single:
        precision += 1
    mantissa, exponent = f"{single:.{precision}e}".split("e")
    if -4 <= int(exponent) < _GO_SHORTEST_EXPONENT:
        return f"{single:.{max(precision - int(exponent), 0)}f}"
    return f"{mantissa}e{int(exponent):+03d}"


def _single(value: float) -> float:
    (single,) = struct.unpack("<f", struct.pack("<f", value))
    return float(single)
