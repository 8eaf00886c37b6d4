"""A page of 200 MB, over a real socket and with the patience that we ship."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.command import ROOT, surroundings
from tests.faults.clusters import PODS, on
from tests.faults.server import Asked, Reply, page, pod, serving
from tests.faults.test_live_many import kubeconfig

SIZE = 200_000_000
MEMORY = 300
"""MiB. What is read of an answer ends at 64 MiB; a page of 191 MiB is never there as a whole."""

MEASURED = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=sys.stderr)
"""
"""Starts a command from a small process: the peak of a child begins with that of its parent."""


def scan(folder: Path, url: str) -> tuple[int, float]:
    """Scan a server into ``results.json`` of the folder; the exit code and the peak in MiB."""
    path = kubeconfig(folder, {"large": url})
    command = ["scan", "k8s://", "--kubeconfig", str(path), "--no-cache", "--format", "json"]
    command += ["--profile", "pod-security-baseline"]
    process = subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, "-m", "auditor", *command],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), **surroundings()},
        capture_output=True,
        check=True,
        timeout=120,
    )
    (folder / "results.json").write_bytes(process.stdout)
    code, peak = process.stderr.split()[-2:]
    return int(code), int(peak) / 1024


def test_one_object_of_200_mb(tmp_path: Path) -> None:
    """It can't be asked for in smaller parts: it is a gap, and was never in memory as a whole."""
    huge = pod("huge")
    huge["metadata"]["annotations"] = {"x": "y" * SIZE}
    reply = page([huge])
    with serving(on(PODS, reply)) as server:
        code, peak = scan(tmp_path, server.url)
    document = json.loads((tmp_path / "results.json").read_bytes())
    (gap,) = document["gaps"]
    assert (code, gap["scope"], gap["cause"]) == (3, "k8s/Pod", "truncated")
    assert "more than 67,108,864 bytes" in gap["detail"]
    assert peak < MEMORY


def test_a_page_of_200_mb_is_read_in_parts(tmp_path: Path) -> None:
    """500 pods of 400 kB, of which an API server would send 500 at a time."""
    spare = "y" * (SIZE // 500)

    def handle(asked: Asked) -> Reply:
        start, limit = int(asked.query.get("continue", "0")), int(asked.query["limit"])
        pods = [pod(f"p{number}") for number in range(start, min(500, start + limit))]
        for each in pods:
            each["status"] = {"message": spare}
        return page(pods, **({"continue": str(start + limit)} if start + limit < 500 else {}))

    with serving(on(PODS, handle)) as server:
        code, peak = scan(tmp_path, server.url)
    document = json.loads((tmp_path / "results.json").read_bytes())
    assert document["gaps"] == []
    assert document["coverage"]["resources"]["k8s/Pod"]["seen"] == 500
    assert (code, peak < MEMORY) == (0, True), peak
