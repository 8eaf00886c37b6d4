"""The command line within this process, for tests that look at what it says and writes alone.

A process of its own is for what a process is: signals, closed streams, a terminal, its memory, its
workers. All else costs a fork, and the pages that a fork copies, for nothing.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from auditor.cli.app import run
from tests.e2e.command import ROOT, Ran, surroundings


def inside(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> Ran:
    """Run the command line, as :func:`tests.e2e.command.auditor` does, in this process.

    Nothing of the caller's environment reaches it, and none of its own stays.
    """
    out, err = _stream(), _stream()
    with (
        patch.dict(os.environ, {**surroundings(), **(env or {})}, clear=True),
        patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
        chdir(cwd or ROOT),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = run([str(each) for each in arguments])
    return Ran(code, _said(out), _said(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
