"""Commands that are forked from one warm process instead of being started by an interpreter.

What a test sees is what it saw: a process with a number, streams, an environment, a folder, signals
and an exit code of its own. Only what an interpreter does before its first line is done already.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

ROOT = Path(__file__).resolve().parents[2]
RESTORED = {signal.SIGPIPE, signal.SIGXFSZ}
"""What Python ignores itself, and ``subprocess`` gives back to who is started."""
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Command:
    """What is started, where, and by which streams; None is a pipe."""

    arguments: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    session: bool = False
    streams: tuple[int | None, int | None, int | None] = (None, None, None)
    module: str = "auditor"

    def told(self) -> bytes:
        """All that a process has of whoever starts it, as one line."""
        mask = os.umask(0)
        os.umask(mask)
        ignored = [
            number
            for number in signal.valid_signals() - RESTORED
            if signal.getsignal(number) is signal.SIG_IGN
        ]
        blocked = list(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        value = {
            "arguments": self.arguments,
            "cwd": str(self.cwd),
            "env": dict(self.env),
            "session": self.session,
            "umask": mask,
            "ignored": ignored,
            "blocked": blocked,
            "module": self.module,
        }
        return json.dumps(value).encode() + b"\n"


class Forks:
    """The warm process; commands run beside one another."""

    def __init__(
        self, env: Mapping[str, str], log: Path, checkout: Path = ROOT, more: Sequence[str] = ()
    ) -> None:
        """Start it on the program in a checkout; what it complains of is appended to a log.

        ``more`` are modules that it imports beside the program.
        """
        self._log = log
        self.begun = 0
        self._socket, theirs = socket.socketpair()
        with theirs, log.open("ab") as complaints:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.warm", str(theirs.fileno()), *more],
                cwd=checkout,
                env=env,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the warm process."""
        return self._process.pid

    def fileno(self) -> int:
        """The socket by which it is asked, for those who ask it as :mod:`tests.e2e.asking` does."""
        return self._socket.fileno()

    def start(self, command: Command) -> Forked:
        """Start a command, and return when it is a process of its own."""
        self.begun += 1
        pipes: dict[int, int] = {}
        with contextlib.ExitStack() as theirs:
            told, other = socket.socketpair()
            theirs.enter_context(other)
            streams = []
            for place, given in enumerate(command.streams):
                if given is not None:
                    streams.append(given)
                    continue
                reading, writing = os.pipe()
                pipes[place] = reading if place else writing
                streams.append(writing if place else reading)
                theirs.callback(os.close, streams[-1])
            socket.send_fds(self._socket, [b"."], [other.fileno(), *streams])
        told.sendall(command.told())
        return Forked(told, pipes, self._log)

    def stop(self) -> None:
        """Let it end, as it does when nobody is left to ask."""
        self._socket.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Forked:
    """A command that runs: as much of ``subprocess.Popen`` as tests ask for."""

    def __init__(self, told: socket.socket, pipes: Mapping[int, int], log: Path) -> None:
        """``told`` says which process it is and then how it ended; pipes are our ends."""
        self._told = told
        self._said = b""
        self._log = log
        self._pipes = {
            place: cast("BinaryIO", os.fdopen(each, "rb" if place else "wb"))
            for place, each in pipes.items()
        }
        self.returncode: int | None = None
        state, self.pid = self._next(None) or ("", 0)
        if state != "runs":
            self.returncode = self.pid
            with self:
                said = self._pipes[2].read() if 2 in self._pipes else b""
            raise AssertionError(f"no command was started: {said.decode()[-2000:]}")

    @property
    def stdout(self) -> BinaryIO:
        """What it writes."""
        return self._pipes[1]

    @property
    def stderr(self) -> BinaryIO:
        """What it complains of."""
        return self._pipes[2]

    def _next(self, timeout: float | None) -> tuple[str, int] | None:
        """The next thing that is told, or None when the time is over."""
        self._told.settimeout(timeout)
        while b"\n" not in self._said:
            try:
                more = self._told.recv(64)
            except (BlockingIOError, TimeoutError):
                return None
            except ConnectionResetError:
                more = b""
            assert more, f"who waits for it has gone: {self._log.read_text()[-2000:]}"
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        state, number = line.decode().split()
        return state, int(number)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and (told := self._next(timeout)):
            self.returncode = told[1]
        return self.returncode

    def poll(self) -> int | None:
        """The exit code, minus the signal that ended it, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it has not come in time.
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("auditor", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, data: bytes = b"", timeout: float | None = None) -> tuple[bytes, bytes]:
        """Write its input, read all of its output, and wait for its end.

        Raises:
            subprocess.TimeoutExpired: it has not come in time.
        """
        read: dict[int, bytes] = {}
        threads = [
            threading.Thread(target=self._exchange, args=(place, data, read), daemon=True)
            for place in self._pipes
        ]
        until = None if timeout is None else time.monotonic() + timeout
        for each in threads:
            each.start()
        for each in threads:
            each.join(_left(until))
            if each.is_alive():
                raise subprocess.TimeoutExpired("auditor", timeout or 0)
        self.wait(_left(until))
        return read.get(1, b""), read.get(2, b"")

    def _exchange(self, place: int, data: bytes, read: dict[int, bytes]) -> None:
        with contextlib.suppress(BrokenPipeError), self._pipes[place] as pipe:
            if place == 0:
                pipe.write(data)
            else:
                read[place] = pipe.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for its end, whatever was read of it."""
        with self._told:
            for each in self._pipes.values():
                with contextlib.suppress(BrokenPipeError):
                    each.close()
            self.wait()


def _left(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - time.monotonic())
