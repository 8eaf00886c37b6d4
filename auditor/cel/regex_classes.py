"""Sets of code points for regular expressions, as sorted ranges that do not touch."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST: Final = 0x10FFFF
ANY: Final[Ranges] = ((0, LAST),)
NOT_NEWLINE: Final[Ranges] = ((0, 9), (11, LAST))
_FOLDED_PLANES: Final = 0x1FFFF
_DOTLESS_I: Final = 0x131
"""Its capital is I, but Unicode folds it only for Turkish."""


def _spans(text: str) -> Ranges:
    """Ranges from pairs of characters."""
    return tuple((ord(text[i]), ord(text[i + 1])) for i in range(0, len(text), 2))


WORD: Final = _spans("09AZ__az")
DIGIT: Final = _spans("09")
SPACE: Final = _spans("\t\n\f\r  ")
POSIX: Final = {
    "alnum": _spans("09AZaz"),
    "alpha": _spans("AZaz"),
    "ascii": _spans("\0\x7f"),
    "blank": _spans("\t\t  "),
    "cntrl": _spans("\0\x1f\x7f\x7f"),
    "digit": DIGIT,
    "graph": _spans("!~"),
    "lower": _spans("az"),
    "print": _spans(" ~"),
    "punct": _spans("!/:@[`{~"),
    "space": _spans("\t\r  "),
    "upper": _spans("AZ"),
    "word": WORD,
    "xdigit": _spans("09AFaf"),
}


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All ranges together, sorted and merged."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def negate(ranges: Ranges) -> Ranges:
    """All other code points."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in union(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        gaps.append((start, LAST))
    return tuple(gaps)


def fold(ranges: Ranges) -> Ranges:
    """The ranges and every code point that differs from theirs only in case."""
    if all(high < ord("A") for _, high in ranges) or ranges == ANY:
        return ranges
    if all(high < _ASCII_END for _, high in ranges):
        return union((*ranges, *_ascii_folds(ranges)))
    orbits = _orbits()
    more: list[tuple[int, int]] = list(ranges)
    for low, high in ranges:
        if high - low < len(orbits):
            found = (orbits[code] for code in range(low, high + 1) if code in orbits)
        else:
            found = (orbit for code, orbit in orbits.items() if low <= code <= high)
        more += [(code, code) for orbit in found for code in orbit]
    return union(more)


_ASCII_END: Final = 0x80
_KELVIN: Final = 0x212A
_LONG_S: Final = 0x017F


def _ascii_folds(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """What ASCII letters are equal to but for case; the table of all of Unicode takes long."""
    letters = {chr(code).lower() for low, high in ranges for code in range(low, high + 1)}
    for letter in letters:
        if letter.isalpha():
            yield ord(letter), ord(letter)
            yield ord(letter.upper()), ord(letter.upper())
    for letter, other in (("k", _KELVIN), ("s", _LONG_S)):
        if letter in letters:
            yield other, other


@functools.lru_cache(maxsize=1)
def _orbits() -> dict[int, tuple[int, ...]]:
    """Code points that are equal under simple case folding, by each of them."""
    groups: dict[int, set[int]] = {}
    for code in range(_FOLDED_PLANES):
        char = chr(code)
        forms = (char.lower(), char.upper(), char.title(), char.casefold())
        others = {ord(form) for form in forms if len(form) == 1} - {code, _DOTLESS_I}
        if not others or code == _DOTLESS_I:
            continue
        group = {code, *others}
        for other in tuple(group):
            group |= groups.get(other, set())
        for member in group:
            groups[member] = group
    return {code: tuple(sorted(group)) for code, group in groups.items()}


@functools.lru_cache(maxsize=64)
def category(name: str) -> Ranges | None:
    """The code points of a Unicode general category such as ``L`` or ``Nd``, None if none is so."""
    if name == "Any":
        return ANY
    table = _categories()
    found = [ranges for key, ranges in table.items() if key == name or key[0] == name]
    return union(span for ranges in found for span in ranges) if found else None


@functools.lru_cache(maxsize=1)
def _categories() -> dict[str, Ranges]:
    """Ranges by two-letter category; what is not assigned has none."""
    table: dict[str, list[tuple[int, int]]] = {}
    start, current = 0, unicodedata.category("\0")
    for code in range(1, LAST + 2):
        kind = unicodedata.category(chr(code)) if code <= LAST else ""
        if kind != current:
            table.setdefault(current, []).append((start, code - 1))
            start, current = code, kind
    table.pop("Cn")
    return {key: tuple(ranges) for key, ranges in table.items()}
