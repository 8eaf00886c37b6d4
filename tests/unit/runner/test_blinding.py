"""Verdicts that a gap takes back: the same lines, sorted, however many there are."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.lines import FIELD
from auditor.engine.merge import Merger, blinded
from auditor.model.enums import Verdict
from auditor.runner import spools
from auditor.runner.blinding import into_files
from auditor.runner.merging import merged
from auditor.runner.state import TargetRun
from tests.sweeps import examples

BLIND = {"blind": "k8s/Pod was not read (denied: no)", "b": "gone"}


def line(verdict: str, rule: str, name: str, place: str = "a", message: str = "m") -> bytes:
    """A line as the engine writes it, as far as merging looks at it."""
    shown = f'{{"fingerprint":"{name:0>64}","covers":1,"rule":"{rule}","verdict":"fail",'
    shown += f'"message":{json.dumps(message)}}}'
    identity = FIELD.join((verdict, rule, f'"{name}"', f"{name:0>64}"))
    return f"{identity}\t0{place}\t1\t{shown}\n".encode()


LINES = st.builds(
    line,
    st.sampled_from(("00", "02", "10", "13", "24", "31", "40")),
    st.sampled_from(("a", "b", "blind", "c")),
    st.sampled_from("xyz"),
    st.sampled_from("ab"),
    st.sampled_from(("m", "n\t")),
)


@given(st.lists(LINES, max_size=30))
@examples(100)
def test_the_same_lines_in_sorted_files(
    tmp_path_factory: pytest.TempPathFactory, found: list[bytes]
) -> None:
    paths = into_files(sorted(found), BLIND, tmp_path_factory.mktemp("t") / "blinded-000001")
    files = [path.read_bytes().splitlines(keepends=True) for path in paths]
    assert len(files) <= len(Verdict) + 1
    assert all(lines == sorted(lines) for lines in files)
    assert sorted(each for lines in files for each in lines) == blinded(sorted(found), BLIND)


@given(st.lists(st.lists(LINES, max_size=90), max_size=4), st.sampled_from((0, 110, 150)))
@examples(60)
def test_files_come_to_the_same_findings(
    tmp_path_factory: pytest.TempPathFactory, targets: list[list[bytes]], others: int
) -> None:
    """Of many targets less is held of each; of more of them everything is in files."""
    folder = tmp_path_factory.mktemp("t")
    runs = [TargetRun() for _ in range(others)]
    for number, found in enumerate(targets):
        spool = folder / f"shard-{number}"
        spools.write(spool, sorted(found[::2]))
        blind = BLIND if number != 1 else {}
        runs.append(TargetRun(spools=[str(spool)], lines=sorted(found[1::2]), blind=blind))
    merger = Merger(needy=frozenset(), list_all=True)
    with merged(merger, runs, folder) as parts:
        told = [each for part in parts for each in part]
    other = Merger(needy=frozenset(), list_all=True)
    whole = [blinded(_all(run), run.blind) for run in runs]
    assert told == [each for part in other.merge(whole) for each in part]
    assert merger.merged == other.merged


def _all(run: TargetRun) -> list[bytes]:
    return [*b"".join(Path(each).read_bytes() for each in run.spools).splitlines(True), *run.lines]


def test_more_lines_that_are_taken_back_need_no_more_memory(tmp_path: Path) -> None:
    """Three times as many lines, of two KB each: what is held of each would show."""

    def lines(count: int) -> Iterator[bytes]:
        for number in range(count):
            yield line("00", "blind", f"{number:07d}", message="x" * 2_000)

    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        folder.mkdir()
        spools.write(folder / "shard", lines(count))
        run = TargetRun(spools=[str(folder / "shard")], blind=BLIND)
        merger = Merger(needy=frozenset(), list_all=True)
        gc.collect()
        tracemalloc.start()
        with merged(merger, [run], folder) as parts:
            assert sum(len(part) for part in parts) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert merger.merged.tallies == {("unknown", "critical"): count}
        return found

    few = peak(6_000)
    assert peak(18_000) < few + (2 << 20)
