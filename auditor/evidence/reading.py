"""Reading a bundle: nothing in it is believed before its digest is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import IntegrityError, UsageError
from auditor.evidence import files, strict
from auditor.evidence.layout import (
    ATTESTATIONS,
    ATTESTED,
    EVIDENCE,
    FORMAT,
    MANIFEST,
    Collected,
    Manifest,
    encoded,
)
from auditor.evidence.shape import check_manifest, check_record, told_twice
from auditor.evidence.weight import refuse_heavy
from auditor.model.evidence import Record

_MOST: Final = 1 << 28
_NOT_REGULAR, _FOLDER = -1, -2
_decoder: Final = msgspec.json.Decoder(Record)
_encoder: Final = msgspec.json.Encoder(order="deterministic")


def read_folder(root: Path) -> tuple[Manifest, tuple[Collected, ...]]:
    """Read a bundle and check every file against its manifest.

    Raises:
        UsageError: it is of another format.
        IntegrityError: it is none; a file is missing, new, or not what the manifest says.
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
    data = files.read(root / MANIFEST, strict.MOST_BYTES)
    found, manifest = parsed_manifest(data)
    if manifest is None and isinstance(found, str):
        raise UsageError(
            f"{root}: its format is {found[:40]}, this program reads {FORMAT}",
            hint="evaluate it with the version that collected it",
        )
    if manifest is None:
        raise IntegrityError(f"{MANIFEST}: it does not say of what format it is")
    check_manifest(manifest)
    return manifest


def parsed_manifest(data: bytes) -> tuple[object, Manifest | None]:
    """What a manifest says is its format, and what it says; None where that is not our format.

    Raises:
        IntegrityError: it can be read in more than one way, or in none.
    """
    manifest = strict.Reader(Manifest, encoded).canonical(MANIFEST, data)
    if manifest is not None and manifest.format == FORMAT:
        return FORMAT, manifest
    value = strict.parse(MANIFEST, data)
    found = value.get("format") if isinstance(value, dict) else None
    return found, strict.convert(MANIFEST, value, Manifest) if found == FORMAT else None


def differences(root: Path, manifest: Manifest) -> Iterator[str]:
    """What in a folder is not as its manifest says; names and sizes first, which cost nothing.

    Raises:
        IntegrityError: something in it can't be read.
    """
    listed = {entry.path: entry for entry in manifest.files}
    folders = {ATTESTATIONS}
    for path in listed:
        while path := path.rpartition("/")[0]:
            folders.add(path)
    found = dict(files.walk(root, folders))
    for name in (MANIFEST, *(f"{ATTESTATIONS}/{each}" for each in ATTESTED)):
        if found.get(name, 0) >= 0:
            found.pop(name, None)
    same = True
    for path in sorted(listed.keys() | found.keys()):
        problem = _problem(found.get(path), listed[path].size if path in listed else None)
        if problem:
            same = False
            yield f"{root / path} {problem}"
    for entry in manifest.files if same else ():
        if files.digest(root / entry.path) != entry.sha256:
            yield f"{root / entry.path} is not what the manifest says"


def _problem(size: int | None, said: int | None) -> str:
    if size is None:
        return "is missing"
    if size == _NOT_REGULAR:
        return "is not a regular file"
    if size == _FOLDER:
        return "is a folder that is not in the manifest, or an empty one"
    if said is None:
        return "is not in the manifest"
    return "" if size == said else "is not what the manifest says"


def collected(root: Path, manifest: Manifest) -> tuple[Collected, ...]:
    """The evidence of each target.

    Raises:
        IntegrityError: a record can't be read, is there twice, or all of them say too much.
    """
    found = tuple(
        Collected(entry, tuple(records_of(root, number)))
        for number, entry in enumerate(manifest.targets)
    )
    for each in found:
        problem = told_twice(each.entry.uri, each.records)
        if problem:
            raise IntegrityError(f"{EVIDENCE}: {each.entry.uri}: {problem}", hint="collect again")
    refuse_heavy(root, manifest.files, found)
    return found


def records_of(root: Path, number: int) -> Iterator[Record]:
    """The records of one target, in order.

    Raises:
        IntegrityError: one can't be read.
    """
    folder = root / EVIDENCE / f"{number:04d}"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield from _records(path)


def _records(path: Path) -> list[Record]:
    """The records of a part, which must be written as they always are.

    So no field is there twice, and none that nobody reads.
    """
    name = f"{EVIDENCE}/{path.parent.name}/{path.name}"
    data = files.read(path, _MOST)
    try:
        found = _decoder.decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{name}: {error}", hint="collect again") from error
    for record in found:
        problem = check_record(record)
        if problem:
            raise IntegrityError(f"{name}: {problem}", hint="collect again")
    if _encoder.encode_lines(found) != data:
        what = "its records are written in another way than auditor does"
        raise IntegrityError(f"{name}: {what}", hint="collect again")
    return found
