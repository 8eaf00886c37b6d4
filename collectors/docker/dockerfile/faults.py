"""Why a Dockerfile can't be built, as a gap will say it."""

from __future__ import annotations

from typing import Final

from auditor.model.enums import GapCause

MOST_BYTES: Final = 4 << 20
"""Of one Dockerfile."""
MOST_LINE: Final = 1 << 16
"""Bytes of one line, its end included: BuildKit reads no longer one."""
MOST_STEPS: Final = 1 << 20
"""Steps that all substitutions by patterns may take."""
MOST_INSTRUCTIONS: Final = 10_000
MOST_STAGES: Final = 500
"""Of one file: each stage has a copy of the variables of the one that it is built on."""
MOST_DEPTH: Final = 32
"""Variables in the defaults of variables."""
MOST_TEXT: Final = 1 << 20
"""Characters that one text may come to."""
MOST_IN_ALL: Final = 16 << 20
"""Characters that all texts of a file may come to, as those that repeat one another do."""


class NotBuiltError(Exception):
    """What BuildKit says against a file, or what is more than we read; ``line`` is from 1."""

    def __init__(
        self, detail: str, line: int = 0, *, cause: GapCause = GapCause.MALFORMED, hint: str = ""
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line
        self.cause = cause
        self.hint = hint

    def at(self, line: int) -> NotBuiltError:
        """The same, with its line where it had none."""
        self.line = self.line or line
        return self


class Budget:
    """How much text variables may still make in one file."""

    def __init__(self, most: int = MOST_IN_ALL) -> None:
        self._left = most
        self._steps = MOST_STEPS

    def work(self, steps: int) -> None:
        """Count the steps of a substitution.

        Raises:
            NotBuiltError: those of the file take too long.
        """
        self._steps -= steps
        if self._steps < 0:
            raise NotBuiltError("substitutions take too long", cause=GapCause.TRUNCATED)

    def take(self, size: int) -> None:
        """Count a text that was made.

        Raises:
            NotBuiltError: it is too long, or all are together.
        """
        self._left -= size
        if size > MOST_TEXT or self._left < 0:
            detail = f"variables make more than {MOST_TEXT:,} characters"
            raise NotBuiltError(detail, cause=GapCause.TRUNCATED)
