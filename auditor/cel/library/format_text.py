"""What ``%s`` writes: a value as ``string()`` has it, its parts as literals."""

from __future__ import annotations

import re
from math import isfinite
from types import MappingProxyType
from typing import Final

from auditor.cel.arithmetic import type_name
from auditor.cel.convert import to_string
from auditor.cel.errors import CelEvalError
from auditor.cel.library.define import check_length
from auditor.cel.ops import from_key
from auditor.cel.values import Duration, Timestamp, TypeValue, UInt

_WITH_TEXT: Final = (str, bytes, bool, int, UInt, float, Timestamp, Duration)
_TO_ESCAPE: Final = re.compile(r"[^ !#-\[\]-~]")
_ESCAPES: Final = MappingProxyType(
    {
        "\a": r"\a",
        "\b": r"\b",
        "\f": r"\f",
        "\n": r"\n",
        "\r": r"\r",
        "\t": r"\t",
        "\v": r"\v",
        "\\": r"\\",
        '"': r"\"",
    }
)
_PIECE: Final = 65_536
"""Texts are escaped by pieces of this length, so that the limit is met before the memory."""


class Output:
    """What is written so far, within the length that a text may have."""

    __slots__ = ("_length", "_parts")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, text: str) -> None:
        """Write more.

        Raises:
            CelLimitError: it gets too long.
        """
        self._length += len(text)
        check_length(self._length)
        self._parts.append(text)

    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)


def write_value(output: Output, value: object) -> None:
    """Write the value of a clause.

    Raises:
        CelEvalError: it, or one of its parts, has no text.
    """
    match value:
        case list() | dict():
            _write_part(output, value)
        case TypeValue():
            output.add(value.name)
        case None:
            output.add("null")
        case _ if value.__class__ in _WITH_TEXT:
            output.add(to_string(value))
        case _:
            raise CelEvalError(f"format: %s does not write a {type_name(value)}")


def _write_part(output: Output, value: object) -> None:
    """A value in a list or map: as a literal, as far as there is one."""
    match value:
        case list():
            _write_list(output, value)
        case dict():
            _write_map(output, value)
        case str() | bytes():
            output.add("b" if value.__class__ is bytes else "")
            _write_quoted(output, to_string(value))
        case Timestamp():
            output.add(f'timestamp("{to_string(value)}")')
        case Duration():
            output.add(f'duration("{to_string(value)}")')
        case float():
            output.add(f"{value:.6f}" if isfinite(value) else f'"{to_string(value)}"')
        case _:
            write_value(output, value)


def _write_list(output: Output, value: list[object]) -> None:
    output.add("[")
    for index, part in enumerate(value):
        if index:
            output.add(", ")
        _write_part(output, part)
    output.add("]")


def _write_map(output: Output, value: dict[object, object]) -> None:
    """The entries in the order of how their keys are written."""
    names = {key: _literal(from_key(key)) for key in value}
    output.add("{")
    for index, key in enumerate(sorted(value, key=names.__getitem__)):
        output.add(f"{', ' if index else ''}{names[key]}:")
        _write_part(output, value[key])
    output.add("}")


def _literal(key: object) -> str:
    output = Output()
    _write_part(output, key)
    return output.text()


def _write_quoted(output: Output, text: str) -> None:
    """As Go quotes: with escapes for what cannot be seen."""
    output.add('"')
    for start in range(0, len(text), _PIECE):
        output.add(_TO_ESCAPE.sub(_escaped, text[start : start + _PIECE]))
    output.add('"')


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    if char.isascii():
        return f"\\x{ord(char):02x}"
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"
