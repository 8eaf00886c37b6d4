"""The process around a command: its signals and its three streams."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from auditor.errors import RenderError, UsageError
from auditor.removal import Spare, remove


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: ends a run as Ctrl-C does, with everything cleaned up."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__()
        self.code = 128 + number


def catch_termination() -> None:
    """Let SIGTERM, and a terminal that is closed, raise :class:`Terminated` in the main thread.

    Who started us by ``nohup`` wants us to go on when the terminal is closed.
    """
    signal.signal(signal.SIGTERM, _terminate)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _terminate)


def begin() -> None:
    """Look for garbage from now on, and not in what was loaded: it stays until the end.

    Only where the program itself began without: whoever imports this has a collector of their own.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _terminate(number: int, frame: FrameType | None) -> None:
    del frame
    raise Terminated(number)


def end_quietly() -> None:
    """Say that we were stopped; what stands half-written in a buffer is dropped."""
    with contextlib.suppress(OSError):
        sys.stderr.write("\ninterrupted\n")
        sys.stderr.flush()
    hush(sys.stdout.buffer)


class Scratch:
    """A folder for one run, which an interrupt at any moment leaves none of.

    ``tempfile`` makes its folder before anything knows that it has to go, and another file to find
    out where it can.
    """

    def __init__(self, preferred: str) -> None:
        """Choose a place; the folder is made when the context is entered.

        Raises:
            UsageError: nothing can be written to ``preferred`` and the usual places.
        """
        for place in filter(None, (preferred, "/tmp", "/var/tmp")):  # noqa: S108 - see the name
            if os.access(place, os.W_OK | os.X_OK):
                name = f"auditor-{os.getpid()}-{os.urandom(8).hex()}"
                self.path = Path(place).absolute() / name
                return
        raise UsageError("no folder for temporary files can be written to", hint="set TMPDIR")

    def __enter__(self) -> Path:
        self._spare = Spare()
        try:
            self.path.mkdir(mode=0o700)
        except BaseException:  # an interrupt as well, which may come when it is made already
            self._remove()
            raise
        return self.path

    def __exit__(self, *error: object) -> None:
        self._remove()

    def _remove(self) -> None:
        while self.path.exists():
            with contextlib.suppress(KeyboardInterrupt):
                self._spare.give_back()
                remove(self.path)
                return
        self._spare.give_back()


def open_streams(arguments: Sequence[str]) -> None:
    """Give closed standard streams a place to go to, before a file can take their numbers.

    Raises:
        RenderError: standard output is closed, and not asked to be quiet.
    """
    closed = sys.stdout is None
    # in the order of their numbers: a new descriptor takes the lowest that is free
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    if closed:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    if closed and not {"-q", "--quiet"} & set(arguments):
        raise RenderError("standard output is closed", hint="--quiet needs none")


def hush(out: BinaryIO) -> None:
    """Lead a stream nowhere, so that the interpreter's flush at exit says nothing."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
