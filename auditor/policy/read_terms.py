"""Days in files that people write: what holds from one until another, and not for too long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import yaml

from auditor.late import late
from auditor.policy.yamlfile import Reader

_DAY: Final = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_day(reader: Reader, nodes: Mapping[str, yaml.Node], key: str) -> dt.date | None:
    """Read a day, None where there is none or after an error."""
    text = reader.string(nodes.get(key))
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text) if _DAY.fullmatch(text) else _no_day(text)
    except ValueError:
        reader.fail(nodes[key], f"{text!r} is not a day", 'in quotes: "2026-11-30"')
        return None


def read_term(
    reader: Reader,
    nodes: Mapping[str, yaml.Node],
    begins: str,
    ends: str,
    longest: tuple[int, str],
) -> None:
    """Check the days of two keys: the second comes later, and no more days than ``longest`` later.

    ``longest`` has the days and what to say to somebody who wants more.
    """
    start, end = read_day(reader, nodes, begins), read_day(reader, nodes, ends)
    if start is None or end is None:
        return
    days = (end - start).days
    most, hint = longest
    if days <= 0:
        reader.fail(nodes[ends], "it expires before it begins")
    elif days > most:
        reader.fail(nodes[ends], f"it lasts {days} days, and may last {most}", hint)


def day_in(nodes: Mapping[str, yaml.Node], key: str) -> str:
    """The day of a key whose errors are told already, as it is written."""
    return str(nodes[key].value) if key in nodes else ""


def _no_day(text: str) -> dt.date:
    raise ValueError(text)
