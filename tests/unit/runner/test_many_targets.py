"""More targets than a process may open files: the same findings as of one target."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.runner import spools, worker
from tests.e2e.runs import Run, collector_of
from tests.sweeps import examples

COUNT = 160
POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: p{number}}}
spec: {{hostPID: true, containers: [{{name: c, image: r.io/a}}]}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ml}\n"


@pytest.fixture
def few_files() -> Iterator[None]:
    """Lower the limit of open files to what a careful system has, beside those of other tests."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = spools.MOST_OPEN + 64 + _open_now()
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _open_now() -> int:
    """How many files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def findings(results: bytes) -> list[tuple[Any, ...]]:
    return [
        (item["rule"], item["verdict"], item["resource"]["name"], item["message"])
        for item in json.loads(results)["findings"]
    ]


@pytest.mark.usefixtures("few_files")
def test_each_file_a_target(tmp_path: Path) -> None:
    """One of them can't be read in part, which blinds rules of that target alone."""
    for number in range(COUNT):
        (tmp_path / f"p{number:04d}.yaml").write_text(POD.format(number=number))
    (tmp_path / "broken.yaml").write_text(NAMESPACE + "---\na: [")
    (tmp_path / "whole.yaml").write_text(NAMESPACE)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) > spools.MOST_OPEN
    alone = [Run().results(collector_of(path, path.name)) for path in (paths[0], *paths[-2:])]
    run = Run()
    together = run.results(*(collector_of(path, path.name) for path in paths))
    told = findings(together)
    for results in alone:
        assert set(findings(results)) <= set(told)
    high = [name for rule, _, name, _ in told if rule == "k8s-pod-host-process-namespace"]
    assert sorted(high) == sorted(f"p{number}" for number in range(COUNT))
    posture = [
        (item["resource"]["target"], item["verdict"])
        for item in json.loads(together)["findings"]
        if item["rule"] == "k8s-default-deny-ingress-missing"
    ]
    assert posture == [("whole.yaml", "fail"), ("broken.yaml", "unknown")]


@pytest.mark.process
def test_a_shard_of_more_lines_than_it_holds(tmp_path: Path) -> None:
    """They are put into several files, and come back in one order."""
    pods = 100
    for number in range(4):
        text = "---\n".join(POD.format(number=number * pods + each) for each in range(pods))
        (tmp_path / f"{number}.yaml").write_text(text)
    alone = Run(list_all=True, shard_weight=1 << 30).results(collector_of(tmp_path, "t"))
    found = json.loads(alone)["findings"]
    assert len(found) > 2 * worker.MOST_LINES
    named = [
        item["resource"]["name"]
        for item in found
        if item["rule"] == "k8s-pod-host-process-namespace" and item["verdict"] == "fail"
    ]
    assert sorted(named) == sorted(f"p{number}" for number in range(4 * pods))
    assert Run(list_all=True, workers=2).results(collector_of(tmp_path, "t")) == alone


@given(
    st.lists(
        st.lists(st.binary(max_size=3).map(lambda text: text.hex().encode() + b"\n"), max_size=4)
    )
)
@examples(50)
def test_joining_keeps_lines_and_order(
    tmp_path_factory: pytest.TempPathFactory, shards: list[list[bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("joined")
    paths = []
    for number, lines in enumerate(shards):
        path = folder / f"shard-{number}"
        spools.write(path, sorted(lines))
        paths.append(path)
    left = spools.joined(paths, folder, most=2)
    assert len(left) <= 2
    found = [line for path in left for line in path.read_bytes().splitlines(keepends=True)]
    assert sorted(found) == sorted(line for lines in shards for line in lines)
    for path in left:
        lines = path.read_bytes().splitlines(keepends=True)
        assert lines == sorted(lines)
