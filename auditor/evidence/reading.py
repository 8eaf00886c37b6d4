"""Reading a bundle: nothing in it is believed before its digest is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from auditor.errors import IntegrityError, UsageError
from auditor.evidence.layout import EVIDENCE, FORMAT, MANIFEST, Collected, Manifest
from auditor.evidence.writing import entries
from auditor.model.evidence import Record


def read_folder(root: Path) -> tuple[Manifest, tuple[Collected, ...]]:
    """Read a bundle and check every file against its manifest.

    Raises:
        UsageError: it is none, or of another format.
        IntegrityError: a file is missing, new, or not what the manifest says.
    """
    manifest = read_manifest(root)
    for problem in differences(root, manifest):
        raise IntegrityError(problem, hint="collect again")
    return manifest, collected(root, manifest)


def read_manifest(root: Path) -> Manifest:
    """Read the manifest, which says what else there is.

    Raises:
        UsageError, IntegrityError: as :func:`read_folder`.
    """
    try:
        data = (root / MANIFEST).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{root / MANIFEST}: {error.strerror}",
            hint="auditor scan --output DIR and auditor collect write such a folder",
        ) from error
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{root / MANIFEST}: {error}", hint="collect again") from error
    if manifest.format != FORMAT:
        raise UsageError(
            f"{root}: its format is {manifest.format}, this program reads {FORMAT}",
            hint="evaluate it with the version that collected it",
        )
    return manifest


def differences(root: Path, manifest: Manifest) -> Iterator[str]:
    """What in a folder is not as its manifest says, in order of the names."""
    listed = {entry.path: entry for entry in manifest.files}
    found = {entry.path: entry for entry in entries(root)}
    for path in sorted(listed.keys() | found.keys()):
        if listed.get(path) != found.get(path):
            what = "is missing" if path not in found else "is not what the manifest says"
            what = "is not in the manifest" if path not in listed else what
            yield f"{root / path} {what}"


def collected(root: Path, manifest: Manifest) -> tuple[Collected, ...]:
    """The evidence of each target.

    Raises:
        IntegrityError: a record can't be read.
    """
    return tuple(
        Collected(entry, tuple(records_of(root, number)))
        for number, entry in enumerate(manifest.targets)
    )


def records_of(root: Path, number: int) -> Iterator[Record]:
    """The records of one target, in order.

    Raises:
        IntegrityError: one can't be read.
    """
    folder = root / EVIDENCE / f"{number:04d}"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield from _records(path)


def _records(path: Path) -> list[Record]:
    try:
        return msgspec.json.Decoder(Record).decode_lines(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{path}: {error}", hint="collect again") from error
