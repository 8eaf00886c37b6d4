"""Those who judge documents of OSCAL: NIST's schema and constraints, and the models of trestle.

They are packages of the registry with needs of their own, so they stand in the cache and not in the
environment of the tests, and run as a process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engines.build import cache_folder
from tests.engines.cache import EngineUnavailableError, locked

PINS = Path(__file__).parent / "oscal"
_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Oscal:
    """A folder of packages, by those who judge."""

    packages: Path

    def complaints(self, files: Sequence[Path], *, older: bool = False) -> list[tuple[str, str]]:
        """What is wrong with assessment results: (file, text); ``older`` are those of 1.1."""
        models = "older" if older else "newer"
        done = subprocess.run(
            [sys.executable, PINS / "judge.py", self.packages, models, *files],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            raise AssertionError(done.stderr[-2000:])
        return [(name, text) for name, text in map(json.loads, done.stdout.splitlines())]


def find_oscal() -> Oscal:
    """Install the packages where they are not yet.

    Raises:
        EngineUnavailableError: the registry can't be reached.
    """
    folder = cache_folder(os.environ, PINS) / f"python3.{sys.version_info.minor}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / "lock"):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            for pins in sorted(PINS.glob("*.txt")):
                _install(pins, partial / pins.stem)
            partial.replace(folder)
    return Oscal(folder)


def _install(pins: Path, folder: Path) -> None:
    """Unpack what is pinned, and nothing that it says it needs besides."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    chosen = ["--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--no-compile"]
    done = subprocess.run(
        [*command, *chosen, "--target", folder, "--requirement", pins],
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise EngineUnavailableError(f"pip install {pins.name}: {done.stderr[-500:]}")
