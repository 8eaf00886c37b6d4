"""Busybox of Debian, as a folder of all programs that it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.engines.debian import unpacked


def programs(folder: Path) -> Path:
    """Make a folder that has all of its programs, by their names.

    Raises:
        EngineUnavailableError: Debian's package can't be had.
    """
    program = unpacked("busybox", ("busybox-static",)) / "bin/busybox"
    done = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
    for name in done.stdout.split():
        (folder / name).symlink_to(program)
    return folder
