"""Those who judge our documents: NIST's schema and constraints of OSCAL, and CycloneDX's validator.

They are packages of the registry with needs of their own, so they stand in the cache and not in the
environment of the tests, and run as processes. A folder of pins has a file for each folder of
packages, and the program that asks them, which says a line of JSON for each problem.
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

OSCAL = Path(__file__).parent / "oscal"
CYCLONEDX = Path(__file__).parent / "cyclonedx"
_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Judge:
    """Packages that judge documents, and the folder that pins them."""

    pins: Path
    packages: Path

    def complaints(self, files: Sequence[Path], *options: str) -> list[tuple[str, str]]:
        """What is wrong with documents: (file, text)."""
        done = subprocess.run(
            [sys.executable, self.pins / "judge.py", self.packages, *options, *files],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            raise AssertionError(done.stderr[-2000:])
        return [(name, text) for name, text in map(json.loads, done.stdout.splitlines())]


def find_judge(pins: Path) -> Judge:
    """Install the packages where they are not yet.

    Raises:
        EngineUnavailableError: the registry can't be reached.
    """
    return Judge(pins, unpacked_packages(pins))


def unpacked_packages(pins: Path) -> Path:
    """The folder with what each file of a folder of pins names, installed where it is not yet.

    Raises:
        EngineUnavailableError: the registry can't be reached.
    """
    folder = cache_folder(os.environ, pins) / f"python3.{sys.version_info.minor}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / "lock"):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            for file in sorted(pins.glob("*.txt")):
                _install(file, partial / file.stem)
            partial.replace(folder)
    return folder


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
