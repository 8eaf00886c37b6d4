"""Looks at another machine: one run of ``ssh``, given the script and read within bounds.

``ssh`` is that of the user, as for the engine itself, and never asks anything. What it is to run
there is the constant ``sh -s``.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from auditor.model.enums import Answered
from collectors.docker.host.framing import MOST_BYTES, FramingError, Printed, parse
from collectors.docker.host.script import script
from collectors.hosts.seen import Unread

SHELL: Final = ("sh", "-s")
SECONDS: Final = 120.0
_FAREWELL: Final = 1.0
_PIECE: Final = 1 << 16
_MOST_WORDS: Final = 200
"""How much is shown of what ``ssh`` complained of."""


class _Ended(msgspec.Struct, frozen=True):
    """How a run of the script ended: what it printed, whether that was all, and its complaint."""

    printed: bytes
    code: int | None
    complaint: str


def look(command: Sequence[str], seconds: float = SECONDS) -> Printed | Unread:
    """Run the script by a command that ends in :data:`SHELL`, and read what it prints."""
    try:
        ended = _run(command, seconds)
    except OSError as error:
        return Unread(Answered.UNREACHABLE, f"{command[0]}: {error.strerror}")
    if ended.code is None and not ended.printed:
        return Unread(Answered.TIMEOUT, f"nothing was said within {seconds:g} s")
    if ended.code and not ended.printed:
        return Unread(Answered.UNREACHABLE, ended.complaint or f"ssh ended with {ended.code}")
    try:
        return parse(ended.printed[:MOST_BYTES])
    except FramingError as error:
        return Unread(
            Answered.MALFORMED, f"what the host printed is not what it was asked: {error}"
        )


def _run(command: Sequence[str], seconds: float) -> _Ended:
    with subprocess.Popen(  # noqa: S603 - of the user's PATH, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            printed, said, over = _read(process, time.monotonic() + seconds)
        finally:
            _end(process)
        code = None if over else process.wait()
    complaint = said[:_MOST_WORDS].decode(errors="replace").strip()
    return _Ended(printed, code, complaint)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it end by itself, as it does once its outputs have; else end it and what it started."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_FAREWELL)
        return
    os.killpg(process.pid, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], end: float) -> tuple[bytes, bytes, bool]:
    """Give the script and read both outputs; the last says that time or size ran out."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise TypeError("a program without pipes")
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(script().encode())
        process.stdin.close()
    found: dict[int, bytearray] = {}
    with selectors.DefaultSelector() as waiting:
        for pipe in (process.stdout, process.stderr):
            waiting.register(pipe, selectors.EVENT_READ)
            found[pipe.fileno()] = bytearray()
        over = not all(_pieces(waiting, found, end))
    out, err = found.values()
    return bytes(out), bytes(err), over


def _pieces(
    waiting: selectors.BaseSelector, found: dict[int, bytearray], end: float
) -> Iterator[bool]:
    """Read what comes until both are at their end; false is that time or size ran out."""
    while waiting.get_map():
        left = end - time.monotonic()
        ready = waiting.select(left) if left > 0 else []
        if not ready or max(map(len, found.values())) > MOST_BYTES:
            yield False
            return
        for key, _ in ready:
            piece = os.read(key.fd, _PIECE)
            found[key.fd] += piece
            if not piece:
                waiting.unregister(key.fileobj)
    yield True
