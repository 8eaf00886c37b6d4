"""Writing a bundle: beside its place, flushed, and moved there when it is whole.

::

    manifest.json              the run, its targets, how it was judged, each file with its sha256
    evidence/0000/000000.jsonl one record a query, of the first target
    bodies/<sha256>.zst        what was read, as it was kept: see ``blocks.py``
    redactions/0000/...        where secrets were left out
    policy/00/rules/...        the policy as it was evaluated
    results.json               what came of it
    environment.json           the program that did it
    attestations/              who stands for it

Nothing in it depends on where it stands.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import IntegrityError, RenderError, UsageError
from auditor.evidence.blocks import BlockWriter
from auditor.evidence.layout import (
    ATTESTATIONS,
    BODIES,
    EVIDENCE,
    FORMAT,
    MANIFEST,
    REDACTIONS,
    Evaluation,
    FileEntry,
    Manifest,
    RunEntry,
    encoded,
    role_of,
)
from auditor.evidence.reading import records_of
from auditor.evidence.weight import check_written
from auditor.model.evidence import Record, Redaction, TargetEntry
from auditor.removal import Spare, remove
from auditor.secrets.bodies import CleanBody, clean_body
from auditor.secrets.messages import redact_texts
from auditor.secrets.redactions import Commit

_FLUSHERS: Final = 8
_lines = msgspec.json.Encoder(order="deterministic").encode_lines


class PartWriter:
    """Keeps queries and their bodies, without secrets: one part of one target's evidence.

    ``commit`` is how to commit to what is left out here, None when nobody asks.
    """

    def __init__(self, root: Path, target: int, part: int, commit: Commit | None = None) -> None:
        self._path = root / EVIDENCE / f"{target:04d}" / f"{part:06d}.jsonl"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._blocks = BlockWriter(root / BODIES)
        self._commit = commit
        self._records: list[tuple[Record, int]] = []
        self._left_out = root / REDACTIONS / f"{target:04d}" / f"{part:06d}.jsonl"
        self._lines: list[bytes] = []

    def add(self, record: Record, body: bytes | CleanBody | None) -> None:
        """Keep a query and its body, and where secrets were left out of that."""
        record = redact_texts(record)
        place = -1
        if body is not None:
            found = body if isinstance(body, CleanBody) else clean_body(body, self._commit)
            self._lines += [_left_out(record, each) for each in found.redactions]
            name, place, at = self._blocks.add(found.data)
            record = msgspec.structs.replace(record, sha256=name, size=len(found.data), at=at)
        self._records.append((record, place))

    def close(self) -> tuple[Record, ...]:
        """Write what is left, and the records; they know their blocks now."""
        self._blocks.flush()
        found = tuple(
            self._blocks.placed(record, place) if place >= 0 else record
            for record, place in self._records
        )
        self._path.write_bytes(_lines(found))
        if self._lines:
            self._left_out.parent.mkdir(parents=True, exist_ok=True)
            self._left_out.write_bytes(b"\n".join((*self._lines, b"")))
        return found


def _left_out(record: Record, found: Redaction) -> bytes:
    """A line of the list of redactions."""
    value = {"request": record.request, **msgspec.structs.asdict(found)}
    return msgspec.json.encode(value)


class FolderSink:
    """Implements :class:`auditor.ports.Sink` for one target of a bundle."""

    def __init__(
        self, root: Path, number: int, scratch: Path, commit: Commit | None = None
    ) -> None:
        self._part = PartWriter(root, number, 0, commit)
        self._commit = commit
        self._scratch = scratch
        self.secrets: set[str] = set()

    @property
    def scratch(self) -> Path:
        """A folder for what must be in files and is not evidence."""
        return self._scratch

    def add(self, record: Record, body: bytes | CleanBody | None) -> None:
        """Keep a query and its body, without secrets."""
        self._part.add(record, body)

    @property
    def commit(self) -> Commit | None:
        """How to commit to a secret that is left out; None when nobody asks where that was."""
        return self._commit

    def keep_out(self, secret: str) -> None:
        """Remember a credential, to look for it at the end."""
        self.secrets.add(secret)

    def close(self) -> tuple[Record, ...]:
        """All records, when nothing comes any more."""
        return self._part.close()


def finish(
    root: Path,
    version: str,
    run: RunEntry,
    targets: tuple[TargetEntry, ...],
    evaluation: Evaluation | None = None,
) -> bytes:
    """Write the manifest, and return it: what stands for the whole.

    Raises:
        RenderError: the evidence says so much more than it holds that nobody would read it.
    """
    files = tuple(sorted(entries(root)))
    check_written(files, chain(*(records_of(root, number) for number, _ in enumerate(targets))))
    manifest = Manifest(FORMAT, version, run, targets, evaluation, files)
    data = encoded(manifest)
    (root / MANIFEST).write_bytes(data)
    return data


@contextlib.contextmanager
def written(place: Path) -> Iterator[Path]:
    """A folder beside ``place`` that becomes it at the end, or goes when something fails.

    Two that write to one place: the one that is done first has it, the other fails.

    Raises:
        UsageError: ``place`` is there already, or can't be written beside.
        RenderError: it can't be written any more.
    """
    with beside(place, is_folder=True) as folder:
        folder.mkdir(mode=0o700)
        yield folder
        flush(folder)


@contextlib.contextmanager
def beside(place: Path, *, is_folder: bool) -> Iterator[Path]:
    """A name beside ``place``; what stands there at the end becomes ``place``.

    Raises:
        UsageError: ``place`` is there already, or nothing can be made beside it.
        RenderError: it could not be moved there.
    """
    if place.is_symlink() or (
        place.exists() and not (is_folder and place.is_dir() and not any(place.iterdir()))
    ):
        raise UsageError(f"{place}: it is there already", hint="name a new or an empty folder")
    above = place.absolute().parent
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(f"{place}: nothing can be made in {above}", hint="name another folder")
    name = above / f".{place.name}-{os.getpid()}-{os.urandom(4).hex()}"
    with Spare() as spare:
        try:
            yield name
            if is_folder:
                name.replace(place)  # refused by the system when somebody was faster
            else:
                place.hardlink_to(name)
                name.unlink()
            _flush(above)
        except BaseException as error:  # an interrupt as well leaves nothing behind
            spare.give_back()
            remove(name)
            if not isinstance(error, OSError):
                raise
            what = error.strerror or str(error)
            raise RenderError(f"{place}: {what}", hint="nothing was written there") from error


def flush(root: Path) -> None:
    """Have everything below a folder on the disk; many at once, which a disk takes together."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most runs keep nothing

    paths = [root, *root.rglob("*")] if root.is_dir() else [root]
    try:
        with ThreadPoolExecutor(_FLUSHERS) as pool:
            list(pool.map(_flush, paths))
    except RuntimeError:  # no room for the stack of another thread
        for path in paths:
            _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def entries(root: Path) -> Iterator[FileEntry]:
    """Every file of a bundle, in no order, but the manifest and what is signed about it.

    Raises:
        IntegrityError: something in it is not a regular file.
    """
    waiting = [("", str(root))]
    while waiting:
        inside, folder = waiting.pop()
        with os.scandir(folder) as listed:
            for each in listed:
                name = f"{inside}{each.name}"
                if each.is_dir(follow_symlinks=False):
                    waiting.append((f"{name}/", each.path))
                elif not each.is_file(follow_symlinks=False):
                    raise IntegrityError(f"{each.path} is not a regular file", hint="collect again")
                elif name != MANIFEST and not name.startswith(f"{ATTESTATIONS}/"):
                    yield FileEntry(name, *_digest(each.path), role_of(name))


def _digest(path: str) -> tuple[str, int]:
    with open(path, "rb") as file:  # noqa: PTH123 - a text, of hundreds of files
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), os.fstat(file.fileno()).st_size
