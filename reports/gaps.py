"""What was not read, a cause at a time: where, what to do, which rules have no verdict for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from auditor.model.finding import GapReport

SHOWN_GAPS: Final = 10
SHOWN_PLACES: Final = 3
SHOWN_RULES: Final = 4


class Cause(msgspec.Struct):
    """Gaps that say the same of several places."""

    detail: str
    hint: str
    rules: tuple[str, ...]
    places: list[str] = msgspec.field(default_factory=list)
    number: int = 0


def causes(gaps: Iterable[GapReport], *, many_targets: bool) -> list[Cause]:
    """Put gaps together by what they say, in the order of the first of each."""
    found: dict[tuple[object, ...], Cause] = {}
    for item in gaps:
        gap = item.gap
        place = f"{gap.scope}:{gap.line}" if gap.line else gap.scope
        if many_targets and gap.scope != gap.target:
            place = f"{gap.target} {place}"
        detail = f"{gap.cause.value}: {gap.detail.removeprefix(f'{place}: ')}"
        cause = found.setdefault((detail, item.rules), Cause(detail, gap.hint, item.rules))
        cause.number += 1
        if len(cause.places) < SHOWN_PLACES:
            cause.places.append(place)
    return list(found.values())


def told(cause: Cause) -> Iterator[tuple[str, str]]:
    """Tell a cause as (text, indent) for each line."""
    where = ", ".join(cause.places)
    more = cause.number - len(cause.places)
    if more:
        where += f" and {more:,} more"
    yield f"{where}  {cause.detail}", "    "
    if cause.hint:
        yield f"try: {cause.hint}", "      "
    if cause.rules:
        yield f"no verdict: {some(cause.rules)}", "      "


def in_a_line(cause: Cause) -> str:
    """Tell a cause in a line: how often, what, and where the first of them is."""
    return f"    {cause.number:>4}  {cause.detail} ({cause.places[0]})"


def some(names: Iterable[str]) -> str:
    """Name the first few of many."""
    found = list(names)
    shown = ", ".join(found[:SHOWN_RULES])
    more = len(found) - SHOWN_RULES
    return f"{shown} and {more} more" if more > 0 else shown
