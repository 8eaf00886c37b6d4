"""What two tenants have in common of a device."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.isolation import ISOLATION, Isolation, Level, Mechanism, level_of
from auditor.analysis.gpu.shares import Certainty, Grant, Step, separation, shares

EXACT, DECLARED = Certainty.EXACT, Certainty.DECLARED
TURNS, EXCLUSIVE = Mechanism.TIME_SLICING, Mechanism.EXCLUSIVE


def mig(number: str) -> Step:
    return Step(Mechanism.MIG, number)


def grant(
    tenant: str,
    *path: Step,
    sharing: Mechanism = EXCLUSIVE,
    certainty: Certainty = EXACT,
    observer: bool = False,
) -> Grant:
    return Grant(tenant, f"{tenant}/pod", certainty, sharing, path, observer)


def told(*grants: Grant) -> list[tuple[str, str, str, str, str]]:
    return [
        (*each.tenants, each.level.word, each.mechanism.value, each.certainty.word)
        for each in shares(grants)
    ]


def test_the_example_of_the_page() -> None:
    assert told(
        grant("vision", mig("7")),
        grant("llm", mig("9"), sharing=TURNS),
        grant("web", mig("9"), sharing=TURNS, certainty=DECLARED),
        grant("ops", sharing=Mechanism.BYPASS),
    ) == [
        ("llm", "ops", "none", "bypass", "exact"),
        ("llm", "vision", "hardware", "mig", "exact"),
        ("llm", "web", "shared", "time-slicing", "declared"),
        ("ops", "vision", "none", "bypass", "exact"),
        ("ops", "web", "none", "bypass", "declared"),
        ("vision", "web", "hardware", "mig", "declared"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "mechanism"),
    [
        pytest.param((), (), Mechanism.UNKNOWN, id="both have the whole, as if alone"),
        pytest.param((mig("1"),), (mig("1"),), Mechanism.UNKNOWN, id="both have one instance"),
        pytest.param((mig("1"),), (mig("2"),), Mechanism.MIG, id="two instances"),
        pytest.param((mig("1"),), (mig(""),), Mechanism.UNKNOWN, id="perhaps the same instance"),
        pytest.param((), (mig("2"),), Mechanism.UNKNOWN, id="one has all of it"),
        pytest.param(
            (mig("1"), Step(Mechanism.COMPUTE_INSTANCE, "0")),
            (mig("1"), Step(Mechanism.COMPUTE_INSTANCE, "1")),
            Mechanism.COMPUTE_INSTANCE,
            id="two compute instances of one",
        ),
        pytest.param(
            (mig("1"), Step(Mechanism.COMPUTE_INSTANCE, "0")),
            (mig("2"), Step(Mechanism.COMPUTE_INSTANCE, "0")),
            Mechanism.MIG,
            id="compute instances of two",
        ),
        pytest.param(
            (Step(Mechanism.VGPU_MIG, "1"),),
            (mig("2"),),
            Mechanism.MIG,
            id="two ways to divide it at once",
        ),
    ],
)
def test_where_paths_part(
    one: tuple[Step, ...], other: tuple[Step, ...], mechanism: Mechanism
) -> None:
    for ours, theirs in ((one, other), (other, one)):
        assert separation(grant("a", *ours), grant("b", *theirs))[1] is mechanism


def test_pods_of_one_tenant_are_no_share() -> None:
    assert told(grant("a", sharing=TURNS), grant("a", sharing=TURNS)) == []


def test_an_observer_shares_nothing() -> None:
    assert told(grant("a"), grant("ops", observer=True)) == []


def test_the_weakest_counts_for_each_certainty() -> None:
    """What is exact stays, even where something weaker is only declared."""
    found = told(
        grant("a", mig("1")),
        grant("b", mig("2")),
        grant("b", mig("1"), sharing=TURNS, certainty=DECLARED),
        grant("a", mig("1"), sharing=TURNS),
    )
    assert found == [
        ("a", "b", "hardware", "mig", "exact"),
        ("a", "b", "none", "unknown", "declared"),
    ]


STEPS = st.builds(
    Step,
    st.sampled_from([Mechanism.MIG, Mechanism.COMPUTE_INSTANCE, Mechanism.VGPU_TIME_SLICED]),
    st.sampled_from(["", "1", "2"]),
)
GRANTS = st.builds(
    Grant,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["a/1", "b/1", "c/1"]),
    st.sampled_from(Certainty),
    st.sampled_from(Mechanism),
    st.lists(STEPS, max_size=3).map(tuple),
)


@given(GRANTS, GRANTS)
def test_never_more_than_the_weakest_step_that_may_be_in_common(one: Grant, other: Grant) -> None:
    """Both ways the same, and no more than the step at which the paths surely part."""
    isolation, mechanism = separation(one, other)
    assert (isolation, mechanism) == separation(other, one)
    assert level_of(isolation) <= level_of(ISOLATION[mechanism])
    steps = (step.mechanism for step in (*one.path, *other.path))
    most = [ISOLATION[each] for each in (*steps, one.sharing, other.sharing)]
    assert level_of(isolation) <= max(map(level_of, most))
    if Mechanism.BYPASS in (one.sharing, other.sharing):
        assert level_of(isolation) is Level.NONE


@given(GRANTS, GRANTS, st.integers(0, 2))
def test_knowing_less_never_isolates_more(one: Grant, other: Grant, at: int) -> None:
    """A part whose id is forgotten leaves the pair no better separated."""
    if at >= len(one.path):
        return
    path = tuple(
        Step(step.mechanism, "") if index == at else step for index, step in enumerate(one.path)
    )
    forgotten = Grant(one.tenant, one.pod, one.certainty, one.sharing, path)
    before: Isolation = separation(one, other)[0]
    assert level_of(separation(forgotten, other)[0]) <= level_of(before)


@given(st.lists(GRANTS, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_grants_changes_nothing(grants: list[Grant], dice: random.Random) -> None:
    before = list(shares(grants))
    dice.shuffle(grants)
    assert list(shares(grants)) == before


def test_thousands_of_pods_that_look_the_same_are_compared_once() -> None:
    many = [Grant(f"t{n % 40}", f"t{n % 40}/{n}", EXACT, TURNS) for n in range(20_000)]
    found = list(shares(many))
    assert len(found) == 40 * 39 // 2
    assert found[0].pods == ("t0/0", "t1/1")
