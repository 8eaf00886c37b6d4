"""States of controls: of the run and of each target, by the verdicts of the rules that map."""

from __future__ import annotations

import pytest

from auditor.engine.controls import control_results
from auditor.engine.judged import Judged
from auditor.engine.merge import Merged
from auditor.model.enums import Basis, ControlState, Decider
from auditor.model.finding import RuleCount
from auditor.model.policy import Control
from auditor.model.results import ControlResult, TargetControl


def count(rule: str, **numbers: int) -> RuleCount:
    names = ("passed", "failed", "unknown", "not_applicable", "manual")
    return RuleCount(rule, *(numbers.get(name, 0) for name in names))


@pytest.mark.parametrize(
    ("counts", "short", "state", "findings"),
    [
        pytest.param(
            [count("a", passed=1), count("b", passed=1)], (), "satisfied", (), id="all pass"
        ),
        pytest.param(
            [count("a", passed=9), count("b", failed=1)],
            (),
            "not-satisfied",
            ("b-fail",),
            id="fail",
        ),
        pytest.param(
            [count("a", unknown=1), count("b", failed=1)],
            ("a", "b"),
            "not-satisfied",
            ("b-fail",),
            id="a fail outranks what is not known",
        ),
        pytest.param(
            [count("a", passed=1), count("b", unknown=1)],
            (),
            "undetermined",
            ("b-unknown",),
            id="unknown",
        ),
        pytest.param(
            [count("a", passed=1), count("b", manual=1)],
            (),
            "undetermined",
            ("b-manual",),
            id="manual",
        ),
        pytest.param(
            [count("a", passed=1), count("b", not_applicable=3)],
            (),
            "satisfied",
            (),
            id="some apply",
        ),
        pytest.param(
            [count("a", not_applicable=1), count("b")], (), "undetermined", (), id="nothing decided"
        ),
        pytest.param(
            [count("a", passed=1), count("b")],
            ("b",),
            "undetermined",
            (),
            id="kept from a resource",
        ),
        pytest.param([count("a", passed=1)], (), "satisfied", (), id="the rules of the profile"),
    ],
)
def test_controls(
    counts: list[RuleCount], short: tuple[str, ...], state: str, findings: tuple[str, ...]
) -> None:
    merged = Merged()
    for item in counts:
        for verdict in ("passed", "failed", "unknown", "manual"):
            if getattr(item, verdict):
                name = {"passed": "pass", "failed": "fail"}.get(verdict, verdict)
                merged.deciding[item.rule, name] = [f"{item.rule}-{name}"]
    control = Control("f", "1", "One", ("a", "b"))
    other = Control("f", "0", "Of no rule here", ("c",))
    run = Judged.of(counts, frozenset(short))
    unassessed, result = control_results([control, other], run, [("t", run)], merged)
    assert (result.framework, result.id, result.title) == ("f", "1", "One")
    assert result.state is ControlState(state)
    assert result.findings == findings
    assert result.targets == (TargetControl("t", ControlState(state)),)
    assert result.rules == tuple(item.rule for item in counts)
    assert unassessed == ControlResult(
        *("f", "0", "Of no rule here", ControlState.NOT_ASSESSED, ()),
        (TargetControl("t", ControlState.NOT_ASSESSED),),
        "the profile has none of its rules",
    )


@pytest.mark.parametrize(
    ("counts", "short", "why"),
    [
        ([count("a", passed=1), count("b", passed=1)], (), ""),
        ([count("a", passed=9), count("b", failed=1)], (), "fails: b"),
        ([count("a", unknown=1), count("b", manual=2)], (), "not decided: a; for a person: b"),
        (
            [count("a", unknown=1), count("b", passed=1)],
            ("a", "b"),
            "not decided: a; a gap may hide something from b",
        ),
        ([count("a"), count("b")], (), "its rules apply to nothing that was read"),
    ],
)
def test_why_a_control_is_in_its_state(
    counts: list[RuleCount], short: tuple[str, ...], why: str
) -> None:
    run = Judged.of(counts, frozenset(short))
    other = Judged.of([count("a", failed=1)])
    targets = [("t", run), ("u", other)]
    (result,) = control_results([Control("f", "1", "One", ("a", "b"))], run, targets, Merged())
    assert result.why == why
    assert [each.why for each in result.targets] == ["", "fails: a"], "where it is another"


def test_many_rules_are_counted() -> None:
    names = tuple("abcde")
    run = Judged.of([count(name, failed=1) for name in names])
    (result,) = control_results([Control("f", "1", "One", names)], run, [], Merged())
    assert result.why == "fails: a, b, c and 2 more"


def test_what_no_rule_of_the_program_speaks_to() -> None:
    """A person's, or nobody's: not a control that the profile left out."""
    run = Judged.of([count("a", passed=1)])
    controls = [
        Control("f", "1", "One", (), Decider.PERSON, "Who?"),
        Control("f", "2", "Two", (), Decider.HOST, "Is it locked?"),
        Control("f", "3", "Three", (), left_out="It is about contracts."),
        Control("f", "4", "Four", ()),
    ]
    found = control_results(controls, run, [("t", run)], Merged())
    assert [(each.state.value, each.why) for each in found] == [
        ("manual", "Who?"),
        ("not-covered", "Is it locked?"),
        ("not-covered", "It is about contracts."),
        ("not-covered", "no rule of this program speaks to it"),
    ]


