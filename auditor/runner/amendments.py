"""What is said of findings after they were merged: what an earlier run knew, what was accepted.

An amendment looks at each finding once, in the order of the report. It may put a mark on it and may
say that the gate is not to count it. It never changes a verdict, and never adds, removes or moves a
finding: whoever reads the report sees everything, and sees what was said of it.

A finding passes through all amendments, in the order of :data:`AMENDMENTS`, before the next one is
looked at, so any number of findings passes in flat memory::

    merged findings ──▶ covering ──▶ baseline ──▶ waiving ──▶ the file of findings
                                        │            │
                                        │            └── ``Report.waivers``
                                        └── ``Report.baseline``

The gate counts the tallies of the run minus ``uncounted``.

A new amendment is a file with a class and a function that makes it of the settings (None when it
was not asked for), and a line in :data:`AMENDMENTS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

import msgspec

from auditor.model.finding import Report
from auditor.model.results_finding import FindingState
from auditor.runner.baseline import baseline_comparison
from auditor.runner.settings import Settings, Stamp
from auditor.runner.waiving import waiving


class Amendment(Protocol):
    """Says something of findings while they pass by, and of the report when all have passed."""

    @property
    def counts(self) -> str:
        """What the gate counts beside this amendment, in a word: ``new``; "" to say nothing."""
        ...

    def amend(self, finding: bytes, state: FindingState) -> tuple[bytes, bool]:
        """Return the finding as it is to be shown, and whether the gate counts it.

        ``finding`` is its JSON object with the line's end, ``state`` what it says.
        """
        ...

    def conclude(self, report: Report) -> Report:
        """Add to the report what there is to say, once all findings have passed."""
        ...


MakeAmendment = Callable[[Settings, Stamp], Amendment | None]

AMENDMENTS: Final[tuple[MakeAmendment, ...]] = (baseline_comparison, waiving)
"""All amendments, in the order in which findings pass through them."""

_decode = msgspec.json.Decoder(FindingState).decode


class Amendments:
    """The amendments that a run asked for, one after the other.

    Attributes:
        uncounted: (verdict, severity) of the findings that the gate is not to count, counted; a
            finding that two amendments take out is in it once.
    """

    def __init__(
        self,
        makers: Iterable[MakeAmendment],
        settings: Settings,
        stamp: Stamp,
        first: Iterable[Amendment] = (),
    ) -> None:
        """``first`` are those that nobody asks for, as the policy itself does."""
        made = (make(settings, stamp) for make in makers)
        self._amendments = [*first, *(each for each in made if each is not None)]
        self.uncounted: Counter[tuple[str, str]] = Counter()

    @property
    def counts(self) -> str:
        """What the gate counts beside them, in words; "" when that is every finding."""
        return " ".join(each.counts for each in self._amendments if each.counts)

    def amended(self, blocks: Iterable[Sequence[bytes]]) -> Iterator[Sequence[bytes]]:
        """Yield the same findings in the same order, each as it is to be shown."""
        for block in blocks:
            yield [self._amended(line) for line in block] if self._amendments else block

    def _amended(self, finding: bytes) -> bytes:
        state = _decode(finding)
        counted = True
        for each in self._amendments:
            finding, counts = each.amend(finding, state)
            counted = counted and counts
        if not counted:
            self.uncounted[state.verdict, state.severity] += 1
        return finding

    def conclude(self, report: Report) -> Report:
        """Add to the report what each of them has to say."""
        for each in self._amendments:
            report = each.conclude(report)
        return report
