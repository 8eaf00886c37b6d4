"""Secrets in a text that no single line tells: lists, pairs of name and value, Secret manifests.

::

    tokens:                 - name: DB_PASSWORD         kind: Secret
    - hunter22                value: hunter22           data: {a: aHVudGVyMjI=}
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

from auditor.late import late
from auditor.secrets import spans
from auditor.secrets.marks import MARK, marker
from auditor.secrets.spans import Edit, Span

_ITEM = late(
    r"""\s*(?:"(?P<double>(?:[^"\\]+|\\.)*+)"|'(?P<single>(?:[^']+|'')*+)'"""
    r"""|(?P<plain>(?:\$\{[^}\n]{0,200}\}|[^,\[\]{}"'\n#\s])(?:\$\{[^}\n]{0,200}\}|[^,\[\]{}"'\n])*+))"""
    r"""\s*(?P<next>,|\])""",
    re.DOTALL,
)
_DASH = late(r"(?P<indent>[ \t]*)-[ \t]+(?P<item>\S[^\n]*)")
_KEY = late(r"""(?:"[^"\n]{1,200}"|'[^'\n]{1,200}'|[^\s:"'#-][^\n:]{0,200}?):(?=\s|$)""")
_MOST_LINES: Final = 8
"""How many fields of a pair may stand between its name and its value."""
_NAMES = late(
    r"""(?:^|[\s{,\["'(-])["']?(?:name|key|variable|id|Name|Key)["']?[ \t]*[:=][ \t]*["']?$"""
)
_VALUE_NEXT = late(
    r"""["']?[ \t]*[,;]?\s{0,200}["']?(?:value|Value|defaultValue|val)["']?[ \t]*[:=]\s{0,200}"""
)
_VALUE_LINE = late(r"""(?P<head>[ \t]*(?:-[ \t]+)*)["']?(?:value|Value)["']?[ \t]*:[ \t]*""")
_HEAD = late(r"[ \t]*(?:-[ \t]+)*")
_SECRET_KIND = late(
    r"^[ \t]*(?:-[ \t]+)?[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?Secret(?:List)?\b", re.MULTILINE
)
_DATA = late(
    r"^(?P<head>[ \t]*(?:-[ \t]+)?)[\"']?(?:data|stringData)[\"']?[ \t]*:[^\n]*\n", re.MULTILINE
)
_ENTRY = late(r"""[ \t]*(?:"[^"\n]{1,300}"|'[^'\n]{1,300}'|[^\s:"'#][^\n:]{0,300}?):[ \t]*""")
_DOCUMENT = late(r"^---", re.MULTILINE)


def of_list(text: str, at: int, column: int = -1) -> tuple[Span, ...] | None:
    """The texts of a list that begins at a place, or of the lines with dashes from there.

    ``column`` is that of the key above such lines. None when what stands there is a text, nothing
    when it is another collection.
    """
    if column < 0:
        return tuple(_in_brackets(text, at + 1))
    while at < len(text):
        end = spans.end_of_line(text, at)
        line = text[at:end]
        bare = line.strip()
        if bare and not bare.startswith("#"):
            if bare == "-" or bare.startswith("- "):
                return tuple(_with_dashes(text, at, column))
            return () if _KEY.match(bare) else None
        at = end + 1
    return ()


def _in_brackets(text: str, at: int) -> Iterator[Span]:
    while (found := _ITEM.match(text, at)) is not None:
        for kind in ("double", "single", "plain"):
            if found[kind]:
                yield Span(*found.span(kind))
        if found["next"] == "]":
            return
        at = found.end()


def _with_dashes(text: str, at: int, column: int) -> Iterator[Span]:
    while at < len(text):
        end = spans.end_of_line(text, at)
        found = _DASH.match(text, at, end)
        if found is not None:
            indent = len(found["indent"])
            if indent < column:
                return
            start = spans.after_tag(text, found.start("item"))
            below = spans.is_block(text, start)
            span: Span | None
            if below >= 0:
                span = spans.deeper(text, below, indent)
            elif _KEY.match(text, start, end) or text[start] in "{[*":
                span = None
            else:
                span = spans.quoted(text, start, joined=False) or _with_more(text, start, indent)
            if span is not None:
                yield span
                end = max(end, spans.end_of_line(text, span.end))
        elif text[at:end].strip() and _indent(text[at:end]) <= column:
            return
        at = end + 1


