"""Figures of live clusters: collecting against the package's models, and a whole large cluster."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run, wall

if TYPE_CHECKING:
    from benchmarks.figures import Bench

ROOT = Path(__file__).resolve().parents[1]
PODS = 20_000
MOST_MIB = 64
TOKEN = "k8s-" + "0123456789abcdefABCDEF" * 40
"""As long as that of a service account."""


@contextlib.contextmanager
def served(pages: Path, folder: Path, owners: Path | None = None) -> Iterator[Path]:
    """A kubeconfig of a server of these pages, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.apiserver", str(pages)]
    command += [str(owners)] if owners else []
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipe")
        port = int(process.stdout.readline())
        config = {
            "current-context": "bench",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "contexts": [{"name": "bench", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
        }
        path = folder / "kubeconfig.json"
        path.write_text(json.dumps(config))
        try:
            yield path
        finally:
            process.stdin.close()
            process.wait(10)


def collecting(bench: Bench) -> Figure:
    """20,000 pods: ``auditor collect`` against a loop over the models, by processor time."""
    with served(bench.pages(PODS), bench.folder) as kubeconfig:
        ours, theirs = paired(
            lambda: _collect(bench, kubeconfig),
            lambda: run([sys.executable, "-m", "benchmarks.models", kubeconfig]),
            bench.pairs,
        )
    ratio, spread = ratios(ours, theirs, cpu)
    idle = run([sys.executable, "-m", "auditor", "collect", "--help"])
    more = max(each.peak for each in ours) - idle.peak
    details: dict[str, object] = {
        "ours cpu s": median(ours, cpu),
        "models cpu s": median(theirs, cpu),
        "ours s": median(ours, wall),
        "models s": median(theirs, wall),
        "peak MiB": max(each.peak for each in ours),
        "MiB more than --help": more,
        "models peak MiB": max(each.peak for each in theirs),
        "memory kept": more <= MOST_MIB,
    }
    return Figure("collecting 20,000 pods, CPU", ratio, 1 / 20, spread, details)


def _collect(bench: Bench, kubeconfig: Path) -> Run:
    place = bench.folder / "collected"
    shutil.rmtree(place, ignore_errors=True)
    options = ["--output", place, "--kubeconfig", kubeconfig]
    env = {"XDG_CACHE_HOME": str(bench.cache)}
    command = [sys.executable, "-m", "auditor", "collect", "k8s://", *options]
    return run(command, env, allowed=(0, 3))


def cluster(bench: Bench) -> Figure:
    """Collect and audit 100,000 pods; the ratio is the memory against that of 10,000."""
    found: dict[int, Run] = {}
    for count in (10_000, 100_000):
        with served(bench.pages(count), bench.folder, bench.owners(count)) as kubeconfig:
            command = [sys.executable, "-m", "auditor", "scan", "k8s://", "--quiet"]
            command += ["--kubeconfig", str(kubeconfig), "-o", f"json={bench.output}"]
            env = {"XDG_CACHE_HOME": str(bench.cache)}
            run([*command, "--no-cache"], env, allowed=(0, 1, 3))
            found[count] = run([*command, "--no-cache"], env, allowed=(0, 1, 3))
    few, many = found.values()
    ratio = many.peak / few.peak
    details: dict[str, object] = {
        "100,000 pods s": many.wall,
        "100,000 pods cpu s": many.cpu,
        "peak MiB": many.peak,
        "10,000 pods s": few.wall,
        "peak MiB at 10,000": few.peak,
        **bench.verdicts(),
    }
    return Figure("a cluster of 100,000 pods, memory", ratio, 1.5, (ratio, ratio), details)
