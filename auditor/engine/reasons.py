"""Why a control is in its state, in a sentence: what decided it, what is not known, what to ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from auditor.engine.judged import Judged
from auditor.model.enums import ControlState
from auditor.model.policy import Control

NOBODY: Final = "no rule of this program speaks to it"
_SHOWN: Final = 3


def why_so(control: Control, state: ControlState, found: Judged) -> str:
    """Say why a control is in a state, "" where the state says all."""
    match state:
        case ControlState.SATISFIED | ControlState.SUPPORTED | ControlState.ATTESTED:
            return ""
        case ControlState.NOT_SATISFIED:
            fails = [each for each in control.rules if _count(found, each, "failed")]
            return f"fails: {_some(fails)}"
        case ControlState.UNDETERMINED:
            return "; ".join(_not_known(control, found))
        case ControlState.MANUAL:
            return control.question
        case ControlState.NOT_COVERED:
            reason = control.left_out or control.question
            return reason or NOBODY
        case ControlState.NOT_ASSESSED:
            if any(rule in found.counts for rule in control.rules):
                return "nothing was there that its rules are about"
            return "the profile has none of its rules"
    assert_never(state)


def but_not_everywhere(states: Sequence[tuple[str, ControlState]]) -> str:
    """Say on which targets a control is undetermined that holds on others; "" for none of them.

    Each target has its URI and its state there. Over the run its rules passed, and on such a target
    there may be nothing that they apply to.
    """
    open_ = [uri for uri, state in states if state is ControlState.UNDETERMINED]
    return f"undetermined on {len(open_)} of {len(states)} targets: {_some(open_)}" if open_ else ""


def _not_known(control: Control, found: Judged) -> Iterator[str]:
    rules = [each for each in control.rules if each in found.counts]
    unknown = [each for each in rules if _count(found, each, "unknown")]
    manual = [each for each in rules if _count(found, each, "manual")]
    short = [each for each in rules if each in found.short and each not in unknown]
    if unknown:
        yield f"not decided: {_some(unknown)}"
    if manual:
        yield f"for a person: {_some(manual)}"
    if short:
        yield f"a gap may hide something from {_some(short)}"
    if not (unknown or manual or short):
        yield "its rules apply to nothing that was read"


def _count(found: Judged, rule: str, field: str) -> int:
    count = found.counts.get(rule)
    return getattr(count, field) if count is not None else 0


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
