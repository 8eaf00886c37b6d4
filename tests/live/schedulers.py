"""A scheduler of Dask with workers: processes on the loopback, each ended by its number."""

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

from tests.e2e.forks import ROOT

SECONDS = 120.0
DASK = Path(sys.executable).with_name("dask")
QUIET = ("--dashboard-address", "127.0.0.1:0")


@dataclass
class Scheduler:
    """A scheduler; ``tls`` are options of its own and its workers."""

    folder: Path
    address: str = ""
    tls: tuple[str, ...] = ()
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

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
        self.scheduler = self._process("scheduler", [*words, *protocol], {})
        until(lambda: told.exists() and told.read_bytes().endswith(b"}"), "no scheduler")
        self.address = json.loads(told.read_text())["address"]

    def worker(self, path: Sequence[Path] = (ROOT,)) -> subprocess.Popen[bytes]:
        """Start a worker, which has our program from a path."""
        name = f"worker-{len(self.workers)}"
        words = ["worker", self.address, "--name", name, "--no-nanny", "--nthreads", "1"]
        words += ["--local-directory", str(self.folder / name), *self.tls]
        env = {"PYTHONPATH": os.pathsep.join(map(str, path))}
        self.workers.append(self._process(name, words, env))
        log = self.folder / f"{name}.log"
        until(lambda: b"Registered to" in log.read_bytes(), f"no {name}")
        return self.workers[-1]

    @contextlib.contextmanager
    def extra(self) -> Iterator[subprocess.Popen[bytes]]:
        """One more worker for as long as the context lasts."""
        found = self.worker()
        try:
            yield found
        finally:
            found.kill()
            found.wait()

    def _process(
        self, name: str, words: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        home = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [str(DASK), *words, *QUIET],
                cwd=self.folder,
                env={**home, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        """End all."""
        for each in (*self.workers, self.scheduler):
            if each is not None and each.poll() is None:
                each.kill()
                each.wait()


@contextlib.contextmanager
def scheduling(folder: Path, workers: int = 2, tls: tuple[str, ...] = ()) -> Iterator[Scheduler]:
    """A scheduler with workers for as long as the context lasts."""
    folder.mkdir()
    found = Scheduler(folder, tls=tls)
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


def holder(port: int, processes: Sequence[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
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


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process as the system does that has no memory left."""
    process.send_signal(signal.SIGKILL)
    process.wait()
