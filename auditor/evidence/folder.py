"""The evidence of a run in a folder: what ``collect`` writes and ``evaluate`` reads.

It is the unsigned form of the bundle::

    manifest.json             the run, its targets, and every other file with its sha256 and size
    evidence/0000/000001.json one record a query, of the first target
    bodies/<sha256>.json      what was answered, as it was kept; equal answers once

Nothing in it depends on where it stands. It is written beside its place and moved there when it is
whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import IntegrityError, UsageError
from auditor.model.evidence import Record, TargetEntry

FORMAT: Final = "evidence/v1"
_MANIFEST: Final = "manifest.json"


class RunEntry(msgspec.Struct, frozen=True):
    """The run that read; times are RFC 3339 in UTC."""

    id: str
    started: str
    finished: str


class FileEntry(msgspec.Struct, frozen=True, order=True):
    """A file of the folder; ``role`` is ``record`` or ``body``."""

    path: str
    sha256: str
    size: int
    role: str


class Manifest(msgspec.Struct, frozen=True):
    """What a folder holds."""

    format: str
    version: str
    run: RunEntry
    targets: tuple[TargetEntry, ...]
    files: tuple[FileEntry, ...]


class Collected(msgspec.Struct, frozen=True):
    """One target, read: ``records`` in the order of the queries."""

    entry: TargetEntry
    records: tuple[Record, ...]


class FolderSink:
    """Implements :class:`auditor.ports.Sink` for one target of a folder."""

    def __init__(self, root: Path, number: int, scratch: Path) -> None:
        self._bodies = root / "bodies"
        self._records = root / "evidence" / f"{number:04d}"
        self._bodies.mkdir(parents=True, exist_ok=True)
        self._records.mkdir(parents=True)
        self._scratch = scratch
        self.records: list[Record] = []

    @property
    def scratch(self) -> Path:
        """A folder for what must be in files and is no evidence."""
        return self._scratch

    def add(self, record: Record, body: bytes | None) -> None:
        """Keep a query and its body."""
        if body is not None:
            name = hashlib.sha256(body).hexdigest()
            path = self._bodies / f"{name}.json"
            if not path.exists():
                _write(path, body)
            record = msgspec.structs.replace(record, sha256=name, size=len(body))
        self.records.append(record)
        _write(self._records / f"{record.number:06d}.json", _encode(record))


def finish(root: Path, version: str, run: RunEntry, targets: tuple[TargetEntry, ...]) -> None:
    """Write the manifest: the folder is whole."""
    files = tuple(sorted(_entries(root)))
    manifest = Manifest(FORMAT, version, run, targets, files)
    _write(root / _MANIFEST, msgspec.json.format(_encode(manifest), indent=1) + b"\n")


@contextlib.contextmanager
def written(place: Path) -> Iterator[Path]:
    """A folder beside ``place`` that becomes it at the end, or goes when something fails.

    Raises:
        UsageError: ``place`` is there already, or can't be written beside.
    """
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"{place}: it is there already", hint="name a new or an empty folder")
    beside = place.absolute().parent / f".{place.name}-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        beside.mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}", hint="name another folder") from error
    try:
        yield beside
        beside.replace(place)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def read_folder(root: Path) -> tuple[Manifest, tuple[Collected, ...]]:
    """Read a folder and check every file against its manifest.

    Raises:
        UsageError: it is no such folder, or of another format.
        IntegrityError: a file is missing, new, or not what the manifest says.
    """
    manifest = _manifest(root)
    listed = {entry.path: entry for entry in manifest.files}
    found = {entry.path: entry for entry in _entries(root)}
    for path in sorted(listed.keys() | found.keys()):
        if listed.get(path) != found.get(path):
            what = "is missing" if path not in found else "is not what the manifest says"
            what = "is not in the manifest" if path not in listed else what
            raise IntegrityError(f"{root / path} {what}", hint="collect again")
    collected = []
    for number, entry in enumerate(manifest.targets):
        names = [path for path in listed if path.startswith(f"evidence/{number:04d}/")]
        records = tuple(_record(root / name) for name in sorted(names))
        collected.append(Collected(entry, records))
    return manifest, tuple(collected)


def _manifest(root: Path) -> Manifest:
    try:
        data = (root / _MANIFEST).read_bytes()
        manifest = msgspec.json.decode(data, type=Manifest)
    except OSError as error:
        raise UsageError(
            f"{root / _MANIFEST}: {error.strerror}", hint="auditor collect writes such a folder"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{root / _MANIFEST}: {error}", hint="collect again") from error
    if manifest.format != FORMAT:
        raise UsageError(
            f"{root}: its format is {manifest.format}, this program reads {FORMAT}",
            hint="evaluate it with the version that collected it",
        )
    return manifest


def _record(path: Path) -> Record:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{path}: {error}", hint="collect again") from error


def _entries(root: Path) -> Iterator[FileEntry]:
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_symlink() or not path.is_file():
            if path.is_symlink() or not path.is_dir():
                raise IntegrityError(f"{path} is no regular file", hint="collect again")
            continue
        if name != _MANIFEST:
            digest, size = _digest(path)
            yield FileEntry(name, digest, size, "body" if name.startswith("bodies/") else "record")


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return digest.hexdigest(), path.stat().st_size


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
