"""What can be wrong with a rule file, where, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.policy.making import FILES, RULE, complaints, edited, loaded

FILE = "rules/acme-bad.yaml"
DOCKER = "a kind of a Docker host is written docker/Container"
GPUS = (
    f"{DOCKER}; a kind of vSphere is written vsphere/VirtualMachine; of GPUs there are gpu/Device, "
    "gpu/Share, gpu/Reach, gpu/Sharing, gpu/Tenancy, gpu/Writer, gpu/AdapterShare, gpu/Join and "
    "gpu/JoinedDevice; of what is between a workload and the hardware there is isolation/Chain"
    "; of networks there are network/Zone, network/Policy, network/Reach and network/Enforcement"
    "; of what workloads run on there are stack/Component, stack/Image and stack/Pack"
    "; of images are image/Scanned, image/Use, image/Content and image/Setup"
)
KIND = "a kind is written k8s/Deployment, one of another API group k8s/RayCluster.ray.io"
EVER = "ids are for ever: one that was used once is never used for something else"
PYTHON = "tag:yaml.org,2002:python/none"
CASES = {
    "unknown key": ("severity: high", "severty: high", [
        "1:1: missing key 'severity'",
        "3:1: unknown key 'severty' (did you mean 'severity'?)",
    ]),
    "missing keys": ("rationale: It breaks.\n", "", ["1:1: missing key 'rationale'"]),
    "key twice": ("tags:", "title: Again\ntags:", ["11:1: key 'title' is there twice"]),
    "key that is not text": ("tags:", "1: a\ntags:", [
        '11:1: a key must be text, not a number (put it in quotes: "1")',
    ]),
    "key that is a list": ("tags:", "? [a]\n: b\ntags:", [
        "11:3: a key must be text, not a list",
    ]),
    "not a mapping": (RULE, "- a\n", ["1:1: must be a mapping, not a list"]),
    "empty file": (RULE, "# nothing\n", ["1:1: the file is empty"]),
    "two documents": (RULE, "a: 1\n---\nb: 1\n", [
        "2:1: not valid YAML: but found another document",
    ]),
    "no YAML": ("[workload]", "[workload", [
        "12:9: not valid YAML: did not find expected ',' or ']'",
    ]),
    "a number for a text": ("title: Something is bad", "title: 12", [
        '2:8: must be text, not a number (put it in quotes: "12")',
    ]),
    "a word of YAML for a text": ("title: Something is bad", "title: yes", [
        '2:8: must be text, not true or false (put it in quotes: "yes")',
    ]),
    "a date for a text": ("title: Something is bad", "title: 2026-01-01", [
        '2:8: must be text, not a date (put it in quotes: "2026-01-01")',
    ]),
    "nothing for a text": ("title: Something is bad", "title:", [
        "2:7: must be text, not nothing",
    ]),
    "a tagged value for a text": ("title: Something is bad", "title: !secret x", [
        "2:8: must be text, not a value tagged !secret",
    ]),
    "a list for a text": ("title: Something is bad", "title: [a]", [
        "2:8: must be text, not a list",
    ]),
    "blanks for a text": ("title: Something is bad", 'title: " "', ["2:8: must not be empty"]),
    "a text for a list": ("tags: [workload]", "tags: workload", [
        "11:7: must be a list, not text",
    ]),
    "id with capitals": ("id: acme-bad", "id: acme-Bad", [
        "1:5: 'acme-Bad' is not an id (lower-case words and digits joined by dashes)",
    ]),
    "id that is not the file's name": ("id: acme-bad", "id: acme-worse", [
        "1:5: the file must be named acme-worse.yaml, not acme-bad.yaml",
    ]),
    "severity": ("severity: high", "severity: hihg", [
        "3:11: 'hihg' is not allowed (did you mean 'high'?)",
    ]),
    "confidence": ("confidence: medium", "confidence: sure", [
        "4:13: 'sure' is not allowed (one of: high, low, medium)",
    ]),
    "kind": ("k8s/Deployment", "k8s/Deploymnet", [
        "5:13: unknown kind 'k8s/Deploymnet' (did you mean 'k8s/Deployment'?)",
    ]),
    "kind of another platform": ("k8s/Deployment", "aws/Bucket", [
        f"5:13: unknown kind 'aws/Bucket' ({KIND}; {GPUS}; of files there is files/DuplicateKey)",
    ]),
    "no kinds": ("k8s/Deployment", "[]", ["5:13: must not be empty"]),
    "kind twice": ("k8s/Deployment", "[k8s/Pod, k8s/Pod]", ["5:23: 'k8s/Pod' is there twice"]),
    "needs": ("tags:", "needs: [k8s/Secrets]\ntags:", [
        "11:9: unknown kind 'k8s/Secrets' (did you mean 'k8s/Secret'?)",
    ]),
    "tag": ("[workload]", "[Work_load, workload]", [
        "11:8: 'Work_load' is not written as words joined by dashes",
    ]),
    "tag twice": ("[workload]", "[workload, workload]", ["11:18: 'workload' is there twice"]),
    "unknown control": ("[acme:one]", "[acme:two, acme:one]", [
        "12:12: no control is called 'acme:two' (did you mean 'acme:one'?)",
    ]),
    "control without its framework": ("[acme:one]", "[one]", [
        "12:12: 'one' is not a control (a control is written framework:id)",
    ]),
    "reference": ("[https://acme.example/one]", "[http://acme.example/one]", [
        "16:14: 'http://acme.example/one' is not an https:// URL (it starts with https://)",
    ]),
    "no references": ("[https://acme.example/one]", "[]", [
        "16:13: must not be empty (name where the reader can check what is claimed)",
    ]),
    "alias that is the id": ("[acme-old]", "[acme-bad]", [
        "13:11: acme-bad is the rule's own id (aliases are former ids)",
    ]),
    "alias that is another rule": ("[acme-old]", "[acme-other]", [
        f"13:11: alias acme-other is the id of a rule, in rules/more/acme-other.yaml:1:5 ({EVER})",
    ]),
    "alias of two rules": ("[acme-old]", "[acme-older]", [
        f"rules/more/acme-other.yaml:13:11: alias acme-older is taken, in {FILE}:13:11 ({EVER})",
    ]),
    "alias twice": ("[acme-old]", "[acme-old, acme-old]", ["13:21: 'acme-old' is there twice"]),
    "equivalent without a reason": ("tags:", 'equivalent: [{change: "x", reason: ""}]\ntags:', [
        "11:36: must not be empty",
    ]),
}  # fmt: skip

PARAMETERS = {
    "type": ("type: int", "type: integer", [
        "10:17: no type 'integer' (did you mean 'int'?)",
    ]),
    "default of another type": ("default: 2", "default: two", [
        "10:31: parameter least: 'two' is not an integer",
    ]),
    "default below": ("default: 2", "default: 0", [
        "10:31: parameter least: 0 is not between 1 and 9",
    ]),
    "default missing": ("default: 2, ", "", ["10:10: missing key 'default'"]),
    "bounds the wrong way": ("max: 9", "max: 0", ["10:47: max 0 is below min 1"]),
    "bound that is not a number": ("max: 9", "max: many", ["10:47: must be an integer"]),
    "bounds of a text": ("type: int, default: 2", "type: string, default: a", [
        "10:42: min is not for string (it is for int)",
        "10:50: max is not for string (it is for int)",
    ]),
    "choices of a number": ("min: 1", "choices: [a]", [
        "10:43: choices is not for int (it is for string)",
    ]),
    "default that is not a choice": (
        "type: int, default: 2, min: 1, max: 9", "type: string, default: c, choices: [a, b]", [
        "10:34: parameter least: 'c' is not one of a, b",
    ]),
    "version as a number": (
        "type: int, default: 2, min: 1, max: 9", "type: kubernetes-version, default: 1.30", [
        "10:46: parameter least: 1.3 is not a version such as 1.30, in quotes, or latest",
    ]),
    "name": ("least: {", "Least: {", [
        "10:10: 'Least' is not a valid parameter name (lower case, digits and _)",
    ]),
    "unknown key": ("min: 1", "minimum: 1", [
        "10:34: unknown key 'minimum' (did you mean 'min'?)",
    ]),
}  # fmt: skip

EXAMPLES = {
    "none": (RULE[RULE.index("examples:"):], "examples: []\n", ["17:11: must not be empty"]),
    "expectation": ("expect: pass", "expect: passes", [
        "19:13: 'passes' is not allowed (did you mean 'pass'?)",
    ]),
    "a verdict that no rule gives": ("expect: pass", "expect: manual", [
        "19:13: 'manual' is not allowed (one of: fail, not-applicable, pass, unknown)",
    ]),
    "the same name": ("name: one", "name: enough", ["21:11: example 'enough' is there twice"]),
    "unknown parameter": ("params: {least", "params: {lest", [
        "23:20: no parameter is called 'lest' (did you mean 'least'?)",
    ]),
    "parameter out of bounds": ("params: {least: 3", "params: {least: 10", [
        "23:21: parameter least: 10 is not between 1 and 9",
    ]),
    "no object": ("    object: {spec: {replicas: 2}}\n  - name: one", "  - name: one", [
        "18:5: missing key 'object'",
    ]),
    "object that is a list": ("object: {spec: {replicas: 2}}", "object: [1]", [
        "20:13: must be a mapping, not a list",
    ]),
    "a key that is not a value": ("object: {spec: {replicas: 2}}", "object: {[1]: 2}", [
        "20:14: no value: found unhashable key",
    ]),
    "a tag of Python": ("object: {spec: {replicas: 2}}", "object: {a: !!python/none x}", [
        f"20:17: no value: could not determine a constructor for the tag {PYTHON!r}",
    ]),
}  # fmt: skip


def test_the_files_are_right_to_begin_with(tmp_path: Path) -> None:
    assert complaints(tmp_path, FILES) == []
    rule = loaded(tmp_path, FILES).rules["acme-bad"]
    assert (rule.applies_to, rule.parameters[0].default) == (("k8s/Deployment",), 2)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(*case, id=f"{part}: {name}")
        for part, cases in (("rule", CASES), ("parameter", PARAMETERS), ("example", EXAMPLES))
        for name, case in cases.items()
    ],
)
def test_complaints(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    found = complaints(tmp_path, edited(FILE, (old, new)))
    assert [line for line in found if line.startswith(("rules/", "profiles/"))] == found
    assert [line.removeprefix(f"{FILE}:") for line in found if "matches no rule" not in line] == (
        expected
    )


def test_all_errors_of_all_files_at_once(tmp_path: Path) -> None:
    files = {
        **edited(FILE, ("severity: high", "severity: hihg"), ("k8s/Deployment", "k8s/Pods")),
        "profiles/acme.yaml": FILES["profiles/acme.yaml"].replace("gate: high", "gate: hihg"),
        "controls/other.yaml": FILES["controls/other.yaml"].replace("https", "http"),
    }
    places = [line.split(": ")[0] for line in complaints(tmp_path, files)]
    assert places == [
        "controls/other.yaml:3:6",
        "profiles/acme.yaml:11:7",
        "rules/acme-bad.yaml:3:11",
        "rules/acme-bad.yaml:5:13",
    ]
