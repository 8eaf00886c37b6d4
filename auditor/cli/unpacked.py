"""The folder of a bundle: as it is, or of an archive that is unpacked while a command runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from auditor.cli.places import Place, fetched
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.layout import LARGE_RESULTS, RESULTS, Manifest

_PIECE: Final = 1 << 20


def folder_of(at: Place, scratch: Path) -> Path:
    """The folder of a bundle; what is in an archive is written below ``scratch`` first.

    Raises:
        UsageError: there is nothing at that place.
        IntegrityError: the archive is none that we would write.
    """
    place = fetched(at, scratch)
    if place.is_dir():
        return place
    if not place.is_file():
        raise UsageError(
            f"{place}: no such bundle", hint="auditor scan TARGET --output DIR writes one"
        )
    from auditor.evidence.archive import unpack

    root = scratch / f"unpacked-{len(list(scratch.iterdir()))}"
    root.mkdir(mode=0o700)
    unpack(place, root)
    if place is not at:  # a copy of ours, which is not needed twice
        place.unlink()
    return root


def copied_results(root: Path, manifest: Manifest, folder: Path, whose: str) -> Path:
    """The results of a bundle, read once into a new folder: what is there is what was verified.

    Raises:
        IntegrityError: they are not what the manifest says, any more.
    """
    listed = {each.path: each.sha256 for each in manifest.files}
    name = LARGE_RESULTS if LARGE_RESULTS in listed else RESULTS
    folder.mkdir(mode=0o700)
    digest = hashlib.sha256()
    with (root / name).open("rb") as file, (folder / name).open("wb") as copy:
        while piece := file.read(_PIECE):
            digest.update(piece)
            copy.write(piece)
    if digest.hexdigest() != listed.get(name):
        raise IntegrityError(
            f"{whose}: {name} was changed while it was read",
            hint="make sure that nothing writes to it during the run",
        )
    return folder / name
