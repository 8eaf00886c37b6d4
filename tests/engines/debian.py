"""Debian's packages, unpacked into the cache of engines: nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.engines.cache import EngineUnavailableError, cache_root, locked

_SECONDS = 600


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """Unpack packages of Debian, once, into the cache of engines; nothing is installed.

    Raises:
        EngineUnavailableError: there is no apt here, no right, or no such package.
    """
    if os.geteuid() != 0:
        raise EngineUnavailableError(f"{name}: a server of its own needs root")
    dpkg = shutil.which("dpkg")
    if shutil.which("apt-get") is None or dpkg is None:
        raise EngineUnavailableError(f"{name}: taken from Debian's packages, and there is no apt")
    root = cache_root(os.environ) / f"{name}-debian"
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with locked(root.with_suffix(".lock")):
            if not root.exists():
                _unpack(root, dpkg, packages)
    except OSError as error:
        raise EngineUnavailableError(f"{name}: {error}") from error
    return root


def _unpack(root: Path, dpkg: str, packages: Sequence[str]) -> None:
    partial = root.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        if not _apt(folder, "download", *packages):
            _apt(folder, "update")  # the lists of a fresh machine
            if not _apt(folder, "download", *packages):
                raise EngineUnavailableError(f"apt-get download gave no {', '.join(packages)}")
        for package in Path(folder).glob("*.deb"):
            subprocess.run([dpkg, "-x", package, partial], check=True)
    partial.replace(root)


def _apt(folder: str, *arguments: str) -> bool:
    command = ["apt-get", "-qq", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)
    return done.returncode == 0
