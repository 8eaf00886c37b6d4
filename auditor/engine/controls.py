"""The state of each control: of the whole run, and of each of its targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

import msgspec

from auditor.engine.judged import Judged
from auditor.engine.merge import Merged
from auditor.engine.reasons import but_not_everywhere, why_so
from auditor.engine.shared import Shared
from auditor.model.enums import Basis, ControlState, Decider, Verdict
from auditor.model.policy import Control
from auditor.model.results import ControlResult, TargetControl


def control_results(
    controls: Iterable[Control],
    run: Judged,
    targets: Iterable[tuple[str, Judged]],
    merged: Merged,
) -> tuple[ControlResult, ...]:
    """Decide the state of every control; ``targets`` are those of the run, each with its URI.

    They are looked at one after another, and what was judged of each is let go of.

    A control that no rule there is speaks to is a person's, or not covered. One of which the
    profile has no rule is not assessed, nor is one whose rules are all about
    platforms that were not there. One fail: not satisfied. Otherwise
    one unknown or manual, nothing that was decided at all, or a rule that a gap may have kept from
    a resource: undetermined. Else satisfied, or supported where the mapping is our own.
    """
    results = []
    ordered = sorted(controls, key=lambda item: (item.framework, item.id))
    shared = Shared()
    seen = [_of_target(ordered, uri, found, shared) for uri, found in targets]
    for place, control in enumerate(ordered):
        state = _state(control, run)
        verdicts = _deciding(state)
        fingerprints = [
            fingerprint
            for rule in control.rules
            for verdict in verdicts
            for fingerprint in merged.deciding.get((rule, verdict.value), ())
        ]
        states = [(each.uri, each.states[place]) for each in seen]
        why = why_so(control, state, run) or but_not_everywhere(states)
        results.append(
            ControlResult(
                *(control.framework, control.id, control.title, state, tuple(fingerprints)),
                tuple(shared.one(each.told(place, why)) for each in seen),
                why,
                tuple(rule for rule in control.rules if rule in run.counts),
                control.unreviewed,
            )
        )
    return tuple(results)


class _Target(msgspec.Struct, frozen=True):
    """The state of each control on one target, and why, in the order of controls."""

    uri: str
    states: Sequence[ControlState]
    why: Sequence[str]

    def told(self, place: int, of_run: str) -> TargetControl:
        """What there is to say of a control; why only where that is not as of the run."""
        why = self.why[place]
        return TargetControl(self.uri, self.states[place], "" if why == of_run else why)


def _of_target(controls: Sequence[Control], uri: str, found: Judged, shared: Shared) -> _Target:
    """Decide all controls on one target; what is said of several is one thing."""
    states = tuple(_state(control, found) for control in controls)
    told = tuple(
        shared.one(why_so(control, state, found))
        for control, state in zip(controls, states, strict=True)
    )
    return _Target(uri, shared.one(states), shared.one(told))


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
