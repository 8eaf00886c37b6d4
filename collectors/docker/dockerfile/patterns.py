"""The patterns of ``${name#pattern}``, ``${name%pattern}`` and ``${name/pattern/text}``.

``?`` is a character and ``*`` any number of them, but no line end; all others are themselves, and a
backslash makes one of the two itself. Matching takes time by the product of the lengths,
and a replacement by the length of the text once more: :func:`work_of` says how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from collectors.docker.dockerfile.faults import NotBuiltError


class Wild(Enum):
    """What stands for characters."""

    ONE = "?"
    ANY = "*"


Item = str | Wild


def pattern_of(text: str) -> list[Item]:
    """Take a pattern apart.

    Raises:
        NotBuiltError: a backslash stands before what needs none.
    """
    items: list[Item] = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\":
            following = text[at : at + 1]
            if following in {"}", "/"}:
                continue
            if following not in {"*", "?", "\\"}:
                raise NotBuiltError(f"invalid escape '\\{following}' in a substitution")
            items.append(following)
            at += 1
        elif char in {"*", "?"}:
            items.append(Wild(char))
        else:
            items.append(char)
    return items


def work_of(value: str, pattern: str, *, anywhere: bool) -> int:
    """Estimate how many steps a match takes."""
    return (len(value) + 1) * (len(pattern) + 1) * (len(value) + 1 if anywhere else 1)


def without_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Take away what matches at the start."""
    items = pattern_of(pattern)
    end = _end_of_match(value, 0, items, longest=longest)
    return value if end is None else value[end:]


def without_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Take away what matches at the end."""
    items, back = pattern_of(pattern)[::-1], value[::-1]
    end = _end_of_match(back, 0, items, longest=longest)
    return value if end is None else back[end:][::-1]


def replaced(value: str, pattern: str, text: str, *, everywhere: bool) -> str:
    """Put a text in place of the first match, or of each."""
    items = pattern_of(pattern)
    parts: list[str] = []
    at, last = 0, -1
    while at <= len(value):
        end = _end_of_match(value, at, items, longest=True)
        if end is not None and not (end == at == last):
            parts.append(text)
            if not everywhere:
                return "".join(parts) + value[end:]
            last = end
            if end > at:
                at = end
                continue
        parts.append(value[at : at + 1])
        at += 1
    return "".join(parts)


def _end_of_match(value: str, start: int, items: Sequence[Item], *, longest: bool) -> int | None:
    """Where the shortest or the longest match that begins at ``start`` ends."""
    states, found = _closed({0}, items), None
    at = start
    while True:
        if len(items) in states:
            found = at
            if not longest:
                return found
        if at == len(value) or not states:
            return found
        states = _closed(_stepped(value[at], states, items), items)
        at += 1


def _stepped(char: str, states: set[int], items: Sequence[Item]) -> set[int]:
    following = set()
    for state in states:
        if state == len(items):
            continue
        item = items[state]
        if item is Wild.ANY:
            if char != "\n":
                following.add(state)
        elif (char != "\n") if item is Wild.ONE else item == char:
            following.add(state + 1)
    return following


def _closed(states: set[int], items: Sequence[Item]) -> set[int]:
    """Those that are reached without a character as well: what is any number may be none."""
    found = set(states)
    for state in states:
        at = state
        while at < len(items) and items[at] is Wild.ANY:
            at += 1
            found.add(at)
    return found