def test_a_mapping_of_our_own_never_satisfies() -> None:
    """Passing rules support it; what fails, and what is not known, is as with any other."""
    ours = Control("f", "1", "One", ("a",), mapping=Basis.SUPPORTS, unreviewed=True)
    for counted, short, state in (
        (count("a", passed=1), (), "supported"),
        (count("a", passed=1), ("a",), "undetermined"),
        (count("a", failed=1), (), "not-satisfied"),
        (count("a"), (), "undetermined"),
    ):
        run = Judged.of([counted], frozenset(short))
        (result,) = control_results([ours], run, [("t", run)], Merged())
        assert (result.state.value, result.targets[0].state.value) == (state, state)
        assert result.unreviewed


def test_a_control_that_holds_says_where_it_is_undetermined() -> None:
    """What one target shows says nothing of another of which nothing was decided."""
    good, none = Judged.of([count("a", passed=1)]), Judged.of([count("a")])
    targets = [("good", good), ("b", none), ("c", none), ("d", none), ("e", none), ("f", good)]
    run = Judged.of([count("a", passed=2)])
    (result,) = control_results([Control("f", "1", "One", ("a",))], run, targets, Merged())
    assert result.state is ControlState.SATISFIED
    assert result.why == "undetermined on 4 of 6 targets: b, c, d and 1 more"
    assert result.targets[0] == TargetControl("good", ControlState.SATISFIED)
    assert result.targets[1] == TargetControl(
        "b", ControlState.UNDETERMINED, "its rules apply to nothing that was read"
    )
    alone = control_results([Control("f", "1", "One", ("a",))], run, targets[:1], Merged())
    assert alone[0].why == ""


def test_what_is_said_of_a_target_by_many_controls_is_one_value() -> None:
    """Of ten thousand targets two hundred controls say two million things, nearly all alike."""
    run = Judged.of([count("a", passed=1)])
    controls = [Control("f", name, "One", ("a",)) for name in "123"]
    found = control_results(controls, run, [("t", run), ("u", run)], Merged())
    for other in found:
        assert [each.target for each in other.targets] == ["t", "u"]
        assert all(a is b for a, b in zip(found[0].targets, other.targets, strict=True))


def test_targets_have_states_of_their_own() -> None:
    """One target fails, one passes, one was not read: the run as a whole fails."""
    good, bad = [count("a", passed=1)], [count("a", failed=1)]
    lost = Judged.of(good, frozenset({"a"}))
    targets = [("good", Judged.of(good)), ("bad", Judged.of(bad)), ("lost", lost)]
    run = Judged.of([count("a", passed=2, failed=1)], frozenset({"a"}))
    (result,) = control_results([Control("f", "1", "One", ("a",))], run, targets, Merged())
    assert result.state is ControlState.NOT_SATISFIED
    assert [(each.target, each.state.value) for each in result.targets] == [
        ("good", "satisfied"),
        ("bad", "not-satisfied"),
        ("lost", "undetermined"),
    ]


@pytest.mark.parametrize(
    ("absent", "short", "state"),
    [
        (("a", "b"), (), "not-assessed"),
        (("a",), (), "undetermined"),
        (("a", "b"), ("b",), "undetermined"),
        ((), (), "undetermined"),
    ],
    ids=["no such platform", "one of two", "a gap may have had some", "there and nothing of it"],
)
def test_of_a_platform_that_was_not_there(
    absent: tuple[str, ...], short: tuple[str, ...], state: str
) -> None:
    run = Judged.of([count("a"), count("b")], frozenset(short), frozenset(absent))
    control = Control("f", "1", "One", ("a", "b", "of no profile"))
    (result,) = control_results([control], run, [("t", run)], Merged())
    assert result.state is ControlState(state)
    assert result.targets == (TargetControl("t", ControlState(state)),)


def test_a_platform_that_one_target_is_of() -> None:
    """The run has what one target has; of the other the control was not assessed."""
    docker, cluster = [count("a", passed=1)], [count("a")]
    targets = [
        ("docker://", Judged.of(docker)),
        ("k8s://", Judged.of(cluster, absent=frozenset({"a"}))),
    ]
    run = Judged.of([count("a", passed=1)])
    (result,) = control_results([Control("f", "1", "One", ("a",))], run, targets, Merged())
    assert result.state is ControlState.SATISFIED
    assert [each.state.value for each in result.targets] == ["satisfied", "not-assessed"]


def test_controls_are_in_one_order() -> None:
    controls = [Control("g", "1", "", ()), Control("f", "2", "", ()), Control("f", "1", "", ())]
    found = control_results(controls, Judged.of([]), [], Merged())
    assert [(each.framework, each.id) for each in found] == [("f", "1"), ("f", "2"), ("g", "1")]
