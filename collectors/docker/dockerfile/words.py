r"""Texts with their variables put in, quotes and escapes taken away, as BuildKit does it.

::

    $A ${A}      the value          ${A:-x} ${A-x}   x where it is unset (or empty, with :)
    '$A'         as it stands       ${A:+x} ${A+x}   x where it is set (and not empty, with :)
    \$A          a dollar and A     ${A:?x} ${A?x}   the build stops where it is unset
    ${A#p} ${A##p} ${A%p} ${A%%p} ${A/p/x} ${A//p/x}  what :mod:`patterns` takes away or replaces

A value that nobody gave is open: it stays so whatever an operator does with it, but for a default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from auditor.late import late
from collectors.docker.dockerfile.faults import MOST_DEPTH, Budget, NotBuiltError
from collectors.docker.dockerfile.patterns import (
    replaced,
    without_prefix,
    without_suffix,
    work_of,
)

SPACES: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What is white space to Go."""
_SPACES: Final = frozenset(SPACES)
_SPECIAL: Final = frozenset("@*#?-$!0")
_OPEN: Final = late(r"\{\{ [^{}]* \}\}")
_END: Final = ""
"""What is read at the end of a text."""


def open_value(name: str) -> str:
    """Write a value that nobody gave."""
    return f"{{{{ {name} }}}}"


def is_open(text: str) -> bool:
    """Return whether there is something in a text that nobody gave."""
    return "{{" in text and _OPEN.search(text) is not None


def nothing(name: str) -> str:
    """Take a variable that is not set for an empty text."""
    del name
    return ""


class Variables(msgspec.Struct, frozen=True):
    """What is known of variables: their values, None where unset, and what stands for those."""

    get: Callable[[str], str | None]
    unset: Callable[[str], str] = nothing


def _no_value(name: str) -> None:
    del name


NONE: Final = Variables(_no_value)


class Lexer(msgspec.Struct, frozen=True):
    """How texts are read.

    ``raw_quotes`` and ``raw_escapes`` leave quotes and escapes where they are. ``plain_quotes``
    says that quotes mean nothing, ``keep_unset`` that what is not set stays as it is written.
    """

    budget: Budget
    escape: str = "\\"
    raw_quotes: bool = False
    raw_escapes: bool = False
    plain_quotes: bool = False
    keep_unset: bool = False

    def word(self, text: str, variables: Variables) -> str:
        """Make one text of a text.

        Raises:
            NotBuiltError: BuildKit can't read it, or it comes to too much.
        """
        return _Scan(self, text, variables).until(_END, self.raw_escapes, 0)[0]

    def words(self, text: str, variables: Variables) -> list[str]:
        """Make words of a text, cut at white space that is not quoted.

        Raises:
            NotBuiltError: as :meth:`word`.
        """
        return _Scan(self, text, variables).until(_END, self.raw_escapes, 0)[1]


class _Words:
    """Words as they are put together; what is inside a substitution shares their buffer."""

    def __init__(self, buffer: list[str]) -> None:
        self._buffer = buffer
        self._found: list[str] = []
        self._inside = False

    def add(self, text: str) -> None:
        """Add a text that is cut at its white space."""
        for char in text:
            if char not in _SPACES:
                self.add_whole(char)
            elif self._inside and any(self._buffer):
                self._flush()

    def add_whole(self, text: str) -> None:
        """Add a text that is not cut."""
        self._buffer.append(text)
        self._inside = True

    def all(self) -> list[str]:
        """All words, the last one too."""
        if any(self._buffer):
            self._flush()
        return self._found

    def _flush(self) -> None:
        self._found.append("".join(self._buffer))
        self._buffer.clear()
        self._inside = False


