"""What the heads of many findings say that are read block by block, each text looked at once."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model import results_layout as layout


class Heads:
    """The heads of findings so far; ``number`` is how many there are."""

    def __init__(self) -> None:
        self.number = 0
        self._evidence: set[bytes] = set()
        self._rest: set[bytes] = set()

    def __len__(self) -> int:
        """How many lists of evidence there are."""
        return len(self._evidence)

    @property
    def evidence(self) -> set[bytes]:
        """The digests of evidence, each in its quotes."""
        return layout.digests_in(self._evidence)

    def add(self, lines: Sequence[bytes]) -> None:
        """Add the lines of findings.

        Raises:
            ValueError: one does not begin with a head as this program writes them.
        """
        evidence, rest = layout.heads_in(lines)
        layout.check_heads(evidence - self._evidence, rest - self._rest)
        self._evidence |= evidence
        self._rest |= rest
        self.number += len(lines)
