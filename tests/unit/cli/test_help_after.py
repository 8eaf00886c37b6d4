"""A page of help is the same whatever was asked before in the same process."""

from __future__ import annotations

import pytest

from auditor.cli.app import run


def test_scan_after_its_options_were_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    run(["config", "show", "--no-config"])
    capfd.readouterr()
    run(["scan", "--help"])
    assert "  -h, --help " in capfd.readouterr().out
