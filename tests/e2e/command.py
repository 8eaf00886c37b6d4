"""The program as its users start it: with an environment, a folder and streams of its own.

A command runs within this process where only what it says and writes is looked at
(:mod:`tests.e2e.inside`): to fork one and to copy the pages that it touches costs as much as what
most of them do. What is asked for by ``process``, ``cold`` or :func:`started` is a process.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.forks import ROOT, Command, Forked, Forks
from tests.e2e.inside import inside

ESTATE = ROOT / "examples" / "estate"
HOME = "AUDITOR_TEST_HOME"
"""The variable that names the home of whoever starts the program in tests."""
FORKED = "AUDITOR_TEST_FORKED"
"""The variable by which every command is a process of its own."""
COLD = "AUDITOR_TEST_COLD"
"""The variable by which every command is started by an interpreter of its own."""

_STARTING = threading.Lock()
"""Threads that are the first to ask for a process start one."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    def results(self) -> dict[str, Any]:
        """Standard output as ``results.json``."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    def last_line(self) -> str:
        """The line made for ``grep``."""
        return self.out.splitlines()[-1]


def surroundings() -> dict[str, str]:
    """The least environment: what is kept of a run is kept where the tests clean up."""
    found = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    if HOME in os.environ:
        found.update(HOME=os.environ[HOME], TMPDIR=os.environ["TMPDIR"])
    return found


def auditor(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
    cold: bool = False,
    process: bool = False,
) -> Ran:
    """Run the command line. Nothing of the caller's environment reaches it but the path.

    A ``process`` of its own is for what a process is: signals, descriptors, a terminal, its memory,
    its workers. A ``cold`` start has an interpreter of its own: what only that one reads or
    does is tested so. Threads share one folder and one environment, so a command of a thread is a
    process as well.
    """
    words, cold = [str(each) for each in arguments], cold or COLD in os.environ
    environment = {"PYTHONPATH": str(ROOT), **surroundings(), **(env or {})}
    _check(environment, cold=cold)
    alone = threading.current_thread() is threading.main_thread()
    if alone and not (cold or process or FORKED in os.environ):
        return Ran(*inside(words, cwd or ROOT, environment, stdin, Path(surroundings()["HOME"])))
    if cold:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", *words],
            cwd=cwd or ROOT,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))
    with started(*words, cwd=cwd, env=environment) as running:
        return ended(running, stdin, timeout)


def started(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    session: bool = False,
    streams: tuple[int | None, int | None, int | None] = (None, None, None),
    module: str = "auditor",
) -> Forked:
    """Start the command line and go on; streams that are not descriptors are pipes.

    ``module`` is what is run, where it is not the program itself.
    """
    environment = {"PYTHONPATH": str(ROOT), **(surroundings() if env is None else env)}
    _check(environment)
    words = [str(each) for each in arguments]
    return forks().start(Command(words, cwd or ROOT, environment, session, streams, module))


def ended(process: Forked, stdin: bytes = b"", timeout: float = 120) -> Ran:
    """Wait for the end of a command; what takes too long is ended, and fails."""
    try:
        out, err = process.communicate(stdin, timeout)
    except BaseException:
        process.kill()
        raise
    return Ran(process.wait(), out.decode(), err.decode(errors="replace"))


def forks() -> Forks:
    """The process from which commands are forked, one for each that runs tests."""
    with _STARTING:
        return _forks()


@functools.cache
def _forks() -> Forks:
    home = Path(os.environ.get(HOME) or tempfile.gettempdir())
    found = Forks({"PYTHONPATH": str(ROOT), **surroundings()}, home / f"forks-{os.getpid()}.log")
    atexit.register(found.stop)
    return found


def by_shell(asked: Forks) -> tuple[str, dict[str, str]]:
    """The program as words of a shell, and what these need in the environment.

    The process that is asked has to be handed down: ``pass_fds=[asked.fileno()]``.
    """
    asking = ROOT / "tests" / "e2e" / "asking.py"
    return f"'{sys.executable}' -ISE '{asking}'", {"FORKS": str(asked.fileno())}


def warm() -> set[int]:
    """The number of that process, if it was needed."""
    return {forks().pid} if _forks.cache_info().currsize else set()


def begun() -> int:
    """How many commands that process was asked for."""
    return forks().begun if _forks.cache_info().currsize else 0


def _check(environment: Mapping[str, str], *, cold: bool = False) -> None:
    """Refuse an environment that says something to nobody."""
    early = [name for name, value in environment.items() if _is_early(name, value)]
    assert cold or not early, f"only a cold start reads {early}"


def _is_early(name: str, value: str) -> bool:
    """Whether an interpreter or the system's libraries read a variable before the first line."""
    if name in {"PYTHONPATH", "LANG"}:
        return value != {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}[name]
    return name.startswith(("PYTHON", "LANGUAGE", "LC_", "LD_", "MALLOC_"))
