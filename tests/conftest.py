"""What every test may ask for."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests import leftovers
from tests.e2e.command import HOME, warm
from tests.pieces import Pieces, place
from tests.places import cores, scratch
from tests.sweeps import LONG_PROFILE

pytest_plugins = ["tests.alone", "tests.messages", "tests.engines.plugin", "tests.precision.plugin"]

LONG = "long"
YOUNG = 100_000
"""Things that are made before the collector looks at them, as many as in the program itself."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that choose which tests run, and take back what a shell may hand down.

    A job that a script puts in the background ignores Ctrl-C, and so would what it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # the same examples on each machine, a part of them; others are for the long run. How fast they
    # are made says nothing about what is tested
    whole = config.option.markexpr.startswith(LONG)
    settings.register_profile(
        "auditor",
        derandomize=not whole,
        max_examples=LONG_PROFILE if whole else LONG_PROFILE // 8,
        database=None,
        deadline=None,
        suppress_health_check=(HealthCheck.too_slow,),
    )
    settings.load_profile("auditor")
    config.addinivalue_line("markers", f"{LONG}: the whole of a sweep, for once in a while")
    config.addinivalue_line("markers", "bulk: takes long by how much there is: tests/measured.py")
    root = scratch()
    home = tempfile.TemporaryDirectory(
        prefix="auditor-tests-", dir=root, ignore_cleanup_errors=True
    )
    config.add_cleanup(home.cleanup)
    # what a test stops by force leaves its folders behind: here they go with the run
    inside = Path(home.name) / "scratch"
    inside.mkdir()
    os.environ.update({HOME: home.name, "TMPDIR": str(inside)})
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(root))  # by which it finds tmp_path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process more than there are cores: each waits for engines a fifth of its time.

    Not where no test starts any: there each has a core, and collects the tests once.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    waits = "not process" not in config.option.markexpr
    return cores() + waits


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Pieces:
    """Cut the run into pieces: see there."""
    config.option.loadscopereorder = False
    return Pieces(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Begin with what takes long, whatever the order that chance made beside that."""
    yield
    items.sort(key=place)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """A test gives back the signals that it took, and ends the processes that it started."""
    signals, children = leftovers.signals(), leftovers.numbers()
    yield
    left = {
        number: words
        for number, words in leftovers.children().items()
        if number not in children | warm()
    }
    for number in left:
        leftovers.end(number)
    assert (leftovers.changed(signals), list(left.values())) == ([], [])


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Look for no garbage while all that is made stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Spare the collector of garbage some hundred thousand things that stay to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
