"""The frameworks that come with the program: ids as they write them, and no mapping without sense.

That an id is one of the framework's own rests on how such ids look, and on lists of them that were
published; the text of a framework is not here to compare with.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from auditor.model.enums import Basis, Decider, Severity
from auditor.policy import policies_folder, resolve
from tests.policies.shipped import POLICY

IDS = {
    "cis-aks": r"\d\.\d{1,2}(\.\d{1,2})?",
    "cis-eks": r"\d\.\d{1,2}(\.\d{1,2})?",
    "cis-gke": r"\d\.\d{1,2}(\.\d{1,2})?",
    "cis-docker": r"\d(\.\d{1,2}){1,2}",
    "cis-kubernetes": r"\d\.\d{1,2}(\.\d{1,2})?",
    "csa-ccm": r"(AIS|BCR|CCC|CEK|DCS|DSP|I&S|IAM|LOG|TVM|UEM)-\d\d",
    "eu-ai-act": r"\d{1,2}\.\d{1,2}",
    "hipaa": r"164\.3\d\d\([a-e]\)(\(\d\)(\([ivx]+\)(\([A-Z]\))?)?)?",
    "iso-27001": r"A\.[5-8]\.\d{1,2}",
    "iso-42001": r"A\.(10|[2-9])(\.\d){1,2}",
    "mitre-atlas": r"AML\.M00\d\d",
    "nist-800-190": r"4\.[1-6](\.\d)?",
    "nist-ai-rmf": r"(GOVERN|MAP|MEASURE|MANAGE)-\d\.\d{1,2}",
    "pci-dss-4": r"(A1|\d{1,2})\.\d{1,2}\.\d{1,2}(\.\d)?",
    "soc2": r"(CC\d|A1|C1)\.\d",
    "nist-800-53": r"(AC|AU|CA|CM|CP|IA|IR|MA|MP|RA|SA|SC|SI|SR)-\d{1,2}(\(\d{1,2}\))?",
    "nsa-kubernetes": r"[a-z]+(-[a-z]+)*",
    "objectives": r"[a-z]+(-[a-z]+)*",
    "owasp-kubernetes": r"K(0\d|10)",
    "pss-baseline": r"[a-z]+(-[a-z]+)*",
    "pss-restricted": r"[a-z]+(-[a-z]+)*",
    "scg-vsphere-8": r"[a-z]+-8\.[a-z0-9-]+",
    "scg-vsphere-9": r"[a-z]+-9\.[a-z0-9-]+",
    "stig-vsphere-8": r"(ESXI|VCSA|VMCH)-80-\d{6}",
}
"""How each framework writes its ids."""
ASKED = sorted(
    key
    for key, each in POLICY.frameworks.items()
    if each.selected_only and each.mapping is Basis.SUPPORTS
)
OURS = sorted(key for key, each in POLICY.frameworks.items() if each.mapping is Basis.SUPPORTS)


def test_every_framework_has_a_form_of_ids() -> None:
    assert IDS.keys() == POLICY.frameworks.keys()


@pytest.mark.parametrize("framework", sorted(IDS))
def test_ids_are_as_the_framework_writes_them(framework: str) -> None:
    ids = [each.id for each in POLICY.controls.values() if each.framework == framework]
    assert ids
    assert [name for name in ids if not re.fullmatch(IDS[framework], name)] == []


@pytest.mark.parametrize(
    ("framework", "sizes"),
    [
        ("iso-27001", {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}),
        ("iso-42001", {"A.2": 3, "A.3": 2, "A.4": 5, "A.5": 4, "A.6.1": 2, "A.6.2": 7}),
        ("iso-42001", {"A.7": 5, "A.8": 4, "A.9": 3, "A.10": 3}),
        ("nist-800-190", {"4.1": 5, "4.2": 3, "4.3": 5, "4.4": 5, "4.5": 5}),
        ("soc2", {"CC1": 5, "CC2": 3, "CC3": 4, "CC4": 2, "CC5": 3, "CC6": 8, "CC7": 5}),
        ("soc2", {"CC8": 1, "CC9": 2, "A1": 3, "C1": 2}),
    ],
)
def test_frameworks_that_are_listed_whole_are_whole(framework: str, sizes: dict[str, int]) -> None:
    """How many controls each part has, as published."""
    ids = [each.id for each in POLICY.controls.values() if each.framework == framework]
    found = Counter(name.rpartition(".")[0] for name in ids)
    assert {part: found[part] for part in sizes} == sizes


def test_mitigations_are_numbered_without_a_gap() -> None:
    ids = [each.id for each in POLICY.controls.values() if each.framework == "mitre-atlas"]
    assert sorted(ids) == [f"AML.M{number:04}" for number in range(35)]


@pytest.mark.parametrize("framework", sorted(IDS))
def test_each_control_has_a_mapping_or_a_reason(framework: str) -> None:
    for each in POLICY.controls.values():
        if each.framework == framework:
            assert each.rules or each.question or each.left_out or framework in WITHOUT, each


SEVERE = {Severity.HIGH, Severity.CRITICAL}
WITHOUT = {"cis-docker", "owasp-kubernetes", "scg-vsphere-8", "scg-vsphere-9", "stig-vsphere-8"}
"""Frameworks with controls of which nobody says yet why no rule speaks to them."""


@pytest.mark.parametrize("framework", ASKED)
def test_a_mapping_of_our_own_says_so(framework: str) -> None:
    """What is mapped through objectives rests on our reading; a person can be asked the rest."""
    found = POLICY.frameworks[framework]
    assert found.mapping is Basis.SUPPORTS
    if framework != "objectives":
        assert found.unreviewed
        assert found.dated
        assert found.rest
        assert POLICY.profiles[framework].title


@pytest.mark.parametrize("framework", sorted(set(ASKED) - {"objectives"}))
def test_a_profile_asks_for_it_and_for_no_other(framework: str) -> None:
    resolved = resolve(POLICY, framework, {})
    assert resolved.asked == {framework}
    controls = [each for each in POLICY.controls.values() if each.framework == framework]
    rules = {rule for each in controls for rule in each.rules}
    assert {chosen.rule.id for chosen in resolved.rules} == rules
    assert any(each.decided_by is Decider.PERSON for each in controls)


def test_a_control_is_not_mapped_to_everything() -> None:
    """A mapping that names most of what there is says nothing: CM-6 is about all settings."""
    most = len(POLICY.rules) * 2 // 5
    wide = {key for key, each in POLICY.controls.items() if len(each.rules) > most}
    assert wide == set()


def test_objectives_have_most_rules_and_no_two_are_the_same() -> None:
    found = [each for each in POLICY.controls.values() if each.framework == "objectives"]
    assert {decided.question for decided in found} == {""}
    assert max(Counter(each.rules for each in found).values()) == 1
    named = {rule for each in found for rule in each.rules}
    assert len(named) > 0.95 * len(POLICY.rules)


def test_rules_do_not_name_what_their_framework_maps() -> None:
    """Rules name controls of benchmarks; all others stand in the files of frameworks alone."""
    text = [path.read_text() for path in (policies_folder() / "rules").rglob("*.yaml")]
    for framework in ASKED:
        assert not any(f"{framework}:" in each for each in text), framework


@pytest.mark.parametrize(
    ("framework", "share"),
    [
        *(("nist-800-53", 0.97), ("nist-800-190", 0.9), ("pci-dss-4", 0.9)),
        *(("iso-27001", 0.9), ("soc2", 0.9), ("hipaa", 0.9), ("csa-ccm", 0.9)),
    ],
)
def test_what_is_severe_speaks_to_a_control(framework: str, share: float) -> None:
    """Of the guide for Kubernetes this is no measure: it says nothing of GPUs and of models."""
    named = {
        rule
        for each in POLICY.controls.values()
        if each.framework == framework
        for rule in each.rules
    }
    severe = {key for key, each in POLICY.rules.items() if each.severity in SEVERE}
    assert len(severe) > 200
    assert len(severe & named) >= share * len(severe), sorted(severe - named)
