"""Small words that several sections of the page say alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reports.text import cells, safe

LONGEST: Final = 300
_CHARACTER: Final = 4.8
"""How high a character of 12 pixels reaches that is turned by 40 degrees."""


def cut(text: str) -> str:
    """Make a text safe, and not too long for a row."""
    found = safe(text)
    return found if len(found) <= LONGEST else f"{found[: LONGEST - 3]}..."


def short(text: str, most: int) -> str:
    """Cut a text that is drawn; what it is drawn for says it whole."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def room_for(heads: Sequence[str]) -> int:
    """How many pixels the heads of columns take, which are drawn aslant."""
    longest = max((cells(each) for each in heads), default=0)
    return 24 + int(longest * _CHARACTER)


def count(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def more(number: int, noun: str) -> str:
    """Say how many a list leaves out, and where they are; nothing where it has them all."""
    return f"and {count(number, noun)} more, in results.json" if number > 0 else ""


def moment(text: str) -> str:
    """A moment of RFC 3339 in UTC, as people read it."""
    return text[:19].replace("T", " ") + " UTC"


def prose(text: str) -> str:
    """A text of several lines as one, as it is shown."""
    return safe(" ".join(text.split()))


def lines(text: str) -> str:
    """A text whose lines are shown as they are."""
    return "\n".join(safe(each) for each in text.split("\n"))
