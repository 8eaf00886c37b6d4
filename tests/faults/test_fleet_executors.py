"""Targets of a file that are to be read elsewhere."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import ROOT, auditor
from tests.faults.fleets import cluster, scan, write

NO_EXECUTOR = {
    "ray://127.0.0.1:1": "no executor is called so",
    "dask://10.0.0.1:8786": "is not encrypted: whoever is in between runs code here and there",
    "dasks://127.0.0.1:1?ca=none&cert=none&key=none": "none: no such file",
}


@pytest.mark.parametrize("executor", NO_EXECUTOR)
def test_an_executor_that_is_none(running: Any, tmp_path: Path, executor: str) -> None:
    server = running("a")
    write(tmp_path, cluster("a"))
    done = scan(tmp_path, "--executor", executor)
    assert (done.code, done.out, server.asked) == (2, "", [])
    assert f"--executor {executor.partition('?')[0]}" in done.err
    assert NO_EXECUTOR[executor] in done.err
    assert "hint: " in done.err


def test_a_scheduler_that_is_not_there(running: Any, tmp_path: Path) -> None:
    """Before anything is read, and before its package is asked for minutes."""
    server = running("a")
    write(tmp_path, cluster("a"))
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    done = scan(tmp_path, "--executor", f"dask://127.0.0.1:{port}")
    assert (done.code, done.out, server.asked) == (2, "", [])
    assert f"dask://127.0.0.1:{port}: the scheduler can't be reached: " in done.err
    assert "hint: is it there, and is it tcp://? dask scheduler starts one" in done.err


def test_an_extra_that_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "distributed.py").write_text("raise ImportError(name='distributed')\n")
    write(tmp_path, "k8s://a")
    path = f"{tmp_path}:{ROOT}"
    words = ("scan", "--targets", "fleet.yaml", "--executor", "dask://127.0.0.1:1")
    done = auditor(*words, cwd=tmp_path, env={"PYTHONPATH": path}, cold=True)
    assert (done.code, done.out) == (2, "")
    assert "--executor dask://127.0.0.1:1: distributed is not installed" in done.err
    assert "hint: pip install 'auditor[dask]'" in done.err
