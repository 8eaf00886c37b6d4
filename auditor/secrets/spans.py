"""Where a value ends in a text: in quotes, in a line, in a word of a shell, in a list of settings.

Nothing here decides what is a secret. A span is two places in a text, and what stands between them
can be replaced without touching its quotes, its comma or its comment.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from auditor.late import late


class Span(NamedTuple):
    """From where to where a value stands; ``quote`` is what has to be put around its marker."""

    start: int
    end: int
    quote: str = ""


class Edit(NamedTuple):
    """What to write in place of what stands from one place to another."""

    start: int
    end: int
    text: str


_LONGEST: Final = 8192
"""Characters of a line that are searched for a quote that ends a value."""
_OPEN = late(r"""[rRbBfFuU]{0,2}(?P<quote>\"\"\"|'''|\\["']|["'`])""")
_IN_LINE: Final = {
    '"': late(r'(?:[^"\\\n]+|\\.)*+"'),
    "'": late(r"(?:[^'\n]+|'')*+'"),
    "`": late(r"[^`\n]*+`"),
}
_IN_LINES: Final = {
    '"': late(r'(?:[^"\\]+|\\.)*+"', re.DOTALL),
    "'": late(r"(?:[^']+|'')*+'"),
    "`": late(r"[^`]*+`"),
}
_ENDS_LINE = late(r"[ \t]*(?:[,;)\]}]|#|\r?$|\r?\n)")
_MORE = late(r"""(?:"(?:[^"\\]+|\\.)*+"|'[^']*+'|\\.|[^\s"'\\,;&|(){}\[\]<>])*+""", re.DOTALL)
"""What a shell puts behind a quoted text into the same word."""
_WORD = late(
    r"""(?:\$\((?:[^()\n]|\([^()\n]*+\)){0,400}\)|\$\{[^}\n]{0,200}\}|\{\{[^{}\n]{0,200}\}\}"""
    r"""|`[^`\n]{0,400}`|<[^<>\n]{0,120}>|\\.|[^\s"'`;&|)\\])++"""
)
_FLOW = late(r"(?:\{\{[^{}\n]{0,200}\}\}|\$\{[^}\n]{0,200}\}|[^,}\])\n{])++")
_FLOW_WORD = late(r"(?:\{\{[^{}\n]{0,200}\}\}|\$\{[^}\n]{0,200}\}|[^\s,}\]){])++")
_QUERY = late(r"""[^\s&#"'`<>\\]++""")
_PART = late(r"""\{[^{}\n]{0,400}\}|[^;"'\n]++""")
_NEXT_PART = late(r";(?=[ \t]*[A-Za-z][\w .-]{0,40}=)")
_NEXT_ITEM = late(r",(?=[A-Za-z][\w.-]{0,60}=)")
_COMMENT = late(r"[ \t]#")
_TAG = late(r"(?:[!&][^\s,\[\]{}]*[ \t]+)+|[!&][^\s,\[\]{}]*(?=\r?$|\r?\n)")
_BLOCK = late(r"[|>][-+0-9]{0,2}[ \t]*(?:#[^\n]*)?\r?(?:\n|$)")
_LINE = late(r"[^\n]*")


def after_tag(text: str, at: int) -> int:
    """The place behind a tag and an anchor of YAML, if there is one."""
    found = _TAG.match(text, at)
    return found.end() if found is not None else at


def quoted(text: str, at: int, *, joined: bool) -> Span | None:
    """A value in quotes; ``joined`` when a shell may have put it together from several.

    One that has no end in its line is one only when it ends a later line: ``it's`` is not a quote.
    """
    opened = _OPEN.match(text, at)
    if opened is None:
        return None
    quote, start = opened["quote"], opened.end()
    if quote[0] == "\\":
        return to_quote(text, start, quote)
    if len(quote) > 1:
        end = text.find(quote, start)
        return Span(start, end) if end >= 0 else None
    found = _IN_LINE[quote].match(text, start)
    if found is None:
        found = _IN_LINES[quote].match(text, start)
        if found is None or not _ENDS_LINE.match(text, found.end()):
            return None
    end = found.end()
    more = _MORE.match(text, end) if joined else None
    if more is None or more.end() == end:
        return Span(start, end - 1)
    if text[more.end() - 1] == quote and opened.start("quote") == at:
        return Span(start, more.end() - 1)
    return Span(at, more.end(), quote)


def to_quote(text: str, at: int, quote: str) -> Span | None:
    """A value that goes on to a quote in the same line."""
    end = text.find(quote, at, at + _LONGEST)
    return Span(at, end) if end > at and text.find("\n", at, end) < 0 else None


def word(text: str, at: int) -> Span | None:
    """A word of a shell, with the substitutions in it."""
    return _matched(_WORD, text, at)


def in_items(text: str, at: int) -> Span | None:
    """A word of a shell, up to the comma before the next setting: ``a=x,b=y``."""
    found = word(text, at)
    if found is None:
        return None
    comma = _NEXT_ITEM.search(text, at, found.end)
    return Span(at, comma.start()) if comma is not None and comma.start() > at else found


def in_flow(text: str, at: int, *, spaces: bool) -> Span | None:
    """A value between braces, up to the next comma; ``spaces`` when it may have some in it."""
    return _matched(_FLOW if spaces else _FLOW_WORD, text, at)


def in_query(text: str, at: int) -> Span | None:
    """A value of the query of a URL (RFC 3986, 3.4)."""
    return _matched(_QUERY, text, at)


def in_parts(text: str, at: int) -> Span | None:
    """A value of a connection string, up to the next semicolon."""
    return _matched(_PART, text, at)


def in_line(text: str, at: int, *, comment: bool) -> Span | None:
    """What is left of a line, and of the next where a backslash joins them.

    ``comment`` when what stands behind a number sign is none of it.
    """
    end = end_of_line(text, at)
    while end < len(text) and text[end - 1] == "\\" and end > at:
        end = end_of_line(text, end + 1)
    if comment:
        found = _COMMENT.search(text, at, end)
        end = found.start() if found is not None else end
    if end == len(text) and "\n" not in text:  # a connection string, and no file
        found = _NEXT_PART.search(text, at, end)
        end = found.start() if found is not None else end
    return _trimmed(text, at, end)


def end_of_line(text: str, at: int) -> int:
    """Where the line ends that a place is in."""
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def is_block(text: str, at: int) -> int:
    """Where the lines begin that ``|`` or ``>`` announces here; -1 when nothing is announced."""
    found = _BLOCK.match(text, at)
    return found.end() if found is not None else -1


def deeper(text: str, start: int, column: int) -> Span | None:
    """The lines from ``start`` on that are indented by more than ``column``, blank ones between."""
    at, last = start, start
    while at < len(text):
        end = end_of_line(text, at)
        bare = text[at:end].lstrip(" \t")
        if bare.strip():
            if end - at - len(bare) <= column:
                break
            last = end
        at = end + 1
    if last == start:
        return None
    first = start
    while text[first].isspace():
        first += 1
    return Span(first, last - 1 if text[last - 1] == "\r" else last)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> Span | None:
    found = pattern.match(text, at)
    return _trimmed(text, at, found.end()) if found is not None else None


def _trimmed(text: str, start: int, end: int) -> Span | None:
    while end > start and text[end - 1] in " \t\r":
        end -= 1
    if end - start > 1 and text[end - 1] in ",;":
        end -= 1
    return Span(start, end) if end > start else None
