"""Generated documentation is what the policies and the program say today."""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.generate import DOCS, ROOT, RULES, left_over
from tests.docs.helps import commands

STALE = "is stale: run make docs"


MAKE = """
import json
from tests.docs.generate import pages
print(json.dumps({str(path): text for path, text in pages().items()}))
"""


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    """The pages as `make docs` makes them: in a process in which no test has asked a command."""
    done = subprocess.run(
        [sys.executable, "-c", MAKE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {Path(path): text for path, text in json.loads(done.stdout).items()}


@pytest.mark.process
def test_pages_are_up_to_date(made: dict[Path, str]) -> None:
    changes = [
        line
        for path, text in made.items()
        for line in difflib.unified_diff(
            path.read_text("utf-8").splitlines() if path.exists() else [],
            text.splitlines(),
            str(path.relative_to(ROOT)),
            "what is so today",
            lineterm="",
        )
    ]
    assert changes == [], STALE


@pytest.mark.process
def test_no_page_of_a_rule_that_is_gone(made: dict[Path, str]) -> None:
    assert left_over(made) == []


def test_every_command_is_in_the_page_of_commands() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    missing = [name for name in commands() if f"<!-- help: {name} -->" not in text]
    assert missing == []


CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")


def test_links_between_pages_lead_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in (*DOCS.rglob("*.md"), *ROOT.glob("*.md"))
        for target in LINK.findall(CODE.sub("", page.read_text("utf-8")))
        if not (page.parent / target).exists()
    ]
    assert dead == []


def test_a_rule_page_says_why_and_how() -> None:
    text = (RULES / "k8s-container-privileged.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == [
        "Why it matters",
        "How to fix it",
        "What is checked",
        "Controls",
        "Examples",
        "References",
    ]
    assert "After, for GPUs" in text
    assert "privileged: true" in text
