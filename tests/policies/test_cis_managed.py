"""The CIS Benchmarks of EKS, GKE and AKS are whole: a rule decides a control, or it says what does.

The ids are those that kube-bench and others list for these editions.
"""

from __future__ import annotations

from collections import Counter

import pytest

from auditor.model.enums import Decider
from auditor.policy import resolve
from tests.e2e.command import auditor
from tests.e2e.runs import preparation
from tests.policies.shipped import POLICY

COMMON = {"4.2": 5, "5.1": 4, "5.2": 1, "5.3": 1, "5.4": 5}
SECTIONS = {
    "cis-eks": {"2.1": 2, "3.1": 4, "3.2": 9, "4.1": 12, "4.3": 2, "4.4": 2, "4.5": 2, "5.5": 1}
    | COMMON,
    "cis-aks": {"2.1": 1, "3.1": 4, "3.2": 9, "4.1": 12, "4.4": 2, "4.5": 2, "4.6": 3, "5.5": 2}
    | COMMON,
    "cis-gke": {
        "3.1": 4,
        "4.1": 10,
        "4.2": 1,
        "4.3": 2,
        "4.4": 2,
        "4.5": 1,
        "4.6": 4,
        "5.1": 4,
        "5.2": 2,
        "5.3": 1,
        "5.4": 1,
        "5.5": 7,
        "5.6": 7,
        "5.7": 2,
        "5.8": 3,
        "5.9": 2,
        "5.10": 4,
    },
}
SHOWN = {
    "cis-eks": (39, 4, 0, 11, "image-scan 1, provider 10"),
    "cis-aks": (38, 2, 1, 12, "host 2, image-scan 1, provider 9"),
    "cis-gke": (23, 4, 1, 33, "host 1, image-scan 1, provider 31"),
}
SIZES = {"cis-eks": 50, "cis-aks": 51, "cis-gke": 57}


@pytest.mark.parametrize("framework", SECTIONS)
def test_every_control_is_there(framework: str) -> None:
    found = {each.id for each in POLICY.controls.values() if each.framework == framework}
    sections = SECTIONS[framework].items()
    assert found == {f"{part}.{number + 1}" for part, size in sections for number in range(size)}
    assert len(found) == SIZES[framework]


@pytest.mark.parametrize("framework", SECTIONS)
def test_each_is_decided_by_rules_or_says_what_would(framework: str) -> None:
    controls = [each for each in POLICY.controls.values() if each.framework == framework]
    assert {each.id for each in controls if bool(each.rules) == bool(each.decided_by)} == set()
    assert {each.id for each in controls if bool(each.decided_by) != bool(each.question)} == set()


@pytest.mark.parametrize("framework", SECTIONS)
def test_what_is_left_to_the_provider_is_of_its_own_services(framework: str) -> None:
    controls = [each for each in POLICY.controls.values() if each.framework == framework]
    left = {each.id for each in controls if each.decided_by is Decider.PROVIDER}
    here = {name for name in left if not name.startswith("5.")}
    assert here == ({"2.1.2", "4.1.7"} if framework == "cis-eks" else set())


@pytest.mark.parametrize("framework", SECTIONS)
def test_the_profile_has_all_rules_of_its_benchmark(framework: str) -> None:
    found = {chosen.rule.id for chosen in resolve(POLICY, framework, {}).rules}
    controls = [each for each in POLICY.controls.values() if each.framework == framework]
    assert found == {rule for each in controls for rule in each.rules}


@pytest.mark.parametrize("framework", SECTIONS)
def test_only_its_own_profile_reports_it(framework: str) -> None:
    """Of a cluster of one's own, a benchmark of a provider says nothing."""
    own, other = (preparation(each).ready.profile for each in (framework, "cis-kubernetes"))
    assert framework in own.frameworks
    assert SECTIONS.keys() & own.frameworks.keys() == {framework}
    assert SECTIONS.keys().isdisjoint(other.frameworks)
    named = Counter(
        control.partition(":")[0] for each in other.rules for control in each.rule.controls
    )
    assert named["cis-kubernetes"] > 100
    assert SECTIONS.keys().isdisjoint(named)
    assert any(f"{framework}:" in key for each in own.rules for key in each.rule.controls)


def test_a_file_that_others_may_read_passes_there_alone() -> None:
    """Benchmarks of managed clusters ask for 644, that of Kubernetes for 600."""
    allowed = {
        (name, chosen.rule.id): chosen.params["allowed"]
        for name in (*SECTIONS, "cis-kubernetes")
        for chosen in resolve(POLICY, name, {}).rules
        if "allowed" in chosen.params and chosen.rule.id.startswith("k8s-node-")
    }
    rules = {rule for _, rule in allowed}
    assert len(rules) == 3
    assert {allowed["cis-kubernetes", rule] for rule in rules} == {"600"}
    assert {each for (name, _), each in allowed.items() if name in SECTIONS} == {"644"}


def test_the_counts_are_shown() -> None:
    for name, (rules, files, people, number, by) in SHOWN.items():
        lines = auditor("profiles", "show", name).out.splitlines()
        (start,) = (at for at, each in enumerate(lines) if each.startswith(f"Controls of {name}"))
        told = f"satisfied where their rules pass ({files} of them told by files alone)"
        rest = f"{number}  not covered (would be decided by: {by})"
        asked = f"{people}  for a person: auditor answers ask --profile {name}"
        shown = [f"{rules}  {told}", *([asked] if people else []), rest, ""]
        assert [each.strip() for each in lines[start + 1 : start + 1 + len(shown)]] == shown
