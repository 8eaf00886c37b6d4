"""Messages of rules: text with expressions in braces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.late import late

_QUOTED = late(
    r"""(?P<raw>[rR])?(?P<quote>'''|\"\"\"|'|")""",
)
_TEXT = re.compile(r"[^{}]+")
_PLAIN = re.compile(r"""[^{}'"rR]+""")
"""What can be skipped: no brace, and no string may begin there."""


class BraceError(Exception):
    """A brace without its other half, at an offset into the message."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def split_message(source: str) -> Iterator[tuple[str, int]]:
    """Split a message into (text, -1) and (expression, its offset); ``{{`` is a brace.

    Raises:
        BraceError: a brace is neither doubled nor part of a pair around an expression.
    """
    text, index = "", 0
    while index < len(source):
        char = source[index]
        if char in "{}" and source[index + 1 : index + 2] == char:
            text += char
            index += 2
        elif char == "{":
            end = _end_of_expression(source, index)
            if text:
                yield text, -1
                text = ""
            yield source[index + 1 : end], index + 1
            index = end + 1
        elif char == "}":
            raise BraceError("this brace closes nothing", index)
        elif plain := _TEXT.match(source, index):
            text += plain[0]
            index = plain.end()
    if text:
        yield text, -1


def _end_of_expression(source: str, start: int) -> int:
    """The offset of the brace that closes the one at ``start``; those in strings don't count."""
    depth, index = 0, start + 1
    while index < len(source):
        plain = _PLAIN.match(source, index)
        if plain is not None:
            index = plain.end()
            continue
        quoted = _QUOTED.match(source, index)
        if quoted is not None:
            index = _end_of_string(source, quoted)
            continue
        char = source[index]
        if char == "{":
            depth += 1
        elif char == "}":
            if depth == 0:
                return index
            depth -= 1
        index += 1
    raise BraceError("this brace is not closed", start)


def _end_of_string(source: str, quoted: re.Match[str]) -> int:
    """The offset after a string, of the whole text when nothing ends it: then CEL complains."""
    index, quote = quoted.end(), quoted["quote"]
    while index < len(source):
        if source.startswith(quote, index):
            return index + len(quote)
        escaped = source[index] == "\\" and not quoted["raw"]
        index += 2 if escaped else 1
    return len(source)
