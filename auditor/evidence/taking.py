"""Evidence of one bundle taken over into another, byte for byte, while its manifest holds.

::

    part/evidence/0000/000000.jsonl  ->  staged/0003/evidence/000000.jsonl   its fourth target
    part/bodies/<sha256>.zst         ->  bodies/<sha256>.zst                 shared by all

Which number a target gets in the end is known when all parts are: then it is moved there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from auditor.errors import IntegrityError
from auditor.evidence import files
from auditor.evidence.layout import BODIES, EVIDENCE, POLICY, REDACTIONS, FileEntry, Manifest
from auditor.removal import remove

_PIECE: Final = 1 << 20
_OF_TARGETS: Final = (EVIDENCE, REDACTIONS)


def take(root: Path, manifest: Manifest, into: Path, staged: Path, first: int) -> None:
    """Copy what a bundle read: bodies to where they stay, targets as numbers from ``first`` on.

    Raises:
        IntegrityError: a file is not what the manifest says, any more.
    """
    for each in manifest.files:
        folder, _, inside = each.path.partition("/")
        if folder == BODIES:
            _copy(root, each, into / each.path)
        elif folder in _OF_TARGETS:
            target, _, name = inside.partition("/")
            _copy(root, each, staged / f"{first + int(target)}" / folder / name)


def take_policy(root: Path, manifest: Manifest, to: Path) -> None:
    """Copy the policy that a bundle was judged by; its folders are called as they are there.

    Raises:
        IntegrityError: as :func:`take`.
    """
    for each in manifest.files:
        if each.role == POLICY:
            _copy(root, each, to / each.path)


def place_targets(staged: Path, into: Path, numbers: Mapping[int, int]) -> None:
    """Move targets to their numbers in the end, by those of :func:`take`; the rest goes."""
    for before, after in numbers.items():
        for folder in _OF_TARGETS:
            found = staged / f"{before}" / folder
            if found.is_dir():
                (into / folder).mkdir(exist_ok=True)
                found.rename(into / folder / f"{after:04d}")
    remove(staged)


def read_by(manifest: Manifest, target: int) -> tuple[tuple[str, str], ...]:
    """What tells the evidence of a target from other evidence of it: (file, sha256)."""
    prefix = f"{EVIDENCE}/{target:04d}/"
    return tuple(_named(manifest.files, prefix))


def _named(entries: Iterable[FileEntry], prefix: str) -> Iterable[tuple[str, str]]:
    for each in entries:
        if each.path.startswith(prefix):
            yield each.path.removeprefix(prefix), each.sha256


def _copy(root: Path, entry: FileEntry, to: Path) -> None:
    if to.exists():
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with files.opened(root / entry.path) as file, to.open("wb") as copy:
        while piece := file.read(_PIECE):
            digest.update(piece)
            copy.write(piece)
    if digest.hexdigest() != entry.sha256:
        raise IntegrityError(
            f"{root / entry.path} was changed while it was read",
            hint="make sure that nothing writes to it during the run",
        )
