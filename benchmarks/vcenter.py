"""Figures of a vCenter: 10,500 machines read, against the objects that pyVmomi makes of them.

Both are asked for the same properties by the same server, a hundred machines a page. What counts
is processor time: ``auditor collect`` from its start to its end, and a loop over the pages.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measure import Figure, Run, cpu, median, paired, ratios, run, wall
from tests.faults.vcenters import PASSWORD

if TYPE_CHECKING:
    from benchmarks.figures import Bench

MACHINES = 10_500
FEW = 1_050
MOST_MIB = 16
"""How much more the largest process may be for ten times as many machines."""
_ROOT = Path(__file__).resolve().parents[1]


class Served(NamedTuple):
    """A server in a process of its own."""

    port: int
    authority: Path


@contextlib.contextmanager
def served(count: int, folder: Path) -> Iterator[Served]:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.vcenter_server", str(count), str(folder)]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipe")
        try:
            yield Served(int(process.stdout.readline()), folder / "vcenter-ca.pem")
        finally:
            process.stdin.close()
            process.wait(10)


def vcenter(bench: Bench) -> Figure:
    """10,500 machines: ``auditor collect`` against a loop over pyVmomi's objects."""
    folder = bench.folder / "vcenter"
    with served(FEW, folder / "few") as server:
        few = [_collect(bench, server) for _ in range(bench.pairs)]
    with served(MACHINES, folder / "many") as server:
        ours, theirs = paired(
            lambda: _collect(bench, server),
            lambda: _models(server),
            bench.pairs,
        )
    ratio, spread = ratios(ours, theirs, cpu)
    more = max(each.peak for each in ours) - max(each.peak for each in few)
    details: dict[str, object] = {
        "ours cpu s": median(ours, cpu),
        "pyVmomi cpu s": median(theirs, cpu),
        "ours s": median(ours, wall),
        "pyVmomi s": median(theirs, wall),
        "peak MiB": max(each.peak for each in ours),
        "MiB more than for a tenth": more,
        "pyVmomi peak MiB": max(each.peak for each in theirs),
        "memory kept": more <= MOST_MIB,
    }
    return Figure("10,500 machines of a vCenter, CPU", ratio, 1 / 5, spread, details)


def _models(served: Served) -> Run:
    where = (str(served.port), str(served.authority), str(MACHINES))
    return run([sys.executable, "-m", "benchmarks.vcenter_models", *where], allowed=(0,))


def _collect(bench: Bench, served: Served) -> Run:
    place = bench.folder / "machines"
    shutil.rmtree(place, ignore_errors=True)
    env = {"XDG_CACHE_HOME": str(bench.cache), "AUDITOR_VSPHERE_PASSWORD": PASSWORD}
    target = f"vsphere://audit@127.0.0.1:{served.port}/"
    options = ["--profile", "vsphere", "--ca-file", str(served.authority), "--output", str(place)]
    command = [sys.executable, "-m", "auditor", "collect", target, *options]
    return run(command, env, allowed=(0, 3))
