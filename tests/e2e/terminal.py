"""The program on a terminal: a pseudo-terminal of a given size."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.command import ROOT, Ran, started, surroundings


def on_terminal(
    *arguments: str | Path,
    columns: int = 80,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Run the command with standard output on a terminal; standard error is a pipe."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {
        **surroundings(),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        **(env or {}),
    }
    nothing = os.open(os.devnull, os.O_RDONLY)
    streams = (nothing, follower, None)
    with started(*arguments, cwd=cwd, env=environment, streams=streams) as process:
        for each in (nothing, follower):
            os.close(each)
        out = _all_of(leader)
        err = process.stderr.read()
        code = process.wait()
    os.close(leader)
    text = out.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return Ran(code, text, err.decode(errors="replace"))


def _all_of(leader: int) -> bytes:
    parts = []
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux says EIO when the last writer is gone
            return b"".join(parts)
        if not part:
            return b"".join(parts)
        parts.append(part)
