"""Lanes of one integer hold what a counter would."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.tally import count, counts, from_bytes, gathered, lane, scattered, to_bytes
from auditor.model.enums import Verdict

VERDICTS = st.lists(st.tuples(st.integers(0, 130), st.sampled_from(Verdict)), max_size=200)


@given(VERDICTS)
def test_a_tally_is_a_counter(verdicts: list[tuple[int, Verdict]]) -> None:
    tally = sum(lane(rule, verdict) for rule, verdict in verdicts)
    expected = Counter(verdicts)
    assert {(rule, verdict): n for rule, verdict, n in counts(tally)} == dict(expected)
    assert all(count(tally, rule, verdict) == n for (rule, verdict), n in expected.items())
    assert from_bytes(to_bytes(tally)) == tally


@given(VERDICTS, st.lists(st.integers(0, 130), max_size=9, unique=True))
def test_the_part_of_some_rules_is_small_and_comes_back(
    verdicts: list[tuple[int, Verdict]], rules: list[int]
) -> None:
    tally = sum(lane(rule, verdict) for rule, verdict in verdicts)
    part = gathered(tally, rules)
    assert part.bit_length() <= len(rules) * lane(1, next(iter(Verdict))).bit_length()
    assert scattered(part, rules) == sum(lane(*each) for each in verdicts if each[0] in rules)
