"""A bundle as one file: a zip whose bytes depend on what is in it alone.

Names are sorted, times are those of 1980, nothing is compressed again. A zip can be read in many
ways: from its end or its beginning, with data before, between and after what it lists. So one that
somebody sent is read from its first byte to its last, and each must be the one that we would write
(APPNOTE.TXT 6.3.10, 4.3): an entry directly after the other, then the directory made anew of them.
Nothing is written that is not in it, so unpacking needs no more room than the archive has.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from auditor.errors import IntegrityError, RenderError, UsageError
from auditor.evidence.layout import ATTESTATIONS, ATTESTED, MANIFEST
from auditor.evidence.shape import is_name
from auditor.evidence.writing import beside, flush

SUFFIX: Final = ".zip"
MOST_FILES: Final = 200_000
_PIECE: Final = 1 << 20
_VERSION, _VERSION_64 = 20, 45
_UTF8: Final = 0x800
_DATE: Final = 1 << 5 | 1
"""The first of January 1980, as MS-DOS says it."""
_UNIX: Final = 3
_MODE: Final = 0o100644 << 16
_FULL: Final = 0xFFFFFFFF
_FULL_NUMBER: Final = 0xFFFF
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s2B5H3L5H2L")
_OFFSET: Final = struct.Struct("<2HQ")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_END: Final = struct.Struct("<4s4H2LH")
_BEGIN: Final = b"PK\3\4"
_HINT: Final = "auditor writes no such archive: do not trust it"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE})


class _Entry(msgspec.Struct, frozen=True):
    """A file of an archive, whose header stands at an offset."""

    name: bytes
    crc: int
    size: int
    offset: int

    @property
    def flags(self) -> int:
        return 0 if self.name.isascii() else _UTF8

    def local(self) -> bytes:
        """What stands before its content."""
        sizes = self.crc, self.size, self.size, len(self.name), 0
        return _LOCAL.pack(_BEGIN, _VERSION, self.flags, 0, 0, _DATE, *sizes) + self.name

    def central(self) -> bytes:
        """What the directory says of it."""
        far = self.offset >= _FULL
        extra = _OFFSET.pack(1, 8, self.offset) if far else b""
        version = _VERSION_64 if far else _VERSION
        head = b"PK\1\2", version, _UNIX, version, self.flags, 0, 0, _DATE
        sizes = self.crc, self.size, self.size, len(self.name), len(extra), 0, 0, 0
        return _CENTRAL.pack(*head, *sizes, _MODE, min(self.offset, _FULL)) + self.name + extra


def _directory(entries: Sequence[_Entry], start: int) -> Iterator[bytes]:
    """What stands after the content of the last file."""
    size = 0
    for entry in entries:
        each = entry.central()
        size += len(each)
        yield each
    number = len(entries)
    if number >= _FULL_NUMBER or start >= _FULL or size >= _FULL:
        version = _VERSION_64
        yield _END_64.pack(
            b"PK\6\6", _END_64.size - 12, version, version, 0, 0, number, number, size, start
        )
        yield _LOCATOR.pack(b"PK\6\7", 0, start + size, 1)
    shown = min(number, _FULL_NUMBER)
    yield _END.pack(b"PK\5\6", 0, 0, shown, shown, min(size, _FULL), min(start, _FULL), 0)


@contextmanager
def pack(root: Path, place: Path) -> Iterator[None]:
    """At the end, make an archive of what is below ``root`` and move it to ``place``.

    Only its owner can read it, as with a bundle that is a folder.

    Raises:
        UsageError, RenderError: as :func:`auditor.evidence.writing.beside`.
    """
    with beside(place, is_folder=False) as name:
        yield
        found = (path for path in root.rglob("*") if path.is_file())
        paths = {path.relative_to(root).as_posix().encode(): path for path in found}
        entries: list[_Entry] = []
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "w+b") as archive:  # noqa: PTH123 - a descriptor, not a path
            for inside, path in sorted(paths.items()):
                entries.append(_stored(archive, inside, path))
            archive.writelines(_directory(entries, archive.tell()))
        flush(name)


def _stored(archive: BinaryIO, name: bytes, path: Path) -> _Entry:
    """Write one file; its header says the sum of what follows, so it is written last."""
    start = archive.tell()
    archive.seek(len(_Entry(name, 0, 0, start).local()), os.SEEK_CUR)
    crc = size = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            archive.write(piece)
    if size >= _FULL:
        raise RenderError(f"{path.name}: too large for a zip", hint="--output FOLDER")
    entry = _Entry(name, crc, size, start)
    archive.seek(start)
    archive.write(entry.local())
    archive.seek(0, os.SEEK_END)
    return entry


def unpack(place: Path, root: Path) -> None:
    """Write the files of an archive below ``root``, a new folder.

    Raises:
        UsageError: there is no such file.
        IntegrityError: it is none that we would write.
        OSError: there is no room for it.
    """
    try:
        with place.open("rb") as archive:
            entries = list(_entries(place, archive, root))
            start = archive.tell()
            for part in _directory(entries, start):
                if archive.read(len(part)) != part:
                    raise _wrong(place, "the central directory does not match the entries")
            if not entries or archive.read(1):
                raise _wrong(place, "it is empty, or something follows its end")
    except FileNotFoundError as error:
        raise UsageError(f"{place}: {error.strerror}", hint="name a bundle") from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        raise _wrong(place, str(error.strerror or error)) from error


def _entries(place: Path, archive: BinaryIO, root: Path) -> Iterator[_Entry]:
    """Write each file below ``root``, until there is none any more."""
    names: set[str] = set()
    last = b""
    while True:
        offset = archive.tell()
        head = archive.read(_LOCAL.size)
        if head[:4] != _BEGIN or len(head) < _LOCAL.size:
            archive.seek(offset)
            return
        *_, crc, size, _, length, _ = _LOCAL.unpack(head)
        entry = _Entry(archive.read(length), crc, size, offset)
        if head + entry.name != entry.local():
            raise _wrong(place, f"{entry.name[:80]!r} is not stored as a plain file")
        name = _name(place, entry.name, names)
        if entry.name <= last or len(names) > MOST_FILES:
            raise _wrong(place, f"{name} is not in its place, or there are too many")
        last = entry.name
        if _written(archive, size, root / name) != crc:
            raise _wrong(place, f"{name} is not what its sum says, or it is cut off")
        yield entry


def _name(place: Path, name: bytes, names: set[str]) -> str:
    """The name of an entry as that of a file of a bundle, which it must be."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(place, f"{name[:80]!r} is not text") from error
    ours = {MANIFEST, *(f"{ATTESTATIONS}/{each}" for each in ATTESTED)}
    if text not in ours and not is_name(text):
        raise _wrong(place, f"{text[:80]!r} is not a name for a file of a bundle")
    if text.lower() in names:
        raise _wrong(place, f"{text} is there twice")
    names.add(text.lower())
    return text


def _written(archive: BinaryIO, size: int, path: Path) -> int:
    """Write so much of an archive to a file; the sum of what was there, -1 when it was less."""
    path.parent.mkdir(parents=True, exist_ok=True)
    crc = 0
    with path.open("xb") as file:
        while size:
            piece = archive.read(min(size, _PIECE))
            if not piece:
                return -1
            size -= len(piece)
            crc = zlib.crc32(piece, crc)
            file.write(piece)
    return crc


def _wrong(place: Path, what: str) -> IntegrityError:
    return IntegrityError(f"{place}: {what}", hint=_HINT)
