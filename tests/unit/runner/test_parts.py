"""What files and shards add up to: every verdict once, whatever judgements they share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.analyses import Analyses
from auditor.engine.outcome import Judgement
from auditor.engine.tally import lane
from auditor.model.enums import Verdict
from auditor.runner.parts import Tallies
from auditor.runner.rows import Rows
from tests.sweeps import examples

LANES = st.builds(lane, st.integers(0, 700), st.sampled_from(list(Verdict)))
JUDGED = st.lists(
    st.lists(st.lists(LANES, max_size=3).map(tuple), min_size=1, max_size=4).flatmap(
        lambda tallies: st.lists(st.sampled_from(tallies), max_size=12)
    ),
    max_size=4,
)


def empty() -> Tallies:
    return Tallies(Rows(Analyses((), ())))


@given(files=JUDGED)
@examples(50)
def test_what_is_counted_by_judgement_is_what_its_tallies_add_up_to(
    files: list[list[tuple[int, ...]]],
) -> None:
    total = empty()
    for file in files:
        part = empty()
        for tallies in file:
            part.count(Judgement((), tallies))
        part.add_up()
        part.add_up()  # nothing twice
        total.add(part)
    assert total.tally == sum(sum(tallies) for file in files for tallies in file)


def test_tallies_that_nobody_else_holds_are_not_taken_for_others() -> None:
    """Python gives the id of an object that is gone to the next one."""
    part = empty()
    for rule in range(100):
        part.count(Judgement((), (lane(rule, Verdict.PASS), lane(rule, Verdict.FAIL))))
    part.add_up()
    expected = (lane(r, v) for r in range(100) for v in (Verdict.PASS, Verdict.FAIL))
    assert part.tally == sum(expected)
