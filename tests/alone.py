"""Tests of parts start no process: what is wrong with a part is known within a minute or two.

A test of :data:`ROOMS` that starts one, in whatever way, fails, unless it is marked ``process`` or
asks an engine: ``make test-unit`` leaves those out, every other run has them. Commands run in this
process (:func:`tests.e2e.command.auditor`), unless a run asks for processes of all.

The kernel counts the page faults of the processes that somebody has waited for, and none ends
without one. One that nobody has waited for is left, which is an error of its own
(:mod:`tests.leftovers`). A command that the warm process forks is counted where it is asked for.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Generator
from typing import TypeVar

import pytest

from tests.e2e.command import COLD, FORKED, begun

ROOMS = ("unit", "contract", "policies", "docs")
PROCESS = "process"
FREE = (PROCESS, "engine")
T = TypeVar("T")


def ended() -> tuple[int, int]:
    """What grows when a process is started, by when somebody has waited for it."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt, begun()


def is_bound(item: pytest.Item) -> bool:
    """Whether a test may start no process."""
    if {COLD, FORKED} & os.environ.keys():
        return False
    tests = item.config.rootpath / "tests"
    room = item.path.relative_to(tests).parts[0] if item.path.is_relative_to(tests) else ""
    return room in ROOMS and not any(item.get_closest_marker(name) for name in FREE)


def watched(item: pytest.Item) -> Generator[None, T, T]:
    """Fail what starts a process."""
    before = ended()
    result = yield
    if ended() != before and is_bound(item):
        pytest.fail(
            f"it has started a process, and tests/{{{','.join(ROOMS)}}} start none: "
            f"mark it {PROCESS!r}, or call in this process what it starts (tests/e2e/command.py)",
            pytrace=False,
        )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, T, T]:
    """Watch what a test asks for."""
    return (yield from watched(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, T, T]:
    """Watch the test."""
    return (yield from watched(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, T, T]:
    """Watch what ends with it; with the last of all tests ends what others have started."""
    return (yield) if nextitem is None else (yield from watched(item))


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line("markers", f"{PROCESS}: starts processes, in a room where others don't")
