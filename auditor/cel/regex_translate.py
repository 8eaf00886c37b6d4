"""Python's ``re`` for the patterns that it can match without trying too many ways.

A backtracking matcher tries, from one start, at most as many ways as there are to match a pattern
at all. For a text of length n that is at most ``factor * n ** degree``, which is bounded here from
the tree; a repetition of something that itself matches in several ways has no such bound.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from auditor.cel.regex_classes import NOT_NEWLINE, Ranges, negate, union
from auditor.cel.regex_syntax import (
    Alternate,
    Anchor,
    Chars,
    Concat,
    Group,
    Parsed,
    Regex,
    Repeat,
    fold_tree,
)

_MAX_FACTOR: Final = 100_000
_MAX_DEGREE: Final = 4
_MAX_HEIGHT: Final = 15
_MAX_SIZE: Final = 2000
_STEPS: Final = 10_000_000
_ANCHORS: Final = {
    Anchor.BEGIN_TEXT: r"\A",
    Anchor.END_TEXT: r"\Z",
    Anchor.BEGIN_LINE: "(?m:^)",
    Anchor.END_LINE: "(?m:$)",
    Anchor.WORD: r"\b",
    # Python's \B does not match in an empty text.
    Anchor.NOT_WORD: r"(?!\b)",
}


class Translated(NamedTuple):
    """``text`` for Python, to be used up to these lengths of a text for one or for all matches."""

    text: str
    longest: int
    longest_for_all: int


class _Part(NamedTuple):
    text: str
    size: int
    factor: int
    degree: int
    empty: bool
    """Whether it can match the empty text."""
    first: Ranges
    """With which characters what it matches can begin."""
    bounded: bool = True


def translate(parsed: Parsed) -> Translated | None:
    """The pattern for ``re`` with the flag ASCII, None when only an automaton will do."""
    if parsed.height > _MAX_HEIGHT:
        return None
    part = fold_tree(parsed.tree, _combine)
    if not part.bounded or part.size > _MAX_SIZE:
        return None
    ways = part.factor * part.size
    # An anchored search fails at once at every later start.
    degree = max(part.degree, 1) if _anchored(parsed.tree) else part.degree + 1
    return Translated(part.text, _root(_STEPS // ways, degree), _root(_STEPS // ways, degree + 1))


def _root(steps: int, degree: int) -> int:
    return int(max(steps, 0) ** (1 / degree))


def _anchored(tree: Regex) -> bool:
    while isinstance(tree, Concat | Group):
        below = tree.parts[:1] if isinstance(tree, Concat) else (tree.part,)
        if not below:
            return False
        tree = below[0]
    return tree is Anchor.BEGIN_TEXT


def _combine(node: Regex, below: list[_Part]) -> _Part:
    match node:
        case Anchor():
            return _Part(_ANCHORS[node], 1, 1, 0, empty=True, first=())
        case Chars(ranges):
            return _Part(class_text(ranges), 1, 1, 0, empty=False, first=ranges)
        case Group():
            return below[0]._replace(text=f"({below[0].text})")
        case Concat():
            return _checked(_sequence(below))
        case Alternate():
            return _checked(_choice(below))
        case Repeat():
            return _checked(_repeat(node, below[0]))


def _checked(part: _Part) -> _Part:
    """Without a bound, there is no use in a text."""
    fits = part.bounded and part.factor <= _MAX_FACTOR and part.degree <= _MAX_DEGREE
    return part if fits and part.size <= _MAX_SIZE else part._replace(text="", bounded=False)


def _sequence(below: list[_Part]) -> _Part:
    factor = 1
    first: list[tuple[int, int]] = []
    empty = True
    for part in below:
        if empty:
            first += part.first
        empty = empty and part.empty
        factor = min(factor * part.factor, _MAX_FACTOR + 1)
    return _Part(
        "".join(part.text for part in below),
        sum(part.size for part in below) + 1,
        factor,
        sum(part.degree for part in below),
        empty,
        union(first),
        all(part.bounded for part in below),
    )


def _choice(below: list[_Part]) -> _Part:
    first = sorted(span for part in below for span in part.first)
    empty = any(part.empty for part in below)
    apart = not empty and all(a[1] < b[0] for a, b in pairwise(first))
    factors = [part.factor for part in below]
    return _Part(
        f"(?:{'|'.join(part.text for part in below)})",
        sum(part.size for part in below) + len(below),
        # The next character decides between branches that begin differently.
        max(factors) if apart else sum(factors),
        max(part.degree for part in below),
        empty,
        union(first),
        all(part.bounded for part in below),
    )


def _repeat(node: Repeat, part: _Part) -> _Part:
    simple = part.factor == 1 and part.degree == 0
    high = node.high
    bounded = part.bounded and not part.empty and (simple or high is not None)
    degree, factor = 1, 2
    if high is not None:
        degree = part.degree * high
        factor = high - node.low + 1
        if not simple:
            most = part.factor ** min(high, 20) if part.factor > 1 else 1
            factor *= most if high <= 20 or part.factor == 1 else _MAX_FACTOR + 1
    copies = node.low if high is None else high
    lazy = "" if node.greedy else "?"
    count = f"{{{node.low},{'' if high is None else high}}}"
    return _Part(
        f"(?:{part.text}){count}{lazy}",
        part.size * max(copies, 1) + 1,
        max(factor, 1),
        degree,
        node.low == 0 or part.empty,
        part.first,
        bounded,
    )


def class_text(ranges: Ranges) -> str:
    """A class in the syntax of Python."""
    if not ranges:
        return "(?!)"
    if ranges == NOT_NEWLINE:
        return r"[^\n]"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _quoted(ranges[0][0])
    others = negate(ranges)
    if others and len(others) < len(ranges):
        return f"[^{_spans(others)}]"
    return f"[{_spans(ranges)}]"


def _spans(ranges: Ranges) -> str:
    return "".join(
        _quoted(low) if low == high else f"{_quoted(low)}-{_quoted(high)}" for low, high in ranges
    )


def _quoted(code: int) -> str:
    char = chr(code)
    return char if char.isalnum() and char.isascii() else f"\\U{code:08x}"
