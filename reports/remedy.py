"""A rule's remediation as its author wrote it, cut down to what fits below a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from textwrap import dedent

LONGEST_SNIPPET = 8

_BEFORE = re.compile(r"\bBefore\b[^.]*:.*", re.DOTALL)


def short_remedy(text: str) -> tuple[str, tuple[str, ...]]:
    """What to do in a sentence or two, and where there is none the lines to write instead.

    An author writes prose, and examples indented below "Before:" and "After:".
    """
    parts = list(paragraphs(text))
    prose = next((part for code, part in parts if not code), "")
    sentence = _BEFORE.sub("", prose).strip().removesuffix(":")
    if sentence and not sentence.startswith("After"):
        return sentence if sentence.endswith(".") else f"{sentence}.", ()
    return "", _snippet_after(parts)


def _snippet_after(parts: list[tuple[bool, str]]) -> tuple[str, ...]:
    """The first example below a paragraph that says After, if it is short."""
    after = False
    for code, part in parts:
        if code and after:
            lines = tuple(line for line in part.splitlines() if line.strip())
            return lines if len(lines) <= LONGEST_SNIPPET else ()
        after = after or (not code and "After" in part)
    return ()


def paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """Paragraphs in order, as (is an example, text): prose on one line, examples as they are."""
    lines = dedent(text).strip("\n").splitlines()
    blocks = ((blank, list(group)) for blank, group in groupby(lines, lambda ln: not ln.strip()))
    joined: list[tuple[bool, list[str]]] = []
    for blank, block in blocks:
        if blank:
            continue
        code = block[0].startswith(" ")
        if code and joined and joined[-1][0]:
            joined[-1][1].extend(["", *block])
        else:
            joined.append((code, block))
    for code, block in joined:
        if code:
            yield True, dedent("\n".join(block))
        elif any(line.startswith(("- ", "* ")) for line in block):
            yield True, "\n".join(block)
        else:
            yield False, " ".join(line.strip() for line in block)
