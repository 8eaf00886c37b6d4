"""What every test may ask for."""

from __future__ import annotations

import signal

import pytest

pytest_plugins = ["tests.engines.plugin"]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that choose which tests run, and take back what a shell may hand down.

    A job that a script puts in the background ignores Ctrl-C, and so would what it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "long: a long random run, for once in a while")
