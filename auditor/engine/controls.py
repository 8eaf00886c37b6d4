"""The state of each control: of the whole run, and of each of its targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

import msgspec

from auditor.engine.merge import Merged
from auditor.model.enums import ControlState, Verdict
from auditor.model.finding import RuleCount
from auditor.model.policy import Control
from auditor.model.results import ControlResult, TargetControl


class Judged(msgspec.Struct, frozen=True):
    """What was judged of a run or of one target.

    ``counts`` are the verdicts of each rule of the profile, by its id; ``short`` are the rules that
    a gap may have kept from a resource, ``absent`` those about platforms that were
    not there at all.
    """

    counts: Mapping[str, RuleCount]
    short: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        counts: Iterable[RuleCount],
        short: frozenset[str] = frozenset(),
        absent: frozenset[str] = frozenset(),
    ) -> Judged:
        """Make it of counts in any order."""
        return cls({count.rule: count for count in counts}, short, absent)


def control_results(
    controls: Iterable[Control],
    run: Judged,
    targets: Sequence[tuple[str, Judged]],
    merged: Merged,
) -> tuple[ControlResult, ...]:
    """Decide the state of every control; ``targets`` are those of the run, each with its URI.

    A control of which the profile has no rule is not assessed, nor is one whose rules are all about
    platforms that were not there. One fail: not satisfied. Otherwise
    one unknown or manual, nothing that was decided at all, or a rule that a gap may have kept from
    a resource: undetermined. Else satisfied.
    """
    results = []
    for control in sorted(controls, key=lambda item: (item.framework, item.id)):
        state = _state(control, run)
        verdicts = _deciding(state)
        fingerprints = [
            fingerprint
            for rule in control.rules
            for verdict in verdicts
            for fingerprint in merged.deciding.get((rule, verdict.value), ())
        ]
        by_target = tuple(TargetControl(uri, _state(control, found)) for uri, found in targets)
        results.append(
            ControlResult(
                control.framework, control.id, control.title, state, tuple(fingerprints), by_target
            )
        )
    return tuple(results)


def _state(control: Control, found: Judged) -> ControlState:
    relevant = [found.counts[rule] for rule in control.rules if rule in found.counts]
    if not relevant:
        return ControlState.NOT_ASSESSED
    if any(count.failed for count in relevant):
        return ControlState.NOT_SATISFIED
    if any(count.unknown or count.manual for count in relevant):
        return ControlState.UNDETERMINED
    if found.short.isdisjoint(control.rules) and all(
        count.rule in found.absent for count in relevant
    ):
        return ControlState.NOT_ASSESSED
    if not any(count.passed for count in relevant) or not found.short.isdisjoint(control.rules):
        return ControlState.UNDETERMINED
    return ControlState.SATISFIED


def _deciding(state: ControlState) -> tuple[Verdict, ...]:
    """Return the verdicts whose findings decide a state."""
    match state:
        case ControlState.NOT_SATISFIED:
            return (Verdict.FAIL,)
        case ControlState.UNDETERMINED:
            return (Verdict.UNKNOWN, Verdict.MANUAL)
        case ControlState.SATISFIED | ControlState.NOT_ASSESSED:
            return ()
    assert_never(state)
