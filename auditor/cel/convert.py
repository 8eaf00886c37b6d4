"""Conversions between types: ``int() uint() double() string() bytes() bool() timestamp() ...``.

Ranges and text forms are cel-go's. Every function raises
:class:`~auditor.cel.errors.CelEvalError` for a value that its type cannot hold and for a type that
it does not convert.
"""

from __future__ import annotations

import re
from math import isinf, isnan
from typing import Final

from auditor.cel.arithmetic import checked_timestamp, checked_uint, no_overload, type_name
from auditor.cel.errors import CelEvalError
from auditor.cel.times import (
    SECOND,
    format_duration,
    format_timestamp,
    parse_duration,
    parse_timestamp,
)
from auditor.cel.values import INT_MAX, INT_MIN, Duration, Timestamp, TypeValue, UInt

_INT: Final = re.compile(r"[+-]?[0-9]+")
_UINT: Final = re.compile(r"[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT: Final = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+",
)
_INFINITY: Final = re.compile(r"([+-]?)(?:inf|infinity)", re.IGNORECASE)
_UNDERSCORE: Final = re.compile(r"(?<=[0-9])_(?=[0-9])")
_HEX_UNDERSCORE: Final = re.compile(r"(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])")
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_LONGEST_INT: Final = 4096


def to_int(value: object) -> int:
    """``int(value)``: doubles truncate; a timestamp gives seconds, a duration nanoseconds."""
    match value:
        case bool():
            return no_overload("int", value)
        case int():
            return _int_in_range(int(value))
        case float():
            if isnan(value) or not INT_MIN < value < 2.0**63:
                raise CelEvalError("int overflow")
            return int(value)
        case str():
            return _parse_int(value)
        case Timestamp():
            return value.ns // SECOND
        case Duration():
            return value.ns
        case _:
            return no_overload("int", value)


def _int_in_range(value: int) -> int:
    if INT_MIN <= value <= INT_MAX:
        return value
    raise CelEvalError("int overflow")


def _parse_int(text: str) -> int:
    if len(text) > _LONGEST_INT or not _INT.fullmatch(text):
        raise _not_convertible(text, "int")
    return _int_in_range(int(text))


def to_uint(value: object) -> UInt:
    """``uint(value)``: doubles truncate, and nothing below zero converts."""
    match value:
        case bool():
            return no_overload("uint", value)
        case int():
            return checked_uint(int(value))
        case float():
            if isnan(value) or not 0 <= value < 2.0**64:
                raise CelEvalError("uint overflow")
            return UInt(int(value))
        case str():
            if len(value) > _LONGEST_INT or not _UINT.fullmatch(value):
                raise _not_convertible(value, "uint")
            return checked_uint(int(value))
        case _:
            return no_overload("uint", value)


def to_double(value: object) -> float:
    """``double(value)``: an integer gives the nearest double."""
    match value:
        case bool():
            return no_overload("double", value)
        case float():
            return value
        case int():
            return float(value)
        case str():
            return _parse_double(value)
        case _:
            return no_overload("double", value)


def _parse_double(text: str) -> float:
    infinity = _INFINITY.fullmatch(text)
    if infinity:
        return float(f"{infinity[1]}inf")
    if text.lower() == "nan":
        return float("nan")
    number = _parse_hex_float(text) if "x" in text[:3].lower() else _parse_decimal(text)
    if isinf(number):
        raise _not_convertible(text, "double")
    return number


def _parse_decimal(text: str) -> float:
    plain = _UNDERSCORE.sub("", text)
    if not _DECIMAL.fullmatch(plain):
        raise _not_convertible(text, "double")
    return float(plain)


def _parse_hex_float(text: str) -> float:
    plain = _HEX_UNDERSCORE.sub("", text)
    if not _HEX_FLOAT.fullmatch(plain):
        raise _not_convertible(text, "double")
    try:
        return float.fromhex(plain)
    except OverflowError:
        raise _not_convertible(text, "double") from None


def to_bool(value: object) -> bool:
    """``bool(value)``: of strings only the twelve spellings that Go's ParseBool reads."""
    if value is True or value is False:
        return value
    if value.__class__ is not str:
        return no_overload("bool", value)
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise _not_convertible(value, "bool")


def to_bytes(value: object) -> bytes:
    """``bytes(value)``: the UTF-8 form of a string."""
    match value:
        case bytes():
            return value
        case str():
            try:
                return value.encode()
            except UnicodeEncodeError as error:
                raise CelEvalError("a string with a lone surrogate has no UTF-8 form") from error
        case _:
            return no_overload("bytes", value)


def to_string(value: object) -> str:
    """``string(value)``: the canonical text of a scalar, a timestamp or a duration."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case float():
            return format_double(value)
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError as error:
                raise CelEvalError("invalid UTF-8 in bytes, cannot convert to string") from error
        case Timestamp():
            return format_timestamp(value)
        case Duration():
            return format_duration(value)
        case _:
            return no_overload("string", value)


def format_double(value: float) -> str:
    """A double as Go's ``%g`` prints it: the fewest digits, an exponent from 1e+06 and 1e-05 on."""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign = "-" if str(value)[0] == "-" else ""
    digits, exponent = _shortest_digits(abs(value))
    if not digits:
        return f"{sign}0"
    if exponent < -4 or exponent >= 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _shortest_digits(value: float) -> tuple[str, int]:
    """The significant digits of a non-negative double and the power of ten of the first one."""
    mantissa, _, power = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = int(power or "0") + len(whole) - 1 - (len(whole + fraction) - len(digits))
    return digits.rstrip("0"), exponent


def to_timestamp(value: object) -> Timestamp:
    """``timestamp(value)``: RFC 3339 text, or seconds since the epoch."""
    match value:
        case Timestamp():
            return value
        case str():
            return parse_timestamp(value)
        case int() if value.__class__ is int:
            return checked_timestamp(value * SECOND)
        case _:
            return no_overload("timestamp", value)


def to_duration(value: object) -> Duration:
    """``duration(value)``: text such as ``1h30m``."""
    match value:
        case Duration():
            return value
        case str():
            return parse_duration(value)
        case _:
            return no_overload("duration", value)


def to_type(value: object) -> TypeValue:
    """``type(value)``."""
    return TypeValue(type_name(value))


def _not_convertible(text: str, target: str) -> CelEvalError:
    return CelEvalError(f"cannot convert the string {text[:80]!r} to {target}")
