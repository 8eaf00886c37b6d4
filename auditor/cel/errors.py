"""Errors of the CEL package: compile-time ones carry a source offset, run-time ones a message."""

from __future__ import annotations


class CelError(Exception):
    """Base of everything the CEL package raises."""


class CelCompileError(CelError):
    """A source text is not a valid expression.

    ``position`` is an offset in code points into ``source``; ``hint`` is empty or a suggestion such
    as ``did you mean "startsWith"?``.
    """

    def __init__(self, message: str, *, position: int, source: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.source = source
        self.hint = hint

    @property
    def line(self) -> int:
        """1-based line of ``position`` in ``source``."""
        return self.source.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        """1-based column, in code points, of ``position`` in its line."""
        return self.position - (self.source.rfind("\n", 0, self.position) + 1) + 1

    def excerpt(self) -> str:
        """The line in question with a caret under the position."""
        start = self.source.rfind("\n", 0, self.position) + 1
        end = self.source.find("\n", self.position)
        line = self.source[start : end if end >= 0 else len(self.source)]
        return f"{line}\n{' ' * (self.column - 1)}^"


class CelSyntaxError(CelCompileError):
    """The text does not follow the grammar."""


class CelCheckError(CelCompileError):
    """The text parses, but names, arity or types are wrong, or a static limit is exceeded."""


class CelEvalError(CelError):
    """Evaluation has no value: a missing key, an overflow, no such overload.

    The message is for people; whether two evaluators agree is decided by both having an error.
    """


class CelLimitError(CelEvalError):
    """Evaluation was stopped by a run-time limit; no operator or macro absorbs it."""
