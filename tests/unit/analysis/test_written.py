"""Directives of a patch are taken out, and all else stays where it stood."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.analysis.written import as_written
from auditor.model.resource import Resource

CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "nothing to take out": ({"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
    "an element": (
        {"a": [{"name": "x", "$patch": "delete"}, {"name": "y"}]},
        {"a": [{}, {"name": "y"}]},
    ),
    "a map": ({"a": {"b": {"c": 1, "$patch": "delete"}}}, {"a": {"b": {}}}),
    "the whole": ({"$patch": "delete", "kind": "Namespace"}, None),
    "what replaces is written": ({"a": {"$patch": "replace", "b": 1}}, {"a": {"b": 1}}),
    "an order of elements": (
        {"$setElementOrder/a": [{"name": "x"}], "a": [{"name": "x"}]},
        {"a": [{"name": "x"}]},
    ),
    "elements that are taken away": ({"$deleteFromPrimitiveList/args": ["--x"]}, {}),
    "a value that looks like one": (
        {"a": "$patch", "b": ["$patch"]},
        {"a": "$patch", "b": ["$patch"]},
    ),
}


def made(body: dict[str, Any]) -> Resource:
    return Resource(
        kind="k8s/Deployment",
        api_version="apps/v1",
        name="d",
        namespace="",
        uid="u",
        source="p.yaml",
        document=0,
        line=1,
        body=msgspec.json.encode(body),
        partial=True,
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_directives_are_taken_out(case: tuple[dict[str, Any], dict[str, Any] | None]) -> None:
    body, wanted = case
    found = as_written(made(body))
    assert (None if found is None else msgspec.json.decode(found.body)) == wanted


def test_depth_has_a_bound() -> None:
    body: dict[str, Any] = {"$patch": "merge"}
    for _ in range(300):
        body = {"a": body}
    with pytest.raises(RecursionError):
        as_written(made(body))
