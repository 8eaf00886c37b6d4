"""The scripts of ``findings/`` stand in its table; they themselves are run by ``make findings``."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "findings"
SCRIPTS = sorted(FOLDER.glob("*.sh"))


def test_table_has_each_script_and_no_other() -> None:
    rows = re.findall(r"^\| `([^`]+\.sh)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == [script.name for script in SCRIPTS]


def test_tests_that_answer_a_finding_are_there() -> None:
    answers = re.findall(r"`(tests/[^`]+\.py)`", (FOLDER / "README.md").read_text())
    assert answers
    assert [answer for answer in answers if not (ROOT / answer).is_file()] == []


@pytest.mark.process
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_is_bash_and_cleans_up(script: Path) -> None:
    subprocess.run(["/bin/sh", "-c", f"bash -n {script}"], check=True)
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "trap " in text
    assert re.search(r"\b[0-9]+\.[0-9]+\.[0-9]+\b", text), "the versions are pinned"
