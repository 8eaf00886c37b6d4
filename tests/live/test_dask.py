"""A fleet on the workers of a real Dask cluster is the fleet on one machine, byte for byte."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import ROOT, Ran
from tests.e2e.signed import filled, ran
from tests.faults.server import Asked, Reply, Server, healthy, serving
from tests.faults.test_live_many import hangs, kubeconfig
from tests.live.schedulers import Scheduler, scheduling

SECRET = "canary-token"  # noqa: S105 - of a server of our own
LAST = "/api/v1/pods"
PROFILE = ("--profile", "pod-security-baseline", "--no-cache", "--no-sign", "-q")


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with scheduling(tmp_path_factory.mktemp("dask") / "d") as found:
        yield found


class Gate:
    """A server that keeps the last answer of a cluster back, until it is let."""

    def __init__(self) -> None:
        self.come, self.open = threading.Semaphore(0), threading.Event()
        self.held = True

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.path == LAST and self.held:
            self.come.release()
            self.open.wait(60)
        return None


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Any]:
    """Starts clusters and writes the file of targets."""
    with ExitStack() as stack:

        def write(*more: object, **clusters: Any) -> list[Server]:
            servers = []
            targets: list[object] = []
            for name, handler in clusters.items():
                servers.append(stack.enter_context(serving(handler)))
                folder = tmp_path / name
                folder.mkdir(exist_ok=True)
                kubeconfig(folder, {name: servers[-1].url, "other": "http://127.0.0.1:9"})
                each = {"target": f"k8s://{name}", "kubeconfig": f"{name}/kubeconfig"}
                targets.append({**each, **({"timeout": 1} if handler is hangs else {})})
            (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"targets": [*targets, *more]}))
            return servers

        yield write


def scan(folder: Path, *options: str | Path) -> Ran:
    return ran(folder, "scan", "--targets", "fleet.yaml", *PROFILE, *options)


def observed(dask: Scheduler, *plant: str) -> bytes:
    words = [sys.executable, "-m", "tests.live.observer", dask.address, *plant]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=60).stdout


def gaps(found: Path) -> list[tuple[str, str]]:
    results = json.loads((found / "results.json").read_text())
    return [(each["target"], each["detail"]) for each in results["gaps"]]


def test_the_bytes_of_one_machine(dask: Scheduler, fleet: Any, tmp_path: Path) -> None:
    """Of clusters, one that never answers, one that is not there, and what only we can read."""
    filled(tmp_path)
    (tmp_path / "tree").mkdir()
    shutil.copy(tmp_path / "pod.yaml", tmp_path / "tree")
    nowhere = {"target": "k8s://nowhere", "kubeconfig": "a/kubeconfig"}
    engine = {"target": "docker+unix:///nonexistent/docker.sock", "labels": {"env": "dev"}}
    servers = fleet(nowhere, engine, "tree", a=healthy, dead=hangs, b=healthy)
    here = scan(tmp_path, "--output", "here", "--workers", "1")
    asked = [len(each.asked) for each in servers]
    there = scan(tmp_path, "--output", "there", "--executor", dask.executor)
    assert (there.code, there.out, there.err) == (here.code, "", "") == (1, "", "")
    assert [len(each.asked) for each in servers] == [2 * each for each in asked]
    results = [(tmp_path / each / "results.json").read_bytes() for each in ("here", "there")]
    assert results[0] == results[1]
    assert b"k8s-pod" in results[0], "it is of something"
    names = [
        sorted(str(path.relative_to(tmp_path / each)) for path in (tmp_path / each).rglob("*"))
        for each in ("here", "there")
    ]
    assert [len(each) for each in names] == [len(names[0])] * 2
    again = ran(tmp_path, "replay", "there")
    assert (again.code, again.out.split()[:2]) == (0, ["REPLAY", "same"]), again.out
    assert observed(dask).count(b"'auditor-") >= 3, "workers read them"
    assert dask.scratch == []
