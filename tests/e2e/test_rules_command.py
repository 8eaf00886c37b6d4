"""``auditor rules``: a rule's author finds out what the examples do not notice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import Ran, auditor

RULE = """\
id: acme-replicas-too-few
title: Too few replicas
severity: low
confidence: high
applies-to: k8s/Deployment
check: object.spec.?replicas.orValue(1) >= 2
message: "{object.metadata.name} has too few replicas"
rationale: One is none.
remediation: Set two.
references: [https://example.org]
examples:
  - name: three
    expect: pass
    object: {metadata: {name: a}, spec: {replicas: 3}}
  - name: one
    expect: fail
    object: {metadata: {name: a}, spec: {replicas: 1}}
"""
ACME = """\
id: acme
title: Ours
description: What we want.
select: [{ids: [acme-replicas-too-few]}]
gate: high
"""
TWO = """\
  - name: two
    expect: pass
    object: {metadata: {name: a}, spec: {replicas: 2}}
"""
ABSENT = """\
  - name: absent
    expect: fail
    object: {metadata: {name: a}, spec: {}}
"""
QUOTED = """\
  - name: quoted
    expect: unknown
    object: {metadata: {name: a}, spec: {replicas: "2"}}
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "acme-replicas-too-few.yaml").write_text(text)
    return tmp_path


def test_a_rule_that_is_held_down(tmp_path: Path) -> None:
    ran = auditor("rules", "test", folder_with(tmp_path, RULE + TWO + ABSENT))
    assert (ran.code, ran.err) == (0, "")
    assert ran.last_line() == "RESULT pass rules=1 examples=4 mutants=9 problems=0"


ROOTED = {
    "of the rule": ("['x'].exists(object, .object.spec.replicas > 1)", ".object"),
    "of the parameters": ("[1].all(params, .params.least == params)", ".params"),
}


@pytest.mark.parametrize(("check", "name"), ROOTED.values(), ids=ROOTED.keys())
def test_what_servers_read_in_two_ways_is_not_exported(
    tmp_path: Path, check: str, name: str
) -> None:
    least = "parameters: {least: {type: int, default: 1, description: How many.}}"
    ran = exported(tmp_path, f'{least}\ncheck: "{check} && object.spec.replicas > params.least"')
    assert (ran.code, ran.out) == (2, "")
    assert f"API servers before 1.37 read {name} as the variable of a macro" in ran.err


def test_a_leading_dot_is_dropped_inside_the_macro_over_the_elements(tmp_path: Path) -> None:
    check = "  . item.x > 1 && a.item.all(e, .item.x in [e]) && .object.x"
    ran = exported(
        tmp_path, f"each: .object.spec.a\ncheck: {check.replace('a.item', 'object.item')}"
    )
    assert (ran.code, ran.err) == (0, "")
    inside = "item.x > 1 && object.item.all(e, item.x in [e]) && .object.x"
    (policy, _) = yaml.safe_load_all(ran.out)
    (validation,) = policy["spec"]["validations"]
    expected = f"optional.ofNonZeroValue(.object.spec.a).orValue([]).all(item, {inside})"
    assert " ".join(validation["expression"].split()) == expected


def exported(tmp_path: Path, clauses: str) -> Ran:
    """A rule with other clauses, exported."""
    folder_with(tmp_path, RULE.replace(CHECK, clauses))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "acme.yaml").write_text(ACME)
    return auditor(
        *("rules", "export", "acme-replicas-too-few", "--policies", tmp_path, "--profile", "acme")
    )


CHECK = "check: object.spec.?replicas.orValue(1) >= 2"
HOLES = {
    "the bound itself": (RULE + ABSENT, "6:41", ">= 2 => object.spec.?replicas.orValue(1) > 2"),
    "an absent field": (RULE + TWO, "6:29", ">= 2 => object.spec.?replicas.value() >= 2"),
}


@pytest.mark.parametrize(("text", "place", "change"), HOLES.values(), ids=HOLES)
def test_a_hole_is_named(tmp_path: Path, text: str, place: str, change: str) -> None:
    ran = auditor("rules", "test", folder_with(tmp_path, text))
    assert ran.code == 1
    rule = "acme-replicas-too-few"
    before = CHECK.removesuffix(">= 2")
    assert f"rules/{rule}.yaml:{place}: {rule}: no example notices {before}{change}\n" in ran.out


def test_a_change_that_nobody_can_notice_is_named_with_a_reason(tmp_path: Path) -> None:
    entry = f"""\
equivalent:
  - change: "{CHECK} => object.spec.?replicas.orValue(1) > 2"
    reason: "Nobody has two."
"""
    ran = auditor("rules", "test", folder_with(tmp_path, RULE + ABSENT + entry))
    assert "orValue(1) > 2" not in ran.out
    assert "orValue(1) >= 3" in ran.out


