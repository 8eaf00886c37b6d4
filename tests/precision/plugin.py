"""Prints precision and recall by rule at the end of a run that measured them."""

from __future__ import annotations

import pytest

TABLE = "table of precision"
"""The property of the test that measures."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table that a test has left, in whichever process it ran."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            measured = getattr(report, "when", "") == "call"
            for name, lines in report.user_properties if measured else ():
                if name == TABLE:
                    terminalreporter.section("precision and recall")
                    terminalreporter.write_line("\n".join(lines))
