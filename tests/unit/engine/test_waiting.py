"""What waits is counted, and cut out of bodies, as if nothing were remembered."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.outcome import Judgement
from auditor.engine.tally import counts
from auditor.engine.waiting import Reserved, paths_in
from auditor.platforms import PLATFORMS
from tests.sweeps import examples
from tests.unit.engine.making import active, plan
from tests.unit.engine.test_memo import BODIES, PODS, SECRET_RULES

RULES = (
    active("object.a == 1"),
    active("item.a == 1", each="object.?items.orValue([])"),
    active("has(object.b)", when="has(object.spec)"),
)
WAIT = (0, 2)


def reserved(*numbers: int) -> Reserved:
    rules = [(number, RULES[number]) for number in numbers]
    return Reserved(rules, PLATFORMS.shape_of("k8s/Thing"), listed=frozenset(), memo=True)


@given(st.lists(BODIES, min_size=1, max_size=5))
@examples(100)
def test_what_stands_and_what_waits_is_all_there_is(bodies: list[dict[str, object]]) -> None:
    made, waits = plan(*RULES), reserved(*WAIT)
    for body in [*bodies, *bodies]:
        judgements = made.judge(msgspec.json.encode(body))
        parted = [waits.apart(judgement) for judgement in judgements]
        held = waits.counted(waits.held(waiting for _, waiting in parted))
        stands = sum(standing.tally for standing, _ in parted)
        assert stands + held == sum(judgement.tally for judgement in judgements)
        assert {rule for rule, _, _ in counts(held)} == set(WAIT)
        assert {rule for rule, _, _ in counts(stands)} <= {1}
        assert _rules(waiting for _, waiting in parted) <= set(WAIT)
        assert _rules(standing for standing, _ in parted) <= {1}


def _rules(judgements: Iterable[Judgement]) -> set[int]:
    return {outcome.rule for each in judgements for outcome in each.outcomes}


@given(st.lists(PODS, min_size=1, max_size=6))
@examples(100)
def test_what_rules_read_is_cut_without_secrets(bodies: list[dict[str, object]]) -> None:
    rules = list(enumerate(SECRET_RULES))
    shape = PLATFORMS.shape_of("k8s/Thing")
    remembering = Reserved(rules, shape, listed=frozenset(), memo=True)
    for body in [*bodies, *bodies]:
        raw = msgspec.json.encode(body)
        found = remembering.cut(raw, clean=False)
        fresh = Reserved(rules, shape, listed=frozenset(), memo=True)
        assert found == fresh.cut(raw, clean=False)
        assert found.paths == tuple(paths_in(found.body))
        assert "hf_" + "a" * 34 not in str(found)
        assert "hf_" + "b" * 34 not in str(found)
