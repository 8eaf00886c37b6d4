"""What nobody foresaw while one file is read: a gap of that file, and the rest is reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.cli.exits import INTERNAL
from auditor.cli.judging import Choices, Judging
from auditor.cli.wiring import SHIPPED
from auditor.config import read_config
from auditor.engine.sources import WantedKinds
from auditor.errors import UsageError
from auditor.model.enums import Answered
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.finding import Report
from auditor.model.resource import Gap, Resource, Target
from auditor.ports import Plan, Reading, Shard, Sink
from auditor.runner.gather import CollectionRequest, gather
from collectors.kubernetes.live.pages import PageReading, PagesCollector
from reports.results import render
from tests.e2e.passing import Passing, PassingReading
from tests.e2e.runs import Run, collector_of

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {0}, namespace: a}}
spec: {{hostPID: true, containers: [{{name: c, image: r.io/a}}]}}
"""
OWN = "an-opaque-token-of-ours-42"
TOKEN = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"


class Breaking(PassingReading):
    """A reading that fails behind its first object, as one with a bug in it would."""

    def resources(self) -> Iterator[Resource]:
        yield next(iter(self.inner.resources()))
        raise LookupError(f"no place for {TOKEN}")


@dataclass(frozen=True, slots=True)
class BreakingCollector(Passing):
    """Reads as the real one, but for the files called ``bad``."""

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        for each in self.inner.read(shard):
            if not isinstance(each, Gap) and "bad" in each.source:
                yield Breaking(each)
            else:
                yield each


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A collector that can't even list its target."""

    target: Target
    independent: bool = True

    def plan(self, shards: Callable[[int], int]) -> Plan:
        raise KeyError(str(shards))

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        raise AssertionError(shard)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("a", "bad-1", "bad-2", "z"):
        (root / f"{name}.yaml").write_text(POD.format(name) + "---\n" + POD.format(f"{name}-2"))
    return root


def report_of(run: Run, folder: Path, *collectors: Any) -> Report:
    folder.mkdir()
    return run.report(*collectors, spool=folder)


def seen(results: dict[str, Any]) -> set[str]:
    return {item["resource"]["name"] for item in results["findings"] if item["verdict"] == "fail"}


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.process)])
def test_a_file_that_breaks_us_is_a_gap(tree: Path, tmp_path: Path, workers: int) -> None:
    run = Run(workers=workers, shard_weight=1, gate="never")
    report = report_of(run, tmp_path / "spool", BreakingCollector(collector_of(tree)))
    results = json.loads(b"".join(render(report)))
    assert [(gap["scope"], gap["cause"], gap["detail"]) for gap in results["gaps"]] == [
        (f"{name}.yaml", "internal", "a bug of auditor while it was read: LookupError")
        for name in ("bad-1", "bad-2")
    ]
    assert seen(results) == {"a", "a-2", "bad-1", "bad-2", "z", "z-2"}
    assert results["gate"]["decision"] == "incomplete"
    assert report.bug.count("Traceback") == 1, "the first of them is told, in full"
    assert "LookupError" in report.bug
    assert TOKEN not in report.bug + json.dumps(results)


def test_nothing_of_such_a_file_is_remembered(tree: Path, tmp_path: Path) -> None:
    collector = collector_of(tree)
    run = Run(cache=tmp_path / "cache")
    report_of(run, tmp_path / "first", BreakingCollector(collector))
    mended = report_of(run, tmp_path / "second", collector)
    fresh = report_of(Run(), tmp_path / "third", collector)
    assert b"".join(render(mended)) == b"".join(render(fresh))
    assert mended.bug == ""


def test_a_target_that_breaks_us_leaves_the_others(tree: Path, tmp_path: Path) -> None:
    report = report_of(
        Run(), tmp_path / "spool", Unlisted(Target("unlisted", "files")), collector_of(tree)
    )
    results = json.loads(b"".join(render(report)))
    (gap,) = results["gaps"]
    assert (gap["target"], gap["scope"], gap["cause"]) == ("unlisted", "unlisted", "internal")
    assert "KeyError" in gap["detail"]
    assert seen(results) >= {"a", "z"}
    assert "KeyError" in report.bug


class Kept:
    """Bodies of pages: a pod on each."""

    def body(self, record: Record) -> bytes:
        pod = json.loads(json.dumps(yaml.safe_load(POD.format(f"of-page-{record.number}"))))
        return json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [pod]}).encode()


def cluster_of_pages() -> PagesCollector:
    records = tuple(
        Record(n, "k8s/Pod", "", f"GET /api/v1/pods?page={n}", "", "", Answered.OK, sha256=f"{n}")
        for n in (1, 2)
    )
    entry = TargetEntry("k8s://prod", "uid", "v1", "", Principal("us"), "", "", ("k8s/Pod",))
    return PagesCollector(entry, Kept(), records)


