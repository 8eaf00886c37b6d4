"""What an earlier run knew: the gate counts only what is new, and every report says which is."""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.model.enums import Severity, Verdict
from auditor.model.finding import Report
from auditor.model.results import Baseline
from auditor.model.results_finding import FindingState
from auditor.model.results_layout import Mark, marked
from auditor.runner.settings import Known, Settings, Stamp, State

_COUNTED: Final = frozenset({Verdict.FAIL, Verdict.UNKNOWN})
"""The verdicts that a gate counts."""


class BaselineComparison:
    """Compares findings with those of an earlier run while they pass by: an amendment."""

    counts: Final = "new"

    def __init__(self, earlier: Known) -> None:
        self._earlier = earlier
        self._known = 0
        self._new = 0
        self._again: set[str] = set()

    def amend(self, finding: bytes, state: FindingState) -> tuple[bytes, bool]:
        """Mark a finding that is new; the gate does not count one that is no worse than then."""
        if state.verdict not in _COUNTED:
            return finding, True
        earlier = self._earlier.findings.get(state.fingerprint)
        if earlier is not None:
            self._again.add(state.fingerprint)
        if earlier is not None and _no_worse(state, earlier):
            self._known += 1
            return finding, False
        self._new += 1
        return marked(finding, Mark.NEW), True

    def conclude(self, report: Report) -> Report:
        """Say in the report which run it was compared with, and how much was known and is new."""
        earlier = self._earlier
        gone = sum(
            1
            for name, state in earlier.findings.items()
            if state.verdict in _COUNTED and name not in self._again
        )
        baseline = Baseline(earlier.run, earlier.manifest, self._known, self._new, gone)
        return msgspec.structs.replace(report, baseline=baseline)


def baseline_comparison(settings: Settings, stamp: Stamp) -> BaselineComparison | None:
    """Make the comparison with the run that the settings name, None when they name none."""
    del stamp
    return None if settings.known is None else BaselineComparison(settings.known)


def _no_worse(found: FindingState, earlier: State) -> bool:
    """Whether a finding is as it was, or milder: it has no cause that it had not then."""
    if found.verdict != earlier.verdict:
        return False
    if found.severity.rank > Severity(earlier.severity).rank:
        return False
    return found.verdict != Verdict.FAIL or {*found.causes} <= {*earlier.causes}
