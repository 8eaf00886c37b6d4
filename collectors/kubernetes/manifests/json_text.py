"""JSON as text: where one value ends and the next begins, and on which line a field stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_BRACKET = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_TOKEN = re.compile(_STRING + rb'|[{}\[\],]|[^\s{}\[\],:"]+', re.DOTALL)
_OPEN, _CLOSE = frozenset(b"{["), frozenset(b"}]")


def spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the objects and arrays of a stream begin and end; text between them is not looked at.

    The last one may be cut off: it ends with the data.
    """
    depth = start = 0
    for match in _BRACKET.finditer(data):
        mark = data[match.start()]
        if mark in _OPEN:
            if depth == 0:
                start = match.start()
            depth += 1
        elif mark in _CLOSE and depth:
            depth -= 1
            if depth == 0:
                yield start, match.end()
    if depth:
        yield start, len(data)


def offset_of(data: bytes, start: int, steps: Sequence[str]) -> int:
    """Where the field at a pointer stands in the value at ``start``: its key, or the list's item.

    The nearest existing ancestor's place when it is absent.
    """
    tokens = _TOKEN.finditer(data, start)
    place = start
    mark = _next(tokens)
    for step in steps:
        found = None
        if mark is not None and mark[0] == b"{":
            found = _field(tokens, step)
        elif mark is not None and mark[0] == b"[" and step.isdecimal():
            found = _item(tokens, int(step))
        if found is None:
            break
        place, mark = found
    return place


_Tokens = Iterator[re.Match[bytes]]


def _next(tokens: _Tokens) -> re.Match[bytes] | None:
    return next(tokens, None)


def _field(tokens: _Tokens, name: str) -> tuple[int, re.Match[bytes]] | None:
    """Go to the value of the key ``name`` of the object that was entered."""
    while (key := _next(tokens)) is not None and key[0] != b"}":
        if key[0] == b",":
            continue
        value = _next(tokens)
        if value is None:
            return None
        if _text(key[0]) == name:
            return key.start(), value
        _skip(tokens, value)
    return None


def _item(tokens: _Tokens, number: int) -> tuple[int, re.Match[bytes]] | None:
    """Go to the item ``number`` of the array that was entered."""
    at = 0
    while (value := _next(tokens)) is not None and value[0] != b"]":
        if value[0] == b",":
            continue
        if at == number:
            return value.start(), value
        at += 1
        _skip(tokens, value)
    return None


def _skip(tokens: _Tokens, value: re.Match[bytes]) -> None:
    """Read to the end of a value that has begun."""
    depth = 1 if value[0] in {b"{", b"["} else 0
    while depth and (token := _next(tokens)) is not None:
        if token[0] in {b"{", b"["}:
            depth += 1
        elif token[0] in {b"}", b"]"}:
            depth -= 1


def _text(token: bytes) -> str | None:
    try:
        return msgspec.json.decode(token, type=str)
    except msgspec.DecodeError:
        return None
