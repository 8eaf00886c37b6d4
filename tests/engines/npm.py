"""Packages of npm's registry, pinned by a lock file, in a folder of the engine cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.engines.build import cache_folder
from tests.engines.cache import EngineUnavailableError

_SECONDS = 300


def packages(pins: Path) -> Path:
    """Install what a folder with ``package-lock.json`` pins, where the cache lacks it.

    No script of a package is run.

    Raises:
        EngineUnavailableError: there is no npm, or no registry.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise EngineUnavailableError("npm")
    folder = cache_folder(os.environ, pins)
    if not (folder / "node_modules").exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.copytree(pins, partial)
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", partial],
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise EngineUnavailableError(f"npm ci: {done.stderr[-500:]}")
        if folder.exists():
            shutil.rmtree(partial)
        else:
            partial.rename(folder)
    return folder / "node_modules"
