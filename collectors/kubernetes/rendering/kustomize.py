"""What a root of kustomizations includes, all the way down; and why it is not built, if it is not.

kustomize reads bases outside of the folder that is audited, and fetches what has an address. So
what a root includes is read first, and a root with either of them is refused before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from collectors.documents.recognise import PathKind, Tree
from collectors.kubernetes.manifests.kustomization import (
    Kustomization,
    Reference,
    Use,
    read_kustomization,
)
from collectors.kubernetes.rendering.programs import Program
from collectors.programs.said import redacted

_MOST: Final = 1_000
"""Kustomizations that one root may include."""


class Closure(msgspec.Struct, frozen=True):
    """What a root includes: ``objects`` are files with some, ``changes`` those that change them.

    ``refused`` says why it is not built, with a ``hint``; "" when it may be. ``file`` is that of
    the root.
    """

    file: str
    objects: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    refused: str = ""
    hint: str = ""


def closure_of(tree: Tree, root: str) -> Closure:
    """Read all that a root includes."""
    seen: dict[str, Kustomization] = {}
    waiting = [root]
    while waiting and len(seen) <= _MOST:
        folder = waiting.pop()
        if folder not in seen:
            seen[folder] = read_kustomization(tree, folder)
            waiting += [each.path for each in seen[folder].references if _is_included(each)]
    refused, hint = _refused(seen)
    return Closure(
        seen[root].path,
        tuple(sorted(_files(seen, Use.INCLUDE))),
        tuple(sorted(_files(seen, Use.CHANGE))),
        refused,
        hint,
    )


def _is_included(reference: Reference) -> bool:
    return reference.stands is PathKind.FOLDER and reference.use is not Use.DATA


def _files(seen: dict[str, Kustomization], use: Use) -> set[str]:
    return {
        reference.path
        for each in seen.values()
        for reference in each.references
        if reference.use is use and reference.stands is PathKind.FILE
    }


def _refused(seen: dict[str, Kustomization]) -> tuple[str, str]:
    if len(seen) > _MOST:
        return f"it includes more than {_MOST:,} others", "scan a part of it"
    for path, reference in _references(seen):
        what = redacted(reference.text)
        if reference.remote:
            return (
                f"{path} names {what}, which is not here and is not fetched",
                "where it may be fetched: kubectl kustomize DIR | auditor scan -",
            )
        if reference.stands is PathKind.OUTSIDE:
            return (
                f"{path} names {what}, which is outside of what is audited",
                "scan the folder that has both",
            )
    return "", ""


def _references(seen: dict[str, Kustomization]) -> Iterator[tuple[str, Reference]]:
    for _, each in sorted(seen.items()):
        yield from ((each.path, reference) for reference in each.references)


def arguments(program: Program) -> tuple[str, ...]:
    """The arguments that come before the folder: without plugins, and with the load restrictor."""
    return ("kustomize",) if program.name == "kubectl" else ("build",)
