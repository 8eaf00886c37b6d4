"""Rules and controls are mapped from either side; once they are, nothing tells which it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import PolicyErrors
from auditor.model.enums import Decider
from auditor.model.policy import Framework
from auditor.policy import load, policies_folder, resolve
from tests.unit.policy.making import CONTROLS, FILES, RULE, complaints, loaded, told, write

THEIRS = """\
framework: theirs
title: Their framework
url: https://theirs.example/
version: "2.1"
controls:
  - {id: "1", title: By a former id, rules: [acme-old, acme-other]}
  - {id: "2", title: Of no rule}
  - {id: "3", title: An empty list, rules: []}
"""
FILE = "controls/theirs.yaml"


def test_both_sides_are_merged(tmp_path: Path) -> None:
    policy = loaded(tmp_path, {**FILES, FILE: THEIRS})
    assert policy.rules["acme-bad"].controls == ("acme:one", "theirs:1")
    assert policy.rules["acme-other"].controls == ("other:one", "theirs:1")
    assert policy.controls["acme:one"].rules == ("acme-bad",)
    assert policy.controls["theirs:1"].rules == ("acme-bad", "acme-other")
    assert policy.controls["theirs:2"].rules == policy.controls["theirs:3"].rules == ()


def test_said_twice_is_said_once(tmp_path: Path) -> None:
    both = CONTROLS.replace("}", ", rules: [acme-bad, acme-old]}")
    policy = loaded(tmp_path, {**FILES, "controls/acme.yaml": both})
    assert policy.rules["acme-bad"].controls == ("acme:one",)
    assert policy.controls["acme:one"].rules == ("acme-bad",)


def test_the_side_makes_no_difference(tmp_path: Path) -> None:
    from_rule = loaded(tmp_path / "rule", FILES)
    moved = {
        **FILES,
        "rules/acme-bad.yaml": RULE.replace("controls: [acme:one]\n", ""),
        "controls/acme.yaml": CONTROLS.replace("}", ", rules: [acme-bad]}"),
    }
    from_control = loaded(tmp_path / "control", moved)
    assert from_control.controls == from_rule.controls
    assert from_control.rules["acme-bad"].controls == from_rule.rules["acme-bad"].controls


def test_a_profile_selects_by_a_control_that_maps_rules(tmp_path: Path) -> None:
    profile = "id: p\ntitle: x\ndescription: y\nselect: [{controls: ['theirs:1']}]\ngate: low\n"
    policy = loaded(tmp_path, {**FILES, FILE: THEIRS, "profiles/p.yaml": profile})
    assert [chosen.rule.id for chosen in resolve(policy, "p", {}).rules] == [
        "acme-bad",
        "acme-other",
    ]


def test_a_control_that_maps_nothing_selects_nothing(tmp_path: Path) -> None:
    profile = "id: p\ntitle: x\ndescription: y\nselect: [{controls: ['theirs:2']}]\ngate: low\n"
    (said,) = complaints(tmp_path, {**FILES, FILE: THEIRS, "profiles/p.yaml": profile})
    assert said == "profiles/p.yaml:4:10: matches no rule (no rule has such a control)"


def test_a_rule_with_an_error_is_not_an_unknown_one(tmp_path: Path) -> None:
    broken = RULE.replace("severity: high", "severity: hihg")
    (said,) = complaints(tmp_path, {**FILES, FILE: THEIRS, "rules/acme-bad.yaml": broken})
    assert said.startswith("rules/acme-bad.yaml:3:11: 'hihg' is not allowed")


def test_what_a_framework_says_of_itself_is_kept(tmp_path: Path) -> None:
    policy = loaded(tmp_path, {**FILES, FILE: THEIRS})
    assert policy.frameworks["theirs"] == Framework(
        "theirs", "Their framework", "https://theirs.example/", "2.1"
    )
    assert policy.frameworks["acme"].version == ""
    assert list(policy.frameworks) == ["acme", "other", "theirs"]


def test_shipped_rules_are_mapped_from_a_folder_of_one_s_own(tmp_path: Path) -> None:
    mapped = "framework: mine\ntitle: Mine\nurl: https://mine.example/\ncontrols:\n  - "
    control = "{id: A.1, title: Nothing is privileged, rules: [k8s-container-privileged]}\n"
    write(tmp_path, {"controls/mine.yaml": mapped + control})
    policy = load((policies_folder(), tmp_path))
    assert policy.controls["mine:A.1"].rules == ("k8s-container-privileged",)
    assert policy.rules["k8s-container-privileged"].controls.count("mine:A.1") == 1


def test_a_rule_that_is_like_no_other_is_looked_up_in_the_list(tmp_path: Path) -> None:
    text = THEIRS.replace("acme-old, acme-other", "zzz")
    write(tmp_path, {FILE: text})
    with pytest.raises(PolicyErrors) as caught:
        load((policies_folder(), tmp_path))
    assert told(caught.value) == [
        f"{tmp_path / FILE}:6:46: no rule is called 'zzz' (auditor rules list)"
    ]


def test_what_decides_a_control_that_rules_cannot(tmp_path: Path) -> None:
    decided = THEIRS.replace(
        "Of no rule}", "Of no rule, decided-by: host, question: Is it locked?}"
    )
    policy = loaded(tmp_path, {**FILES, FILE: decided})
    found = policy.controls["theirs:2"]
    assert (found.decided_by, found.question) == (Decider.HOST, "Is it locked?")
    other = policy.controls["theirs:1"]
    assert (other.decided_by, other.question) == (None, "")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (", decided-by: host}", "missing field 'question' (what does one ask to decide it?)"),
        (
            ", question: Why?}",
            "missing field 'decided-by' (api, host, image-scan, provider or person)",
        ),
        (", decided-by: hots, question: Why?}", "'hots' is not allowed (did you mean 'host'?)"),
    ],
)
def test_a_decider_and_its_question_come_together(
    tmp_path: Path, said: str, complaint: str
) -> None:
    files = {**FILES, FILE: THEIRS.replace("Of no rule}", f"Of no rule{said}")}
    (found,) = complaints(tmp_path, files)
    assert found.startswith("controls/theirs.yaml:7:")
    assert found.endswith(complaint)


SAME = """\
framework: managed
title: A managed one
url: https://managed.example/
selected-only: true
controls:
  - {id: "9", title: As theirs, same-as: "theirs:1"}
  - {id: "8", title: As one that rules can't decide, same-as: "theirs:2"}
  - {id: "7", title: As theirs and more, same-as: "theirs:2", rules: [acme-other]}
"""
OPEN = THEIRS.replace("Of no rule}", "Of no rule, decided-by: person, question: Who?}")
MANAGED = "controls/managed.yaml"


def test_a_control_that_is_the_same_has_the_rules_of_the_other(tmp_path: Path) -> None:
    policy = loaded(tmp_path, {**FILES, FILE: OPEN, MANAGED: SAME})
    assert policy.controls["managed:9"].rules == policy.controls["theirs:1"].rules
    assert policy.controls["managed:9"].decided_by is None
    assert policy.rules["acme-bad"].controls == ("acme:one", "theirs:1", "managed:9")
    same, more = policy.controls["managed:8"], policy.controls["managed:7"]
    assert (same.rules, same.decided_by, same.question) == ((), Decider.PERSON, "Who?")
    assert (more.rules, more.decided_by, more.question) == (("acme-other",), None, "")


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ("theirs:4", "no control is called 'theirs:4' (did you mean 'theirs:3'?)"),
        ("managed:8", "managed:8 is the same as another itself (name theirs:2)"),
        ("managed:9", "managed:9 is the same as another itself (one of both has the rules)"),
    ],
)
def test_the_same_as_what_it_cannot_be(tmp_path: Path, other: str, complaint: str) -> None:
    files = {**FILES, FILE: THEIRS, MANAGED: SAME.replace("theirs:1", other)}
    (said,) = complaints(tmp_path, files)
    assert said == f"controls/managed.yaml:6:42: {complaint}"


def test_a_framework_of_one_provider_is_in_reports_of_those_who_ask(tmp_path: Path) -> None:
    profile = "id: p\ntitle: x\ndescription: y\nselect: [{controls: ['%s']}]\ngate: low\n"
    asking, other, child = (profile % name for name in ("managed", "theirs", "theirs"))
    files = {
        "profiles/p.yaml": asking,
        "profiles/q.yaml": other.replace("id: p", "id: q"),
        "profiles/r.yaml": child.replace("id: p", "id: r\nextends: [p]"),
    }
    policy = loaded(tmp_path, {**FILES, FILE: THEIRS, MANAGED: SAME, **files})
    assert policy.selected_only == {"managed"}
    named = {
        name: {key for each in resolve(policy, name, {}).rules for key in each.rule.controls}
        for name in ("p", "q", "r")
    }
    assert "managed:9" in named["p"] & named["r"]
    assert "managed:9" not in named["q"]
    assert "theirs:1" in named["q"]


@pytest.mark.parametrize("value", ["maybe", "1", "[]"])
def test_selected_only_is_true_or_false(tmp_path: Path, value: str) -> None:
    text = SAME.replace("selected-only: true", f"selected-only: {value}")
    (said,) = complaints(tmp_path, {**FILES, FILE: THEIRS, MANAGED: text})
    assert said == "controls/managed.yaml:4:16: must be true or false"
