"""Wheels of what the program needs, asked of the registry once, so that tests can install it.

To choose among all the versions of forty packages takes pip half a minute. What is chosen here is
what the environment of the tests has.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.engines.build import cache_folder
from tests.engines.cache import EngineUnavailableError, locked

ROOT = Path(__file__).resolve().parents[2]
_BACKEND = ("hatchling", "editables")
_SECONDS = 900


def wheels(python: Path | str = sys.executable) -> Path:
    """A folder of all that ``pip install`` of the checkout asks for, under an interpreter.

    Raises:
        EngineUnavailableError: the registry can't be reached, or has no wheel of something.
    """
    pins = "".join(sorted(f"{name}=={version}\n" for name, version in _here().items()))
    said = subprocess.run([python, "-VV"], check=True, capture_output=True, text=True).stdout
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    key = hashlib.sha256(f"{pins}\0{said}\0{project}".encode()).hexdigest()[:16]
    folder = cache_folder(os.environ).parent / "wheels" / key
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.with_suffix(".lock")):
            if not folder.exists():
                _fill(folder, python, pins)
    except OSError as error:
        raise EngineUnavailableError(f"wheels: {error}") from error
    return folder


def from_wheels(python: Path | str = sys.executable) -> dict[str, str]:
    """The settings by which pip installs from them alone, and compiles nothing ahead."""
    found = str(wheels(python))
    # of an option that switches off, pip wants to hear that what it switches is off
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": found, "PIP_NO_COMPILE": "0"}


def _here() -> Mapping[str, str]:
    """What is installed here, by name; the program itself is not asked for."""
    there = {each.name.lower(): each.version for each in importlib.metadata.distributions()}
    return {name: version for name, version in there.items() if name not in {"auditor", "pip"}}


def _fill(folder: Path, python: Path | str, pins: str) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    (partial / "pins.txt").write_text(pins)
    download = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    chosen = ["--constraint", partial / "pins.txt", "--dest", partial, *_BACKEND, ROOT]
    done = subprocess.run(
        [python, *download, *chosen], check=False, capture_output=True, text=True, timeout=_SECONDS
    )
    if done.returncode:
        raise EngineUnavailableError(f"wheels for {python}: {done.stderr[-500:]}")
    partial.replace(folder)
