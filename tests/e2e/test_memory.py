"""Where memory is short: a gap, or an error with a sentence; never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import ESTATE, ROOT

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a}]}\n"
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) << 20,) * 2)
from auditor.cli.app import run
sys.exit(run(sys.argv[2:]))
"""


def limited(most: int, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in so many MiB."""
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(most), *map(str, arguments)],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_file_that_there_is_no_memory_for(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/small.yaml").write_text(POD)
    with (tmp_path / "in/large.yaml").open("wb") as file:
        file.truncate(250 << 20)
    ran = limited(240, "scan", "in", "--no-cache", "--workers", "1", "--plain", cwd=tmp_path)
    assert ran.returncode in {1, 3}, ran.stderr
    assert "large.yaml  truncated: there was not enough memory while it was read" in ran.stdout
    assert "Pod p" in ran.stdout, "the rest is reported"
    assert ran.stderr == ""


@pytest.mark.parametrize("most", [240, 300])
def test_a_bundle_in_little_memory(tmp_path: Path, most: int) -> None:
    """Each thread wants room for a stack: what flushes to the disk goes on without more of them."""
    options = ("--quiet", "--no-cache", "--no-sign", "--workers", "1", "--output", "bundle")
    ran = limited(most, "scan", ESTATE, *options, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_that_there_is_no_memory_for(tmp_path: Path) -> None:
    """What is encoded takes more than there is, and the folder that was begun is gone."""
    pods = ({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": f"p{n}"}} for n in range(9000))
    items = [{**pod, "spec": {"a": ["x" * 50] * 30}} for pod in pods]
    whole = json.dumps({"apiVersion": "v1", "kind": "PodList", "items": items})
    (tmp_path / "pods.json").write_text(whole)
    options = ("--quiet", "--no-cache", "--no-sign", "--workers", "1", "--output", "bundle")
    ran = limited(130, "scan", "pods.json", *options, cwd=tmp_path)
    assert ran.returncode in {1, 2, 3}, ran.stderr
    assert "Traceback" not in ran.stderr
    if ran.returncode == 2:
        assert ran.stderr.startswith("Error: there is not enough memory\n")
    left = {path.name for path in tmp_path.iterdir()} - {"pods.json"}
    assert left == (set() if ran.returncode == 2 else {"bundle"})
