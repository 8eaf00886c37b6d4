"""What reading one file came to, besides its objects."""

from __future__ import annotations

from typing import Final

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from collectors.kubernetes.manifests.guards import Unreadable

MOST_GAPS: Final = 20
"""Gaps of one file that are named one by one."""


class Ledger:
    """Gaps and skipped documents of one file."""

    def __init__(self, target: str, source: str) -> None:
        self.target = target
        self.source = source
        self.skipped = 0
        self._gaps: list[Gap] = []
        self._more = 0

    def add(self, error: Unreadable) -> None:
        """Note what could not be read; the same cause twice in a file only once."""
        if len(self._gaps) < MOST_GAPS:
            self._gaps.append(
                Gap(self.target, self.source, error.cause, error.detail, error.hint, error.line)
            )
        else:
            self._more += 1

    def gaps(self) -> list[Gap]:
        """The gaps in the order of the file; past a number, how many more there are."""
        if not self._more:
            return self._gaps
        detail = f"{self._more:,} more documents of this file can't be read"
        return [*self._gaps, Gap(self.target, self.source, GapCause.MALFORMED, detail)]
