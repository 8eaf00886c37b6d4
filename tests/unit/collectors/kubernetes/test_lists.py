"""Lists in lists, arrays, and what holds objects and is none: read, or a gap, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import yaml

from auditor.model.enums import GapCause
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.lists import MOST_NESTED, objects_of
from collectors.kubernetes.manifests.recogniser import MANIFESTS

Write = Callable[[Any], str]


class _Apart(yaml.SafeDumper):
    """Writes no aliases: each item has lines of its own."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def as_yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Apart, sort_keys=False)


FORMATS: dict[str, tuple[str, Write]] = {
    "JSON in one line": ("a.json", json.dumps),
    "JSON": ("a.json", lambda value: json.dumps(value, indent=1)),
    "JSON on standard input": ("-", lambda value: json.dumps(value, indent=1)),
    "YAML": ("a.yaml", as_yaml),
    "YAML like JSON": ("a.yaml", lambda value: "# a\n" + json.dumps(value)),
}


def pod(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"mark": 1}}


def bare(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"mark": 1}}


def listed(*items: Any, kind: str = "List", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "items": list(items), **more}


def nested(levels: int) -> Any:
    value: Any = pod("a")
    for _ in range(levels):
        value = listed(value)
    return value


CUT = {"continue": "eyJ2", "remainingItemCount": 300}
HELD = {
    "a list in a list": listed(pod("a"), listed(pod("b"), listed(pod("c")))),
    "a typed list in a list": listed(pod("a"), listed(bare("b"), bare("c"), kind="PodList")),
    "two outputs, jq -s": [listed(pod("a"), kind="PodList"), listed(pod("b"), pod("c"))],
    "an array": [pod("a"), pod("b"), pod("c")],
    "arrays in an array": [pod("a"), [pod("b"), [pod("c")]]],
    "items of items": listed([pod("a")], [pod("b"), pod("c")]),
    "an array in a typed list": listed(bare("a"), [bare("b"), bare("c")], kind="PodList"),
    "items alone": {"items": [pod("a"), pod("b"), pod("c")]},
    "items of what is called otherwise": listed(pod("a"), pod("b"), pod("c"), kind="Pods"),
    "a list whose metadata is odd": listed(
        pod("a"), pod("b"), pod("c"), metadata={"labels": 3, "name": []}
    ),
    "a kind that is not text": {"kind": 3, "items": [pod("a"), pod("b"), pod("c")]},
    "as deep as it may be": [nested(MOST_NESTED - 1), pod("b"), pod("c")],
}


def read(value: Any, name: str) -> FileReading:
    source, write = FORMATS[name]
    return FileReading("t", source, write(value).encode(), (MANIFESTS,), Memory())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", HELD)
def test_every_object_of_lists_is_read(case: str, name: str) -> None:
    reading = read(HELD[case], name)
    found = [(made.kind, made.name) for made in reading.resources()]
    assert found == [("k8s/Pod", "a"), ("k8s/Pod", "b"), ("k8s/Pod", "c")]
    assert (reading.gaps(), reading.skipped()) == ([], 0)


@pytest.mark.parametrize("name", ["JSON", "JSON on standard input", "YAML"])
@pytest.mark.parametrize("case", HELD)
def test_lines_are_those_of_the_nested_object(case: str, name: str) -> None:
    source, write = FORMATS[name]
    lines = write(HELD[case]).splitlines()
    reading = read(HELD[case], name)
    for made in reading.resources():
        at = reading.line(made.document, "/metadata/name")
        assert made.name in lines[at - 1], (source, made.name, at)
        assert "mark" in lines[reading.line(made.document, "/spec/mark") - 1]
        assert made.line <= at


class Odd(NamedTuple):
    """A document that is a gap, the objects that are read all the same, and what is said."""

    value: Any
    cause: GapCause
    said: str
    read: tuple[str, ...] = ()
    scope: str = ""


