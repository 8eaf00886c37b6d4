"""What became of findings, against a plain reading of the definition, run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given

from auditor.history.course import trend_of
from auditor.model.enums import TargetState, Verdict
from auditor.model.history import ALL_RULES, FindingCourse, Hidden, RunSeen, TargetSeen
from tests.sweeps import examples
from tests.unit.history.made import DESIGN, RULES, TARGETS, finding, run, runs, target


@dataclass(frozen=True)
class Told:
    state: str
    first: str
    last: str
    mended: str
    decided: str
    reopened: int


def says(history: Sequence[RunSeen], at: int, identity: str, name: str, rule: str) -> str:
    """What one run says of one finding: open, clean, hidden or nothing (the oracle)."""
    now = history[at]
    of = {place for place, each in enumerate(now.targets) if identity_of(each) == identity}
    if not of:
        here = {identity_of(each) for each in now.targets}
        before = [{identity_of(each) for each in run.targets} for run in history[:at]]
        return "hidden" if any(identity in ran and ran & here for ran in before) else "nothing"
    listed = [each for each in now.findings if each.target in of]
    if any(each.fingerprint == name and each.verdict is Verdict.FAIL for each in listed):
        return "open"
    about = name.rsplit("/", 1)[0]  # rule and object
    if any(each.verdict is not Verdict.FAIL and each.fingerprint.startswith(f"{about}/")
           for each in listed):  # fmt: skip
        return "hidden"
    seen = [
        place
        for place, ran in enumerate(history[:at])
        if any(
            identity_of(ran.targets[each.target]) == identity
            and each.fingerprint == name
            and each.verdict is Verdict.FAIL
            for each in ran.findings
        )
    ]
    then = [each for each in history[seen[-1]].targets if identity_of(each) == identity]
    for row in (now.targets[place] for place in of):
        known = {glob for each in then for glob in each.globs}
        design = {each for row in then for each in row.hidden if each.design}
        if row.state is TargetState.UNREACHABLE or set(row.globs) - known:
            return "hidden"
        for each in set(row.hidden) - design:
            if rule in each.rules or ALL_RULES in each.rules:
                return "hidden"
    return "clean" if rule in now.judging.rules else "hidden"


def identity_of(each: TargetSeen) -> str:
    """The targets of chance have one name each; so that of one that is unreachable is known."""
    return each.uri if each.uid == "files" else dict(TARGETS).get(each.uri, each.uid)


def told(history: Sequence[RunSeen]) -> dict[tuple[str, str], Told]:
    """The course of each finding, looked up in the whole history each time."""
    found = {}
    known = {
        (identity_of(ran.targets[each.target]), each.fingerprint, each.rule)
        for ran in history
        for each in ran.findings
        if each.verdict is Verdict.FAIL
    }
    for identity, name, rule in known:
        words: list[tuple[str, str]] = []
        for place, ran in enumerate(history):
            said = says(history, place, identity, name, rule) if words or is_open(
                ran, identity, name
            ) else "nothing"  # fmt: skip
            words.append((said, ran.finished)) if said != "nothing" else None
        opens = [when for said, when in words if said == "open"]
        sure = [(said, when) for said, when in words if said in {"open", "clean"}]
        after = [when for said, when in sure if said == "clean" and when > opens[-1]]
        state = "mended" if after else "unseen" if words[-1][0] == "hidden" else "open"
        back = sum((one, two) == ("clean", "open") for (one, _), (two, _) in pairwise(sure))
        found[identity, name] = Told(
            state, opens[0], opens[-1], after[0] if after else "", sure[-1][1], back
        )
    return found


def is_open(ran: RunSeen, identity: str, name: str) -> bool:
    return any(
        each.fingerprint == name
        and each.verdict is Verdict.FAIL
        and identity_of(ran.targets[each.target]) == identity
        for each in ran.findings
    )


def shown(each: FindingCourse) -> Told:
    return Told(
        *(each.state.value, each.first_seen, each.last_seen, each.mended),
        *(each.decided, each.reopened),
    )


@given(made=runs())
@examples(400)
def test_as_a_plain_reading_of_the_definition(made: list[RunSeen]) -> None:
    history = sorted(made, key=lambda each: each.finished)
    found = trend_of(made)
    assert {(each.uid, each.fingerprint): shown(each) for each in found.findings} == told(history)
    for number, point in enumerate(found.points, 1):
        before, after = told(history[: number - 1]), told(history[:number])
        states = [each.state for each in after.values()]
        assert (point.open, point.unseen) == (states.count("open"), states.count("unseen"))
        assert point.new == len(after) - len(before)
        assert point.mended == sum(
            each.state == "mended" and before[name].state != "mended"
            for name, each in after.items()
            if name in before
        )
        assert point.reopened == sum(
            each.reopened - before[name].reopened for name, each in after.items() if name in before
        )


@given(made=runs())
@examples(100)
def test_the_order_of_runs_says_nothing(made: list[RunSeen]) -> None:
    assert trend_of(made) == trend_of(reversed(made))


LEAKY = finding(0, "r1", "x", "c")
NOT_MENDED = {
    "its target is unreachable": (
        run(2, targets=(target(state=TargetState.UNREACHABLE),)),
        "its target could not be read",
    ),
    "its rule was not judged": (run(2, rules=("r2",)), "its rule was not judged"),
    "it is unknown": (
        run(2, finding(0, "r1", "x", "c", Verdict.UNKNOWN)),
        "it could not be decided",
    ),
    "another element of its object is unknown": (
        run(2, finding(0, "r1", "x", "", Verdict.UNKNOWN)),
        "it could not be decided",
    ),
    "a gap of its kind": (
        run(2, targets=(target(hidden=(Hidden("a gap: k8s/Pod denied", ("r1",)),)),)),
        "a gap: k8s/Pod denied",
    ),
    "a file that was not read": (
        run(2, targets=(target(hidden=(Hidden("a gap: x.yaml malformed", (ALL_RULES,)),)),)),
        "a gap: x.yaml malformed",
    ),
    "what is not read by design, and was then": (
        run(2, targets=(target(hidden=(DESIGN,)),)),
        DESIGN.why,
    ),
    "files that somebody left out": (
        run(2, targets=(target(globs=("*.bak",)),)),
        "files were left out that were not when it was seen",
    ),
}


@pytest.mark.parametrize(("second", "why"), NOT_MENDED.values(), ids=NOT_MENDED)
def test_what_was_not_seen_is_not_mended(second: RunSeen, why: str) -> None:
    (found,) = trend_of([run(1, LEAKY), second]).findings
    assert (found.state.value, found.why, found.mended) == ("unseen", why, "")
    assert found.decided == found.last_seen == run(1).finished


def test_what_was_hidden_when_it_was_seen_hides_nothing() -> None:
    """A kind that is never read, and files that are always left out: it was seen all the same."""
    limited = target(hidden=(DESIGN,), globs=("*.bak",))
    first, second = run(1, LEAKY, targets=(limited,)), run(2, targets=(limited,))
    (found,) = trend_of([first, second]).findings
    assert (found.state.value, found.mended) == ("mended", second.finished)


def test_a_gap_of_other_rules_hides_nothing() -> None:
    second = run(2, targets=(target(hidden=(Hidden("a gap", ("r2",)),)),))
    assert trend_of([run(1, LEAKY), second]).points[1].mended == 1


def test_unseen_is_not_gone_and_comes_back_as_the_same() -> None:
    lost = run(2, targets=(target(state=TargetState.UNREACHABLE),))
    (found,) = trend_of([run(1, LEAKY), lost, run(3, LEAKY)]).findings
    assert (found.state.value, found.reopened, found.first_seen) == ("open", 0, run(1).finished)


def test_mended_and_back_again_is_reopened() -> None:
    made = trend_of([run(1, LEAKY), run(2), run(3, LEAKY)])
    assert [(p.new, p.mended, p.reopened, p.open) for p in made.points] == [
        (1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 1, 1),
    ]  # fmt: skip
    assert (made.findings[0].reopened, made.findings[0].mended) == (1, "")


def test_a_target_is_missing_where_it_ran_together_with_one_that_is_there() -> None:
    both = run(1, LEAKY, targets=(target(0), target(1)))
    made = trend_of([both, run(2, targets=(target(1),)), run(3, targets=(target(2),))])
    assert [point.missing for point in made.points] == [(), ("k8s://a",), ()]
    assert (made.findings[0].state.value, made.findings[0].why) == (
        "unseen",
        "its target is missing",
    )


def test_a_run_of_other_targets_says_nothing() -> None:
    made = trend_of([run(1, LEAKY), run(2, targets=(target(1),))])
    assert (made.findings[0].state.value, made.points[1].open) == ("open", 1)


def test_it_is_said_when_another_policy_found_it_mended() -> None:
    second = run(2)
    other = msgspec.structs.replace(second.judging, policy="sha256:1")
    for judging, otherwise in ((second.judging, False), (other, True)):
        made = trend_of([run(1, LEAKY), msgspec.structs.replace(second, judging=judging)])
        assert (made.findings[0].state.value, made.findings[0].otherwise) == ("mended", otherwise)


def test_a_cluster_is_the_same_by_another_name_and_a_folder_is_not() -> None:
    renamed = TargetSeen("k8s://other", "uid-a", TargetState.COMPLETE)
    assert trend_of([run(1, LEAKY), run(2, targets=(renamed,))]).points[1].mended == 1
    folders = [TargetSeen(uri, "files", TargetState.COMPLETE) for uri in ("m/", "n/")]
    made = trend_of([run(1, LEAKY, targets=folders[:1]), run(2, targets=folders[1:])])  # type: ignore[arg-type]  # a list will do
    assert made.points[1].mended == 0


def test_one_that_can_not_be_reached_does_not_say_who_it_is() -> None:
    """It is who had its name before; and what it had is unseen, in a run of it alone too."""
    lost = TargetSeen("k8s://a", "unreachable", TargetState.UNREACHABLE)
    others = TargetSeen("k8s://b", "unreachable", TargetState.UNREACHABLE)
    made = trend_of([run(1, LEAKY), run(2, targets=(lost, others))])
    assert [(each.target, each.uid, each.state.value) for each in made.findings] == [
        ("k8s://a", "uid-a", "unseen")
    ]
    assert (made.points[1].unseen, made.points[1].missing) == (1, ())


def test_one_target_alone() -> None:
    made = run(1, LEAKY, finding(1, "r2", "y"), targets=(target(0), target(1)), rules=RULES)
    (only,) = trend_of([made.only("://b")]).findings
    assert (only.target, only.uid, only.rule) == ("k8s://b", "uid-b", "r2")
