"""What was rendered points at its templates: at the line of a value where both say the same."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from auditor.model.pointers import pointers_of
from auditor.ports import Reading
from collectors.documents.blocks import Memory
from collectors.documents.recognise import PathKind
from collectors.documents.rendered import Rendered, RenderedReading, Standing
from collectors.documents.tree import FolderTree
from collectors.kubernetes.manifests.recogniser import MANIFESTS

BASE = """\
# of all
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: m
        image: r.io/a:1
"""
CAME = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: generated}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, labels: {a: b}}
spec:
  replicas: 3
  template: {spec: {containers: [{name: m, image: 'r.io/a:1', args: [--x]}]}}
"""


def reading(folder: str = "over", *, base: str = BASE) -> RenderedReading:
    standings = (Standing("over/kustomization.yaml"), Standing("base/d.yaml", 2, 0))
    rendered = Rendered(
        folder, "", standings, "tool 1: tool build", frozenset(), "digest", len(CAME)
    )

    def read(path: str) -> bytes:
        assert path == "base/d.yaml"
        if not base:
            raise OSError
        return base.encode()

    return RenderedReading("t", rendered, CAME.encode(), (MANIFESTS,), Memory(), read)


class Case(NamedTuple):
    """A pointer, and the line that it is at."""

    pointer: str
    line: int


CASES = {
    "a value that both have": Case("/spec/template/spec/containers/0/image", 12),
    "a value that was changed": Case("/spec/replicas", 2),
    "a value that was added": Case("/spec/template/spec/containers/0/args", 2),
    "a map that was changed": Case("/metadata", 4),
    "a map that was added": Case("/metadata/labels", 2),
    "what neither has": Case("/spec/template/spec/containers/0/securityContext", 11),
    "what neither has, of a map that one has": Case("/metadata/labels/x", 2),
    "what neither has, of a value that was changed": Case("/spec/replicas/x", 2),
    "an element that was added": Case("/spec/template/spec/containers/1/image", 10),
}
OTHERS = BASE.replace("- name: m", "- name: other")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_line_is_that_of_the_same_value(case: Case) -> None:
    found = reading()
    _, deployment = found.resources()
    assert found.line(deployment.document, case.pointer) == case.line


def test_an_element_of_another_name_is_another() -> None:
    found = reading(base=OTHERS)
    _, deployment = found.resources()
    for below in ("", "/image", "/securityContext"):
        assert found.line(deployment.document, f"/spec/template/spec/containers/0{below}") == 2


@pytest.mark.parametrize("base", [BASE, OTHERS])
def test_what_is_absent_stands_where_what_holds_it_does(base: str) -> None:
    """Only then are the lines of what is there enough for what is kept of it."""
    found = reading(base=base)
    for each in list(found.resources()):
        for place in pointers_of(msgspec.json.decode(each.body)):
            above = found.line(each.document, place)
            assert found.line(each.document, f"{place}/absent") == above, place
            assert found.line(each.document, f"{place}/absent/0/x") == above, place


def test_objects_stand_where_their_templates_do() -> None:
    found = list(reading().resources())
    assert [(each.source, each.line) for each in found] == [
        ("over/kustomization.yaml", 0),
        ("base/d.yaml", 2),
    ]
    assert [each.rendered for each in found] == ["over", "over"]
    assert [each.uid for each in found] == [
        "over#k8s/ConfigMap//generated",
        "over#k8s/Deployment//d",
    ]


def test_folder_of_the_target_itself_has_a_name() -> None:
    assert [each.rendered for each in reading("").resources()] == [".", "."]


def test_all_lines_are_those_of_each() -> None:
    found: Reading = reading()
    for each in list(found.resources()):
        value = msgspec.json.decode(each.body)
        wanted = [found.line(each.document, place) for place in pointers_of(value)]
        lines = found.lines(each.document, "", value)
        assert lines * (len(wanted) if len(lines) == 1 else 1) == wanted


def test_template_that_is_gone_costs_the_lines_alone() -> None:
    found = reading(base="")
    _, deployment = found.resources()
    assert found.line(deployment.document, "/spec/template/spec/containers/0/image") == 2


def test_evidence_is_what_came_out() -> None:
    evidence = reading().evidence
    assert (evidence.request, evidence.size, evidence.how) == (
        "over",
        len(CAME),
        "tool 1: tool build",
    )
    assert evidence.key.endswith("rendered:digest")


def test_tree_is_not_left(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "f").write_text("x")
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "a")
    tree = FolderTree(root, "t", ())
    found = {path: tree.kind_of(path) for path in ("", "a", "a/f", "in/f", "out", "out/root", "b")}
    assert found == {
        "": PathKind.FOLDER,
        "a": PathKind.FOLDER,
        "a/f": PathKind.FILE,
        "in/f": PathKind.FILE,
        "out": PathKind.OUTSIDE,
        "out/root": PathKind.FOLDER,
        "b": PathKind.NOTHING,
    }
    assert tree.read("in/f", 1) == b"x"
    for path, most in (("a/f", 0), ("out/f", 9), ("a", 9)):
        with pytest.raises(OSError, match=r"more than|not a file"):
            tree.read(path, most)
