"""Small words that several sections of the page say alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from auditor.model.finding import Report
from reports.text import cells, safe

LONGEST: Final = 300
_CHARACTER: Final = 4.8
"""How high a character of 12 pixels reaches that is turned by 40 degrees."""


def cut(text: str) -> str:
    """Make a text safe, and not too long for a row."""
    found = safe(text)
    return found if len(found) <= LONGEST else f"{found[: LONGEST - 3]}..."


def short(text: str, most: int) -> str:
    """Cut a text that is drawn in its midst; what it is drawn for says it whole.

    Names of devices and of workloads differ at their ends as often as where they begin.
    """
    end = most // 3
    return text if len(text) <= most else f"{text[: most - end - 1]}…{text[-end:]}"


def drawn_targets(report: Report) -> dict[str, str]:
    """What targets are called in a picture: nothing where there is one, else what tells them apart.

    That is the last part of a path or an address, and all of it where two have the same.
    """
    uris = [each.uri for each in report.targets]
    if len(uris) < 2:
        return dict.fromkeys(uris, "")
    last = {uri: uri.rstrip("/").rpartition("/")[2] for uri in uris}
    times = Counter(last.values())
    return {uri: name if name and times[name] == 1 else uri for uri, name in last.items()}


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


def sentence(text: str) -> str:
    """A line that begins as a sentence does."""
    return text[:1].upper() + text[1:]


def moment(text: str) -> str:
    """A moment of RFC 3339 in UTC, as people read it."""
    return text[:19].replace("T", " ") + " UTC"


def prose(text: str) -> str:
    """A text of several lines as one, as it is shown."""
    return safe(" ".join(text.split()))


def lines(text: str) -> str:
    """A text whose lines are shown as they are."""
    return "\n".join(safe(each) for each in text.split("\n"))
