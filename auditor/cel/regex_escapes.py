"""Escapes and bracket classes of regular expressions."""

from __future__ import annotations

import re
from typing import Final

from auditor.cel.errors import CelEvalError
from auditor.cel.regex_classes import (
    DIGIT,
    LAST,
    POSIX,
    SPACE,
    WORD,
    Ranges,
    category,
    fold,
    negate,
    union,
)


class RegexError(CelEvalError):
    """A pattern is not one of RE2's."""


_PERL: Final = {"d": DIGIT, "s": SPACE, "w": WORD}
_CONTROL: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_HEX: Final = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_OCTAL: Final = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_UNICODE: Final = re.compile(r"\\[pP](?:\{(\^?)([^}]*)\}|([^{]))")
_UNSUPPORTED: Final = {
    "Z": "\\Z is not supported: use \\z, or $",
    "C": "\\C is not supported",
    "k": "backreferences are not supported",
    "G": "\\G is not supported",
}


def escaped_class(pattern: str, start: int, *, ignore_case: bool) -> tuple[Ranges, int] | None:
    r"""The class of an escape such as ``\d`` or ``\pL`` and where it ends, None if it is none.

    Raises:
        RegexError: it names a class that does not exist.
    """
    letter = pattern[start + 1 : start + 2]
    if letter in {"p", "P"}:
        return _unicode_class(pattern, start, ignore_case=ignore_case)
    ranges = _PERL.get(letter.lower())
    if ranges is None:
        return None
    return _made(ranges, negated=letter.isupper(), ignore_case=ignore_case), start + 2


def _unicode_class(pattern: str, start: int, *, ignore_case: bool) -> tuple[Ranges, int]:
    match = _UNICODE.match(pattern, start)
    if match is None:
        raise RegexError(f"{pattern[start : start + 3]} at {start} names no class of characters")
    ranges = category(match[3] or match[2])
    if ranges is None:
        raise RegexError(f"{match[0]} is not a Unicode general category")
    negated = (pattern[start + 1] == "P") != (match[1] == "^")
    return _made(ranges, negated=negated, ignore_case=ignore_case), match.end()


def _made(ranges: Ranges, *, negated: bool, ignore_case: bool) -> Ranges:
    """A class with its flags applied; case is ignored before what it has is excluded."""
    ranges = fold(ranges) if ignore_case else ranges
    return negate(ranges) if negated else ranges


def escaped_char(pattern: str, start: int) -> tuple[int, int]:
    r"""The code point of an escape such as ``\n`` or ``\x{2028}``, and where it ends.

    Raises:
        RegexError: RE2 has no such escape.
    """
    letter = pattern[start + 1 : start + 2]
    if not letter:
        raise RegexError("a \\ at the end of the pattern")
    if letter in _CONTROL:
        return _CONTROL[letter], start + 2
    if letter.isascii() and not letter.isalnum():
        return ord(letter), start + 2
    match = _OCTAL.match(pattern, start)
    if match is not None:
        return int(match[1], 8), match.end()
    match = _HEX.match(pattern, start)
    if match is not None:
        code = int(match[1] or match[2], 16)
        if code <= LAST:
            return code, match.end()
        raise RegexError(f"{match[0]} is not a code point")
    if letter in "123456789":
        raise RegexError(f"\\{letter}: backreferences are not supported")
    raise RegexError(_UNSUPPORTED.get(letter, f"no such escape: \\{letter}"))


def char_class(pattern: str, start: int, *, ignore_case: bool) -> tuple[Ranges, int]:
    """The code points of a class in brackets that opens at ``start``, and where it ends.

    Raises:
        RegexError: it is not closed, or something in it is malformed.
    """
    index = start + 1
    negated = pattern.startswith("^", index)
    index += negated
    first = index
    found: list[tuple[int, int]] = []
    while index == first or not pattern.startswith("]", index):
        if index >= len(pattern):
            raise RegexError(f"missing ] for the [ at {start}")
        ranges, index = _class_item(pattern, index, start, ignore_case=ignore_case)
        found += ranges
    return _made(union(found), negated=negated, ignore_case=ignore_case), index + 1


def _class_item(pattern: str, index: int, start: int, *, ignore_case: bool) -> tuple[Ranges, int]:
    if pattern.startswith("[:", index):
        end = pattern.find(":]", index + 2)
        if end >= 0:
            name = pattern[index + 2 : end]
            ranges = POSIX.get(name.removeprefix("^"))
            if ranges is None:
                raise RegexError(f"[:{name}:] is not a POSIX class")
            negated = name.startswith("^")
            return _made(ranges, negated=negated, ignore_case=ignore_case), end + 2
    if pattern[index] == "\\":
        found = escaped_class(pattern, index, ignore_case=ignore_case)
        if found is not None:
            return found
    low, end = _class_char(pattern, index)
    high = low
    if pattern.startswith("-", end) and not pattern.startswith("-]", end):
        if end + 1 >= len(pattern):
            raise RegexError(f"missing ] for the [ at {start}")
        high, end = _class_char(pattern, end + 1)
        if high < low:
            raise RegexError(f"{pattern[index:end]} is an empty range")
    return ((low, high),), end


def _class_char(pattern: str, index: int) -> tuple[int, int]:
    if pattern[index] == "\\":
        return escaped_char(pattern, index)
    return ord(pattern[index]), index + 1
