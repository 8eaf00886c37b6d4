"""A process that has imported the command line, and is forked for each command that tests start.

Started by :mod:`tests.e2e.forks` with one end of a socket, and the names of what it imports beside.
Each message on it is one command: a socket of its own with the words of the command, and its three
streams. Between this process and the command stands one that waits for it and tells how it ended,
so that nothing here has to wait.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from auditor.late import Late

PACKAGES = ("auditor", "collectors", "reports")
LATE = (
    "auditor.__main__",
    "auditor.cli.executors.in_dask",
    "auditor.cli.executors.of_dask",
    "collectors.kubernetes.live.kubernetes_client",
)
"""What runs when it is imported, and what only few commands ask for: others' packages."""
OTHERS = (
    *("cryptography.hazmat.backends.openssl.backend", "ctypes", "importlib.readers"),
    *("encodings.idna", "encodings.utf_16_be", "encodings.utf_8_sig"),
    *("securesystemslib.dsse", "securesystemslib.signer"),
)
"""What is not ours, and is asked for by whoever signs, reads a cluster or writes a page."""
METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub")
"""What patterns are asked for: each compiles them if it is the first."""
STREAMS = ("stdin", "stdout", "stderr")


def main() -> None:
    """Serve until the socket is closed; a command ends as the interpreter ends any program."""
    end = End()
    atexit.register(end)  # before all others, so that it is called after them
    prepare(sys.argv[2:])
    with socket.socket(fileno=int(sys.argv[1])) as control:
        told = served(control)
    if told is not None:
        module = become(told)
        with end:
            runpy.run_module(module, run_name="__main__", alter_sys=True)


class End:
    """Ends a command when all has been done that shows, and its memory is all that is left.

    An interpreter then takes its modules apart, which costs a forked process more than many a
    command: each page that it touches is copied. What it still does before that by itself, waiting
    for threads and what they and modules have asked for, has been done when this is called.
    """

    def __init__(self) -> None:
        self._code: int | None = None

    def __enter__(self) -> None:
        """The command begins."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remember the exit code, where there is to be one: Ctrl-C ends by its signal."""
        if isinstance(error, SystemExit):
            code = 0 if error.code is None else error.code
            self._code = code & 0xFF if isinstance(code, int) else 1
        elif not isinstance(error, KeyboardInterrupt):
            self._code = 0 if error is None else 1

    def __call__(self) -> None:
        """End, unless something can't be written any more: the interpreter complains of that."""
        if self._code is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(self._code)


def prepare(more: Sequence[str] = ()) -> None:
    """Import all that there is of ours, and more."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages([package], f"{package}."):
            if found.name not in LATE:
                importlib.import_module(found.name)
    for name in (*OTHERS, *more):
        importlib.import_module(name)
    for each in gc.get_objects():
        if isinstance(each, Late):
            for method in METHODS:
                getattr(each, method)
    gc.collect()
    gc.freeze()
    # nobody cuts the power of a test, and each bundle would wait for the disk some 700 times
    os.fsync = lambda _: None


def served(control: socket.socket) -> socket.socket | None:
    """In the process of a command its socket, in this one None at the end."""
    while True:
        _, descriptors, *_ = socket.recv_fds(control, 1, 1 + len(STREAMS))
        _collect()
        if not descriptors:
            return None
        if os.fork() == 0:
            control.close()
            return _beside(*descriptors)
        for each in descriptors:
            os.close(each)


def _collect() -> None:
    """Let those go who have waited for a command."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _beside(own: int, *streams: int) -> socket.socket:
    """Fork once more; here stays who tells how the command ended."""
    told = socket.socket(fileno=own)
    number = os.fork()
    for place, each in enumerate(streams):
        if number == 0:
            os.dup2(each, place)
        os.close(each)
    if number != 0:
        told.sendall(b"ended %d\n" % os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))
        os._exit(0)
    return told


def become(told: socket.socket) -> str:
    """Put on all that a new process has of whoever starts it, and say which process it is.

    Returns the module that is run.
    """
    with told, told.makefile("rb") as lines:
        command: dict[str, Any] = json.loads(lines.readline())
        if command["session"]:
            os.setsid()
        os.umask(command["umask"])
        os.chdir(command["cwd"])
        os.environ.clear()
        os.environ.update(command["env"])
        time.tzset()
        sys.path[0] = str(Path.cwd())
        module: str = command["module"]
        sys.argv = [module, *command["arguments"]]
        sys.orig_argv = [sys.executable, "-m", *sys.argv]
        for place, name in enumerate(STREAMS):
            stream = _stream(place, getattr(sys, name))
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        _listen(frozenset(command["ignored"]))
        signal.pthread_sigmask(signal.SIG_SETMASK, command["blocked"])
        told.sendall(b"runs %d\n" % os.getpid())
        return module


def _stream(place: int, like: IO[str]) -> io.TextIOWrapper:
    """A standard stream as the interpreter makes it (``create_stdio`` of CPython)."""
    raw = open(place, "wb" if place else "rb", closefd=False)  # noqa: SIM115 - for good
    lines = place == 2 or raw.isatty()
    return io.TextIOWrapper(raw, like.encoding, like.errors, "\n", line_buffering=lines)


def _listen(ignored: frozenset[int]) -> None:
    """What is ignored stays so in a new program, what is handled does not; Python has its own."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        wanted: Any = signal.SIG_DFL
        if number in ignored | {signal.SIGPIPE, signal.SIGXFSZ}:
            wanted = signal.SIG_IGN
        elif number == signal.SIGINT:
            wanted = signal.default_int_handler
        if signal.getsignal(number) != wanted:
            signal.signal(number, wanted)


if __name__ == "__main__":
    main()
