"""Small targets are judged on workers before their turn: the same bytes, whatever goes wrong."""

from __future__ import annotations

import json
import os
import pickle
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.errors import CollectionError
from auditor.model.resource import Gap
from auditor.ports import Collector, Plan, Reading, Shard
from auditor.runner.ahead import MANY
from tests.e2e.faulty import DIE, RAISE, FaultyCollector
from tests.e2e.passing import Passing
from tests.e2e.runs import Run, collector_of
from tests.unit.runner.test_many_targets import POD

pytestmark = pytest.mark.process

COUNT = MANY + 4
LARGE = 3
"""The number of one that is judged by workers of its own."""
WEIGHT = 4 << 10


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("targets")
    made = [root / f"t{number:02d}" for number in range(COUNT)]
    for number, folder in enumerate(made):
        folder.mkdir()
        for each in range(60 if number == LARGE else 1 + number % 2):
            (folder / f"{each}.yaml").write_text(POD.format(number=number * 100 + each))
    return made


def targets(folders: list[Path]) -> list[Collector]:
    return [collector_of(each, each.name) for each in folders]


@pytest.fixture(scope="module")
def expected(folders: list[Path]) -> bytes:
    return Run(shard_weight=WEIGHT).results(*targets(folders))


@pytest.mark.parametrize("workers", [2, 3])
def test_the_same_bytes_in_the_same_order(
    folders: list[Path], tmp_path: Path, expected: bytes, workers: int
) -> None:
    """Those that were judged by others; all but the large one, which has workers of its own."""
    logged = [
        FaultyCollector(each, tmp_path / each.target.uri, "", "")
        for each in (collector_of(folder, folder.name) for folder in folders)
    ]
    run = Run(workers=workers, shard_weight=WEIGHT)
    assert run.results(*logged) == expected
    readers = {number: each.readers() for number, each in enumerate(logged)}
    small = set[int]().union(*(found for number, found in readers.items() if number != LARGE))
    assert os.getpid() not in small
    assert len(small) <= workers
    assert small.isdisjoint(readers[LARGE])
    uris = [uri for uri, done, whole in run.seen if done == whole]
    assert uris == [folder.name for folder in folders], "each is told in its turn"


def test_few_are_judged_here(folders: list[Path], tmp_path: Path) -> None:
    logged = [
        FaultyCollector(collector_of(each, each.name), tmp_path / each.name, "", "")
        for each in folders[LARGE + 1 : MANY]
    ]
    Run(workers=2, shard_weight=WEIGHT).results(*logged)
    assert {number for each in logged for number in each.readers()} == {os.getpid()}


@pytest.mark.parametrize(("fault", "times"), [(DIE, 1), (RAISE, 1)])
def test_a_worker_that_dies_costs_nothing(
    folders: list[Path], tmp_path: Path, expected: bytes, fault: str, times: int
) -> None:
    found: list[Collector] = targets(folders)
    found[7] = FaultyCollector(found[7], tmp_path / "log", "0.yaml", fault, times)  # type: ignore[arg-type]  # a collector of files, as all of them
    assert Run(workers=2, shard_weight=WEIGHT).results(*found) == expected


def test_one_that_kills_twice_is_a_gap_of_its_target(folders: list[Path], tmp_path: Path) -> None:
    found: list[Collector] = targets(folders)
    found[7] = FaultyCollector(found[7], tmp_path / "log", "0.yaml", DIE, 9)  # type: ignore[arg-type]  # as above
    results = json.loads(Run(workers=2, shard_weight=WEIGHT).results(*found))
    assert {(gap["target"], gap["cause"]) for gap in results["gaps"]} == {("t07", "truncated")}


@dataclass(frozen=True, slots=True)
class Unlisted(Passing):
    """One that can't be listed."""

    def plan(self, shards: object) -> Plan:
        del shards
        raise CollectionError("nobody is there", hint="look again")


@dataclass(frozen=True, slots=True)
class Unpickled(Passing):
    """One that holds what no other process can have."""

    lock: object

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        return self.inner.read(shard)


def test_what_is_wrong_with_one_is_told_of_that_one(
    folders: list[Path], tmp_path: Path, expected: bytes
) -> None:
    del tmp_path
    found: list[Collector] = targets(folders)
    found[5] = Unlisted(found[5])  # type: ignore[arg-type]  # as above
    results = json.loads(Run(workers=2, shard_weight=WEIGHT).results(*found))
    states = {each["uri"]: each["state"] for each in results["targets"]}
    assert [uri for uri, state in states.items() if state != "complete"] == ["t05"]
    found = targets(folders)
    found[5] = Unpickled(found[5], threading.Lock())  # type: ignore[arg-type]  # as above
    assert Run(workers=2, shard_weight=WEIGHT).results(*found) == expected


def test_what_a_worker_is_told_is_small(folders: list[Path]) -> None:
    assert len(pickle.dumps(targets(folders)[0])) < 1 << 14
