"""A key that is there twice: whose it is, what it is called, and whether it says the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.model.elements import digest_of
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {0}, namespace: a}}
spec:
  containers:
  - name: main
    resources: {{limits: {{memory: 1Gi}}}}
    resources: {{limits: {{memory: 1Gi}}}}
"""
LIST = "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Pod, metadata: {{{0}}}}}\n"


def twice(text: str) -> list[tuple[str, dict[str, Any]]]:
    reading = FileReading("t", "a.yaml", text.encode(), (MANIFESTS,), Memory())
    found = [each for each in reading.resources() if each.kind == "files/DuplicateKey"]
    assert not reading.gaps()
    assert len({each.uid for each in found}) == len(found)
    return [(each.uid, json.loads(each.body)) for each in found]


def test_it_is_told_by_its_object() -> None:
    (alone,) = twice(POD.format("one"))
    assert alone == (
        "a.yaml#files/DuplicateKey/k8s/Pod/a/one/spec/containers/main/resources",
        {
            "path": "/spec/containers/main/resources",
            "same": True,
            "first": "a map of limits",
            "last": "a map of limits",
            "line": 8,
            "firstLine": 7,
        },
    )
    above, below = twice(POD.format("zero") + "---\n" + POD.format("one"))
    assert below[0] == alone[0]
    assert above[0] != alone[0]


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        (LIST.format("name: p, name: p"), "k8s/Pod//p/metadata/name"),
        (LIST.format("name: p, labels: {a: x, a: y}"), "k8s/Pod//p/metadata/labels/a"),
        ("a: 1\na: 1\n", f"~~{digest_of({'a': 1})}/a"),
    ],
)
def test_whose_it_is(text: str, uid: str) -> None:
    assert [name for name, _ in twice(text)] == [f"a.yaml#files/DuplicateKey/{uid}"]


def test_a_key_written_three_times() -> None:
    assert [found["same"] for _, found in twice("a: 1\na: 2\na: 1\n")] == [False, True]


IN_ENTRIES = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aHVudGVy, a: aHVuYXM=}\n"
VARIABLE = "env:\n- {name: DB_PASSWORD, value: hunter2hunter2, value: correcthorse12}\n"
VALUES = {
    "texts": ("a: one\na: two\n", '"one"', '"two"'),
    "others": ("a: 1\na: yes\n", "1", "true"),
    "a long text": (f"a: {'x' * 99}\na: ''\n", f'"{"x" * 56}...', '""'),
    "a list and a map": (
        "a: [1, 2]\na: {b: 1, c: 2, d: 3, e: 4, f: 5, g: 6}\n",
        "a list of 2",
        "a map of b, c, d, e and 2 more",
    ),
    "nothing in them": ("a: []\na: {}\n", "a list of 0", "an empty map"),
    "in a Secret": (IN_ENTRIES, '"«redacted:secret-data»"', '"«redacted:secret-data»"'),
    "by the name beside": (VARIABLE, '"«redacted:by-name»"', '"«redacted:by-name»"'),
    "by its name": ("password: hunter2hunter2\npassword: null\n", '"«redacted:by-name»"', "null"),
    "by its shape": (f"a: ghp_{'0123456789' * 4}\na: x\n", '"«redacted:github-token»"', '"x"'),
}


@pytest.mark.parametrize(("text", "first", "last"), VALUES.values(), ids=VALUES.keys())
def test_both_values_are_told_without_their_secrets(text: str, first: str, last: str) -> None:
    ((_, found),) = twice(text)
    assert (found["first"], found["last"]) == (first, last)


def test_of_many_keys_the_values_of_the_first_are_told() -> None:
    text = "".join(f"k{number}: 1\nk{number}: 2\n" for number in range(60))
    assert ["first" in found for _, found in twice(text)] == [True] * 50 + [False] * 10


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("1", "1", True),
        ("1", '"1"', False),
        ("[1, {a: b}]", "[1, {a: b}]", True),
        ("[1, {a: b}]", "[1, {a: c}]", False),
        ("[1]", "[1, 2]", False),
        ("{a: b}", "[a, b]", False),
        ("&x [1, 2]", "*x", True),
        (f"[{'1, ' * 20_000}]", f"[{'1, ' * 20_000}]", False),
    ],
)
def test_whether_it_says_the_same(first: str, second: str, *, same: bool) -> None:
    ((_, found),) = twice(f"a: {first}\na: {second}\n")
    assert found["same"] is same
