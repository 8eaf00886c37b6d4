"""What aggregated roles come to, against the controller played in every order that chance has."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.label_selectors import Operator, Requirement, Requirements
from auditor.analysis.rights.aggregation import Labelled, Parts, parts_of
from tests.sweeps import examples


def having(**labels: str) -> Requirements:
    return tuple(Requirement(key, Operator.IN, (value,)) for key, value in labels.items())


def test_a_chain_of_roles() -> None:
    roles = {
        "monitoring": Labelled({}, (having(to="monitoring"),)),
        "monitor-all": Labelled({"to": "monitoring"}, (having(to="all"),)),
        "pods": Labelled({"to": "monitoring"}),
        "gpus": Labelled({"to": "all"}),
        "other": Labelled({}),
    }
    found = parts_of(roles)
    assert found["monitoring"] == Parts(("gpus", "pods"))
    assert found["monitor-all"] == Parts(("gpus",))
    assert found["other"] == Parts(("other",))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [({"to": "a"}, Parts(("plain",))), ({}, Parts(("plain",)))],
)
def test_a_role_never_finds_itself(labels: Mapping[str, str], expected: Parts) -> None:
    roles = {"a": Labelled(labels, (having(to="a"),)), "plain": Labelled({"to": "a"})}
    assert parts_of(roles)["a"] == expected


def test_a_role_that_finds_no_rule_keeps_its_own() -> None:
    roles = {
        "a": Labelled({}, (having(to="a"),)),
        "b": Labelled({"to": "c"}, (having(to="b"),)),
        "nothing": Labelled({"to": "b"}, empty=True),
        "c": Labelled({}, (having(to="c"),)),
    }
    found = parts_of(roles)
    assert [found[name] for name in "abc"] == [Parts(("a",)), Parts(("b",)), Parts(("b",))]


def test_what_is_written_in_a_cycle_is_not_settled() -> None:
    roles = {
        "a": Labelled({"to": "b"}, (having(to="a"),)),
        "b": Labelled({"to": "a"}, (having(to="b"),)),
        "plain": Labelled({"to": "a"}),
        "outside": Labelled({}, (having(to="b"),)),
    }
    found = parts_of(roles)
    assert found["a"] == found["b"] == found["outside"] == Parts(("plain",), ("a", "b"))


def test_many_roles_that_all_find_one_another() -> None:
    every: Requirements = ()
    roles = {f"r{at}": Labelled({}, (every,) if at % 2 else None) for at in range(400)}
    found = parts_of(roles)["r1"]
    assert (len(found.settled), len(found.unsettled)) == (200, 200)


def test_more_than_anybody_needs_is_not_followed_and_said() -> None:
    every: Requirements = ()
    many = {f"r{at}": Labelled({}, (every,)) for at in range(400)}
    found = parts_of({**many, "plain": Labelled({})})
    assert found["plain"] == Parts(("plain",))
    assert {found[name].followed for name in many} == {False}


NAMES = ("r0", "r1", "r2", "r3", "r4")
TIERS = st.sampled_from(["a", "b", "c", ""])
SELECTORS = st.one_of(
    st.sampled_from(["a", "b", "c"]).map(lambda tier: having(tier=tier)),
    st.just((Requirement("tier", Operator.NOT_IN, ("a",)),)),
    st.just((Requirement("tier", Operator.EXISTS),)),
    st.just((Requirement("tier", Operator.DOES_NOT_EXIST),)),
)
ROLES = st.fixed_dictionaries(
    {
        name: st.builds(
            Labelled,
            TIERS.map(lambda tier: {"tier": tier} if tier else {}),
            st.none() | st.lists(SELECTORS, min_size=1, max_size=2).map(tuple),
            st.booleans(),
        )
        for name in NAMES
    }
)


@examples(600)
@given(ROLES, st.integers(0, 1 << 30))
def test_the_controller_comes_to_the_same(roles: Mapping[str, Labelled], seed: int) -> None:
    """A role's rules are its own name; what the controller leaves is between sure and perhaps."""
    found = parts_of(roles)
    chance = random.Random(seed)
    for _ in range(3):
        held = _played(roles, chance)
        for name, parts in found.items():
            settled, unsettled = (
                _written(roles, each) for each in (parts.settled, parts.unsettled)
            )
            assert settled <= held[name] <= settled | unsettled
            if not unsettled:
                assert held[name] == settled


def _written(roles: Mapping[str, Labelled], names: Sequence[str]) -> set[str]:
    return {name for name in names if not roles[name].empty}


def _played(roles: Mapping[str, Labelled], chance: random.Random) -> Mapping[str, set[str]]:
    held = {name: _written(roles, [name]) for name in roles}
    aggregated = [name for name, role in roles.items() if role.selectors is not None]
    for _ in range(30):
        chance.shuffle(aggregated)
        for name in aggregated:
            others = [each for each in roles if each != name and _finds(roles[name], roles[each])]
            found = {rule for other in others for rule in held[other]}
            held[name] = found or held[name]  # an empty list is applied, and owns nothing
    return held


def _finds(role: Labelled, other: Labelled) -> bool:
    return any(all(_holds(each, other) for each in one) for one in role.selectors or ())


def _holds(each: Requirement, other: Labelled) -> bool:
    value = other.labels.get(each.key)
    match each.operator:
        case Operator.IN:
            return value in each.values
        case Operator.NOT_IN:
            return value not in each.values
        case Operator.EXISTS:
            return value is not None
        case Operator.DOES_NOT_EXIST:
            return value is None
