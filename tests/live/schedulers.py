"""A scheduler of Dask with workers: processes on the loopback, each ended by its number.

They are forked from a process that has imported Dask and the program; a worker that has another
program is started by an interpreter of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.command import surroundings
from tests.e2e.forks import ROOT, Command, Forked, Forks

SECONDS = 120.0
DASK = Path(sys.executable).with_name("dask")
MODULES = (
    *("dask.cli", "distributed.cli.dask_scheduler", "distributed.cli.dask_worker"),
    *("auditor.cli.executors.in_dask", "auditor.cli.executors.of_dask"),
)
"""What workers, a scheduler and those who ask it import."""
Process = Forked | subprocess.Popen[bytes]
QUIET = ("--dashboard-address", "127.0.0.1:0")


@dataclass
class Scheduler:
    """A scheduler; ``tls`` are options of its own and its workers."""

    folder: Path
    forks: Forks
    address: str = ""
    tls: tuple[str, ...] = ()
    scheduler: Process | None = None
    workers: list[Process] = field(default_factory=list)

    @property
    def executor(self) -> str:
        """As ``--executor`` has it."""
        return self.address.replace("tcp://", "dask://").replace("tls://", "dasks://")

    @property
    def logs(self) -> bytes:
        """All that the processes have printed."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("*.log")))

    @property
    def scratch(self) -> list[str]:
        """What errands have in the folders of workers that run."""
        running = (number for number, each in enumerate(self.workers) if each.poll() is None)
        folders = (self.folder / f"worker-{number}" for number in running)
        return sorted(str(path) for folder in folders for path in folder.rglob("auditor-*"))

    def start(self) -> None:
        """Start the scheduler."""
        told = self.folder / "scheduler.json"
        words = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told))
        protocol = ("--protocol", "tls", *self.tls) if self.tls else ()
        self.scheduler = self._forked("scheduler", [*words, *protocol])
        until(lambda: told.exists() and told.read_bytes().endswith(b"}"), "no scheduler")
        self.address = json.loads(told.read_text())["address"]

    def worker(self, other: Path | None = None) -> Process:
        """Start a worker, which has our program, or another one from a folder."""
        name = f"worker-{len(self.workers)}"
        words = ["worker", self.address, "--name", name, "--no-nanny", "--nthreads", "1"]
        words += ["--local-directory", str(self.folder / name), *self.tls]
        made = self._forked(name, words) if other is None else self._cold(name, words, other)
        self.workers.append(made)
        log = self.folder / f"{name}.log"
        until(lambda: b"Registered to" in log.read_bytes(), f"no {name}")
        return self.workers[-1]

    @contextlib.contextmanager
    def extra(self) -> Iterator[Process]:
        """One more worker for as long as the context lasts."""
        found = self.worker()
        try:
            yield found
        finally:
            found.kill()
            found.wait()

    def _env(self, path: Path) -> Mapping[str, str]:
        home = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        return {**home, "PYTHONPATH": str(path)}

    def _forked(self, name: str, words: Sequence[str]) -> Process:
        with (self.folder / f"{name}.log").open("wb") as log, Path(os.devnull).open("rb") as none:
            streams = (none.fileno(), log.fileno(), log.fileno())
            command = Command(
                [*words, *QUIET], self.folder, self._env(ROOT), False, streams, "dask"
            )
            return self.forks.start(command)

    def _cold(self, name: str, words: Sequence[str], path: Path) -> Process:
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [str(DASK), *words, *QUIET],
                cwd=self.folder,
                env=self._env(path),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        """End all."""
        for each in (*self.workers, self.scheduler):
            if each is not None:
                with each:
                    each.kill()


@contextlib.contextmanager
def warmed(log: Path) -> Iterator[Forks]:
    """The process from which they are forked, and whoever asks them."""
    found = Forks({"PYTHONPATH": str(ROOT), **surroundings()}, log, more=MODULES)
    try:
        yield found
    finally:
        found.stop()


@contextlib.contextmanager
def scheduling(
    folder: Path, forks: Forks, workers: int = 2, tls: tuple[str, ...] = ()
) -> Iterator[Scheduler]:
    """A scheduler with workers for as long as the context lasts."""
    folder.mkdir()
    found = Scheduler(folder, forks, tls=tls)
    try:
        found.start()
        for _ in range(workers):
            found.worker()
        yield found
    finally:
        found.stop()


def until(true: object, otherwise: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not true():  # type: ignore[operator]  # a function
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def holder(port: int, processes: Sequence[Process]) -> Process:
    """The process that is connected to a port of the loopback."""
    there = f":{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(there) and row[3] == "01"}
    for each in processes:
        for link in Path(f"/proc/{each.pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                if str(link.readlink()) in inodes:
                    return each
    raise AssertionError("none of the processes has it")


def kill(process: Process) -> None:
    """End a process as the system does that has no memory left."""
    process.send_signal(signal.SIGKILL)
    process.wait()
