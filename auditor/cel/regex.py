"""Regular expressions with RE2's syntax and its promise: time linear in the text."""

from __future__ import annotations

import functools
import re

from auditor.cel.errors import CelEvalError

_REFUSED = re.compile(r"\\[1-9]|\(\?(?:[=!>(#]|<[=!]|P=)|[*+?}]\+|\\Z")


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_search",)

    def __init__(self, compiled: re.Pattern[str]) -> None:
        self._search = compiled.search

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere in ``text``."""
        return self._search(text) is not None


@functools.lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern.

    Raises:
        CelEvalError: the pattern is none of RE2's.
    """
    if _REFUSED.search(pattern):
        raise CelEvalError(f"not a pattern of RE2: {pattern}")
    try:
        return Pattern(re.compile(pattern.replace("\\z", "\\Z"), re.ASCII))
    except re.error as error:
        raise CelEvalError(f"not a pattern of RE2: {pattern}: {error}") from error
