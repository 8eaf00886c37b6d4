"""A test of a part that starts a process fails, in whatever way it does, and is told why."""

from __future__ import annotations

import re
from pathlib import Path

from tests.inner import ran_tests

STARTS = """
import multiprocessing, os, subprocess, sys

import pytest

from tests.e2e.command import auditor

RUN = [sys.executable, "-S", "-c", ""]

@pytest.fixture
def made():
    subprocess.run(RUN)

@pytest.fixture
def unmade():
    yield
    subprocess.run(RUN)

@pytest.fixture(scope="session")
def lasting():
    yield
    subprocess.run(RUN)

def test_by_subprocess():
    subprocess.run(RUN)

def test_by_fork():
    number = os.fork()
    if number == 0:
        os._exit(0)
    os.waitpid(number, 0)

def test_by_a_pool():
    process = multiprocessing.get_context("fork").Process(target=id, args=(1,))
    process.start()
    process.join()

def test_by_the_shell():
    os.system("true")

def test_by_spawn():
    os.waitpid(os.posix_spawn(sys.executable, RUN, {}), 0)

def test_by_a_warm_command():
    assert auditor("--version", process=True).code == 0

def test_by_a_command_in_this_process():
    assert auditor("--version").code == 0

def test_for_it(made):
    assert made is None

def test_behind_it(unmade):
    assert unmade is None

@pytest.mark.process
def test_marked(lasting):
    subprocess.run(RUN)

@pytest.mark.engine
def test_with_an_engine():
    subprocess.run(RUN)

def test_alone():
    pass
"""
FAIL = {"by_subprocess", "by_fork", "by_a_pool", "by_the_shell", "by_spawn", "by_a_warm_command"}
AROUND = {"for_it", "behind_it"}


def test_what_starts_a_process_is_told_of(tmp_path: Path) -> None:
    for room in ("unit/deep", "e2e"):
        (tmp_path / "tests" / room).mkdir(parents=True)
    (tmp_path / "tests/unit/deep/test_starts.py").write_text(STARTS)
    (tmp_path / "tests/e2e/test_starts.py").write_text(STARTS)
    options = ("-q", "-rfE", "--import-mode=importlib", "-p", "tests.conftest", "-p", "no:randomly")
    shown = ran_tests(tmp_path, *options)
    told = re.findall(r"^(\w+) tests/(\S+?)/test_starts.py::test_(\w+)", shown, re.MULTILINE)
    expected = {("FAILED", name) for name in FAIL} | {("ERROR", name) for name in AROUND}
    assert {(how, name) for how, room, name in told if room == "unit/deep"} == expected, shown
    assert len(told) == len(expected), "nothing is said of the other room"
    assert "mark it 'process', or call in this process what it starts" in shown
