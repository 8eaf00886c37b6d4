"""Parsing regular expressions by the grammar of RE2 as Go's ``regexp/syntax`` reads it.

What backtracking engines have besides, such as lookaround, backreferences and possessive
repetition, is refused: nothing of it can be matched in linear time.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.cel.regex_classes import ANY, NOT_NEWLINE, fold
from auditor.cel.regex_escapes import RegexError, char_class, escaped_char, escaped_class
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

MAX_LENGTH: Final = 20_000
MAX_HEIGHT: Final = 1000
MAX_REPEAT: Final = 1000
_COUNT: Final = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_NAME: Final = re.compile(r"\(\?P?<([^>]*)>")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_QUICK: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ANCHORS: Final = {
    "A": Anchor.BEGIN_TEXT,
    "z": Anchor.END_TEXT,
    "b": Anchor.WORD,
    "B": Anchor.NOT_WORD,
}


class _Flags(msgspec.Struct, frozen=True):
    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


class _Frame(msgspec.Struct):
    """An open group: its finished alternatives and the parts of the one being read."""

    index: int | None
    flags: _Flags
    position: int
    branches: list[Regex] = msgspec.field(default_factory=list)
    parts: list[Regex] = msgspec.field(default_factory=list)

    def close(self) -> Regex:
        last = _concat(self.parts)
        node = Alternate((*self.branches, last)) if self.branches else last
        return node if self.index is None else Group(node, self.index)


def parse_regex(pattern: str) -> Parsed:
    """Parse a pattern.

    Raises:
        RegexError: it does not follow the grammar of RE2, or exceeds a limit of it.
    """
    if len(pattern) > MAX_LENGTH:
        raise RegexError(f"longer than {MAX_LENGTH} characters")
    parser = _Parser(pattern)
    tree = parser.parse()
    height = fold_tree(tree, _height)
    if height > MAX_HEIGHT:
        raise RegexError(f"nested deeper than {MAX_HEIGHT}")
    if fold_tree(tree, _repeats) > MAX_REPEAT:
        raise RegexError(f"repeats repeat more than {MAX_REPEAT} times in all")
    return Parsed(tree, tuple(parser.names), height)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags = _Flags()
        self._stack = [_Frame(None, self._flags, 0)]
        self._repeated = -1
        self.names: list[str | None] = []

    def parse(self) -> Regex:
        while self._at < len(self._pattern):
            self._item()
            if len(self._stack) > MAX_HEIGHT:
                raise RegexError(f"nested deeper than {MAX_HEIGHT}")
        if len(self._stack) > 1:
            raise RegexError(f"missing ) for the ( at {self._stack[-1].position}")
        return self._stack[0].close()

    def _item(self) -> None:
        char = self._pattern[self._at]
        start = self._at
        self._at += 1
        match char:
            case "(":
                self._open(start)
            case ")":
                self._close()
            case "|":
                frame = self._stack[-1]
                frame.branches.append(_concat(frame.parts))
                frame.parts = []
            case "*" | "+" | "?":
                self._repeat(start, *_QUICK[char])
            case "{":
                self._braces(start)
            case "[":
                ranges, self._at = char_class(self._pattern, start, ignore_case=self._flags.i)
                self._push(Chars(ranges))
            case "\\":
                self._escape(start)
            case "." | "^" | "$":
                self._push(self._special(char))
            case _:
                self._literal(ord(char))

    def _push(self, node: Regex) -> None:
        self._stack[-1].parts.append(node)

    def _literal(self, code: int) -> None:
        ranges = ((code, code),)
        self._push(Chars(fold(ranges) if self._flags.i else ranges))

    def _special(self, char: str) -> Regex:
        multi_line = self._flags.m
        match char:
            case ".":
                return Chars(ANY if self._flags.s else NOT_NEWLINE)
            case "^":
                return Anchor.BEGIN_LINE if multi_line else Anchor.BEGIN_TEXT
            case _:
                return Anchor.END_LINE if multi_line else Anchor.END_TEXT

    def _open(self, start: int) -> None:
        if not self._pattern.startswith("(?", start):
            self._group(start, None)
            return
        named = _NAME.match(self._pattern, start)
        if named is not None and named[1][:1] not in {"=", "!"}:
            name = named[1]
            if not re.fullmatch("[A-Za-z0-9_]+", name):
                raise RegexError(f"{name!r} is not a name of a group")
            self._at = named.end()
            self._group(start, name)
            return
        flags = _FLAGS.match(self._pattern, start)
        if flags is None:
            text = self._pattern[start : start + 4]
            for look in ("(?=", "(?!", "(?<=", "(?<!"):
                if text.startswith(look):
                    raise RegexError(f"lookaround such as {look}...) is not supported")
            raise RegexError(f"{text} at {start} starts no group")
        self._at = flags.end()
        before = self._flags
        changes = dict.fromkeys(flags[1], True) | dict.fromkeys(flags[2] or "", False)
        self._flags = replace(before, **changes)
        if flags[3] == ":":
            self._stack.append(_Frame(None, before, start))

    def _group(self, start: int, name: str | None) -> None:
        self.names.append(name)
        self._stack.append(_Frame(len(self.names), self._flags, start))

    def _close(self) -> None:
        if len(self._stack) == 1:
            raise RegexError(f"unexpected ) at {self._at - 1}")
        frame = self._stack.pop()
        self._flags = frame.flags
        self._push(frame.close())

    def _braces(self, start: int) -> None:
        match = _COUNT.match(self._pattern, start)
        if match is None:
            self._literal(ord("{"))
            return
        if any(len(digits) > 4 for digits in (match[1], match[3] or "")):
            raise RegexError(f"{match[0]} repeats more than {MAX_REPEAT} times")
        low = int(match[1])
        high = low if match[2] is None else int(match[3]) if match[3] else None
        if max(low, high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise RegexError(f"{match[0]} is not a count of at most {MAX_REPEAT}")
        self._at = match.end()
        self._repeat(start, low, high)

    def _repeat(self, start: int, low: int, high: int | None) -> None:
        operator = self._pattern[start : self._at]
        if self._repeated == start:
            raise RegexError(f"{operator} at {start} follows another repetition")
        parts = self._stack[-1].parts
        if not parts:
            raise RegexError(f"nothing to repeat before {operator} at {start}")
        lazy = self._pattern.startswith("?", self._at)
        self._at += lazy
        self._repeated = self._at
        parts.append(Repeat(parts.pop(), low, high, lazy == self._flags.U))

    def _escape(self, start: int) -> None:
        letter = self._pattern[self._at : self._at + 1]
        if letter in _ANCHORS:
            self._at += 1
            self._push(_ANCHORS[letter])
        elif letter == "Q":
            end = self._pattern.find("\\E", start + 2)
            quoted = self._pattern[start + 2 : end if end >= 0 else None]
            self._at = end + 2 if end >= 0 else len(self._pattern)
            for char in quoted:
                self._literal(ord(char))
        else:
            found = escaped_class(self._pattern, start, ignore_case=self._flags.i)
            if found is not None:
                ranges, self._at = found
                self._push(Chars(ranges))
            else:
                code, self._at = escaped_char(self._pattern, start)
                self._literal(code)


def _concat(parts: list[Regex]) -> Regex:
    return parts[0] if len(parts) == 1 else Concat(tuple(parts))


def _height(node: Regex, below: list[int]) -> int:
    nested = isinstance(node, Group | Repeat | Alternate)
    return max(below, default=0) + nested


def _repeats(node: Regex, below: list[int]) -> int:
    """How often the most repeated part is repeated in all."""
    most = max(below, default=1)
    if isinstance(node, Repeat):
        count = node.low if node.high is None else node.high
        # A plain * or + repeats without copies.
        return most * max(count, 1)
    return most
