"""An object that was rendered stands where the object is that it was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from auditor.model.resource import Resource
from collectors.documents.rendered import Standing
from collectors.documents.tree import FolderTree
from collectors.kubernetes.rendering.standing import Templates, of_chart


def made(name: str, namespace: str = "", kind: str = "k8s/Pod", line: int = 1) -> Resource:
    return Resource(
        kind=kind,
        api_version="v1",
        name=name,
        namespace=namespace,
        uid="u",
        source="s",
        document=0,
        line=line,
        body=b"{}",
    )


A, B, NONE = Standing("a.yaml", 3, 0), Standing("b.yaml", 9, 1), Standing("kustomization.yaml")


class Case(NamedTuple):
    """The objects that went in, one that came out, and where it stands."""

    known: Sequence[tuple[Resource, Standing]]
    found: Resource
    standing: Standing


CASES = {
    "itself": Case([(made("x", "n"), A), (made("y", "n"), B)], made("y", "n"), B),
    "the one of its namespace": Case([(made("x", "n"), A), (made("x", "m"), B)], made("x", "m"), B),
    "put into a namespace": Case([(made("x"), A)], made("x", "n"), A),
    "of another kind": Case([(made("x", kind="k8s/Service"), A)], made("x"), NONE),
    "a name with a prefix and a suffix": Case([(made("x1"), A)], made("dev-x1-b7f2"), A),
    "the longest name that is in it": Case(
        [(made("web"), A), (made("web-ml"), B)], made("web-ml-1"), B
    ),
    "generated": Case([(made("x"), A)], made("settings-g4hk9"), NONE),
    "without a name": Case([(made(""), A)], made("y"), NONE),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_template_is_found_by_name(case: Case) -> None:
    assert Templates(case.known, NONE).standing(case.found) == case.standing


TEXT = """\
---
# Source: demo/templates/a.yaml
kind: A
---
# Source: demo/charts/sub/templates/b.yaml
kind: B
---
# Source: demo/charts/packed/templates/c.yaml
kind: C
---
# Source: demo/../../../etc/passwd
kind: D
"""
FILES: Mapping[int, str] = {
    3: "c/templates/a.yaml",
    6: "c/charts/sub/templates/b.yaml",
    9: "c/Chart.yaml",
    12: "c/Chart.yaml",
    1: "c/Chart.yaml",
}


def test_helm_says_where_its_templates_are(tmp_path: Path) -> None:
    for name in ("c/Chart.yaml", "c/templates/a.yaml", "c/charts/sub/templates/b.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    tree = FolderTree(tmp_path, "t", ())
    found = of_chart(tree, "c", TEXT, [made("x", line=line) for line in FILES])
    assert [each.file for each in found] == list(FILES.values())
