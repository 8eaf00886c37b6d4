"""A missing engine skips loudly on a person's machine and fails where CI=true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty cache and a Go that builds nothing."""
    tools = tmp_path / "tools"
    tools.mkdir()
    go_tool = tools / "go"
    go_tool.write_text(
        '#!/bin/sh\n[ "$1" = env ] && echo go99.0.0 && exit 0\necho no network >&2\nexit 1\n'
    )
    go_tool.chmod(0o755)
    (tmp_path / "test_one.py").write_text("def test_one(apiserver): pass\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    path = f"{tools}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "AUDITOR_ENGINE_CACHE": str(tmp_path / "cache"), "PATH": path, "CI": ""}


def _run(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "tests.engines.plugin"),
            *("-p", "no:cacheprovider", f"--rootdir={folder}", str(folder / "test_one.py")),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_missing_engine_is_skipped_loudly(tmp_path: Path, broken: dict[str, str]) -> None:
    done = _run(tmp_path, broken)
    assert done.returncode == 0, done.stdout
    assert "1 skipped" in done.stdout
    assert "REAL ENGINES WERE NOT ASKED" in done.stdout
    assert "not available: " in done.stdout.split("REAL ENGINES WERE NOT ASKED", 1)[1]


def test_missing_engine_fails_in_continuous_integration(
    tmp_path: Path, broken: dict[str, str]
) -> None:
    done = _run(tmp_path, {**broken, "CI": "true"})
    assert done.returncode == 1, done.stdout
    assert "no network" in done.stdout