def test_a_reason_that_is_not_needed(tmp_path: Path) -> None:
    entry = f"""\
equivalent:
  - change: "{CHECK} => false"
    reason: "There is no reason."
"""
    ran = auditor("rules", "test", folder_with(tmp_path, RULE + TWO + ABSENT + entry))
    assert ran.code == 1
    assert (
        f"equivalent: an example notices this, or it is not a change: {CHECK} => false" in ran.out
    )


def test_an_example_with_a_value_of_a_wrong_type(tmp_path: Path) -> None:
    ran = auditor("rules", "test", folder_with(tmp_path, RULE + TWO + ABSENT + QUOTED))
    assert (ran.code, ran.err) == (0, "")
    assert ran.last_line() == "RESULT pass rules=1 examples=5 mutants=9 problems=0"


def test_such_an_example_notices_no_change(tmp_path: Path) -> None:
    ran = auditor("rules", "test", folder_with(tmp_path, RULE + ABSENT + QUOTED))
    assert ran.code == 1
    assert "no example notices check: object.spec.?replicas.orValue(1) >= 2 =>" in ran.out


def test_an_example_with_another_verdict(tmp_path: Path) -> None:
    text = RULE.replace("replicas: 3", "replicas: 0")
    ran = auditor("rules", "test", folder_with(tmp_path, text))
    assert ran.code == 1
    assert "example 'three': expected pass, got fail: a has too few replicas" in ran.out


def test_a_message_without_a_value(tmp_path: Path) -> None:
    text = RULE.replace("{object.metadata.name} has", "{object.metadata.name} ({object.kind}) has")
    ran = auditor("rules", "test", folder_with(tmp_path, text + TWO + ABSENT))
    assert ran.code == 1
    told = "the message has no value in example 'one': object.kind: "
    assert f"acme-replicas-too-few.yaml:7:36: acme-replicas-too-few: {told}" in ran.out


def test_a_parameter_that_does_nothing(tmp_path: Path) -> None:
    parameter = "parameters: {least: {type: int, default: 2, description: How many}}\n"
    text = RULE.replace("rationale:", f"{parameter}rationale:") + TWO + ABSENT
    ran = auditor("rules", "test", folder_with(tmp_path, text))
    assert ran.code == 1
    assert "acme-replicas-too-few: no expression reads parameter least" in ran.out


def test_an_error_in_the_condition(tmp_path: Path) -> None:
    text = RULE.replace("object.spec", "objekt.spec")
    ran = auditor("rules", "test", folder_with(tmp_path, text))
    assert ran.code == 2
    assert "acme-replicas-too-few.yaml:6:8: undeclared name 'objekt'" in ran.err
    assert "did you mean 'object'?" in ran.err


def test_a_folder_without_rules(tmp_path: Path) -> None:
    ran = auditor("rules", "test", tmp_path)
    assert ran.code == 2
    assert f"{tmp_path}: no policy files" in ran.err


def test_list_by_tag() -> None:
    ran = auditor("rules", "list", "--tag", "gpu")
    assert ran.code == 0
    assert any(
        line.split()[:2] == ["medium", "k8s-gpu-quota-missing"] for line in ran.out.splitlines()
    )


def test_an_unknown_tag() -> None:
    ran = auditor("rules", "list", "--tag", "gpus")
    assert (ran.code, ran.out) == (2, "")
    assert "no rule has the tag gpus" in ran.err


def test_rules_by_name_and_in_folders(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, RULE + TWO + ABSENT)
    ran = auditor(
        "rules", "test", "--policies", folder, "acme-replicas-too-few", "k8s-pod-host-ipc"
    )
    assert ran.code == 0
    assert ran.last_line().startswith("RESULT pass rules=2 examples=7 ")


def test_a_rule_or_folder_that_is_not_there(tmp_path: Path) -> None:
    ran = auditor("rules", "test", "k8s-pod-host-ip")
    assert (ran.code, ran.out) == (2, "")
    assert "no rule is called k8s-pod-host-ip" in ran.err
    assert "did you mean k8s-pod-host-ipc?" in ran.err
    ran = auditor("rules", "test", tmp_path / "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert f"{tmp_path}/nowhere: no such folder" in ran.err


def test_problems_as_json(tmp_path: Path) -> None:
    ran = auditor("rules", "test", "--json", folder_with(tmp_path, RULE + TWO))
    problems = json.loads(ran.out)
    assert ran.code == 1
    assert {problem["rule"] for problem in problems} == {"acme-replicas-too-few"}
    assert any("orValue(1)" in problem["message"] for problem in problems)


def test_list_as_json() -> None:
    ran = auditor("rules", "list", "--json", "--profile", "pod-security-baseline")
    rules = {rule["id"]: rule for rule in json.loads(ran.out)}
    assert rules["k8s-container-privileged"]["severity"] == "critical"
    assert "pod-security" in rules["k8s-container-privileged"]["tags"]
    assert "k8s-image-tag-mutable" not in rules
