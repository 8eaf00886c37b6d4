"""Each risk of sharing GPUs that we know of has rules, or a reason why there are none."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from auditor.policy import resolve
from tests.pieces import ROOT
from tests.policies.shipped import POLICY

PAGE = ROOT / "docs" / "gpu-tenancy-coverage.md"
SIZES = {"TEN": 24, "DRA": 12, "BYP": 19, "OPR": 10, "VUL": 9, "FAB": 5, "CC": 4}
_ROW = re.compile(r"\| ([A-Z]+-\d\d) \| (\w+) \| ([^|]+) \| ([^|]+) \|")
_RULE = re.compile(r"\[([a-z0-9-]+)\]\(rules/\1\.md\)")
SEVERE = {"critical", "high"}
NOT_TOLD = {"VUL-08"}
"""What no API of a cluster tells; its row says what would."""


class Risk(msgspec.Struct, frozen=True):
    """A row: its severity, the rules that hold it, and the sentence that stands in their place."""

    severity: str
    rules: tuple[str, ...]
    reason: str


def risks(page: Path) -> dict[str, Risk]:
    found = {}
    for line in page.read_text().splitlines():
        row = _ROW.fullmatch(line)
        if row is not None:
            rules = tuple(_RULE.findall(row[4]))
            assert row[1] not in found, f"{row[1]} stands there twice"
            found[row[1]] = Risk(row[2], rules, "" if rules else row[4].strip())
    return found


RISKS = risks(PAGE)


def test_every_risk_is_there() -> None:
    expected = [f"{part}-{n + 1:02}" for part, size in SIZES.items() for n in range(size)]
    assert list(RISKS) == expected


@pytest.mark.parametrize("name", list(RISKS))
def test_each_has_rules_of_the_default_profile_or_says_what_would_tell(name: str) -> None:
    risk = RISKS[name]
    shipped = {chosen.rule.id for chosen in resolve(POLICY, "ai-platform", {}).rules}
    assert set(risk.rules) <= shipped
    if not risk.rules:
        assert risk.reason.startswith(("Not known: ", "Not judged: "))
        assert re.search(r"\btells?\b", risk.reason), "what would tell"


def test_what_is_severe_has_rules() -> None:
    severe = {name for name, each in RISKS.items() if each.severity in SEVERE and not each.rules}
    assert severe == NOT_TOLD


def test_every_rule_about_gpus_holds_some_risk() -> None:
    about = {rule for rule in POLICY.rules if rule.startswith("gpu-")}
    held = {rule for each in RISKS.values() for rule in each.rules}
    assert about - held == {"gpu-sharing-configuration-not-read", "gpu-users-not-known"}, (
        "these two say what is not known"
    )
