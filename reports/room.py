"""A screen that is no longer than one looks at: blocks in full while there is room, then in a line.

The worst comes first and is told in full; what is left has a line each, and what has no line is
counted. Room is in lines, so that nothing depends on how tall a terminal is::

    CRITICAL  Container runs privileged  k8s-container-privileged, 2 findings
      Deployment serving/vllm, container main  vllm.yaml:11
      ...

      HIGH       12  k8s-pod-host-network
      MEDIUM     31  k8s-memory-limit-missing
      and 9 more rules, 112 findings
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from reports.text import cells


class Block(msgspec.Struct, frozen=True):
    """A part of a screen at two lengths: its lines, or one line; ``findings`` are those in it."""

    full: tuple[str, ...]
    short: str
    findings: int


def fitted(blocks: Sequence[Block], room: int, in_a_line: int) -> Iterator[str]:
    """Yield blocks in so many lines, with an empty one before each that is in full.

    Where they do not fit, at most ``in_a_line`` of them are told in a line each.
    """
    if sum(len(block.full) + 1 for block in blocks) <= room:
        for block in blocks:
            yield from ("", *block.full)
        return
    full, lines = 0, 0
    while full < len(blocks):
        more = lines + 1 + len(blocks[full].full)
        if more + _least(len(blocks) - full - 1, in_a_line) > room:
            break
        full, lines = full + 1, more
    for block in blocks[:full]:
        yield from ("", *block.full)
    if full == len(blocks):
        return
    yield ""
    listed = full + min(len(blocks) - full, max(room - lines - 2, 0))
    yield from (block.short for block in blocks[full:listed])
    rest = blocks[listed:]
    if rest:
        yield f"  and {len(rest):,} more, {sum(block.findings for block in rest):,} findings"


def _least(blocks: int, in_a_line: int) -> int:
    """Say how many lines are kept free for blocks that are not in full."""
    return min(blocks, in_a_line) + 1 + (blocks > in_a_line) if blocks else 0


def capped(lines: Iterable[str], most: int, more: str = "  ...") -> list[str]:
    """Cut lines to so many, of which the last then says that there were more."""
    found = list(lines)
    return found if len(found) <= most else [*found[: most - 1], more]


def cut(text: str, width: int | None) -> str:
    """Cut a text to the columns of a screen."""
    if width is None or cells(text) <= width:
        return text
    while cells(text) > width - 3:
        text = text[:-1]
    return f"{text}..."
