"""What every test may ask for."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.engines.plugin"]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that choose which tests run."""
    config.addinivalue_line("markers", "long: a long random run, for once in a while")
