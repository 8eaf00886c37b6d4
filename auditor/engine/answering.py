"""Controls with what people answered: their word decides where no rule does, and is told as such.

A control that a person has to answer, or of which nothing could be decided, is *attested* where
somebody says that it is met or does not apply, and for as long as they say::

    nist-800-53:CM-3   manual          met, says ml@acme until 2027-05-30   -> attested
    nist-800-53:AC-6   not-satisfied   met, says ml@acme                    -> not-satisfied
    nist-800-53:SC-7   supported       not-met, says ml@acme                -> not-satisfied
    nist-800-53:CM-3   manual          the answer ended yesterday           -> undetermined

What rules found never gives way to a word that says better; a word that says worse always counts.
Of several answers that are about a target the first in the file that counts is the one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from auditor.model.answers import Answer, AnswerEntry, AnswerResult
from auditor.model.enums import ControlState
from auditor.model.results import ControlResult, TargetControl
from auditor.model.terms import IN_FORCE, SOON, TermState

_OPEN = frozenset(
    {
        ControlState.MANUAL,
        ControlState.NOT_COVERED,
        ControlState.NOT_ASSESSED,
        ControlState.UNDETERMINED,
    }
)
"""States that a person's word may decide."""
_HELD = frozenset({ControlState.ATTESTED, ControlState.SATISFIED, ControlState.SUPPORTED})


class Answered(msgspec.Struct, frozen=True):
    """The controls with what was answered, and what each answer came to."""

    controls: tuple[ControlResult, ...]
    results: tuple[AnswerResult, ...]


def answered(
    controls: Sequence[ControlResult],
    entries: Sequence[AnswerEntry],
    targets: Sequence[str],
    day: str,
) -> Answered:
    """Answer controls on a day, in UTC, as 2026-11-30; ``targets`` are the URIs of the run."""
    soon = (dt.date.fromisoformat(day) + dt.timedelta(days=SOON)).isoformat()
    states = [each.state(day, soon) for each in entries]
    by_control: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        by_control.setdefault(entry.control, []).append(number)
    decided = Counter[int]()
    asked = Counter[int]()
    found = []
    for control in controls:
        numbers = by_control.get(f"{control.framework}:{control.id}", [])
        asked.update({number: sum(map(entries[number].fits, targets)) for number in numbers})
        answers = _Answers(entries, states, numbers, decided)
        found.append(answers.of(control) if numbers else control)
    results = (
        _result(entry, states[number], asked[number], decided[number])
        for number, entry in enumerate(entries)
    )
    return Answered(tuple(found), tuple(results))


class _Answers(msgspec.Struct):
    """The answers of one control."""

    entries: Sequence[AnswerEntry]
    states: Sequence[TermState]
    numbers: Sequence[int]
    decided: Counter[int]

    def of(self, control: ControlResult) -> ControlResult:
        if not any(map(self._spoken_of, control.targets)):
            return control
        targets = [self._of_target(each, control.why) for each in control.targets]
        state, why = self._of_run(control, targets)
        told = (
            msgspec.structs.replace(each, why="" if each.why == why else each.why)
            for each in targets
        )
        return msgspec.structs.replace(control, state=state, why=why, targets=tuple(told))

    def _of_target(self, found: TargetControl, of_run: str) -> TargetControl:
        """A target's state with what was answered of it; ``why`` is always its own then."""
        why = found.why or ("" if found.state in _HELD else of_run)
        number = next((each for each in self._fitting(found.target) if self._counts(each)), None)
        if number is not None:
            state = _with(found.state, self.entries[number].answer)
            if state is not found.state or state is ControlState.ATTESTED:
                self.decided[number] += 1
                return TargetControl(found.target, state, self.entries[number].words())
            return TargetControl(found.target, state, _joined(why, self.entries[number].words()))
        ended = next((each for each in self._fitting(found.target) if self._ended(each)), None)
        if ended is not None and found.state in _OPEN:
            entry = self.entries[ended]
            said = f"the answer of {entry.owner} ended on {entry.expires}"
            return TargetControl(found.target, ControlState.UNDETERMINED, _joined(why, said))
        return TargetControl(found.target, found.state, why)

    def _of_run(
        self, control: ControlResult, targets: Iterable[TargetControl]
    ) -> tuple[ControlState, str]:
        """The state over all targets, and why."""
        by_state: dict[ControlState, list[str]] = {}
        everywhere = True
        for each in targets:
            by_state.setdefault(each.state, []).append(each.why)
            counts = any(self._counts(number) for number in self._fitting(each.target))
            everywhere = everywhere and counts
        if control.state is ControlState.NOT_SATISFIED:
            return control.state, _all(by_state, ControlState.NOT_SATISFIED) or control.why
        if ControlState.NOT_SATISFIED in by_state:
            return ControlState.NOT_SATISFIED, _all(by_state, ControlState.NOT_SATISFIED)
        if control.state not in _OPEN:
            return control.state, control.why
        attested = ControlState.ATTESTED in by_state and _HELD.issuperset(by_state)
        if attested and (everywhere or control.state is not ControlState.UNDETERMINED):
            return ControlState.ATTESTED, _all(by_state, ControlState.ATTESTED)
        if ControlState.UNDETERMINED in by_state:
            return ControlState.UNDETERMINED, _all(by_state, ControlState.UNDETERMINED)
        return control.state, control.why

    def _spoken_of(self, found: TargetControl) -> bool:
        return any(self._counts(each) or self._ended(each) for each in self._fitting(found.target))

    def _fitting(self, uri: str) -> Iterable[int]:
        return (number for number in self.numbers if self.entries[number].fits(uri))

    def _counts(self, number: int) -> bool:
        return self.states[number] in IN_FORCE

    def _ended(self, number: int) -> bool:
        return self.states[number] is TermState.EXPIRED


def _with(state: ControlState, answer: Answer) -> ControlState:
    """A state and somebody's word: the worse of both, where rules decided at all."""
    if answer is Answer.NOT_MET:
        return ControlState.NOT_SATISFIED
    return ControlState.ATTESTED if state in _OPEN else state


def _joined(why: str, more: str) -> str:
    return f"{why}; {more}" if why else more


def _all(by_state: dict[ControlState, list[str]], state: ControlState) -> str:
    """The different reasons of a state, the first of them in words."""
    first, *more = dict.fromkeys(by_state.get(state, [""]))
    return f"{first} (and {len(more)} more)" if more else first


def _result(entry: AnswerEntry, state: TermState, targets: int, decides: int) -> AnswerResult:
    return AnswerResult(
        control=entry.control,
        answer=entry.answer,
        statement=entry.statement,
        owner=entry.owner,
        date=entry.date,
        expires=entry.expires,
        target=entry.target,
        state=state,
        targets=targets,
        decides=decides,
        evidence=msgspec.UNSET if entry.evidence is None else entry.evidence,
    )
