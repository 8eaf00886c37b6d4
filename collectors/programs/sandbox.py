"""Runs a program of others: with nothing of the user's environment, within a time and a size.

What is promised whatever the system: no variable of the user's environment but those that are
named, an empty home, a path on which there is no other program, a proxy that nobody listens at, no
standard input, and an end:
the process and its group are killed when it is done, late, or prints too much. Where the system
lets us, it also has a network without any interface and process numbers of its own (unshare of
util-linux), so that whatever it starts ends with it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

import msgspec

from auditor.model.enums import GapCause

_UNSHARE: Final = ("-rnpf", "--kill-child", "--")
"""Users, network and processes of its own; who outlives the first process is killed."""
_SHELL: Final = "/bin/sh"
_BOUNDED: Final = '{ ulimit -c 0; ulimit -v 8388608; ulimit -t "$0"; } 2>/dev/null; exec "$@"'
"""No core files, 8 GiB of addresses (Go reserves many), seconds of processor time."""
_PROCESSORS: Final = 4
"""How many a program may keep busy for all of its time."""
_NOWHERE: Final = "http://127.0.0.1:9"
_PIECE: Final = 1 << 16
_MOST_SAID: Final = 1 << 14
_POLL: Final = 0.02
_TRIAL_SECONDS: Final = 10.0


class Limits(msgspec.Struct, frozen=True):
    """What one program may take: seconds on the clock, bytes that it prints."""

    seconds: float = 60.0
    size: int = 64 << 20


class Outcome(msgspec.Struct, frozen=True):
    """What came of a program: what it printed, the end of what it said to people, its exit code.

    ``cause`` is why it was ended, None when it ended by itself; ``problem`` says that to people.
    """

    out: bytes
    said: str
    code: int
    cause: GapCause | None = None
    problem: str = ""


class Sandbox:
    """Runs programs; ``home`` is an empty folder of this run."""

    def __init__(
        self, home: Path, unshare: str = "", named: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """``unshare`` is the program of util-linux, "" to do without: it is tried once.

        ``named`` are variables that programs get instead of ours, or beside them.
        """
        self._home = home
        self._named = named
        (home / "bin").mkdir(parents=True)
        self._before: tuple[str, ...] = ()
        if unshare:
            line = (unshare, *_UNSHARE)
            tried = self.run((*line, "/bin/true"), Limits(_TRIAL_SECONDS, _PIECE))
            self._before = line if tried.code == 0 and tried.cause is None else ()

    @property
    def is_apart(self) -> bool:
        """Whether programs have a network and process numbers of their own."""
        return bool(self._before)

    def run(self, command: Sequence[str], limits: Limits) -> Outcome:
        """Run a program to its end, and no longer than it may."""
        line = [_SHELL, "-c", _BOUNDED, str(_processor_seconds(limits)), *self._before, *command]
        try:
            process = subprocess.Popen(  # noqa: S603 - the user asked for this program
                line,
                cwd=self._home,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return Outcome(b"", "", -1, GapCause.UNREACHABLE, f"it can't be run: {why}")
        return _heard(process, limits)

    def _environment(self) -> dict[str, str]:
        home = str(self._home)
        homes = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
        helm = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS")
        proxies = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        return {
            **dict.fromkeys((*homes, *helm), home),
            **dict.fromkeys(proxies, _NOWHERE),
            "PATH": str(self._home / "bin"),
            "LANG": "C.UTF-8",
            "KUBECONFIG": os.devnull,
            "GOMEMLIMIT": "2GiB",
            **self._named,
        }


def _processor_seconds(limits: Limits) -> int:
    return int(limits.seconds * _PROCESSORS) + 1


def _heard(process: subprocess.Popen[bytes], limits: Limits) -> Outcome:
    """Listen to a program until it ends, or has to; whoever it started ends with it."""
    out, said = bytearray(), bytearray()
    cause, problem = None, ""
    end = time.monotonic() + limits.seconds
    try:
        with selectors.DefaultSelector() as waiting:
            for pipe, heard in ((process.stdout, out), (process.stderr, said)):
                if pipe is not None:
                    waiting.register(pipe, selectors.EVENT_READ, heard)
            while _goes_on(process, waiting):
                del said[:-_MOST_SAID]
                if len(out) > limits.size:
                    cause = GapCause.TRUNCATED
                    problem = f"it printed more than {limits.size:,} bytes"
                    break
                if time.monotonic() > end:
                    cause = GapCause.TIMEOUT
                    problem = f"it did not end within {limits.seconds:g} s"
                    break
    finally:
        _end(process)
    text = bytes(said).decode("utf-8", "replace")
    return Outcome(b"" if cause else bytes(out), text, process.returncode, cause, problem)


def _goes_on(process: subprocess.Popen[bytes], waiting: selectors.BaseSelector) -> bool:
    """Take what was printed; false when all is, or nobody prints who still holds a pipe."""
    ready = waiting.select(_POLL)
    for key, _ in ready:
        piece = os.read(key.fd, _PIECE)
        if not piece:
            waiting.unregister(key.fileobj)
        key.data.extend(piece)
    if ready:
        return True
    # whether it has ended, without taking its number from it: that is its group's, too
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group, which may be there when its first process is not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    pipes: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    for pipe in pipes:
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
