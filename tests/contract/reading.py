"""What a report of each format shows, as those who read that format find it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reports.sarif_rules import LEFT_OUT, NOT_READ


@dataclass(frozen=True, slots=True)
class Shown:
    """The messages of findings by their verdict, and of gaps; ``left`` is what it says it lacks."""

    findings: list[tuple[str, str]]
    gaps: list[str]
    left: Counter[str] = field(default_factory=Counter)


def of_json(data: bytes) -> Shown:
    document = json.loads(data)
    return Shown(
        [(each["verdict"], each["message"]) for each in document["findings"]],
        [gap["detail"] for gap in document["gaps"]],
    )


def of_sarif(data: bytes) -> Shown:
    run = json.loads(data)["runs"][0]
    kinds = {"fail": "fail", "open": "unknown", "review": "manual"}
    own = {NOT_READ, LEFT_OUT}
    return Shown(
        [
            (kinds[each["kind"]], _first(each))
            for each in run["results"]
            if each["ruleId"] not in own
        ],
        [_first(each) for each in run["results"] if each["ruleId"] == NOT_READ],
        Counter(run["properties"]["leftOut"]),
    )


def _first(result: Any) -> str:
    text: str = result["message"]["text"]
    return text.split("\n", 1)[0]


READERS: dict[str, Callable[[bytes], Shown]] = {
    "json": of_json,
    "sarif": of_sarif,
}
"""Every format that is not the screen."""
