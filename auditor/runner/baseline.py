"""What an earlier run knew: the gate counts only what is new, and every report says which is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from auditor.model.enums import Severity, Verdict
from auditor.model.results import Baseline
from auditor.model.results_finding import FindingState
from auditor.model.results_layout import Mark, marked
from auditor.runner.settings import Known, State

_COUNTED = frozenset({Verdict.FAIL, Verdict.UNKNOWN})
"""The verdicts that a gate counts."""


_decode = msgspec.json.Decoder(FindingState).decode


class Against:
    """Compares findings with those of an earlier run while they pass by.

    Attributes:
        known: (verdict, severity) of those that are no worse than then, counted.
    """

    def __init__(self, earlier: Known) -> None:
        self._earlier = earlier
        self.known: Counter[tuple[str, str]] = Counter()
        self._new = 0

    def marked(self, blocks: Iterable[Sequence[bytes]]) -> Iterator[Sequence[bytes]]:
        """The same findings, JSON objects with their LF, those that are new marked as such."""
        for block in blocks:
            yield [self._marked(line) for line in block]

    def _marked(self, line: bytes) -> bytes:
        found = _decode(line)
        if found.verdict not in _COUNTED:
            return line
        earlier = self._earlier.findings.get(found.fingerprint)
        if earlier is not None and _no_worse(found, earlier):
            self.known[found.verdict, found.severity] += 1
            return line
        self._new += 1
        return marked(line, Mark.NEW)

    def baseline(self) -> Baseline:
        """What there is to say, once all findings have passed."""
        earlier = self._earlier
        return Baseline(earlier.run, earlier.manifest, self.known.total(), self._new)


def _no_worse(found: FindingState, earlier: State) -> bool:
    """Whether a finding is as it was, or milder: it has no cause that it had not then."""
    if found.verdict != earlier.verdict:
        return False
    if found.severity.rank > Severity(earlier.severity).rank:
        return False
    return found.verdict != Verdict.FAIL or {*found.causes} <= {*earlier.causes}