def _with_more(text: str, at: int, indent: int) -> Span | None:
    """A text behind a dash, with the lines that it goes on in."""
    span = spans.in_line(text, at, comment=True)
    more = spans.deeper(text, spans.end_of_line(text, at) + 1, indent)
    return Span(span.start, more.end) if span is not None and more is not None else span


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def of_pair(text: str, prefix: str, end: int) -> tuple[Span, ...] | None:
    """The value that stands beside a name, which ends at a place; None when it is no such name."""
    if _NAMES.search(prefix[-40:]) is None:
        return None
    found = _VALUE_NEXT.match(text, end)
    if found is not None:
        span = _scalar(text, found.end(), in_flow="\n" not in found[0])
        return (span,) if span is not None else ()
    head = _HEAD.match(prefix)
    column = len(head[0]) if head is not None else 0
    if prefix[column:].lstrip("\"'")[:2].lower() not in {"na", "ke", "va", "id"}:
        return ()
    return tuple(_beside(text, end, column))


def _beside(text: str, end: int, column: int) -> Iterator[Span]:
    """The values of the fields that stand in the same column, below and above."""
    at = spans.end_of_line(text, end) + 1
    for _ in range(_MOST_LINES):
        stop = spans.end_of_line(text, at)
        line = text[at:stop]
        head = _HEAD.match(line)
        width = len(head[0]) if head is not None else 0
        if at >= len(text) or (line.strip() and (width < column or "-" in line[:width])):
            break
        found = _VALUE_LINE.match(text, at)
        if found is not None and len(found["head"]) == column:
            span = _scalar(text, found.end(), in_flow=False, column=column)
            if span is not None:
                yield span
        at = stop + 1
    start = text.rfind("\n", max(0, end - 1000), end) + 1
    for _ in range(_MOST_LINES):
        if "-" in text[start : start + column] or start == 0:
            return
        start = text.rfind("\n", max(0, start - 1000), start - 1) + 1
        found = _VALUE_LINE.match(text, start)
        if found is not None and len(found["head"]) == column:
            span = _scalar(text, found.end(), in_flow=False, column=column)
            if span is not None:
                yield span


def _scalar(text: str, at: int, *, in_flow: bool, column: int = -1) -> Span | None:
    at = spans.after_tag(text, at)
    below = spans.is_block(text, at)
    if below >= 0 and column >= 0:
        return spans.deeper(text, below, column)
    found = spans.quoted(text, at, joined=False)
    if found is not None:
        return found
    if at >= len(text) or text[at] in "{[\r\n":
        return None
    if in_flow:
        return spans.in_flow(text, at, spaces=True)
    span = spans.in_line(text, at, comment=True)
    more = spans.deeper(text, spans.end_of_line(text, at) + 1, column) if column >= 0 else None
    return Span(span.start, more.end) if span is not None and more is not None else span


def of_manifest(text: str) -> Iterator[Edit]:
    """What stands below ``data`` and ``stringData`` of a Secret that is written out in a text."""
    if "Secret" not in text or _SECRET_KIND.search(text) is None:
        return
    cuts = [0, *(found.start() for found in _DOCUMENT.finditer(text)), len(text)]
    for start, end in itertools.pairwise(cuts):
        if _SECRET_KIND.search(text, start, end) is not None:
            for found in _DATA.finditer(text, start, end):
                yield from _entries(text, found.end(), len(found["head"]), end)


def _entries(text: str, at: int, column: int, last: int) -> Iterator[Edit]:
    while at < last:
        end = spans.end_of_line(text, at)
        line = text[at:end]
        if line.strip():
            indent = _indent(line)
            if indent <= column:
                return
            found = _ENTRY.match(text, at, end)
            if found is not None:
                span = _scalar(text, found.end(), in_flow=False, column=indent)
                if span is not None:
                    end = max(end, spans.end_of_line(text, span.end))
                    if not text.startswith(MARK, span.start):
                        yield Edit(span.start, span.end, marker("secret-data"))
        at = end + 1
