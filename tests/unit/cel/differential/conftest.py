"""Shows what the comparisons came to, below the results of the tests."""

from __future__ import annotations

from typing import Final

import pytest

SUMMARY: Final = "comparison with cel-cpp"
"""The property of a test that holds what it compared."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == SUMMARY and report.when == "call":
                    terminalreporter.write_line(str(value))
