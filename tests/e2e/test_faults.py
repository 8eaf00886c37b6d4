"""Workers that die, raise, leave or hang: one shard is done again, and nothing is lost unseen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.runner.pool import WorkerError
from reports.results import render
from tests.e2e.command import ROOT
from tests.e2e.faulty import DIE, DIE_LATE, FULL, LEAVE, RAISE, FaultyCollector
from tests.e2e.runs import SMALL_SHARD, Run, collector_of, generate

SHARDS = 6
DEADLINE = 30.0


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("faults") / "tree", 60)


@pytest.fixture(scope="module")
def expected(tree: Path) -> bytes:
    return Run().results(collector_of(tree))


def marked(tree: Path) -> str:
    """A file in the middle of the tree."""
    paths = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    return paths[len(paths) // 2]


def faulty(tree: Path, tmp_path: Path, fault: str, times: int = 1) -> FaultyCollector:
    return FaultyCollector(collector_of(tree), tmp_path / "log", marked(tree), fault, times)


BEHIND_CLAIMS = {
    *("k8s-runtime-socket-mounted", "k8s-host-path-sensitive", "k8s-host-shared-memory-mounted"),
}
COUNTED = {"model-server-vulnerable"}


def intact(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Findings, but for pods of which a file that was not read may hold the volume of a claim.

    And but for the message of a version, which says how often it is seen.
    """
    return [
        item | ({"message": ""} if item["rule"] in COUNTED else {})
        for item in results["findings"]
        if item["rule"] not in BEHIND_CLAIMS or item["verdict"] != "unknown"
    ]


@pytest.mark.parametrize("fault", [DIE, DIE_LATE, LEAVE])
def test_a_lost_worker_costs_one_shard(
    tree: Path, tmp_path: Path, expected: bytes, fault: str
) -> None:
    collector, run = faulty(tree, tmp_path, fault), Run(workers=3)
    assert run.results(collector) == expected
    reads = Counter(collector.shards_read())
    assert len(reads) >= SHARDS, "the tree is big enough for several shards"
    (again,) = [shard for shard, times in reads.items() if times > 1]
    assert reads[again] == 2, "one shard was read again, once; all others once"
    done = [event[1] for event in run.seen]
    assert done == list(range(len(reads) + 1)), "each shard counts once as done"


def test_a_shard_that_kills_twice_is_a_gap(tree: Path, tmp_path: Path, expected: bytes) -> None:
    collector = faulty(tree, tmp_path, DIE, times=2)
    results = json.loads(Run(workers=3).results(collector))
    whole = json.loads(expected)
    lost = {gap["scope"] for gap in results["gaps"]} - {gap["scope"] for gap in whole["gaps"]}
    assert marked(tree) in lost
    (gap,) = [gap for gap in results["gaps"] if gap["scope"] == marked(tree)]
    assert gap["cause"] == "truncated"
    assert "killed twice" in gap["detail"]
    assert results["targets"][0]["state"] == "partial"
    kept = {file_of(finding) for finding in results["findings"]}
    assert kept.isdisjoint(lost), "no finding about what was not read"
    needy = {rule for gap in results["gaps"] for rule in gap["rules"]}
    assert needy, "rules that need other resources can't be decided"
    here = [item for item in intact(results) if item["rule"] not in needy]
    there = [item for item in intact(whole) if item["rule"] not in needy]
    assert here == [item for item in there if file_of(item) not in lost], "the rest is intact"
    assert {item["verdict"] for item in results["findings"] if item["rule"] in needy} <= {"unknown"}


def file_of(finding: dict[str, Any]) -> str:
    return str(finding["resource"]["file"])


ALWAYS = 1_000


