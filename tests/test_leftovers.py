"""A test that leaves a signal changed or a process running fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ROOT
from tests.inner import ran_tests

LEAVES = """
import signal, subprocess, sys

def test_a_handler():
    signal.signal(signal.SIGUSR1, print)

def test_a_blocked_signal():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})

def test_a_process():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    begun = subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], **pipes)
    begun.stdout.readline()  # from here on it has a command line
    test_a_process.kept = begun

def test_nothing():
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    subprocess.run([sys.executable, "-c", ""])
    signal.signal(signal.SIGUSR1, before)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="Linux tells whose child a process is")
def test_what_is_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_leaves.py").write_text(LEAVES)
    options = ("-q", "-p", "tests.conftest", "-p", "no:randomly", "-p", "no:cacheprovider")
    shown = ran_tests(tmp_path, *options, tmp_path, cwd=ROOT)
    assert "4 passed, 3 errors" in shown, shown
    waits = "-c print(flush=True); input()"
    for said in ("SIGUSR1: <built-in function print>", "blocked: {<Signals.SIGUSR2", waits):
        assert said in shown
