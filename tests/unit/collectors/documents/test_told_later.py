"""Lines of objects are the same whenever they are asked for: while a file is read, or after it."""

from __future__ import annotations

import random

import pytest

from auditor.model.resource import Resource
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS

POINTERS = ("", "/metadata/name", "/spec/b", "/spec/a/1", "/spec/nothing")
ONE = """apiVersion: v1
kind: {kind}
metadata:
  name: {name}
spec:
  a:
  - 1
  - 2
  b: c
"""
FLOW = "{{apiVersion: v1, kind: {kind}, metadata: {{name: {name}}},\n spec: {{a: [1,\n  2]}}}}\n"


def many(kinds: str, name: str) -> str:
    """A list of objects in one document."""
    lines = ["apiVersion: v1", "kind: List", "items:"]
    for number, kind in enumerate(kinds):
        first, *rest = ONE.format(kind=kind * 3, name=f"{name}-{number}").splitlines()
        lines += [f"- {first}", *(f"  {line}" for line in rest)]
    return "\n".join(lines) + "\n"


YAML = "---\n".join(
    (
        ONE.format(kind="A", name="a"),
        "# nothing\n",
        FLOW.format(kind="B", name="b"),
        "not: one\n",
        many("CDE", "c"),
        *(ONE.format(kind="F", name=f"f-{number}") for number in range(20)),
        many("GH", "g"),
    )
)
OBJECT = """{"apiVersion": "v1",
 "kind": "K", "metadata":
  {"name": "n%d"}, "spec": {"a": [1,
   2], "b":
     "c"}}"""
ITEMS = ",\n".join(OBJECT % number for number in range(30))
JSON = f'{{"apiVersion": "v1", "kind": "List",\n "items": [{ITEMS}]}}'


def reading(name: str, text: str) -> FileReading:
    return FileReading("t", name, text.encode(), (MANIFESTS,), Memory())


Told = list[tuple[str, int, list[int]]]


def lines_of(asked: FileReading, objects: list[Resource]) -> Told:
    return [
        (each.name, each.document, [asked.line(each.document, pointer) for pointer in POINTERS])
        for each in objects
    ]


@pytest.mark.parametrize(("name", "text"), [("a.yaml", YAML), ("a.json", JSON)])
def test_lines_are_the_same_whenever_they_are_asked_for(name: str, text: str) -> None:
    asked = reading(name, text)
    at_once = [each for found in asked.resources() for each in lines_of(asked, [found])]
    assert len({lines[0] for _, _, lines in at_once}) == len(at_once) >= 27
    chance = random.Random(5)
    for _ in range(20):
        later = reading(name, text)
        waiting: list[Resource] = []
        told: Told = []
        most = chance.randint(1, 12)
        for found in later.resources():
            waiting.append(found)
            if len(waiting) == most:
                told += [
                    (each, [later.line(each.document, p) for p in POINTERS]) for each in waiting
                ]
                waiting = []
        told += [(each, [later.line(each.document, p) for p in POINTERS]) for each in waiting]
        assert [(each.name, each.document, lines) for each, lines in told] == at_once
