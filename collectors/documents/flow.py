"""Quoted scalars and flow collections that begin and end on one line: ``["sh", "-c"]``."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from collectors.documents.scalars import as_json_number, plain


class NotSimple(Exception):  # noqa: N818 - not an error: the YAML parser has to look
    """The text needs the YAML parser."""


_DOUBLE = re.compile(r'"(?:[^"\\]|\\(?:["\\bfnrt]|u(?!d[89a-f])[0-9a-f]{4}))*"', re.IGNORECASE)
_SINGLE = re.compile(r"'(?:[^']|'')*'")
_PLAIN = re.compile(
    r"""(?:[\w./$(=+]|-+(?=[\w./]))  # how it may begin
    (?:[\w./$()=+@%*-]|:(?=[\w./]))*
    (?:\x20(?:[\w./$()=+@%*-]|:(?=[\w./]))+)*""",
    re.ASCII | re.VERBOSE,
)
_SPACE = re.compile(r" *")
_MAX_DEPTH = 8


def quoted(text: str, start: int = 0) -> tuple[str, int]:
    """The value of the quoted scalar at ``start``, and where it ends.

    Raises:
        NotSimple: it does not end on this line, or has an escape that JSON lacks.
    """
    if text[start] == '"':
        match = _DOUBLE.match(text, start)
        if match is None:
            raise NotSimple
        inner = match[0]
        if "\\" not in inner:
            return inner[1:-1], match.end()
        return msgspec.json.decode(inner, type=str), match.end()
    match = _SINGLE.match(text, start)
    if match is None:
        raise NotSimple
    return match[0][1:-1].replace("''", "'"), match.end()


def simple_flow(text: str) -> tuple[Any, int]:
    """The collection that ``text`` starts with, and where it ends.

    Raises:
        NotSimple: it goes on, or holds a null, a key twice, an anchor, anything unusual.
    """
    return _Flow(text).collection(0, _MAX_DEPTH)


class _Flow:
    def __init__(self, text: str) -> None:
        self._text = text

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match is not None else at

    def _peek(self, at: int) -> str:
        return self._text[at : at + 1]

    def collection(self, at: int, depth: int) -> tuple[Any, int]:
        """Read ``[...]`` or ``{...}``."""
        if depth == 0:
            raise NotSimple
        if self._peek(at) == "[":
            return self._sequence(at + 1, depth)
        return self._mapping(at + 1, depth)

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        first = self._peek(at)
        if first and first in "[{":
            return self.collection(at, depth - 1)
        if first and first in "\"'":
            value, end = quoted(self._text, at)
            return value, self._end(end)
        match = _PLAIN.match(self._text, at)
        if match is None:
            raise NotSimple
        scalar = plain(match[0])
        if scalar is None:
            raise NotSimple
        if isinstance(scalar, float):
            if scalar - scalar != 0:
                raise NotSimple
            scalar = as_json_number(scalar)
        return scalar, self._end(match.end())

    def _end(self, at: int) -> int:
        """A scalar must be followed by what ends it."""
        if self._peek(self._skip(at)) not in {",", "]", "}"}:
            raise NotSimple
        return at

    def _sequence(self, at: int, depth: int) -> tuple[list[Any], int]:
        made: list[Any] = []
        at = self._skip(at)
        while self._peek(at) != "]":
            value, at = self._value(at, depth)
            made.append(value)
            at = self._next(at, "]")
        return made, at + 1

    def _mapping(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        at = self._skip(at)
        while self._peek(at) != "}":
            key, at = self._key(at)
            if key in made:
                raise NotSimple
            made[key], at = self._value(at, depth)
            at = self._next(at, "}")
        return made, at + 1

    def _key(self, at: int) -> tuple[str, int]:
        first = self._peek(at)
        if first and first in "\"'":
            key, at = quoted(self._text, at)
        else:
            match = _PLAIN.match(self._text, at)
            if match is None or not isinstance(plain(match[0]), str):
                raise NotSimple
            key, at = match[0], match.end()
        if self._text[at : at + 2] != ": ":
            raise NotSimple
        return key, self._skip(at + 2)

    def _next(self, at: int, closing: str) -> int:
        """Step over a comma; a comma before the end is left to the YAML parser."""
        at = self._skip(at)
        if self._peek(at) == closing:
            return at
        if self._peek(at) != ",":
            raise NotSimple
        at = self._skip(at + 1)
        if self._peek(at) == closing:
            raise NotSimple
        return at
