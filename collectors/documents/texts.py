"""Block scalars: the text below ``|`` and ``>``."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.documents.flow import NotSimple
from collectors.documents.lines import is_strange


def block_text(raw: Sequence[str], at: int, parent: int, indicator: str) -> tuple[str, int]:
    """The text that begins at line ``at`` below column ``parent``, and the line that follows it.

    Raises:
        NotSimple: indentation, folding or an end that the YAML parser should judge.
    """
    start, last = at, len(raw)
    while at < last and not raw[at]:
        at += 1
    if at == last:
        raise NotSimple
    indent = len(raw[at]) - len(raw[at].lstrip(" "))
    if indent <= parent or len(raw[at]) == indent:
        raise NotSimple
    margin = " " * indent
    while at < last and (raw[at].startswith(margin) or not raw[at].strip(" ")):
        at += 1
    if at == last:
        if raw[-1]:  # the file ends without a line end
            raise NotSimple
        at -= 1
    lines = [line[indent:] for line in raw[start:at]]
    filled = len(lines)
    while filled and not lines[filled - 1]:
        filled -= 1
    body = lines[:filled]
    text = "\n".join(body) if indicator[0] == "|" else _folded(body)
    if is_strange(text.replace("\n", "").replace("\t", "")) or "\n\t" in "\n" + text:
        raise NotSimple
    match indicator[1:]:
        case "-":
            pass
        case "+":
            text += "\n" * (len(lines) - filled + 1)
        case _:
            text += "\n"
    return text, at


def _folded(body: Sequence[str]) -> str:
    """Lines become one; only plain paragraphs without blank or indented lines."""
    for line in body:
        if not line or line[0] in " \t":
            raise NotSimple
    return " ".join(body)
