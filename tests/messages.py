"""Of a test that passed, the process that ran it sends one report to the one that shows them.

pytest makes three: of what the test asks for, of itself, and of what ends with it. Each is taken
apart, sent and put together again, with a message before the first and one behind the last::

    start   setup passed   call passed   teardown passed   finish      what pytest-xdist sends
                           call passed                     finish      what is sent here

What takes time that ``--durations`` would show, prints, or says anything but that it passed is sent
as it is. The time of what isn't counts with the test, so that a file of JUnit has all of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from _pytest.runner import runtestprotocol

from tests.places import WORKER

SHOWN = 0.005
"""Seconds from which pytest shows how long a phase of a test took."""


def is_silent(report: pytest.TestReport) -> bool:
    """Whether nothing is lost when nobody is told of a phase that is not the test itself."""
    said = report.sections or report.user_properties
    return report.when != "call" and report.duration < SHOWN and not said


def worth(reports: Sequence[pytest.TestReport]) -> list[pytest.TestReport]:
    """The reports of one test that are sent: all of them unless it passed."""
    if len(reports) != len(("setup", "call", "teardown")) or any(not it.passed for it in reports):
        return list(reports)
    call = reports[1]
    call.duration += sum(each.duration for each in reports if is_silent(each))
    return [each for each in reports if not is_silent(each)]


@pytest.hookimpl
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run one test as pytest does, where another process is told of it."""
    if WORKER not in os.environ:
        return None
    for report in worth(runtestprotocol(item, log=False, nextitem=nextitem)):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
