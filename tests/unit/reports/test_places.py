"""Paths for tools that know files only."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from auditor.model.results_finding import ResourceRef
from reports.places import path_of, path_of_gap, path_of_target, uri_of

FILES = {
    "a folder": ("deploy/", "web.yaml", "deploy/web.yaml"),
    "a folder from here": ("./deploy", "a/web.yaml", "deploy/a/web.yaml"),
    "here": (".", "web.yaml", "web.yaml"),
    "a file": ("./deploy/web.yaml", "web.yaml", "deploy/web.yaml"),
    "above": ("../deploy", "web.yaml", "../deploy/web.yaml"),
    "from the root": ("/srv/deploy", "web.yaml", "/srv/deploy/web.yaml"),
    "two slashes": ("//srv/deploy", "web.yaml", "/srv/deploy/web.yaml"),
    "standard input": ("-", "-", "standard-input"),
}


@pytest.mark.parametrize(("target", "file", "path"), FILES.values(), ids=FILES)
def test_files(target: str, file: str, path: str) -> None:
    assert path_of(ResourceRef(target, "k8s/Pod", "ml", "web", "u", file)) == path


ASKED = {
    "k8s://": ("k8s/ml/Pod/web", "k8s/ml/Secret"),
    "k8s://prod?namespace=a,b": (
        "k8s/prod?namespace=a,b/ml/Pod/web",
        "k8s/prod?namespace=a,b/ml/Secret",
    ),
    "docker+ssh://u@h:22/x": ("docker+ssh/u@h:22/x/ml/Pod/web", "docker+ssh/u@h:22/x/ml/Secret"),
}


@pytest.mark.parametrize(("target", "paths"), ASKED.items())
def test_what_stands_in(target: str, paths: tuple[str, str]) -> None:
    assert path_of(ResourceRef(target, "k8s/Pod", "ml", "web", "u", "GET /x")) == paths[0]
    gap = Gap(target, "k8s/Secret", GapCause.DENIED, "d", namespace="ml")
    assert path_of_gap(gap) == paths[1]
    assert paths[0].startswith(path_of_target(target))


def test_a_value_in_another_file() -> None:
    of = ResourceRef("stack", "docker/ComposeService", "", "web", "u", "compose.yaml")
    assert path_of(of, "base.yaml") == "stack/base.yaml"


@given(st.text(), st.text(), st.text())
def test_no_name_leaves_its_folder(target: str, namespace: str, name: str) -> None:
    found = path_of(ResourceRef(f"k8s://{target}", "k8s/Pod", namespace, name, "u", "GET /x"))
    assert not {"", ".", ".."} & set(found.split("/"))
    assert found.startswith("k8s/")


@given(st.text(min_size=1))
def test_a_uri_is_the_path_encoded(text: str) -> None:
    found = urlsplit(uri_of(text))
    assert unquote(found.path) == text.encode("utf-8", "backslashreplace").decode()
    assert (found.scheme, found.query, found.fragment) in {("", "", ""), ("file", "", "")}
    assert found.path.isascii()
