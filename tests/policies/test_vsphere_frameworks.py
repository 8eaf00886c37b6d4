"""The guides for vSphere: each control that is listed has a rule, or says what would decide it."""

from __future__ import annotations

import pytest

from auditor.policy import resolve
from tests.policies.shipped import POLICY

FRAMEWORKS = ("scg-vsphere-8", "scg-vsphere-9", "stig-vsphere-8")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_is_decided_by_rules_or_says_what_would(framework: str) -> None:
    controls = [each for each in POLICY.controls.values() if each.framework == framework]
    wrong = {each.id for each in controls if bool(each.rules) == bool(each.decided_by)}
    assert wrong == set()
    assert len(controls) > 80


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_profile_has_all_rules_of_its_guide(framework: str) -> None:
    found = {chosen.rule.id for chosen in resolve(POLICY, framework, {}).rules}
    controls = [each for each in POLICY.controls.values() if each.framework == framework]
    assert found == {rule for each in controls for rule in each.rules}


def test_the_profile_of_vsphere_has_all_rules_on_it() -> None:
    found = {chosen.rule.id for chosen in resolve(POLICY, "vsphere", {}).rules}
    about = {rule for rule in POLICY.rules if rule.startswith("vsphere-")}
    assert found == about | {"hypervisor-vulnerable"}


def test_the_default_judges_who_shares_what_is_passed_through_not_that_it_is() -> None:
    found = {chosen.rule.id for chosen in resolve(POLICY, "ai-platform", {}).rules}
    every = {rule for rule in POLICY.rules if rule.startswith("vsphere-")}
    assert every - found == {"vsphere-vm-passthrough-not-approved"}


@pytest.mark.parametrize("name", ["cis-docker", "gpu-tenancy", "docker-host"])
def test_no_rule_on_vsphere_is_in_another_profile(name: str) -> None:
    found = resolve(POLICY, name, {}).rules
    assert not [each.rule.id for each in found if each.rule.id.startswith("vsphere-")]
