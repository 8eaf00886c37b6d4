"""A run of pytest within a test, for what is looked at in runs themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.e2e.command import ROOT, surroundings


def ran_tests(folder: Path, *arguments: str | Path, cwd: Path | None = None) -> str:
    """Run the tests of a folder in a process of its own, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "--rootdir", folder],
        cwd=cwd or folder,
        env={"PYTHONPATH": str(ROOT), **surroundings()},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout
