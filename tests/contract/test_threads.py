"""What collectors do in threads: several clusters are read at once."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import every
from tests.e2e.command import ROOT, surroundings
from tests.faults.server import Server, healthy
from tests.faults.test_live_many import PROFILE, kubeconfig

MAX_PARALLEL_TARGETS = 8
EAGER = """
import sys, threading
from auditor.__main__ import main

def hook(event, arguments):
    inside = threading.current_thread() is not threading.main_thread()
    if event == "import" and inside and arguments[0].startswith(("auditor.", "collectors.")):
        print("imported in a thread:", arguments[0], file=sys.stderr)

sys.addaudithook(hook)
sys.setswitchinterval(1e-6)
main()
"""
"""The program, with threads that take turns as often as they can."""


@pytest.mark.process
@pytest.mark.parametrize(
    "attempt", [1, *(pytest.param(each, marks=pytest.mark.long) for each in (2, 3))]
)
def test_many_clusters_at_once(tmp_path: Path, attempt: int) -> None:
    """Two threads that are the first to decode one kind of answer ended the process (SIGSEGV)."""
    del attempt
    names = [f"c{number}" for number in range(MAX_PARALLEL_TARGETS)]
    servers = [Server(healthy) for _ in names]
    try:
        kubeconfig(tmp_path, dict(zip(names, (each.url for each in servers), strict=True)))
        targets = [f"k8s://{name}" for name in names]
        options = ["--kubeconfig", "kubeconfig", "--format", "json", *PROFILE]
        done = subprocess.run(
            [sys.executable, "-c", EAGER, "scan", *targets, *options],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), **surroundings()},
            capture_output=True,
            check=False,
            timeout=60,
        )
    finally:
        for each in servers:
            each.close()
    assert (done.returncode, done.stderr.decode()) == (1, "")
    states = {each["uri"]: each["state"] for each in json.loads(done.stdout)["targets"]}
    assert states == dict.fromkeys(targets, "complete")


SOURCES = {
    str(path.relative_to(ROOT)): path for path in sorted((ROOT / "collectors").rglob("*.py"))
}


def test_decoders_are_made_when_a_module_is_loaded() -> None:
    """msgspec looks at a type when it first meets it, and two threads may not do that at once."""
    every(SOURCES, makes_its_decoders_when_it_is_loaded)


def makes_its_decoders_when_it_is_loaded(path: Path) -> None:
    inside = (
        node
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    )
    assert [ast.unparse(call) for call in inside if _meets_a_type(call)] == []


def _meets_a_type(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    by_type = [ast.unparse(each.value) for each in call.keywords if each.arg == "type"]
    return name.endswith("Decoder") or (
        name.startswith("msgspec.") and by_type not in ([], ["str"])
    )
