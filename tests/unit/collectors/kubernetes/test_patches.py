"""An object is a patch for a directive in it, wherever that stands but in patches of its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.model.enums import GapCause
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from collectors.kubernetes.patches import is_patch

YES: dict[str, Any] = {
    "the whole object": {"$patch": "delete"},
    "an element": {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}},
    "a map": {"spec": {"strategy": {"$patch": "replace"}}},
    "merged": {"spec": {"$patch": "merge"}},
}
NO: dict[str, Any] = {
    "nothing": {"spec": {}},
    "another order": {"spec": {"$patch": "explode"}},
    "an order of another type": {"spec": {"$patch": ["delete"]}},
    "a text": {"data": {"a": '"$patch": "delete"'}},
    "a policy that mutates": {"spec": {"mutate": {"x": {"$patch": "delete"}}}},
    "a patch for others": {"spec": {"patchStrategicMerge": {"$patch": "delete"}}},
    "overrides for others": {"spec": {"podOverride": {"$patch": "delete"}}},
}
PATCH = """\
apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {spec: {containers: [{name: old, $patch: delete}]}}}
"""
JSON = b"""\
{"apiVersion": "v1", "kind": "Namespace",
 "metadata": {"name": "team"}, "$patch": "delete"}
"""


@pytest.mark.parametrize("case", YES.values(), ids=YES)
def test_directive_makes_a_patch(case: object) -> None:
    assert is_patch(msgspec.json.encode(case))


@pytest.mark.parametrize("case", NO.values(), ids=NO)
def test_other_objects_are_none(case: object) -> None:
    assert not is_patch(msgspec.json.encode(case))


def reading(name: str, data: bytes, *, partial: bool = False) -> FileReading:
    return FileReading("t", name, data, (MANIFESTS,), Memory(), partial=partial)


@pytest.mark.parametrize(
    ("name", "data", "line", "partial"),
    [("p.yaml", PATCH.encode(), 5, [False, True]), ("p.json", JSON, 1, [True])],
)
def test_patch_that_nobody_lists_is_a_gap(
    name: str, data: bytes, line: int, partial: list[bool]
) -> None:
    found = reading(name, data)
    assert [each.partial for each in found.resources()] == partial
    (gap,) = found.gaps()
    assert (gap.scope, gap.line, gap.cause) == (name, line, GapCause.UNSUPPORTED)
    assert gap.detail == "a patch: the object that it changes was not read with it"


def test_file_that_is_listed_is_partial_as_a_whole() -> None:
    found = reading("p.yaml", PATCH.encode(), partial=True)
    assert [each.partial for each in found.resources()] == [True, True]
    assert list(found.gaps()) == []


def test_results_are_remembered_by_how_a_file_was_taken() -> None:
    listed, alone = reading("p.yaml", b"a", partial=True), reading("p.yaml", b"a")
    assert listed.evidence.sha256 == alone.evidence.sha256
    assert listed.evidence.key != alone.evidence.key
