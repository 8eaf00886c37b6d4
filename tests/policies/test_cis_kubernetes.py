"""The CIS Kubernetes Benchmark is whole: each control has a rule, or says what would decide it."""

from __future__ import annotations

import re
from collections import Counter

from auditor.model.enums import Decider
from auditor.policy import resolve
from collectors.kubernetes.node.probes import FLAGS
from tests.e2e.command import auditor
from tests.policies.shipped import POLICY

SECTIONS = {
    "1.1": 21,
    "1.2": 30,
    "1.3": 7,
    "1.4": 2,
    "2": 7,
    "3.1": 3,
    "3.2": 2,
    "4.1": 10,
    "4.2": 14,
    "4.3": 1,
    "5.1": 13,
    "5.2": 12,
    "5.3": 2,
    "5.4": 2,
    "5.5": 1,
    "5.6": 4,
}
"""How many controls a section of 1.12 and of 2.0.1 has."""
ADDED = {"5.1.14"}
"""What 2.1.0 adds."""
CONTROLS = {
    control.id: control
    for control in POLICY.controls.values()
    if control.framework == "cis-kubernetes"
}
IN_SECTIONS = {f"{part}.{number + 1}" for part, size in SECTIONS.items() for number in range(size)}


def test_every_control_is_there() -> None:
    assert CONTROLS.keys() == IN_SECTIONS | ADDED
    assert len(IN_SECTIONS) == 131
    assert IN_SECTIONS.isdisjoint(ADDED)


def test_each_is_decided_by_rules_or_says_what_would() -> None:
    wrong = {name for name, each in CONTROLS.items() if bool(each.rules) == bool(each.decided_by)}
    assert wrong == set()


def test_the_profile_has_all_rules_of_the_benchmark() -> None:
    found = {chosen.rule.id for chosen in resolve(POLICY, "cis-kubernetes", {}).rules}
    assert found == {rule for each in CONTROLS.values() for rule in each.rules}


def test_what_people_decide_is_about_people() -> None:
    left = Counter(each.decided_by for each in CONTROLS.values() if each.decided_by)
    people = {name for name, each in CONTROLS.items() if each.decided_by is Decider.PERSON}
    assert people == {"3.1.1", "3.1.2", "3.1.3", "5.1.7"}
    assert left[Decider.IMAGE_SCAN] == 0


def test_a_probe_keeps_every_flag_that_rules_read() -> None:
    """What of a process is left out no rule can judge."""
    flag = re.compile(r'(?:flags\[\??|\[|, )"([a-z][a-z-]+)"')
    rules = [each for each in POLICY.rules.values() if "control-plane" in each.tags]
    named = {
        name
        for rule in rules
        for name in flag.findall(rule.check.source)
        if not {name} & {"false", "true", "f", "t"}
    }
    assert len(rules) == 40
    assert len(named) > 35
    assert named - set(FLAGS) == set()


def test_the_counts_are_shown() -> None:
    shown = auditor("profiles", "show", "cis-kubernetes").out.splitlines()
    (start,) = (at for at, each in enumerate(shown) if each.startswith("Controls of cis-kube"))
    assert shown[start + 1 : start + 4] == [
        "    128  satisfied where their rules pass (33 of them told by files alone)",
        "      4  for a person: auditor answers ask --profile cis-kubernetes",
        "",
    ]
