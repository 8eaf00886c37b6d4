"""Measures how much of what decides the unit tests reach, in the run of all tests.

``pytest -p tests.measured`` measures one process while it imports what is measured, and each while
it runs the tests of :data:`ROOMS`; the commands that tests start are not measured. The process that
hands out the tests puts the parts together, and the run fails below the floor of
``pyproject.toml``.

Python runs everything at half its speed while it is measured. So a test that is marked ``bulk`` is
not: it takes long by how much there is of something, and what it reaches, others reach with little.

It is there before pytest rewrites what tests assert, so it imports no plugin of ``conftest.py``.
"""

from __future__ import annotations

import importlib
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.places import WORKER

ROOT = Path(__file__).resolve().parents[1]
ROOMS = tuple(ROOT / "tests" / "unit" / name for name in ("engine", "evidence", "policy"))
DATA = ROOT / "build" / "coverage" / "data"
BULK = "bulk"
ALONE, FIRST = "alone", "gw0"
"""Who imports for all: what is reached by that is the same in each."""


def is_measured(item: pytest.Item) -> bool:
    """Whether what a test reaches counts."""
    within = any(room in item.path.parents for room in ROOMS)
    return within and item.get_closest_marker(BULK) is None


class Measuring:
    """Measures a process that runs tests."""

    def __init__(self) -> None:
        worker = os.environ.get(WORKER, ALONE)
        self._coverage = _coverage(data_suffix=f"{worker}-{os.getpid()}")
        self._on = False
        if worker in {ALONE, FIRST}:
            self._switch(on=True)
            _import_all()
        self._switch(on=False)

    def _switch(self, *, on: bool) -> None:
        if on != self._on:
            self._on = on
            (self._coverage.start if on else self._coverage.stop)()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Measure the tests of the rooms, and no others."""
        self._switch(on=is_measured(item))
        return (yield)

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        """Leave what was measured beside that of the other processes."""
        self._switch(on=False)
        self._coverage.save()


class Judging:
    """Puts together what the processes measured, and fails a run below the floor."""

    def __init__(self) -> None:
        shutil.rmtree(DATA.parent, ignore_errors=True)
        DATA.parent.mkdir(parents=True)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Count the lines and branches that were reached."""
        reached, floor = _reached(), _settings()["report"]["fail_under"]
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reached is None or reporter is None:
            return
        reporter.write_line("")
        reporter.write_line(f"unit tests reach {reached:.1f} % of what decides; floor {floor}")
        if reached < floor and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _import_all() -> None:
    """Import all that is measured, so that it does not count which other tests are in a run."""
    for source in _settings()["run"]["source"]:
        for path in sorted((ROOT / source).rglob("*.py")):
            name = path.parent if path.name == "__init__.py" else path.with_suffix("")
            importlib.import_module(".".join(name.relative_to(ROOT).parts))


def _reached() -> float | None:
    """Percent, None where nothing was measured."""
    found = _coverage()
    try:
        found.combine(strict=True)
        with Path(os.devnull).open("w") as nowhere:
            return found.report(file=nowhere)
    except coverage.exceptions.NoDataError:
        return None


def _coverage(**more: Any) -> coverage.Coverage:
    source = [str(ROOT / each) for each in _settings()["run"]["source"]]
    return coverage.Coverage(
        data_file=str(DATA), config_file=False, branch=True, source=source, **more
    )


def _settings() -> Mapping[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]
    return dict(settings)


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before anything of ours is imported."""
    several = WORKER not in os.environ and bool(early_config.known_args_namespace.numprocesses)
    if WORKER not in os.environ:
        early_config.pluginmanager.register(Judging())
    if not several:
        early_config.pluginmanager.register(Measuring())