class _Scan:
    """One text as it is read."""

    def __init__(self, lexer: Lexer, text: str, variables: Variables) -> None:
        self._lexer = lexer
        self._text = text
        self._at = 0
        self._variables = variables
        self._raw_escapes = lexer.raw_escapes
        self._buffer: list[str] = []

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += 1
        return char

    def until(self, stop: str, raw_escapes: bool, depth: int) -> tuple[str, list[str]]:  # noqa: FBT001 - as it is handed on
        """Read to a character, or to the end; as one text, and as words."""
        if depth > MOST_DEPTH:
            raise NotBuiltError(f"variables are nested deeper than {MOST_DEPTH} levels")
        before, self._raw_escapes = self._raw_escapes, raw_escapes
        self._buffer.clear()
        words, parts = _Words(self._buffer), list[str]()
        ended = self._read(stop, words, parts, depth)
        self._raw_escapes = before
        if stop and not ended:
            raise NotBuiltError(f"no {stop} at the end of a substitution")
        made = "".join(parts)
        self._lexer.budget.take(len(made))
        return made, words.all()

    def _read(self, stop: str, words: _Words, parts: list[str], depth: int) -> bool:
        """Read on; whether it was ended by the character."""
        while char := self._peek():
            if char == stop:
                self._at += 1
                return True
            special = self._special(char, depth)
            if special is not None:
                parts.append(special)
                if char == "$":
                    words.add(special)
                else:
                    words.add_whole(special)
                continue
            self._at += 1
            if char != self._lexer.escape:
                parts.append(char)
                words.add(char)
                continue
            if self._raw_escapes:
                parts.append(char)
                words.add_whole(char)
            escaped = self._next()
            if not escaped:
                return False
            parts.append(escaped)
            words.add_whole(escaped)
        return False

    def _special(self, char: str, depth: int) -> str | None:
        if char == "$":
            return self._dollar(depth)
        if char == "<":
            return self._less()
        if self._lexer.plain_quotes:
            return None
        if char == "'":
            return self._single()
        return self._double(depth) if char == '"' else None

    def _less(self) -> str:
        """Read what may begin a heredoc: it is one word with the name behind it."""
        self._at += 1
        if self._peek() != "<":
            return "<"
        start = self._at + 1
        self._at = start
        while self._peek() in {"\t", "\r", " "}:
            self._at += 1
        return f"<<{self._text[start : self._at]}"

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise NotBuiltError("a single quote has no end")
        start, self._at = self._at, end + 1
        raw = self._lexer.raw_quotes
        return self._text[start : end + 1] if raw else self._text[start + 1 : end]

    def _double(self, depth: int) -> str:
        quote = self._next() if self._lexer.raw_quotes else ""
        self._at += not quote
        parts = [quote]
        while char := self._peek():
            if char == '"':
                self._at += 1
                return "".join([*parts, quote])
            if char == "$":
                parts.append(self._dollar(depth))
                continue
            self._at += 1
            if char == self._lexer.escape:
                if self._raw_escapes:
                    parts.append(char)
                following = self._peek()
                if not following:
                    continue
                if following in {'"', "$", self._lexer.escape}:
                    self._at += 1
                    char = following
            parts.append(char)
        raise NotBuiltError("a double quote has no end")

    def _dollar(self, depth: int) -> str:
        self._at += 1
        if self._peek() != "{":
            name = self._name()
            return self._plain(name, f"${name}") if name else "$"
        self._at += 1
        if self._peek() in {"{", "}", ":"} or not self._peek():
            raise NotBuiltError("a bad substitution of a variable")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._plain(name, f"${{{name}}}")
        if operator == ":":
            operator += self._next()
        if operator == "/":
            return self._replacing(name, depth)
        if operator not in {*"+-?#%", ":+", ":-", ":?"}:
            raise NotBuiltError(f"no such operator: ${{{name}{operator}…}}")
        raw = operator in {"#", "%"}
        word, _ = self.until("}", raw, depth + 1)
        return self._operated(name, operator, word)

    def _plain(self, name: str, written: str) -> str:
        value = self._variables.get(name)
        if value is not None:
            return value
        return written if self._lexer.keep_unset else self._variables.unset(name)

    def _operated(self, name: str, operator: str, word: str) -> str:
        value = self._variables.get(name)
        if value is None and self._lexer.keep_unset:
            return f"${{{name}{operator}{word}}}"
        stand_in = self._variables.unset(name) if value is None else value
        missing = value is None or (operator[0] == ":" and not value)
        match operator[-1]:
            case "-":
                return word if missing else stand_in
            case _ if is_open(stand_in):
                return stand_in
            case "+":
                return "" if missing else word
            case "?":
                if missing:
                    raise NotBuiltError(f"{name}: {word or 'is not allowed to be unset'}")
                return stand_in
            case _:
                longest = word.startswith(operator)
                self._lexer.budget.work(work_of(stand_in, word, anywhere=False))
                take = without_prefix if operator == "#" else without_suffix
                return take(stand_in, word[longest:], longest=longest)

    def _replacing(self, name: str, depth: int) -> str:
        everywhere = self._peek() == "/"
        self._at += everywhere
        pattern, _ = self.until("/", True, depth + 1)
        text, _ = self.until("}", True, depth + 1)
        value = self._variables.get(name)
        if value is None and self._lexer.keep_unset:
            return f"${{{name}/{pattern}/{text}}}"
        found = self._variables.unset(name) if value is None else value
        if is_open(found):
            return found
        self._lexer.budget.work(work_of(found, pattern, anywhere=True))
        return replaced(found, pattern, text, everywhere=everywhere)

    def _name(self) -> str:
        """Read a name: letters, digits and underscores; digits alone, or one special character."""
        start = self._at
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self._at += 1
        elif first and first in _SPECIAL:
            self._at += 1
        else:
            while (char := self._peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
                self._at += 1
        return self._text[start : self._at]
