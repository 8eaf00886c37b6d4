"""What reading one file came to, besides its objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from collectors.documents.guards import Excess, Hints, NotParsed, Unreadable

if TYPE_CHECKING:
    from collectors.documents.recognise import Tree


class Beside(msgspec.Struct, frozen=True):
    """What stands beside a file: the tree it is in, and its path there, which is not for people."""

    tree: Tree
    path: str


MOST_GAPS: Final = 20
"""Gaps of one file that are named one by one."""

MOST_SKIPPED: Final = 20
"""Documents of one file that nobody recognises, and whose lines are told."""


def _may_hold() -> bool:
    return True


class Ledger:
    """Gaps and skipped documents of one file; ``hints`` are in the words of a platform.

    ``may_hold`` says whether the file may hold anything of a platform, as far as its text shows: a
    malformed one that can't is a file of another program, and skipped. ``partial``: whether what is
    in the file only changes what is in others; None where nobody but the objects can say that.
    ``beside`` is for files that name others, None where there is nothing beside it.
    """

    def __init__(
        self,
        target: str,
        source: str,
        hints: Hints,
        may_hold: Callable[[], bool] = _may_hold,
        *,
        partial: bool | None = None,
        beside: Beside | None = None,
    ) -> None:
        self._hints = hints
        self._may_hold = may_hold
        self.partial = partial
        self.beside = beside
        self.target = target
        self.source = source
        self.skipped = 0
        self.skipped_lines: list[int] = []
        self._gaps: list[Gap] = []
        self._more = 0

    def skip(self, line: int) -> None:
        """Note a document that no platform recognises."""
        self.skipped += 1
        if len(self.skipped_lines) < MOST_SKIPPED:
            self.skipped_lines.append(line)

    def add(self, error: Unreadable) -> None:
        """Note what could not be read; the same cause twice in a file only once."""
        if self._is_of_others(error):
            self.skip(error.line or 1)
        elif len(self._gaps) < MOST_GAPS:
            self._gaps.append(self._gap(error))
        else:
            self._more += 1

    def _is_of_others(self, error: Unreadable) -> bool:
        """Return whether it is a text that is neither YAML nor JSON, of some other program."""
        return isinstance(error, NotParsed) and not self._may_hold()

    def _gap(self, error: Unreadable) -> Gap:
        """A gap of the file; of a kind where it is known which one is missing."""
        hint = error.hint.hint(self._hints) if isinstance(error.hint, Excess) else error.hint
        if not error.kind:
            return Gap(self.target, self.source, error.cause, error.detail, hint, error.line)
        where = f"{self.source}:{error.line}" if error.line else self.source
        detail = f"{where}: {error.detail}"
        return Gap(self.target, error.kind, error.cause, detail, hint)

    def gaps(self) -> list[Gap]:
        """The gaps in the order of the file; past a number, how many more there are."""
        if not self._more:
            return self._gaps
        detail = f"{self._more:,} more documents of this file can't be read"
        return [*self._gaps, Gap(self.target, self.source, GapCause.MALFORMED, detail)]
