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
        {"path": "/spec/containers/main/resources", "same": True, "line": 8, "firstLine": 7},
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
