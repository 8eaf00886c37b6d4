"""The screen, as golden files: ``python -m tests.e2e.golden_screens`` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.text import cells
from tests.e2e.golden_screens import CASES, GOLDEN, Case, screen, write_files

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("screens"))


@pytest.mark.parametrize("name", CASES)
def test_a_screen_is_as_it_was(name: str, root: Path) -> None:
    expected = (GOLDEN / f"{name}.txt").read_text("utf-8")
    assert screen(CASES[name], root) == expected, "python -m tests.e2e.golden_screens"


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_text("utf-8")


FITTING = {name: case for name, case in CASES.items() if case.columns}


@pytest.mark.parametrize(("name", "case"), FITTING.items(), ids=FITTING)
def test_nothing_is_wider_than_the_screen(name: str, case: Case) -> None:
    """But for the last line, which is one, and for commands, which can be copied."""
    lines = COLOUR.sub("", golden(name)).splitlines()
    body = [line for line in lines if not line.startswith(("RESULT ", "  auditor "))]
    assert [line for line in body if cells(line) > case.columns] == []


def test_colour_carries_no_meaning_of_its_own() -> None:
    assert COLOUR.search(golden("colour-80"))
    assert COLOUR.sub("", golden("colour-80")) == golden("usual-80") == golden("dumb-80")


def test_plain_has_words_only() -> None:
    assert golden("usual-80").startswith("✗ FAIL")
    assert golden("plain-80").replace("sha256:…", "").isascii()
    assert golden("plain-80").startswith("FAIL\n")


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("explain")])
def test_order_and_last_line(name: str) -> None:
    text = COLOUR.sub("", golden(name))
    places = [text.index(part) for part in ("\nCoverage\n", "\nFindings\n", "\nNext steps\n")]
    assert places == sorted(places)
    assert text.splitlines()[-1].startswith("RESULT ")
    assert text.splitlines()[-2] == ""


def test_gaps_come_before_findings() -> None:
    text = golden("usual-80")
    assert 0 < text.index("broken.yaml") < text.index("CRITICAL")


def test_a_chart_says_how_to_render_it() -> None:
    assert "try: auditor scan chart --render, or: helm template NAME chart" in golden("chart-80")
