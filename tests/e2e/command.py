"""The program as its users start it: a process of its own, with an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ESTATE = ROOT / "examples" / "estate"
HOME = "AUDITOR_TEST_HOME"
"""The variable that names the home of whoever starts the program in tests."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    def results(self) -> dict[str, Any]:
        """Standard output as ``results.json``."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    def last_line(self) -> str:
        """The line made for ``grep``."""
        return self.out.splitlines()[-1]


def surroundings() -> dict[str, str]:
    """The least environment: what is kept of a run is kept where the tests clean up."""
    found = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    if HOME in os.environ:
        found.update(HOME=os.environ[HOME], TMPDIR=os.environ["TMPDIR"])
    return found


def auditor(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> Ran:
    """Run the command line. Nothing of the caller's environment reaches it but the path."""
    environment = {**surroundings(), **(env or {})}
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *map(str, arguments)],
        cwd=cwd or ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
        input=stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))
