"""What can be wrong with profiles, controls and tables, where, and what is said about it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from auditor.engine.gate import parse_gate
from auditor.errors import UsageError
from auditor.policy.read_profile import GATE
from tests.unit.policy.making import FILES, complaints, edited

PROFILE = "profiles/acme.yaml"
CONTROLS = "controls/acme.yaml"
TABLE = "tables/pod-templates.yaml"
LEAST = "did you mean 'acme-bad.least'?"
ONE_THING = "ids are for ever and for one thing: choose another"
GATE_HINT = "a list such as high, medium>10, unknown, coverage<95, excluded; or never"

PROFILES = {
    "unknown key": ("exclude:", "excludes:", [
        "6:1: unknown key 'excludes' (did you mean 'exclude'?)",
    ]),
    "id": ("id: acme\n", "id: Acme\n", [
        "1:5: 'Acme' is not an id (lower-case words and digits joined by dashes)",
    ]),
    "id that is not the file's name": ("id: acme\n", "id: ours\n", [
        "1:5: the file must be named ours.yaml, not acme.yaml",
    ]),
    "days of a waiver": ("gate: high", "gate: high\nwaivers: {max-days: 400}", [
        "12:21: 400 is not between 1 and 366",
    ]),
    "days that are none": ("gate: high", "gate: high\nwaivers: {max-days: ninety}", [
        "12:21: must be a number of days, not text",
    ]),
    "days of nothing": ("gate: high", "gate: high\nwaivers: {days: 90}", [
        "12:10: missing key 'max-days'",
        "12:11: unknown key 'days' (did you mean 'max-days'?)",
    ]),
    "no gate": ("gate: high\n", "", ["1:1: missing key 'gate'"]),
    "gate": ("gate: high", "gate: hihg", [f"11:7: 'hihg' is not a gate ({GATE_HINT})"]),
    "nothing selected": ("select:\n  - {tags: [workload], severity: low}\n", "", [
        "1:1: selects no rule (name some in select, or profiles in extends)",
    ]),
    "empty selection": ("{tags: [workload], severity: low}", "{}", [
        "5:5: says nothing (ids, tags, controls or a severity)",
    ]),
    "selection that is a text": ("{tags: [workload], severity: low}", "workload", [
        "5:5: must be a mapping, not text",
    ]),
    "unknown tag": ("tags: [workload]", "tags: [workloads]", [
        "5:13: no tag is called 'workloads' (did you mean 'workload'?)",
    ]),
    "no tags": ("tags: [workload]", "tags: []", ["5:12: must not be empty"]),
    "unknown rule": ("tags: [workload]", "ids: [acme-bda]", [
        "5:12: no rule is called 'acme-bda' (did you mean 'acme-bad'?)",
    ]),
    "a former id is fine": ("tags: [workload]", "ids: [acme-old]", []),
    "unknown framework": ("controls: [other]", "controls: [others]", [
        "7:17: no framework is called 'others' (did you mean 'other'?)",
    ]),
    "unknown control": ("controls: [other]", "controls: [other:two]", [
        "7:17: no control is called 'other:two' (did you mean 'other:one'?)",
    ]),
    "severity of a selection": ("severity: low", "severity: lowest", [
        "5:34: 'lowest' is not allowed (did you mean 'low'?)",
    ]),
    "selection that matches nothing": ("severity: low", "severity: critical", [
        "5:5: matches no rule (without its severity it would: the highest there is high)",
    ]),
    "exclusion that matches nothing": ("{controls: [other]}", "{severity: critical}", [
        "7:5: matches no rule (without its severity it would: the highest there is high)",
    ]),
    "unknown profile": ("select:", "extends: [ours]\nselect:", [
        "4:11: no profile is called 'ours' (one of: acme)",
    ]),
    "extends itself": ("select:", "extends: [acme]\nselect:", [
        "1:5: profiles extend each other in a cycle: acme > acme (remove one `extends`)",
    ]),
    "unknown parameter": ("{least: 3", "{most: 3", [
        "8:20: no parameter that any rule has is called 'most' (one of: least)",
    ]),
    "unknown parameter of a rule": ("acme-bad.least", "acme-bad.most", [
        f"8:39: no parameter that rule acme-bad has is called 'most' ({LEAST})",
    ]),
    "parameter of an unknown rule": ("acme-bad.least", "acme-bda.least", [
        "8:40: no rule is called 'acme-bda' (did you mean 'acme-bad'?)",
    ]),
    "parameter out of bounds": ("{least: 3", "{least: 10", [
        "8:21: parameter least: 10 is not between 1 and 9",
    ]),
    "parameter of another type": ("{least: 3", "{least: many", [
        "8:21: parameter least: 'many' is not an integer",
    ]),
    "override without a reason": (", reason: It broke.", "", ["10:5: missing key 'reason'"]),
    "override with an empty reason": ("reason: It broke.", 'reason: ""', [
        "10:50: must not be empty",
    ]),
    "override of an unknown rule": ("rule: acme-bad", "rule: acme-bda", [
        "10:12: no rule is called 'acme-bda' (did you mean 'acme-bad'?)",
    ]),
    "override to no severity": ("severity: critical", "severity: fatal", [
        "10:32: 'fatal' is not allowed (one of: critical, high, info, low, medium)",
    ]),
    "overridden twice": ("gate:", "  - {rule: acme-bad, severity: low, reason: Or not.}\ngate:", [
        "11:12: rule acme-bad is overridden twice",
    ]),
}  # fmt: skip

OTHERS = {
    "framework": (CONTROLS, "framework: acme", "framework: Acme", [
        "1:12: 'Acme' is not an id (lower-case words and digits joined by dashes)",
    ]),
    "no url": (CONTROLS, "url: https://acme.example/\n", "", ["1:1: missing key 'url'"]),
    "url": (CONTROLS, "url: https:", "url: http:", [
        "3:6: 'http://acme.example/' is not an https:// URL (it starts with https://)",
    ]),
    "no controls": (CONTROLS, "\n  - {id: one, title: Enough of everything}", " []", [
        "4:11: must not be empty",
    ]),
    "control id": (CONTROLS, "id: one", "id: 'one two'", [
        "5:10: 'one two' is not an id (letters, digits, dots, dashes, parentheses and &)",
    ]),
    "control id that is a number": (CONTROLS, "id: one", "id: 5.2", [
        '5:10: must be text, not a number (put it in quotes: "5.2")',
    ]),
    "control without a title": (CONTROLS, ", title: Enough of everything", "", [
        "5:5: missing key 'title'",
    ]),
    "version that is a number": (CONTROLS, "controls:", "version: 1.2\ncontrols:", [
        '4:10: must be text, not a number (put it in quotes: "1.2")',
    ]),
    "rules that are not list": (CONTROLS, "everything}", "everything, rules: acme-bad}", [
        "5:51: must be a list, not text",
    ]),
    "rule that is not there": (CONTROLS, "everything}", "everything, rules: [acme-bat]}", [
        "5:52: no rule is called 'acme-bat' (did you mean 'acme-bad'?)",
    ]),
    "rule that is like none": (CONTROLS, "everything}", "everything, rules: [zzz]}", [
        "5:52: no rule is called 'zzz' (one of: acme-bad, acme-old, acme-older, acme-other)",
    ]),
    "rule twice": (CONTROLS, "everything}", "everything, rules: [acme-bad, acme-bad]}", [
        "5:62: 'acme-bad' is there twice",
    ]),
    "control twice": (CONTROLS, "  - {id: one", "  - {id: one, title: a}\n  - {id: one", [
        f"6:10: control acme:one exists already, in controls/acme.yaml:5:10 ({ONE_THING})",
    ]),
    "table that is not a list": (TABLE, "- {", "{", ["1:1: must be a list, not a mapping"]),
    "row that is not a mapping": (TABLE, "- {", "- a\n- {", ["1:3: must be a mapping, not text"]),
    "row with an unknown key": (TABLE, "group", "groups", [
        "1:3: missing key 'group'",
        "1:19: unknown key 'groups' (did you mean 'group'?)",
    ]),
    "kind of a row": (TABLE, "kind: Trainer", "kind: trainer", [
        "1:10: 'trainer' is not a kind (as in the object: RayCluster)",
    ]),
    "group with a version": (TABLE, "ml.acme.example", "ml.acme.example/v1", [
        "1:26: 'ml.acme.example/v1' is not an API group (without a version: ray.io)",
    ]),
    "path": (TABLE, "spec.worker.template", "spec..template", [
        "1:55: 'spec..template' is not a path (fields joined by dots, [*] visits a list)",
    ]),
    "no paths": (TABLE, "[spec.worker.template]", "[]", ["1:54: must not be empty"]),
    "shape": (TABLE, "shape: template", "shape: pod", [
        "1:85: 'pod' is not allowed (did you mean 'podspec'?)",
    ]),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), PROFILES.values(), ids=PROFILES)
def test_profiles(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    found = complaints(tmp_path, edited(PROFILE, (old, new)))
    assert [line.removeprefix(f"{PROFILE}:") for line in found] == expected


@pytest.mark.parametrize(("file", "old", "new", "expected"), OTHERS.values(), ids=OTHERS)
def test_controls_and_tables(
    tmp_path: Path, file: str, old: str, new: str, expected: list[str]
) -> None:
    found = complaints(tmp_path, edited(file, (old, new)))
    assert [line.removeprefix(f"{file}:") for line in found] == expected


def test_an_unknown_table(tmp_path: Path) -> None:
    found = complaints(tmp_path, {**FILES, "tables/pod-template.yaml": "[]"})
    (only,) = found
    place, _, said = only.partition(": ")
    assert place == "tables/pod-template.yaml:1:1"
    assert said == "no table is called 'pod-template' (did you mean 'pod-templates'?)"


def test_a_circle_is_told_once(tmp_path: Path) -> None:
    files = {
        **FILES,
        **{
            f"profiles/{name}.yaml": f"id: {name}\ntitle: x\nextends: [{parent}]\ngate: high\n"
            for name, parent in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
        },
    }
    assert complaints(tmp_path, files) == [
        (
            "profiles/a.yaml:1:5: profiles extend each other in a cycle: a > b > c > a "
            "(remove one `extends`)"
        )
    ]


NAMES = ["high", "medium", "unknown", "coverage", "never", "bad", "HIGH", ""]
TAILS = ["", ">5", "> 5", "<95", "< 95.5 %", ">5%", "<", "=3", ">-1"]
GATES = [
    *(name + tail for name, tail in itertools.product(NAMES, TAILS)),
    *("high, unknown", "high,never", "never, high", "high,", "coverage<95,unknown>2", " high "),
]


@pytest.mark.parametrize("text", GATES)
def test_files_and_the_command_line_take_the_same_gates(text: str) -> None:
    try:
        parse_gate(text)
        taken = True
    except UsageError:
        taken = False
    assert (GATE.fullmatch(text.strip().lower()) is not None) == taken
