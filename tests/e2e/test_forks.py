"""A command that is forked is what a command is that an interpreter starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.command import ROOT, auditor, ended, forks, started, surroundings

WAITS = ("scan", "-", "--no-cache", "-q")
"""It waits for its input."""
SAME = ("SigIgn", "SigCgt", "SigBlk", "ShdPnd", "Umask", "Threads")
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux' /proc")


@contextmanager
def handed_down(number: signal.Signals, umask: int) -> Iterator[None]:
    """A signal that is ignored, another one that is blocked, and a mask."""
    before, mask = signal.signal(number, signal.SIG_IGN), os.umask(umask)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.umask(mask)
        signal.signal(number, before)


def looks(pid: int) -> dict[str, object]:
    """What the system tells of a process."""
    place = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    return {
        "open": sorted(each.name for each in (place / "fd").iterdir()),
        "folder": (place / "cwd").readlink(),
        "session": os.getsid(pid) == pid,
        **{name: status[name].strip() for name in SAME if name in status},
    }


def settled(pid: int) -> dict[str, object]:
    """What is told of it when it sleeps until its input comes."""
    place = Path(f"/proc/{pid}/wchan"), Path(f"/proc/{pid}/stat")
    for _ in range(600):
        state = place[1].read_text().rpartition(")")[2].split()[0]
        if state == "S" and looks(pid)["SigCgt"] != "0000000000000000":
            first = looks(pid)
            time.sleep(0.05)
            if looks(pid) == first:
                return first
        time.sleep(0.05)
    raise AssertionError("it never waited for its input")


@LINUX
def test_a_forked_command_looks_as_a_started_one(tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(ROOT), **surroundings()}
    with handed_down(signal.SIGHUP, 0o027):
        with started(*WAITS, cwd=tmp_path, env=env, session=True) as process:
            forked = settled(process.pid)
            assert ended(process).code == 3, "there was no input"
        with subprocess.Popen(
            [sys.executable, "-m", "auditor", *WAITS],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as other:
            alone = settled(other.pid)
            other.communicate(b"")
    assert forked == alone


def test_it_ends_by_the_signal_that_ends_it(tmp_path: Path) -> None:
    with started(*WAITS, cwd=tmp_path) as process:
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.kill()
        assert process.wait(60) == process.poll() == -signal.SIGKILL


def test_commands_run_beside_one_another(tmp_path: Path) -> None:
    many = [started(*WAITS, cwd=tmp_path) for _ in range(3)]
    assert len({each.pid for each in many} | {forks().pid, os.getpid()}) == 5
    for each in reversed(many):
        with each:
            assert ended(each).code == 3


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="FileNotFoundError"):
        started("--version", cwd=tmp_path / "none")


@pytest.mark.parametrize("name", ["PYTHONOPTIMIZE", "LC_ALL", "LD_PRELOAD", "LANG"])
def test_what_only_an_interpreter_reads_asks_for_one(name: str) -> None:
    with pytest.raises(AssertionError, match=f"only a cold start reads .*{name}"):
        auditor("--version", env={name: "x"})


OF_OTHERS = {"HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "GNUPG"}
"""What Python's own modules look for, and the GPG of securesystemslib, of which we use none."""
READ = """
import os

class Told(dict):
    def told(self, name): print(name); return name
    def __getitem__(self, name): return super().__getitem__(self.told(name))
    def __contains__(self, name): return super().__contains__(self.told(name))
    def get(self, name, default=None): return super().get(self.told(name), default)

os.environ = Told(os.environ)
os.getenv = os.environ.get
from tests.e2e.warm import prepare
prepare()
"""


def test_no_module_reads_the_environment_when_it_is_imported() -> None:
    """A command has an environment of its own, and its modules were imported before."""
    done = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **surroundings()},
        capture_output=True,
        text=True,
        check=True,
    )
    read = {name for name in done.stdout.split() if "PYTHON" not in name}
    assert sorted(read - OF_OTHERS) == []
