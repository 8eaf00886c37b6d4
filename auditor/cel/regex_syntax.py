"""The syntax tree of regular expressions, and folding over it without recursion."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias, TypeVar

import msgspec

from auditor.cel.regex_classes import Ranges

_Result = TypeVar("_Result")


class Anchor(Enum):
    """What must hold at a position; matches no text."""

    BEGIN_TEXT = "\\A"
    END_TEXT = "\\z"
    BEGIN_LINE = "^"
    END_LINE = "$"
    WORD = "\\b"
    NOT_WORD = "\\B"


class Chars(msgspec.Struct, frozen=True):
    """One character of a class; an empty class matches nothing."""

    ranges: Ranges


class Concat(msgspec.Struct, frozen=True):
    """One part after the other; none at all matches the empty text."""

    parts: tuple[Regex, ...]


class Alternate(msgspec.Struct, frozen=True):
    """The first part that leads to a match."""

    parts: tuple[Regex, ...]


class Repeat(msgspec.Struct, frozen=True):
    """``part`` from ``low`` to ``high`` times, without end when None."""

    part: Regex
    low: int
    high: int | None
    greedy: bool


class Group(msgspec.Struct, frozen=True):
    """A capturing group; the first one has index 1."""

    part: Regex
    index: int


Regex: TypeAlias = Anchor | Chars | Concat | Alternate | Repeat | Group


class Parsed(msgspec.Struct, frozen=True):
    """A pattern: its tree, and the name of each group, None where it has none."""

    tree: Regex
    names: tuple[str | None, ...]
    height: int


def parts(node: Regex) -> tuple[Regex, ...]:
    """What is directly below a node."""
    match node:
        case Concat(below) | Alternate(below):
            return below
        case Repeat(part) | Group(part):
            return (part,)
        case Anchor() | Chars():
            return ()


def fold_tree(tree: Regex, combine: Callable[[Regex, list[_Result]], _Result]) -> _Result:
    """Combine a tree from its leaves up; ``combine`` gets a node and the results of its parts."""
    done: list[_Result] = []
    pending: list[tuple[Regex, bool]] = [(tree, False)]
    while pending:
        node, ready = pending.pop()
        below = parts(node)
        if not ready and below:
            pending.append((node, True))
            pending += [(part, False) for part in reversed(below)]
            continue
        split = len(done) - len(below)
        results = done[split:]
        del done[split:]
        done.append(combine(node, results))
    return done[0]
