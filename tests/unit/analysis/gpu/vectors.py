"""The facts of tests/vectors, and each test's share of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[3] / "vectors"


class Rows:
    """The rows of a file, taken by the beginnings of their ids; each belongs to one test."""

    def __init__(self, name: str) -> None:
        self.rows: dict[str, dict[str, Any]] = {
            row["id"]: row for row in json.loads((FOLDER / name).read_text())
        }
        self.taken: list[str] = []

    def take(self, *starts: str, but: str = "-") -> list[str]:
        """The ids that begin so, except those that begin with ``but``, for a test's parameters."""
        found = [name for name in self.rows if name.startswith(starts) and not name.startswith(but)]
        self.taken += found
        return found

    def left(self) -> list[str]:
        """The rows that no test took, and those that two did."""
        once = [name for name in self.taken if self.taken.count(name) > 1]
        return [*(name for name in self.rows if name not in self.taken), *once]


@cache
def rows(name: str) -> tuple[dict[str, Any], ...]:
    """All rows of a file."""
    return tuple(json.loads((FOLDER / f"{name}.json").read_text()))


def rows_of(name: str, *starts: str) -> list[dict[str, Any]]:
    """The rows whose ids begin so."""
    return [row for row in rows(name) if row["id"].startswith(starts)]
