"""Regular expressions with the syntax and the promise of RE2: time linear in the text.

A pattern is parsed by RE2's grammar. Where backtracking provably tries few ways only, Python's
``re`` matches; everywhere else, and on long texts, an automaton does.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final

from auditor.cel.errors import CelEvalError
from auditor.cel.regex_needed import needed_texts
from auditor.cel.regex_nfa import Automaton, Spans
from auditor.cel.regex_parser import parse_regex
from auditor.cel.regex_program import compile_program
from auditor.cel.regex_syntax import Parsed
from auditor.cel.regex_translate import translate

__all__ = ["Pattern", "Spans", "compile_pattern"]

_NEVER: Final = re.compile(r"(?!)")


class Pattern:
    """A compiled pattern.

    Attributes:
        names: The name of each capturing group, None for those without.
        needed: Texts of which one is in every text that the pattern matches, if any are known.
    """

    __slots__ = (
        *("_automaton", "_longest", "_longest_for_all", "_parsed", "_search", "names", "needed"),
    )

    def __init__(self, parsed: Parsed) -> None:
        translated = translate(parsed)
        self.names: Final = parsed.names
        self.needed: Final = needed_texts(parsed.tree)
        self._parsed = parsed
        self._automaton: Automaton | None = None
        self._longest = self._longest_for_all = -1
        self._search = _NEVER.search
        if translated is None:
            self._made()
        else:
            self._longest = translated.longest
            self._longest_for_all = translated.longest_for_all
            self._search = re.compile(translated.text, re.ASCII).search

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere in ``text``.

        Raises:
            CelLimitError: pattern and text are both too large.
        """
        if self.needed and not any(needed in text for needed in self.needed):
            return False
        if len(text) <= self._longest:
            return self._search(text) is not None
        return self._made().search(text)

    def find(self, text: str, start: int = 0) -> Spans | None:
        """The leftmost match from ``start`` on: its span and that of each group, flat.

        A group that took no part has the span ``-1, -1``. Positions are in code points.

        Raises:
            CelLimitError: pattern and text are both too large.
        """
        if len(text) > self._longest:
            made = self._made()
            return made.find(text, start) if made.search(text) else None
        return self._spans(text, start)

    def find_all(self, text: str) -> Iterator[Spans]:
        """All matches that do not overlap; none is empty right after another, as in Go.

        Raises:
            CelLimitError: pattern and text are both too large.
        """
        find = self._spans
        if len(text) > self._longest_for_all:
            made = self._made()
            if not made.search(text):
                return
            find = made.find_next
        position, last = 0, -1
        while position <= len(text):
            found = find(text, position)
            if found is None:
                return
            start, end = found[:2]
            if end > position or start != last:
                yield found
            position = position + 1 if end == position else end
            last = end

    def _spans(self, text: str, start: int) -> Spans | None:
        match = self._search(text, start)
        if match is None:
            return None
        return tuple(edge for group in range(len(self.names) + 1) for edge in match.span(group))

    def _made(self) -> Automaton:
        if self._automaton is None:
            self._automaton = Automaton(compile_program(self._parsed), len(self.names))
        return self._automaton


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern.

    Raises:
        CelEvalError: the pattern is none of RE2's, or too large.
    """
    try:
        return Pattern(parse_regex(pattern))
    except CelEvalError as error:
        raise CelEvalError(f"not a pattern of RE2: {_shortened(pattern)}: {error}") from None


def _shortened(pattern: str) -> str:
    return pattern if len(pattern) <= 100 else f"{pattern[:100]}..."
