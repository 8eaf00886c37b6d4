"""The state of each control: of the whole run, and of each of its targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from auditor.engine.judged import Judged
from auditor.engine.merge import Merged
from auditor.engine.reasons import but_not_everywhere, why_so
from auditor.model.enums import Basis, ControlState, Decider, Verdict
from auditor.model.policy import Control
from auditor.model.results import ControlResult, TargetControl


def control_results(
    controls: Iterable[Control],
    run: Judged,
    targets: Sequence[tuple[str, Judged]],
    merged: Merged,
) -> tuple[ControlResult, ...]:
    """Decide the state of every control; ``targets`` are those of the run, each with its URI.

    A control that no rule there is speaks to is a person's, or not covered. One of which the
    profile has no rule is not assessed, nor is one whose rules are all about
    platforms that were not there. One fail: not satisfied. Otherwise
    one unknown or manual, nothing that was decided at all, or a rule that a gap may have kept from
    a resource: undetermined. Else satisfied, or supported where the mapping is our own.
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
        states = [(uri, _state(control, found)) for uri, found in targets]
        why = why_so(control, state, run) or but_not_everywhere(states)
        results.append(
            ControlResult(
                *(control.framework, control.id, control.title, state, tuple(fingerprints)),
                tuple(_of_target(control, uri, found, why) for uri, found in targets),
                why,
                tuple(rule for rule in control.rules if rule in run.counts),
                control.unreviewed,
            )
        )
    return tuple(results)


def _of_target(control: Control, uri: str, found: Judged, of_run: str) -> TargetControl:
    state = _state(control, found)
    why = why_so(control, state, found)
    return TargetControl(uri, state, "" if why == of_run else why)


def _state(control: Control, found: Judged) -> ControlState:
    relevant = [found.counts[rule] for rule in control.rules if rule in found.counts]
    if not control.rules:
        person = control.decided_by is Decider.PERSON
        return ControlState.MANUAL if person else ControlState.NOT_COVERED
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
    if control.mapping is Basis.SUPPORTS:
        return ControlState.SUPPORTED
    return ControlState.SATISFIED


def _deciding(state: ControlState) -> tuple[Verdict, ...]:
    """Return the verdicts whose findings decide a state."""
    match state:
        case ControlState.NOT_SATISFIED:
            return (Verdict.FAIL,)
        case ControlState.UNDETERMINED:
            return (Verdict.UNKNOWN, Verdict.MANUAL)
        case (
            ControlState.SATISFIED
            | ControlState.SUPPORTED
            | ControlState.ATTESTED
            | ControlState.NOT_ASSESSED
            | ControlState.MANUAL
            | ControlState.NOT_COVERED
        ):
            return ()
    assert_never(state)
