"""Text that came from outside, made safe, put in order, and measured for a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_NUMBER: Final = re.compile("([0-9]+)")
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def safe(text: str) -> str:
    """Replace what could steer a terminal, or hide, by a visible escape.

    Control characters (C0, DEL, C1), format characters (bidirectional overrides, zero width, tags),
    lone surrogates, private use, and line separators (Unicode general categories).
    """
    if text.isprintable():  # nothing of these is: neither in groups C and Z, a space excepted
        return text
    return "".join(_escape(char) for char in text)


def _escape(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE:
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def natural(text: str) -> list[tuple[int, str]]:
    """What texts are ordered by when the numbers in them count as numbers: 5.2 before 5.10."""
    parts = enumerate(_NUMBER.split(text))
    return [(len(part.lstrip("0")) if at % 2 else 0, part) for at, part in parts]


def cells(text: str) -> int:
    """Columns that a text takes: 2 for wide characters, 0 for combining ones (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrap(text: str, width: int | None, indent: str) -> Iterator[str]:
    """Break a text at spaces to ``width`` columns; ``indent`` starts every line.

    A word longer than a line is broken anywhere: a path must stay copyable, so nothing is added.
    ``width`` None does not wrap.
    """
    if width is None or cells(indent) + cells(text) <= width:
        yield indent + text
        return
    room = max(width - cells(indent), 8)
    line = ""
    for word in text.split(" "):
        rest = word
        candidate = f"{line} {rest}" if line else rest
        if cells(candidate) <= room:
            line = candidate
            continue
        if line:
            yield indent + line
        while cells(rest) > room:
            cut = _fitting(rest, room)
            yield indent + rest[:cut]
            rest = rest[cut:]
        line = rest
    if line:
        yield indent + line


def _fitting(text: str, room: int) -> int:
    used = 0
    for index, char in enumerate(text):
        used += _cell(char)
        if used > room:
            return max(index, 1)
    return len(text)