ODD = {
    "a page, cut off": Odd(
        listed(bare("a"), kind="PodList", metadata=CUT),
        GapCause.TRUNCATED,
        "the list is cut off: 300 more are left",
        ("a",),
        "k8s/Pod",
    ),
    "a token alone": Odd(
        listed(bare("a"), kind="PodList", metadata={"continue": "x"}),
        GapCause.TRUNCATED,
        "cut off: it says that more follows",
        ("a",),
        "k8s/Pod",
    ),
    "a count alone": Odd(
        listed(bare("a"), kind="PodList", metadata={"remainingItemCount": 1}),
        GapCause.TRUNCATED,
        "1 more are left",
        ("a",),
        "k8s/Pod",
    ),
    "a count that is text": Odd(
        listed(bare("a"), kind="PodList", metadata={"remainingItemCount": "7"}),
        GapCause.TRUNCATED,
        "it says that more follows",
        ("a",),
        "k8s/Pod",
    ),
    "cut off, with odd metadata": Odd(
        listed(bare("a"), kind="PodList", metadata={**CUT, "labels": 3}),
        GapCause.TRUNCATED,
        "300 more are left",
        ("a",),
        "k8s/Pod",
    ),
    "a list of any kind, cut off": Odd(
        listed(pod("a"), metadata=CUT), GapCause.TRUNCATED, "300 more", ("a",)
    ),
    "cut off in a list": Odd(
        listed(pod("a"), listed(bare("b"), kind="PodList", metadata=CUT)),
        GapCause.TRUNCATED,
        "300 more",
        ("a", "b"),
        "k8s/Pod",
    ),
    "cut off in an array": Odd(
        [pod("a"), listed(bare("b"), kind="PodList", metadata=CUT)],
        GapCause.TRUNCATED,
        "300 more",
        ("a", "b"),
        "k8s/Pod",
    ),
    "deeper than any tool writes": Odd(
        [pod("z"), nested(MOST_NESTED + 1)],
        GapCause.UNSUPPORTED,
        f"more than {MOST_NESTED} lists in one another",
        ("z",),
    ),
    "an object in something else": Odd(
        {"extra": {"objects": [{"a": 1}, pod("a")]}},
        GapCause.UNSUPPORTED,
        "holds one at /extra/objects/1",
    ),
    "an object in an item that is none": Odd(
        [pod("z"), {"body": pod("a")}], GapCause.UNSUPPORTED, "holds one at /body", ("z",)
    ),
    "no apiVersion": Odd(
        {"kind": "Pod", "metadata": {"name": "a"}, "spec": {}},
        GapCause.MALFORMED,
        "it has kind, metadata and no apiVersion",
    ),
    "no kind in an item": Odd(
        listed(pod("z"), {"apiVersion": "v1", "metadata": {"name": "a"}}),
        GapCause.MALFORMED,
        "it has apiVersion, metadata and no kind",
        ("z",),
    ),
    "a kustomization among others": Odd(
        [pod("z"), {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}],
        GapCause.UNSUPPORTED,
        "a kustomization that was not rendered",
        ("z",),
    ),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", ODD)
def test_what_is_not_read_is_a_gap(case: str, name: str) -> None:
    odd = ODD[case]
    reading = read(odd.value, name)
    assert tuple(made.name for made in reading.resources()) == odd.read
    (gap,) = reading.gaps()
    assert gap.cause is odd.cause
    assert odd.said in gap.detail
    assert gap.scope == (odd.scope or reading.source)
    assert (gap.line > 0) == (not odd.scope), "a kind has no line: its text says where"


WHOLE = {
    "an empty token": {"continue": "", "resourceVersion": ""},
    "a count of zero": {"remainingItemCount": 0},
    "nulls": {"continue": None, "remainingItemCount": None},
    "no metadata": None,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", WHOLE)
def test_a_whole_list_is_no_gap(case: str, name: str) -> None:
    reading = read(listed(bare("a"), kind="PodList", metadata=WHOLE[case]), name)
    assert [made.name for made in reading.resources()] == ["a"]
    assert reading.gaps() == []


@pytest.mark.parametrize("name", FORMATS)
def test_arrays_of_something_else_are_one_document(name: str) -> None:
    reading = read([{"a": 1}, [2, {"name": "x"}], "text"], name)
    assert list(reading.resources()) == []
    assert (reading.gaps(), reading.skipped()) == ([], 1)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_no_object_among_objects_is_counted(name: str) -> None:
    reading = read([pod("a"), {"x": 1}, 3, None], name)
    assert [made.name for made in reading.resources()] == ["a"]
    assert (reading.gaps(), reading.skipped()) == ([], 3)


JSON_POD = json.dumps(pod("a"))
YAML_POD = as_yaml(pod("b"))


@pytest.mark.parametrize("source", ["a.yaml", "-", "pod"])
def test_yaml_behind_json_is_read(source: str) -> None:
    reading = FileReading(
        "t", source, f"{JSON_POD}\n---\n{YAML_POD}".encode(), (MANIFESTS,), Memory()
    )
    assert [(made.name, made.line) for made in reading.resources()] == [("a", 1), ("b", 3)]
    assert reading.gaps() == []


def test_yaml_behind_json_in_a_file_of_json_is_a_gap() -> None:
    reading = FileReading(
        "t", "a.json", f"{JSON_POD}\n---\n{YAML_POD}".encode(), (MANIFESTS,), Memory()
    )
    assert [made.name for made in reading.resources()] == ["a"]
    (gap,) = reading.gaps()
    assert (gap.line, gap.detail) == (2, "text between values of JSON")


def test_marks_between_values_are_no_gap() -> None:
    text = f"{JSON_POD}\n---\n{json.dumps(pod('b'))}\n"
    reading = FileReading("t", "a.json", text.encode(), (MANIFESTS,), Memory())
    assert [made.name for made in reading.resources()] == ["a", "b"]
    assert reading.gaps() == []


def test_pointers_lead_to_the_items() -> None:
    value = listed(pod("a"), [listed(bare("b"), kind="PodList")])
    found = [(pointer, item) for item, pointer in objects_of(value)]
    assert [pointer for pointer, _ in found] == ["/items/0", "/items/1/0/items/0"]
    assert found[1][1] == {"apiVersion": "v1", "kind": "Pod", **bare("b")}
