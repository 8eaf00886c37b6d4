"""Answers as a state machine: a control's state is what a plain reading of rules and words says."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from auditor.engine.answering import answered
from auditor.model.answers import Answer, AnswerEntry, EvidenceFile
from auditor.model.enums import ControlState
from auditor.model.results import ControlResult, TargetControl

START = dt.date(2026, 11, 30)
TARGETS = ("k8s://prod", "k8s://test", "docker://")
CONTROLS = ("f:1", "f:2", "g:1")
GLOBS = ("", "*", "k8s://*", "docker://", "vsphere://*")
OPEN = {
    *(ControlState.MANUAL, ControlState.NOT_COVERED),
    *(ControlState.NOT_ASSESSED, ControlState.UNDETERMINED),
}
DECIDED = (ControlState.SATISFIED, ControlState.SUPPORTED, ControlState.NOT_SATISFIED)


def entry(control: str = "f:1", **given: Any) -> AnswerEntry:
    fields = {
        "answer": Answer.MET,
        "statement": "It is so.",
        "owner": "ml",
        "date": START.isoformat(),
        "expires": (START + dt.timedelta(days=90)).isoformat(),
    }
    return AnswerEntry(control=control, **{**fields, **given})


def control(state: ControlState, *targets: ControlState, name: str = "f:1") -> ControlResult:
    framework, _, identity = name.partition(":")
    pairs = zip(TARGETS, targets or (state,), strict=False)
    return ControlResult(
        *(framework, identity, "One", state, ()),
        tuple(TargetControl(uri, each) for uri, each in pairs),
        "why so",
    )


def one(
    state: ControlState, *entries: AnswerEntry, targets: tuple[ControlState, ...] = (), day: int = 0
) -> ControlResult:
    found = control(state, *targets)
    uris = [each.target for each in found.targets]
    when = (START + dt.timedelta(days=day)).isoformat()
    return answered([found], entries, uris, when).controls[0]


@pytest.mark.parametrize("state", sorted(OPEN))
@pytest.mark.parametrize("answer", [Answer.MET, Answer.NOT_APPLICABLE])
def test_a_word_decides_where_no_rule_does(state: ControlState, answer: Answer) -> None:
    found = one(state, entry(answer=answer))
    assert found.state is ControlState.ATTESTED
    assert found.targets == (TargetControl(TARGETS[0], ControlState.ATTESTED),)
    assert found.why == f"{answer.value}, says ml on 2026-11-30, until 2027-02-28: It is so."


@pytest.mark.parametrize("state", DECIDED)
def test_a_word_that_says_better_changes_nothing_that_rules_found(state: ControlState) -> None:
    found = one(state, entry())
    assert found.state is found.targets[0].state is state


@pytest.mark.parametrize("state", set(ControlState) - {ControlState.ATTESTED})
def test_a_word_that_says_worse_counts(state: ControlState) -> None:
    found = one(state, entry(answer=Answer.NOT_MET))
    assert found.state is found.targets[0].state is ControlState.NOT_SATISFIED
    assert "not-met, says ml" in found.why


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (-1, ControlState.MANUAL),
        (0, ControlState.ATTESTED),
        (89, ControlState.ATTESTED),
        (90, ControlState.UNDETERMINED),
        (500, ControlState.UNDETERMINED),
    ],
)
def test_it_counts_from_its_date_to_the_eve_of_its_end(day: int, state: ControlState) -> None:
    found = one(ControlState.MANUAL, entry(), day=day)
    assert found.state is state
    if day >= 90:
        assert found.why == "why so; the answer of ml ended on 2027-02-28"


def test_of_a_run_each_target_has_to_be_answered() -> None:
    manual = (ControlState.MANUAL,) * 3
    some = one(ControlState.MANUAL, entry(target="k8s://*"), targets=manual)
    assert some.state is ControlState.MANUAL
    assert [each.state.value for each in some.targets] == ["attested", "attested", "manual"]
    both = (entry(target="k8s://*"), entry(target="docker://", owner="ops"))
    every = one(ControlState.MANUAL, *both, targets=manual)
    assert every.state is ControlState.ATTESTED
    assert every.why.endswith("(and 1 more)")
    ended = entry(target="docker://", date="2026-01-01", expires="2026-02-01")
    lost = one(ControlState.MANUAL, both[0], ended, targets=manual)
    assert lost.state is ControlState.UNDETERMINED


def test_what_only_the_run_as_a_whole_could_not_decide_stays_so() -> None:
    """A rule about several targets is undecided: the word on one target says nothing of that."""
    targets = (ControlState.SATISFIED, ControlState.UNDETERMINED)
    found = one(ControlState.UNDETERMINED, entry(target=TARGETS[1]), targets=targets)
    assert found.targets[1].state is ControlState.ATTESTED
    assert found.state is ControlState.UNDETERMINED


def test_what_is_said_of_another_target_is_not_said_of_this_one() -> None:
    held = ControlResult(
        *("f", "1", "One", ControlState.SUPPORTED, ()),
        (
            TargetControl(TARGETS[0], ControlState.SUPPORTED),
            TargetControl(TARGETS[1], ControlState.UNDETERMINED, "nothing was read"),
        ),
        f"undetermined on 1 of 2 targets: {TARGETS[1]}",
    )
    found = answered([held], [entry(target=TARGETS[0])], TARGETS[:2], "2026-12-01").controls[0]
    assert found.targets[0].state is ControlState.SUPPORTED
    assert found.targets[0].why == "met, says ml on 2026-11-30, until 2027-02-28: It is so."
    assert found.targets[1] == held.targets[1]


def test_the_first_that_counts_is_the_one() -> None:
    first, second = entry(owner="a"), entry(owner="b", answer=Answer.NOT_MET)
    done = answered([control(ControlState.MANUAL)], (first, second), TARGETS[:1], "2026-12-01")
    assert done.controls[0].state is ControlState.ATTESTED
    assert [(each.owner, each.decides) for each in done.results] == [("a", 1), ("b", 0)]


def test_evidence_is_named_and_its_digest_kept() -> None:
    proof = EvidenceFile("a.pdf", "sha256:" + "a" * 64, 3)
    done = answered(
        [control(ControlState.MANUAL)], (entry(evidence=proof),), TARGETS[:1], "2026-12-01"
    )
    assert "(evidence a.pdf)" in done.controls[0].why
    assert done.results[0].evidence == proof


def test_an_answer_of_no_control_of_the_run_is_told() -> None:
    done = answered(
        [control(ControlState.MANUAL)], (entry("g:7"), entry(target="x*")), TARGETS, "2026-12-01"
    )
    assert [each.targets for each in done.results] == [0, 0]
    assert done.controls == (control(ControlState.MANUAL),)


STATES = st.sampled_from(sorted(set(ControlState) - {ControlState.ATTESTED}))


class Answering(RuleBasedStateMachine):
    """People answer, answers end, targets come and go; rules find now this and now that."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[AnswerEntry] = []
        self.day = START
        self.states = {(name, uri): ControlState.MANUAL for name in CONTROLS for uri in TARGETS}
        self.run = dict.fromkeys(CONTROLS, ControlState.MANUAL)

    @rule(
        name=st.sampled_from(CONTROLS),
        answer=st.sampled_from(Answer),
        about=st.sampled_from(GLOBS),
        begins=st.integers(-60, 60),
        days=st.integers(1, 120),
    )
    def answer(self, name: str, answer: Answer, about: str, begins: int, days: int) -> None:
        start = self.day + dt.timedelta(days=begins)
        end = start + dt.timedelta(days=days)
        made = entry(
            name, answer=answer, target=about, date=start.isoformat(), expires=end.isoformat()
        )
        self.entries.append(made)

    @rule(days=st.integers(0, 90))
    def wait(self, days: int) -> None:
        self.day += dt.timedelta(days=days)

    @rule(name=st.sampled_from(CONTROLS), uri=st.sampled_from(TARGETS), state=STATES)
    def find(self, name: str, uri: str, state: ControlState) -> None:
        self.states[name, uri] = state

    @rule(name=st.sampled_from(CONTROLS), state=STATES)
    def conclude(self, name: str, state: ControlState) -> None:
        self.run[name] = state

    @rule()
    def withdraw(self) -> None:
        self.entries = self.entries[1:]

    @invariant()
    def each_state_is_that_of_a_plain_reading(self) -> None:
        before = [
            control(self.run[name], *(self.states[name, uri] for uri in TARGETS), name=name)
            for name in CONTROLS
        ]
        done = answered(before, self.entries, TARGETS, self.day.isoformat())
        used = 0
        for name, old, new in zip(CONTROLS, before, done.controls, strict=True):
            assert (new.findings, new.rules, new.title) == (old.findings, old.rules, old.title)
            found = [self.plain(name, uri) for uri in TARGETS]
            assert [each.state for each in new.targets] == [state for state, _ in found]
            used += sum(by_word for _, by_word in found)
            self.holds_for_the_run(old, new)
        assert sum(each.decides for each in done.results) == used
        assert len(done.results) == len(self.entries), "each answer is told"

    def plain(self, name: str, uri: str) -> tuple[ControlState, bool]:
        state, day = self.states[name, uri], self.day.isoformat()
        about = [
            each
            for each in self.entries
            if each.control == name and fnmatchcase(uri, each.target or "*")
        ]
        valid = [each for each in about if each.date <= day < each.expires]
        if valid and valid[0].answer is Answer.NOT_MET:
            return ControlState.NOT_SATISFIED, state is not ControlState.NOT_SATISFIED
        if valid:
            return (ControlState.ATTESTED, True) if state in OPEN else (state, False)
        if state in OPEN and any(each.expires <= day for each in about):
            return ControlState.UNDETERMINED, False
        return state, False

    def holds_for_the_run(self, old: ControlResult, new: ControlResult) -> None:
        """Nothing is better than what rules found, and nothing by silence."""
        if old.state is ControlState.NOT_SATISFIED:
            assert new.state is ControlState.NOT_SATISFIED
        if new.state in {ControlState.SATISFIED, ControlState.SUPPORTED}:
            assert new.state is old.state
        if new.state is ControlState.ATTESTED:
            held = {ControlState.ATTESTED, ControlState.SATISFIED, ControlState.SUPPORTED}
            assert {each.state for each in new.targets} <= held
            assert "says ml" in new.why


TestAnswering = Answering.TestCase
TestAnswering.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
