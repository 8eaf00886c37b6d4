"""What an earlier run knew: the gate counts only what is new, and every report says which is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from auditor.engine.lines import new
from auditor.model.enums import Severity, Verdict
from auditor.model.finding import Baseline
from auditor.runner.settings import Known, State

_COUNTED = frozenset({Verdict.FAIL.value, Verdict.UNKNOWN.value})
"""The verdicts that a gate counts."""


class _Judged(msgspec.Struct, frozen=True, gc=False):
    fingerprint: str
    verdict: str
    severity: str
    causes: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(_Judged).decode


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
        return new(line)

    def baseline(self) -> Baseline:
        """What there is to say, once all findings have passed."""
        earlier = self._earlier
        return Baseline(earlier.run, earlier.manifest, self.known.total(), self._new)


def _no_worse(found: _Judged, earlier: State) -> bool:
    """Whether a finding is as it was, or milder: it has no cause that it had not then."""
    if found.verdict != earlier.verdict:
        return False
    if Severity(found.severity).rank > Severity(earlier.severity).rank:
        return False
    return found.verdict != Verdict.FAIL.value or {*found.causes} <= {*earlier.causes}
