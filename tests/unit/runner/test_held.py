"""What a run holds of each target until its end: little, however much came of it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.finding import RuleCount
from auditor.policy import policies_folder
from auditor.runner.counted import Counted
from auditor.runner.job import compiled_profile
from auditor.runner.settings import Chosen
from auditor.runner.state import TargetRun, later_rows, sorted_rows

RULES = compiled_profile(Chosen((policies_folder(),), "pod-security-restricted")).rules
NUMBERS = st.integers(0, (1 << 33) - 1)


@given(st.lists(st.tuples(*[NUMBERS] * 5), min_size=len(RULES), max_size=len(RULES)))
def test_counts_come_back(numbers: list[tuple[int, int, int, int, int]]) -> None:
    counts = tuple(
        RuleCount(active.rule.id, *each) for active, each in zip(RULES, numbers, strict=True)
    )
    assert Counted.of(counts, RULES).counts() == counts


def test_none_are_none() -> None:
    assert Counted().counts() == ()


def test_lines_and_rows_are_files_once_a_target_is_done(tmp_path: Path) -> None:
    """The rows of the run are still read in order, with those that were in files before."""
    (tmp_path / "before").write_bytes(b"a\t2\nc\t1\n")
    run = TargetRun(lines=[b"1\n", b"2\n"], later_rows=[b"d\t1\n", b"a\t1\n"])
    run.later_spools = [tmp_path / "before"]
    run.settle(tmp_path)
    assert (run.lines, run.later_rows) == ([], [])
    assert [Path(each).read_bytes() for each in run.spools] == [b"1\n2\n"]
    with ExitStack() as stack:
        assert list(later_rows([run], tmp_path).opened(stack)) == [
            b"a\t1\n",
            b"a\t2\n",
            b"c\t1\n",
            b"d\t1\n",
        ]
        assert list(sorted_rows(run, tmp_path).opened(stack)) == []


def test_nothing_is_no_file(tmp_path: Path) -> None:
    run = TargetRun()
    run.settle(tmp_path)
    assert (run.spools, run.later_spools, list(tmp_path.iterdir())) == ([], [], [])
