"""Whatever is in a policy file, loading it ends in a policy set or in errors with places."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from auditor.errors import PolicyErrors
from auditor.policy import load
from tests.unit.policy.making import FILES, write

PIECES = (
    *("{", "}", "[", "]", ":", "- ", "\n", "  ", "'", '"', "&a ", "*a", "!!set ", "!x ", "? ", "|"),
    *(">-\n", "%", "@", "`", "#", "<<: ", "\t", "---\n", "...\n", "~", "null", "0x1F", "1e999"),
    *(",", "=", ".nan", "2026-01-01", "2026-13-45", "!!binary ", "!!timestamp ", "!!int "),
    *("\\", "\\u0000", "\x00", "\ufeff", "\u2028", "é", "\U0001f680", "9" * 40, "a" * 300),
)  # fmt: skip


def spoiled(random: Random, text: str) -> str:
    """A text with some stretches left out, doubled, moved, or replaced by odd ones."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 1, 2, 10, 80)))
        kept = random.choice(("", text[start:end] * 2, random.choice(PIECES)))
        text = text[:start] + kept + text[end:]
    return text


def complain(folder: Path) -> None:
    """Load a folder; every error has a place and a message."""
    try:
        load((folder,))
    except PolicyErrors as error:
        errors = error.errors
    else:
        return
    assert all(error.location.file and error.message for error in errors)


@pytest.mark.bulk
@pytest.mark.parametrize("file", FILES)
def test_nothing_but_policy_errors(tmp_path: Path, file: str) -> None:
    random = Random(f"{file} 0")
    write(tmp_path, FILES)
    for _ in range(10):
        write(tmp_path, {file: spoiled(random, FILES[file])})
        complain(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("file", FILES)
def test_nothing_but_policy_errors_for_long(tmp_path: Path, file: str) -> None:
    random = Random(file)
    write(tmp_path, FILES)
    for _ in range(3000):
        write(tmp_path, {file: spoiled(random, FILES[file])})
        complain(tmp_path)
