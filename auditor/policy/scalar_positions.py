"""Where the characters of a YAML scalar stand in its file.

A scalar's value is not its text: lines are folded, quotes doubled, escapes resolved. An error in an
expression has an offset into the value, and a person needs the line and the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from auditor.late import late

Segments = tuple[tuple[int, int, int], ...]

_BREAK = late(r"[ \t]*((?:\r\n|\r|\n)[ \t]*)+")
_ESCAPED_BREAK = late(r"\\(?:\r\n|\r|\n)[ \t]*")
_ESCAPE = late(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")


def segments_of(text: str, node: yaml.ScalarNode) -> Segments:
    """Stretches of a scalar's value that stand in one line: (offset, line, column), 1-based.

    ``text`` is the whole file. A value that can't be followed gets the place of its beginning.
    """
    value = str(node.value)
    start, end = node.start_mark.index, node.end_mark.index
    quoted = node.style in {"'", '"'}
    found = tuple(_quoted(text, start, end, value) if quoted else _lines(text, node, value))
    return found or ((0, node.start_mark.line + 1, node.start_mark.column + 1),)


def _lines(text: str, node: yaml.ScalarNode, value: str) -> Iterator[tuple[int, int, int]]:
    """Plain and block scalars: each line without its indentation is a stretch of the value."""
    line, column = node.start_mark.line + 1, node.start_mark.column
    rows = text[node.start_mark.index : node.end_mark.index].splitlines()
    if node.style in {"|", ">"}:
        rows, line, column = rows[1:], line + 1, 0
    offset = 0
    for row in rows:
        content = row.strip()
        if content:
            place = value.find(content, offset)
            if place < 0 or value[offset:place].strip():
                return
            yield place, line, column + len(row) - len(row.lstrip()) + 1
            offset = place + len(content)
        line, column = line + 1, 0


def _quoted(text: str, start: int, end: int, value: str) -> Iterator[tuple[int, int, int]]:
    """Quoted scalars, character by character: a new stretch after a break or an escape."""
    escape = text[start] == '"'
    index, offset = start + 1, 0
    fresh = True
    while index < end - 1:
        step, made = _step(text, index, escape=escape)
        if fresh and made:
            line_start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
            lines = text.count("\n", 0, index)
            yield offset, lines + 1, index - line_start + 1
        fresh = step != made
        index += step
        offset += made
    if offset != len(value):
        return


def _step(text: str, index: int, *, escape: bool) -> tuple[int, int]:
    """How many characters of the file make how many of the value."""
    if match := _BREAK.match(text, index):
        breaks = len(re.findall(r"\r\n|\r|\n", match[0]))
        return len(match[0]), max(breaks - 1, 1)
    if not escape:
        return (2, 1) if text.startswith("''", index) else (1, 1)
    if match := _ESCAPED_BREAK.match(text, index):
        return len(match[0]), 0
    if match := _ESCAPE.match(text, index):
        return len(match[0]), 1
    return 1, 1
