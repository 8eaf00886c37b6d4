"""Reports that are written at the same time, from findings that are read once for all of them.

A format is a generator that reads findings and yields bytes. Those of several files take turns,
each until it has taken a batch of findings (:func:`auditor.cli.output.write_files`), so that they
are at the same place, and a batch that one has read is there for the others. One that runs ahead,
as a format does that counts before it begins, reads for itself. Not more than a few batches are
held, however many findings there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final

from auditor.model.finding import Findings
from auditor.model.results_finding import Finding
from reports.once import Kept

BATCH: Final = 64
"""Findings that are read at a time."""
MOST_AHEAD: Final = 12
"""Batches by which one reader may be ahead of another that shares with it."""


class SharedFindings:
    """Findings for several who read them at about the same time."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._passes: list[_Pass] = []
        self.taken = 0
        """Batches that were handed out to anybody."""

    def __len__(self) -> int:
        return len(self._findings)

    def encoded(self) -> Iterator[bytes]:
        """As of the findings themselves."""
        return self._findings.encoded()

    def __iter__(self) -> Iterator[Finding]:
        number = 0
        with self._joined() as reader:
            while True:
                self.taken += 1
                batch = reader.batch()
                if batch is None:
                    break
                if not batch:
                    return
                yield from batch
                number += 1
        rest = islice(self._findings, number * BATCH, None)
        for place, finding in enumerate(rest):
            if not place % BATCH:
                self.taken += 1
            yield finding

    @contextmanager
    def _joined(self) -> Iterator[_Reader]:
        """Read with others who have only begun, or begin."""
        shared = next((each for each in self._passes if each.can_be_joined), None)
        if shared is None:
            shared = _Pass(iter(self._findings))
            self._passes.append(shared)
        reader = _Reader(shared)
        shared.readers.append(reader)
        try:
            yield reader
        finally:
            shared.readers.remove(reader)
            if not shared.readers:
                self._passes.remove(shared)


class _Pass:
    """Findings on the way from the first to the last, for all who read along."""

    def __init__(self, findings: Iterator[Finding]) -> None:
        self._findings = findings
        self.held: deque[list[Kept]] = deque()
        self.first = 0
        """The number of the first batch that is held."""
        self.readers: list[_Reader] = []

    @property
    def can_be_joined(self) -> bool:
        """Whether the beginning is still there."""
        return not self.first

    def batch(self, number: int) -> list[Kept] | None:
        """A batch by its number, empty after the last; None for who is too far ahead of others."""
        if number < self.first + len(self.held):
            return self.held[number - self.first]
        slowest = min(reader.number for reader in self.readers)
        if number - slowest >= MOST_AHEAD:
            return None
        made = [*map(Kept.of, islice(self._findings, BATCH))]
        self.held.append(made)
        while len(self.held) > MOST_AHEAD + 1 and self.first < slowest:
            self.held.popleft()
            self.first += 1
        return made


class _Reader:
    """One who reads along."""

    def __init__(self, shared: _Pass) -> None:
        self._shared = shared
        self.number = 0

    def batch(self) -> list[Kept] | None:
        """The next batch, as the pass has it."""
        found = self._shared.batch(self.number)
        self.number += 1
        return found
