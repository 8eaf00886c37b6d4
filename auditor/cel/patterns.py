"""Small faults put into regular expressions (RE2 syntax), for :mod:`auditor.cel.mutate`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

_PART = re.compile(
    r"\\(?:[pPx]\{[^}]*\}|.)"  # an escape
    r"|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]"  # a class
    r"|\(\?[a-zA-Z-]+\)"  # flags for the rest
    r"|\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:))?"  # the start of a group
    r"|\{[0-9]+(?:,[0-9]*)?\}"
    r"|.",
    re.DOTALL,
)
_EXACTLY = re.compile(r"\{([0-9]+)\}")
_REPEATS = {"+": ("*",), "*": ("+",), "?": ("",)}


def pattern_changes(pattern: str) -> Iterator[str]:
    """The patterns with one change: of an anchor, alternative, repetition or class."""
    parts = [match[0] for match in _PART.finditer(pattern)]
    for index, part in enumerate(parts):
        for other in _part_changes(part):
            yield "".join((*parts[:index], other, *parts[index + 1 :]))
    for start, end in _alternatives(parts):
        yield "".join((*parts[:start], *parts[end:]))


def _part_changes(part: str) -> Iterator[str]:
    if part in {"^", "$"} or (part.startswith("(?") and part.endswith(")")):
        yield ""
    elif part in _REPEATS:
        yield from _REPEATS[part]
    elif part.startswith("[^"):
        yield f"[{part[2:]}"
    elif part.startswith("["):
        yield f"[^{part[1:]}"
    elif match := _EXACTLY.fullmatch(part):
        count = int(match[1])
        yield f"{{{count + 1}}}"
        if count:
            yield f"{{{count - 1}}}"


def _alternatives(parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The ranges of parts that are one alternative with a bar beside it."""
    open_groups: list[list[int]] = [[0]]
    for index, part in enumerate((*parts, ")")):
        if part.startswith("(") and not part.endswith(")"):
            open_groups.append([index + 1])
        elif part == "|":
            open_groups[-1].append(index + 1)
        elif part == ")" and open_groups:
            starts = open_groups.pop()
            if len(starts) > 1:
                yield from itertools.pairwise(starts)
                yield starts[-1] - 1, index
