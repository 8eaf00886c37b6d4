"""What compose files come to, against Compose itself: generated and odd projects, no difference."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given

from collectors.docker.compose.interpolation import Interpolation
from collectors.docker.compose.project import Project, Resolver, main_of
from collectors.documents.tree import FolderTree
from tests.engines.composego import ComposeGo
from tests.live.compose_projects import comparable, projects, write
from tests.sweeps import examples


def ours(folder: Path) -> Project:
    """Resolve the project in a folder as the product does."""
    tree = FolderTree(folder, str(folder), ())
    main = main_of("", tree)
    return Resolver(tree, main, Interpolation()).project(tree.read(main, 1 << 20))


def compare(files: Mapping[str, str], composego: ComposeGo) -> None:
    """Resolve a project by both, and find no difference."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        write(files, folder)
        theirs, mine = composego.resolved(folder), ours(folder)
    if theirs.error:
        assert mine.problems or not_ours(theirs.error), (theirs.error, files)
        return
    assert not mine.problems, [problem.detail for problem in mine.problems]
    for wanted, found in ((theirs.services, mine.services), (theirs.jobs, mine.jobs)):
        plain = {key: whole(each.plain()) for key, each in found.items()}
        assert set(plain) == set(wanted)
        for key, value in plain.items():
            assert comparable(value, str(folder)) == comparable(wanted[key], str(folder)), key


def whole(service: dict[str, Any]) -> dict[str, Any]:
    """Give what runs before a service, of which we say what is written, what it has of that."""
    hooks = service.get("pre_start")
    if not hooks:
        return service
    known = {key: service[key] for key in ("image", "networks") if key in service}
    return {**service, "pre_start": [_whole(hook, known) for hook in hooks]}


def _whole(hook: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    return {**known, **hook}


NOT_OURS = (
    "mutually exclusive",
    "already mounted as",
    "can't set distinct values",
    "depends on undefined service",
    "dependency cycle",
    "validating ",
    "undefined volume",
)
"""What Compose says against a project that it can resolve: no field of it would be another."""


def not_ours(error: str) -> bool:
    """Whether Compose refuses a project for what does not change what it says."""
    return any(each in error for each in NOT_OURS)


@given(files=projects())
@examples(600)
def test_generated_projects(composego: ComposeGo, files: Mapping[str, str]) -> None:
    """Whatever chance puts together, both come to the same services."""
    compare(files, composego)
