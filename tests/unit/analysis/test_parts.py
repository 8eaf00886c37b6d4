"""Each template of an object has a name of its own, which no later row changes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from auditor.analysis.paths import parse_path
from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.engine.lines import source_pointer
from auditor.model.resource import Gap, Resource
from auditor.platforms.kubernetes import BUILT_IN
from tests.cases import every

ROOT = Path(__file__).parents[3]
TABLE = yaml.load((ROOT / "policies/tables/pod-templates.yaml").read_text(), yaml.CSafeLoader)
KINDS = {
    f"{kind}.{group}": (kind, group)
    for kind, group in sorted({(row["kind"], row["group"]) for row in TABLE})
}
CONTAINER = {"name": "main", "image": "r.io/a:1"}
FILLED = {"name": "main", "image": "r.io/a:1", "containers": [CONTAINER]}


def resource(kind: str, group: str, body: object) -> Resource:
    (full,) = {
        row.kind for row in rows_from_table([{"kind": kind, "group": group, "templates": []}])
    }
    return Resource(
        kind=full,
        api_version=f"{group}/v1" if group else "v1",
        name="x",
        namespace="ml",
        uid="a.yaml#x",
        source="a.yaml",
        document=0,
        line=1,
        body=msgspec.json.encode(body),
    )


def fill(place: Any, path: tuple[str, ...], value: object) -> None:
    """Put a value at a path, beside what is there; a star is two elements of a list."""
    head, rest = path[0], path[1:]
    if head == "*":
        for index in range(len(place)):
            if rest:
                place[index] = place[index] or ([None, None] if rest[0] == "*" else {})
                fill(place[index], rest, value)
            else:
                place[index] = {**(place[index] or {}), **value}  # type: ignore[dict-item]  # a map
        return
    if not rest:
        found = place.setdefault(head, {})
        if isinstance(found, dict) and isinstance(value, dict):
            found.update(value)
        return
    fill(place.setdefault(head, [None, None] if rest[0] == "*" else {}), rest, value)


def whole(kind: str, group: str) -> dict[str, Any]:
    """An object that has something at every path of every row of its kind."""
    body: dict[str, Any] = {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "ml"},
    }
    for row in TABLE:
        if (row["kind"], row["group"]) != (kind, group):
            continue
        value = {
            "template": {"spec": {"containers": [CONTAINER]}},
            "podspec": FILLED,
            "container": FILLED,
            "pieces": FILLED,
            "text": json.dumps(FILLED),
            "object": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [CONTAINER]}},
        }[row["shape"]]
        for path in row["templates"]:
            if path:
                fill(body, parse_path(path), value)
            else:
                body.update(value)
    return body


def derived(
    kind: str, group: str, body: object, rows: list[dict[str, Any]]
) -> list[Resource | Gap]:
    return list(Workloads(rows_from_table(rows)).derive(resource(kind, group, body)))


def found(kind: str, group: str, body: object, rows: list[dict[str, Any]]) -> list[Resource]:
    facts = derived(kind, group, body, rows)
    assert not [fact for fact in facts if isinstance(fact, Gap)]
    return [fact for fact in facts if isinstance(fact, Resource)]


def test_parts_are_distinct() -> None:
    every(KINDS, parts_are_distinct)


def parts_are_distinct(of: tuple[str, str]) -> None:
    kind, group = of
    facts = found(kind, group, whole(kind, group), TABLE)
    names = [fact.part for fact in facts]
    paths = sum(
        len(row["templates"]) for row in TABLE if (row["kind"], row["group"]) == (kind, group)
    )
    assert len(names) >= paths
    assert sorted(names) == sorted(set(names))


def test_a_row_more_changes_no_part() -> None:
    every(KINDS, a_row_more_changes_no_part)


def a_row_more_changes_no_part(of: tuple[str, str]) -> None:
    kind, group = of
    body = whole(kind, group)
    before = [(fact.pointer, fact.kind, fact.part) for fact in found(kind, group, body, TABLE)]
    body["mine"] = {"spec": {"containers": [CONTAINER]}}
    mine = {"kind": kind, "group": group, "templates": ["mine"], "shape": "template"}
    after = [
        (fact.pointer, fact.kind, fact.part) for fact in found(kind, group, body, [*TABLE, mine])
    ]
    assert [fact for fact in after if fact[0] != "/mine"] == before
    assert [part for pointer, _, part in after if pointer == "/mine"] == ["mine"]


def test_every_template_points_back() -> None:
    """The value at the place that a finding would name is the value that was judged."""
    every(KINDS, every_template_points_back)


def every_template_points_back(of: tuple[str, str]) -> None:
    kind, group = of
    body = whole(kind, group)
    for fact in found(kind, group, body, TABLE):
        image = msgspec.json.decode(fact.body)["spec"]["containers"][0]["image"]
        pointer = source_pointer(fact, ("spec", "containers", 0, "image"))
        assert value_at(body, pointer) == image == "r.io/a:1"
        assert fact.part or len(fact.pointer.split("/")) < 6
        owner = msgspec.json.decode(fact.body)["owner"]
        for field in ("apiVersion", "kind", "name", "namespace"):
            pointer = source_pointer(fact, ("owner", field))
            assert pointer is not None
            assert value_at(body, pointer) == owner[field], (fact.pointer, field)


def value_at(body: object, pointer: str) -> object:
    for part in pointer.split("/")[1:]:
        body = body[int(part)] if isinstance(body, list) else body[part]  # type: ignore[index]  # a map
    return body


PATHS: dict[str, tuple[dict[str, Any], str]] = {
    f"{row['kind']}.{row['group']}:{row['shape']}:{path} ({number})": (row, path)
    for number, row in enumerate(TABLE)
    for path in row["templates"]
    if path
}


def test_nothing_is_found_in_nothing() -> None:
    """But where the object is a pod itself, or a workflow that is one.

    A kind of Kubernetes itself has to have pods: where they are missing, that is a gap.
    """
    every(KINDS, nothing_is_found_in_nothing)


def nothing_is_found_in_nothing(of: tuple[str, str]) -> None:
    kind, group = of
    roots = {path for row in TABLE if row["kind"] == kind for path in row["templates"]}
    built_in = group in BUILT_IN.get(kind, ())
    if "" not in roots:
        for body in ({"metadata": {"name": "x"}}, {"spec": None}):
            facts = derived(kind, group, body, TABLE)
            assert [isinstance(fact, Gap) for fact in facts] == [True] * built_in


def test_what_is_no_object_is_a_gap() -> None:
    every(PATHS, no_object_is_a_gap)


def no_object_is_a_gap(case: tuple[dict[str, Any], str]) -> None:
    row, path = case
    body: dict[str, Any] = {}
    steps = parse_path(path)
    place: Any = body
    for step, following in itertools.pairwise(steps):
        if step != "*":
            place[step] = [None] if following == "*" else {}
            place = place[step]
        else:
            place[0] = [None] if following == "*" else {}
            place = place[0]
    place[0 if steps[-1] == "*" else steps[-1]] = "3" if row["shape"] == "text" else "text"
    facts = list(
        Workloads(rows_from_table([row])).derive(resource(row["kind"], row["group"], body))
    )
    gaps = [fact for fact in facts if isinstance(fact, Gap)]
    pointer = "/" + "/".join("0" if step == "*" else step for step in steps)
    said = "can't be read: it is not a map" if row["shape"] == "text" else "is not an object"
    assert f"ml/x: {pointer} {said}" in gaps[-1].detail


@pytest.mark.parametrize(
    ("rows", "body", "parts"),
    [
        pytest.param(
            [("spec.a", "template"), ("spec.b", "template")],
            {"spec": {"a": {}, "b": {}}},
            ["", "b"],
            id="the first row needs no name",
        ),
        pytest.param(
            [("spec.a", "template"), ("spec.a", "podspec")],
            {"spec": {"a": {}}},
            ["", "a"],
            id="one place, the first nameless",
        ),
        pytest.param(
            [("spec.*", "template"), ("spec.*", "podspec"), ("spec.*", "podspec")],
            {"spec": {"a": {}}},
            ["a", "a as podspec", "a as podspec again"],
            id="one place read in three ways",
        ),
        pytest.param(
            [("spec.x[*].template", "template"), ("spec.x[*]", "podspec")],
            {"spec": {"x": [{"template": {}}]}},
            ["x/0", "x/0 as podspec"],
            id="a template and what is around it",
        ),
        pytest.param(
            [("spec.*", "template"), ("*", "template")],
            {"spec": {"a": {}}, "a": {}},
            ["a", "spec as template", "a as template"],
            id="equal below spec and beside it",
        ),
    ],
)
def test_names(rows: list[tuple[str, str]], body: object, parts: list[str]) -> None:
    table = [
        {"kind": "K", "group": "g.io", "templates": [path], "shape": shape} for path, shape in rows
    ]
    assert [fact.part for fact in found("K", "g.io", body, table)] == parts
