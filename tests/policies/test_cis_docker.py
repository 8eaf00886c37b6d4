"""The CIS Docker Benchmark is whole: each control has a rule, or says what would decide it."""

from __future__ import annotations

import pytest

from auditor.policy import resolve
from tests.e2e.runs import preparation
from tests.policies.shipped import POLICY

SECTIONS = {"1.1": 18, "1.2": 2, "2": 18, "3": 24, "4": 12, "5": 32, "6": 2, "7": 9}
CONTROLS = {
    control.id: control for control in POLICY.controls.values() if control.framework == "cis-docker"
}


def test_every_control_is_there() -> None:
    expected = {f"{part}.{number + 1}" for part, size in SECTIONS.items() for number in range(size)}
    assert CONTROLS.keys() == expected
    assert len(expected) == 117


def test_each_is_decided_by_rules_or_says_what_would() -> None:
    wrong = {name for name, each in CONTROLS.items() if bool(each.rules) == bool(each.decided_by)}
    assert wrong == set()


def test_the_profile_has_all_rules_of_the_benchmark() -> None:
    found = {chosen.rule.id for chosen in resolve(POLICY, "cis-docker", {}).rules}
    assert found == {rule for each in CONTROLS.values() for rule in each.rules}


def test_the_profile_of_hosts_has_all_rules_but_those_of_taste() -> None:
    chosen = resolve(POLICY, "docker-host", {}).rules
    rules = [rule for rule in POLICY.rules.values() if "docker" in rule.tags]
    assert {each.rule.id for each in chosen} == {
        rule.id for rule in rules if "pedantic" not in rule.tags
    }


def test_the_default_profile_has_all_rules_of_the_profile_of_hosts() -> None:
    of_hosts, default = (
        {chosen.rule.id for chosen in resolve(POLICY, name, {}).rules}
        for name in ("docker-host", "ai-platform")
    )
    assert of_hosts < default


def test_no_rule_on_docker_is_in_a_profile_of_clusters() -> None:
    for name in ("gpu-tenancy", "pod-security-restricted"):
        found = resolve(POLICY, name, {}).rules
        assert not [each.rule.id for each in found if each.rule.id.startswith("docker-")]


@pytest.mark.parametrize(
    ("profile", "there", "elsewhere"),
    [
        ("cis-docker", "cis-docker", "cis-kubernetes"),
        ("docker-host", "cis-docker", "pss-baseline"),
        ("pod-security-restricted", "cis-kubernetes", "cis-docker"),
    ],
)
def test_results_have_the_frameworks_of_their_platform(
    profile: str, there: str, elsewhere: str
) -> None:
    compiled = preparation(profile).ready.profile
    assert there in compiled.frameworks
    assert elsewhere not in compiled.frameworks
    assert {each.framework for each in compiled.controls.values()} == compiled.frameworks.keys()


def test_a_profile_of_no_platform_of_its_own_has_all_frameworks() -> None:
    """Facts about GPUs are of whatever platform has them."""
    compiled = preparation("gpu-tenancy").ready.profile
    assert compiled.frameworks.keys() == POLICY.frameworks.keys() - POLICY.selected_only
