"""The command line within this process, for tests that look at what it says and writes alone.

Nothing of the process that calls reaches a command: it has streams, an environment and a folder of
its own. Of a command one thing stays, the profile that it compiled (:mod:`tests.e2e.remembering`).
"""

from __future__ import annotations

import functools
import gc
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import msgspec

from auditor.cli.app import run
from auditor.cli.wiring import SHIPPED, Wiring
from tests.e2e.remembering import Remembering


def inside(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: bytes, home: Path
) -> tuple[int, str, str]:
    """Run the command line; its exit code, what it printed and what it complained of.

    ``home`` is that of all commands that have none of their own.
    """
    out, err = _stream("surrogateescape"), _stream("backslashreplace")
    with (
        patch.dict(os.environ, env, clear=True),
        patch.object(sys, "argv", ["auditor", *arguments]),
        chdir(cwd),
        _reading(_stream("surrogateescape", stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
        alone(),
    ):
        code = run(arguments, _wiring(home))
    return code, _said(out), _said(err)


@functools.cache
def _wiring(home: Path) -> Wiring:
    """What comes with the program, but that it remembers."""
    return msgspec.structs.replace(SHIPPED, prepare=Remembering(home))


@contextmanager
def alone() -> Iterator[None]:
    """Within, cycles are looked for among what is made there, as a process of its own does it.

    What it leaves goes with it.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()


def _stream(errors: str, data: bytes = b"") -> io.TextIOWrapper:
    """A standard stream as the interpreter makes it in a locale of UTF-8."""
    return io.TextIOWrapper(io.BytesIO(data), "utf-8", errors, "\n", write_through=True)


@contextmanager
def _reading(stream: io.TextIOWrapper) -> Iterator[None]:
    """Standard input is this one for once."""
    before, sys.stdin = sys.stdin, stream
    try:
        yield
    finally:
        sys.stdin = before


def _said(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.buffer.read().decode()
