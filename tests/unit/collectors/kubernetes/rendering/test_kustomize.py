"""What a root includes is known before anything runs; what would be fetched is never built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from collectors.documents.tree import FolderTree
from collectors.kubernetes.rendering.kustomize import Closure, closure_of

K = "kustomization.yaml"
FETCHED = "which is not here and is not fetched"
OUTSIDE = "which is outside of what is audited"


def closure(root: Path, files: Mapping[str, str], folder: str = "over") -> Closure:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return closure_of(FolderTree(root, "t", ()), folder)


def test_all_that_is_included_is_found(tmp_path: Path) -> None:
    found = closure(
        tmp_path,
        {
            f"over/{K}": "resources: [../.base, a.yaml]\npatches: [{path: p.yaml}]\n",
            "over/a.yaml": "",
            "over/p.yaml": "",
            f".base/{K}": "resources: [b.yaml]\ncomponents: [../c]\n",
            ".base/b.yaml": "",
            f"c/{K}": "configMapGenerator: [{files: [x=d.yaml]}]\nbases: [../over]\n",
            "c/d.yaml": "",
        },
    )
    assert found.objects == (".base/b.yaml", "over/a.yaml")
    assert found.changes == ("over/p.yaml",)
    assert (found.file, found.refused) == (f"over/{K}", "")


class Refused(NamedTuple):
    """A line of a kustomization, and why it is not built."""

    text: str
    why: str


REFUSED = {
    "an address": Refused(
        "resources: ['https://example.com/a.yaml']", f"https://example.com/a.yaml, {FETCHED}"
    ),
    "a repository": Refused(
        "resources: ['github.com/x/y?ref=v1']", f"github.com/x/y?ref=v1, {FETCHED}"
    ),
    "a repository of another host": Refused("bases: ['git.example.com/x//y?ref=v1']", FETCHED),
    "by ssh": Refused("components: ['git@example.com:x/y.git']", FETCHED),
    "by its scheme": Refused("resources: ['ssh://example.com/x']", FETCHED),
    "forced git": Refused("resources: ['git::https://example.com/x']", FETCHED),
    "a patch": Refused("patches: [{path: 'https://example.com/p.yaml'}]", FETCHED),
    "a transformer": Refused("transformers: ['https://example.com/p.yaml']", FETCHED),
    "a schema": Refused("openapi: {path: 'https://example.com/p.json'}", FETCHED),
    "kinds": Refused("crds: ['https://example.com/p.json']", FETCHED),
    "data": Refused("configMapGenerator: [{files: ['a=https://example.com/p']}]", FETCHED),
    "data of an environment": Refused(
        "secretGenerator: [{envs: ['http://example.com/p']}]", FETCHED
    ),
    "above": Refused("resources: [../../x]", f"over/{K} names ../../x, {OUTSIDE}"),
    "from the root": Refused("resources: [/etc]", f"/etc, {OUTSIDE}"),
    "a file above": Refused("configMapGenerator: [{files: [../../x]}]", OUTSIDE),
    "by a link": Refused("resources: [link]", f"link, {OUTSIDE}"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("where", ["over", "base"])
def test_root_that_reaches_elsewhere_is_refused(case: Refused, where: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("over", "base"):
        (root / folder).mkdir(parents=True)
        (root / folder / "link").symlink_to(tmp_path, target_is_directory=True)
    files = {f"base/{K}": case.text + "\n", f"over/{K}": "resources: [../base]\n"}
    if where == "over":
        files[f"over/{K}"] = case.text + "\n"
    found = closure(root, files)
    assert case.why.replace(f"over/{K}", f"{where}/{K}") in found.refused
    assert found.hint


def test_address_is_told_without_its_credentials(tmp_path: Path) -> None:
    text = "resources: ['https://me:c4n4ry@example.com/x.git?ref=v1']\n"
    found = closure(tmp_path, {f"over/{K}": text})
    assert "c4n4ry" not in found.refused
    assert "https://example.com/x.git?ref=v1" in found.refused


def test_what_is_only_missing_is_for_the_tool_to_tell(tmp_path: Path) -> None:
    found = closure(tmp_path, {f"over/{K}": "resources: [no.yaml, ../nowhere]\n"})
    assert (found.refused, found.objects) == ("", ())
