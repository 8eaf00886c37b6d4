"""The lines of an origin: as few as say where each field stands."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditor.analysis.protocol import Site
from auditor.model.resource import Resource, Target

FIELDS = {
    "in a page of JSON all of it is in one line": ({"/a": 3, "/a/b": 3, "/c": 3}, False),
    "in lines of their own": ({"/a": 4, "/a/b": 5, "/c": 6}, True),
    "below a field in another line": ({"/a": 4, "/a/b": 3, "/c": 3}, True),
    "in no line": ({"/a": 3, "/a/b": 0, "/c": 3}, True),
    "none": ({}, False),
}


@pytest.mark.parametrize(("lines", "kept"), FIELDS.values(), ids=FIELDS)
def test_an_origin_says_the_line_of_each_field(lines: Mapping[str, int], kept: bool) -> None:  # noqa: FBT001 - a parameter of the test
    site = Site(Target("tree", "files"), "", lambda _, pointer: lines[pointer])
    resource = Resource("k8s/Pod", "v1", "a", "b", "", "page.json", 0, 3, b"{}")
    origin = site.origin(resource, fields=lines)
    assert bool(origin.lines) is kept
    assert {pointer: origin.line_of(pointer) for pointer in lines} == lines
    assert origin.line_of("") == 3


def test_nobody_is_asked_for_lines_of_an_object_on_one_line() -> None:
    def line_in(document: int, pointer: str) -> int:
        raise AssertionError((document, pointer))

    site = Site(Target("tree", "files"), "", line_in, lambda document: document == 1)
    resource = Resource("k8s/Pod", "v1", "a", "b", "", "page.json", 1, 3, b"{}")
    assert not site.has_lines(resource)
    origin = site.origin(resource, fields=("/a", "/b"))
    assert (origin.line, origin.lines) == (3, ())