@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_is_a_gap_of_one_file(
    tree: Path, tmp_path: Path, expected: bytes, workers: int
) -> None:
    """And the traceback is kept, for the one who runs it: see tests/unit/runner/test_mishaps.py."""
    collector = faulty(tree, tmp_path, RAISE, times=ALWAYS)
    results, whole = json.loads(Run(workers=workers).results(collector)), json.loads(expected)
    lost = [gap for gap in results["gaps"] if gap not in whole["gaps"]]
    assert [(gap["scope"], gap["cause"]) for gap in lost] == [(marked(tree), "internal")]
    assert lost[0]["detail"] == "a bug of auditor while it was read: ZeroDivisionError"
    needy = {rule for gap in lost for rule in gap["rules"]}
    here = [item for item in intact(results) if item["rule"] not in needy]
    there = [item for item in intact(whole) if item["rule"] not in needy]
    assert here == [item for item in there if file_of(item) != marked(tree)], "the rest is intact"


@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_that_does_not_come_again_costs_nothing(
    tree: Path, tmp_path: Path, expected: bytes, workers: int
) -> None:
    collector = faulty(tree, tmp_path, RAISE)
    report = Run(workers=workers).report(collector, spool=empty(tmp_path))
    assert b"".join(render(report)) == expected
    assert "ZeroDivisionError: a fault on purpose" in report.bug, "it is told all the same"


def empty(folder: Path) -> Path:
    (folder / "spool").mkdir()
    return folder / "spool"


def test_what_the_system_refuses_ends_a_worker(
    tree: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WorkerError) as caught:
        Run(workers=3).results(faulty(tree, tmp_path, FULL))
    assert "a worker failed on one of" in str(caught.value)
    assert caught.value.hint == "scan them with --workers 1 to find the one"
    assert "No space left on device" in capfd.readouterr().err


def test_what_the_system_refuses_ends_this_process(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        Run(workers=1).results(faulty(tree, tmp_path, FULL))


def test_a_worker_killed_from_outside(tree: Path, tmp_path: Path, expected: bytes) -> None:
    """A worker that hangs holds up the run; killed, its shard is done again."""
    with start(tree, tmp_path) as process:
        try:
            os.kill(hanging_worker(tree, tmp_path), signal.SIGKILL)
            out, _ = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    assert out == expected


def test_no_orphans(tree: Path, tmp_path: Path) -> None:
    """Idle workers end when the parent is killed, whatever the others do."""
    with start(tree, tmp_path) as process:
        try:
            hanging = hanging_worker(tree, tmp_path)
            workers = children(process.pid)
        finally:
            process.kill()
    assert hanging in workers
    assert len(workers) == 3
    try:
        idle = workers - {hanging}
        wait_until(lambda: not any(alive(worker) for worker in idle), "idle workers end")
    finally:
        os.kill(hanging, signal.SIGKILL)


PROGRAM = """
import sys
from pathlib import Path
from tests.e2e.faulty import FaultyCollector, HANG
from tests.e2e.runs import Run, collector_of
tree, log, marked = sys.argv[1:]
collector = FaultyCollector(collector_of(Path(tree)), Path(log), marked, HANG)
sys.stdout.buffer.write(Run(workers=3).results(collector))
"""


def start(tree: Path, tmp_path: Path) -> subprocess.Popen[bytes]:
    """A run of its own process in which the worker of the marked file hangs."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tree, tmp_path / "log", marked(tree)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )


def hanging_worker(tree: Path, tmp_path: Path) -> int:
    """The process that hangs, once all shards are given out."""
    log = tmp_path / "log"
    plan = collector_of(tree).plan(lambda weight: weight // SMALL_SHARD)
    (number,) = [shard.number for shard in plan.shards if marked(tree) in shard.items]
    wait_until(
        lambda: log.exists() and log.read_text().count("\n") == len(plan.shards),
        "all shards are given out",
    )
    readers = dict(line.split()[:2] for line in log.read_text().splitlines())
    return int(readers[str(number)])


def children(parent: int) -> set[int]:
    tasks = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return {int(pid) for pid in tasks.split()}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)
