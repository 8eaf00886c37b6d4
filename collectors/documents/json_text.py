"""JSON as text: where one value ends and the next begins, and on which line a field stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from collectors.documents.positions import lines_by_steps

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_BRACKET = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_TOKEN = re.compile(_STRING + rb'|[{}\[\],:\n]|[^\s{}\[\],:"]+', re.DOTALL)
_OPEN, _CLOSE, _BETWEEN = frozenset(b"{["), frozenset(b"}]"), frozenset(b",:")
_BREAK, _BRACE = ord("\n"), ord("{")

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_SPACE = re.compile(rb"\s*")

_Children: TypeAlias = "dict[str, _Entry] | list[_Entry]"
_Entry: TypeAlias = "tuple[int, _Children | None]"


def beginning(data: bytes) -> int:
    """Return where a text begins, behind white space; a page is too large for a copy of it."""
    found = _SPACE.match(data)
    return found.end() if found is not None else 0


def paired(data: bytes) -> bytes:
    """Return the text with U+FFFD for half a surrogate pair, as Go reads it; nothing moves."""
    if b"\\" not in data or (rb"\ud" not in data and rb"\uD" not in data):
        return data
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], data)


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


def is_deeper(data: bytes, limit: int) -> bool:
    """Whether values of JSON are nested deeper than so many levels."""
    if data.count(b"{") + data.count(b"[") <= limit:
        return False
    depth = 0
    for match in _BRACKET.finditer(data):
        mark = data[match.start()]
        if mark in _OPEN:
            depth += 1
            if depth > limit:
                return True
        elif mark in _CLOSE:
            depth -= 1
    return False


class Outline:
    """The lines of all fields of one value, from one pass over its text."""

    def __init__(self, data: bytes, start: int) -> None:
        """Read the value at ``start``; JSON that a decoder has accepted."""
        root: list[_Entry] = []
        stack: list[_Children] = [root]
        key, key_line, line = None, 0, 0
        for match in _TOKEN.finditer(data, start):
            token = match[0]
            mark = token[0]
            top = stack[-1]
            if mark == _BREAK:
                line += 1
            elif mark in _CLOSE:
                stack.pop()
            elif mark in _OPEN or mark not in _BETWEEN:
                if isinstance(top, dict) and key is None:
                    key, key_line = token, line
                    continue
                child: _Children | None = None
                if mark in _OPEN:
                    child = {} if mark == _BRACE else []
                    stack.append(child)
                if isinstance(top, dict):
                    top[_text(key)] = key_line, child
                    key = None
                else:
                    top.append((line, child))
            if root and len(stack) == 1:
                break
        self._root = root

    def line_of(self, steps: Sequence[str]) -> int:
        """The line of the key or item at a pointer, from 0 at the start of the value.

        The nearest existing ancestor's when it is absent.
        """
        return self._find(steps)[1]

    def lines_of(self, steps: Sequence[str], value: object) -> list[int]:
        """The lines of all nodes of a value at a pointer, as :meth:`line_of` for each."""
        node, line = self._find(steps)
        return lines_by_steps(node, line, value, _step)

    def _find(self, steps: Sequence[str]) -> tuple[_Children | None, int]:
        line, node = self._root[0] if self._root else (0, None)
        for step in steps:
            found = _step(node, step) if node is not None else None
            if found is None:
                return None, line
            node, line = found
        return node, line


def _step(node: _Children, step: str) -> tuple[_Children | None, int] | None:
    entry: _Entry | None = None
    if isinstance(node, dict):
        entry = node.get(step)
    elif step.isdecimal() and int(step) < len(node):
        entry = node[int(step)]
    return None if entry is None else (entry[1], entry[0])


def _text(token: bytes | None) -> str:
    try:
        return "" if token is None else msgspec.json.decode(token, type=str)
    except msgspec.DecodeError:
        return ""