@dataclass(frozen=True, slots=True)
class BreakingPages:
    """Reads as the real one, but the second page, on which it fails: as a whole, or within it."""

    inner: PagesCollector
    whole: bool

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        for reading in self.inner.read(shard):
            broken = "page=2" in getattr(reading, "source", "")
            if broken and self.whole:
                raise LookupError("no place")
            yield Breaking(reading) if broken and isinstance(reading, PageReading) else reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize(
    ("whole", "detail"),
    [
        (True, "a bug of auditor while it was read: LookupError"),
        (False, "a bug of auditor while GET /api/v1/pods?page=2 was read: LookupError"),
    ],
)
def test_a_page_that_breaks_us_is_a_gap_of_its_kind(
    tmp_path: Path, detail: str, *, whole: bool
) -> None:
    collector = BreakingPages(cluster_of_pages(), whole)
    report = report_of(Run(gate="never"), tmp_path / "spool", collector)
    results = json.loads(b"".join(render(report)))
    (gap,) = [gap for gap in results["gaps"] if gap["cause"] == "internal"]
    assert (gap["scope"], gap["detail"]) == ("k8s/Pod", detail)
    assert "of-page-1" in seen(results)
    assert "k8s-gpu-quota-missing" not in gap["rules"], "it rests on other kinds"


@dataclass(frozen=True, slots=True)
class Short(BreakingCollector):
    """Reads as the real one, but has no memory for the files called ``bad``."""

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        for each in self.inner.read(shard):
            if not isinstance(each, Gap) and "bad" in each.source:
                raise MemoryError
            yield each


def test_memory_that_is_short_is_no_bug(tree: Path, tmp_path: Path) -> None:
    report = report_of(Run(gate="never"), tmp_path / "spool", Short(collector_of(tree)))
    results = json.loads(b"".join(render(report)))
    assert [(gap["scope"], gap["cause"], gap["detail"]) for gap in results["gaps"]] == [
        (f"{name}.yaml", "truncated", "there was not enough memory while it was read")
        for name in ("bad-1", "bad-2")
    ]
    assert seen(results) == {"a", "a-2", "z", "z-2"}
    assert report.bug == ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A live target that fails behind its first answer, as one with a bug in it would."""

    uri: str
    error: Exception

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        del kinds, progress
        sink.keep_out(OWN)
        answered = Record(1, "", "", "GET /version", "", "", Answered.OK)
        sink.add(answered, b"{}")
        raise self.error


def order_in(folder: Path) -> CollectionRequest:
    return CollectionRequest(
        WantedKinds(frozenset({"k8s/Pod"})), folder / "kept", folder, lambda: ""
    )


def quiet(uri: str, done: int, total: int) -> None:
    del uri, done, total


def test_a_cluster_that_breaks_us_leaves_the_others(tree: Path, tmp_path: Path) -> None:
    order = order_in(tmp_path)
    targets = (
        Cluster("k8s://one", LookupError(f"{TOKEN} {OWN}")),
        collector_of(tree),
        Cluster("k8s://two", ValueError("no")),
    )
    collectors, read = gather(targets, order, SHIPPED.reader_of, quiet)
    run = Run(gate="never")
    results = json.loads(b"".join(render(report_of(run, tmp_path / "spool", *collectors))))
    assert [(gap["scope"], gap["cause"], gap["detail"]) for gap in results["gaps"]] == [
        ("k8s://one", "internal", "a bug of auditor while it was read: LookupError"),
        ("k8s://two", "internal", "a bug of auditor while it was read: ValueError"),
    ]
    assert seen(results) >= {"a", "bad-1", "z"}
    assert results["gate"]["decision"] == "incomplete"
    states = {target["uri"]: target["state"] for target in results["targets"]}
    assert [states[f"k8s://{name}"] for name in ("one", "two")] == ["unreachable"] * 2
    assert "LookupError" in order.bug, "the first in the order of targets"
    assert order.bug.count("Traceback") == 1
    assert TOKEN not in order.bug
    assert OWN not in order.bug
    assert [len(each.records) for each in read.values()] == [1, 1], "what was answered is kept"


@pytest.mark.parametrize("error", [OSError(28, "full"), UsageError("wrong")])
def test_what_is_foreseen_ends_the_run(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        gather([Cluster("k8s://one", error)], order_in(tmp_path), SHIPPED.reader_of, quiet)


CHOICES = Choices(
    profile="ai-platform",
    settings=(),
    policies=(),
    stdout_format="terminal",
    outputs=(),
    fail_on="never",
    baseline=None,
    baseline_key=None,
    baseline_trust=None,
    baseline_any=False,
    waivers=None,
    answers=None,
    exit_zero=True,
    list_all=False,
    passes=False,
    group_by="rule",
    workers=1,
    no_cache=True,
    no_memo=False,
    plain=True,
    color="never",
    quiet=False,
    progress="none",
)


def test_the_program_ends_with_the_code_of_a_bug(
    tree: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Whatever the gate says, and --exit-zero; the report is whole, the traceback on stderr."""
    report = report_of(Run(), tmp_path / "spool", BreakingCollector(collector_of(tree)))
    assert Judging(CHOICES, read_config(), []).tell(report) == INTERNAL
    out, err = capfdbinary.readouterr()
    assert b"internal: a bug of auditor" in out
    assert out.splitlines()[-1].startswith(b"RESULT ")
    assert err.count(b"Traceback") == 1
    assert b"please report it" in err


def test_a_bug_before_there_was_a_report_ends_as_one_in_it(
    tree: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    report = report_of(Run(), tmp_path / "spool", collector_of(tree))
    assert Judging(CHOICES, read_config(), []).tell(report) == 0
    assert Judging(CHOICES, read_config(), []).tell(report, "Traceback of then") == INTERNAL
    assert b"Traceback of then" in capfdbinary.readouterr().err
