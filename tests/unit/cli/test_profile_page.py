"""What ``auditor profiles show`` counts is what a report shows, and it fits the screen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from auditor.cli.control_counts import counted
from auditor.cli.profile_page import page, record
from auditor.engine.controls import control_results
from auditor.engine.judged import Judged
from auditor.engine.merge import Merged
from auditor.model.enums import ControlState
from auditor.model.finding import RuleCount
from auditor.policy import load, policies_folder, resolve
from reports.text import cells
from tests.cases import every
from tests.policies.shipped import POLICY

PROFILES = {name: name for name in sorted(POLICY.profiles)}
HELD = {ControlState.SATISFIED, ControlState.SUPPORTED}
SILENT = {ControlState.MANUAL, ControlState.NOT_ASSESSED, ControlState.NOT_COVERED}


def test_counts_are_those_of_a_run_in_which_all_rules_pass() -> None:
    """The engine is the oracle: by its states, each control is counted once."""
    every(PROFILES, counts_are_those_of_a_run)


def counts_are_those_of_a_run(profile: str) -> None:
    resolved = resolve(POLICY, profile, {})
    run = Judged.of(RuleCount(each.rule.id, 1, 0, 0, 0, 0) for each in resolved.rules)
    found = counted(POLICY, resolved)
    controls = [each for each in POLICY.controls.values() if each.framework in found]
    states = Counter(
        (each.framework, each.state)
        for each in control_results(controls, run, [("t", run)], Merged())
    )
    for name, each in found.items():
        assert each.assessed == sum(states[name, state] for state in HELD), name
        assert each.silent == {state: states[name, state] for state in SILENT}, name
        numbers = [number for number, _ in each.rows(profile)]
        assert sum(numbers) == max(each.total, each.framework.total), name


@pytest.mark.parametrize("columns", [40, 80, 10_000])
def test_a_page_fits_its_screen(columns: int) -> None:
    every(PROFILES, lambda profile: fits_a_screen(profile, columns))


def fits_a_screen(profile: str, columns: int) -> None:
    resolved = resolve(POLICY, profile, {})
    lines = list(page(POLICY, resolved, columns))
    rules = {each.rule.id for each in resolved.rules}
    wide = [line for line in lines if cells(line) > columns and not rules & {*line.split()}]
    assert wide == [], "but for an id, which stays in one piece"
    words = {word for line in lines for word in line.split()}
    assert rules <= words
    assert not any(" 0 of " in line or line.strip().startswith("0 ") for line in lines)
    assert len(record(POLICY, resolved)["rules"]) == len(rules)


def test_a_page_by_state() -> None:
    resolved = resolve(POLICY, "cis-docker", {})
    lines = list(page(POLICY, resolved, 80))
    start = lines.index("Controls of cis-docker 1.6.0")
    found = counted(POLICY, resolved)["cis-docker"]
    silent, asked = found.silent, "for a person: auditor answers ask --profile cis-docker"
    assert lines[start + 1 : start + 3] == [
        f"  {found.assessed:>5}  satisfied where their rules pass",
        f"  {silent[ControlState.MANUAL]:>5}  {asked}",
    ]
    uncovered = f"  {silent[ControlState.NOT_COVERED]:>5}  not covered (would be decided by: host "
    assert lines[start + 3].startswith(uncovered)
    ours = list(page(POLICY, resolve(POLICY, "nist-800-190", {}), 80))
    assert "Controls of nist-800-190 2017 (our own mapping, unreviewed)" in ours
    assert not any("satisfied" in line for line in ours)


def test_of_a_framework_of_which_nothing_is_checked_there_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "controls").mkdir()
    own = "framework: acme\ntitle: A\nurl: https://a.example/\ncontrols:\n"
    (tmp_path / "controls" / "acme.yaml").write_text(f"{own}  - {{id: A.1, title: T}}\n")
    policy = load((policies_folder(), tmp_path))
    resolved = resolve(policy, "cis-docker", {})
    assert not any("acme" in line for line in page(policy, resolved, 80))
    assert record(policy, resolved)["controls"]["acme"]["assessed"] == 0
