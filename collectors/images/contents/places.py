"""Where the parts of images lie: a folder, or an archive of which only the headers are read.

::

    layout/                    oci-layout, index.json, blobs/sha256/…     a layout as a folder
    app.tar of docker save     manifest.json, blobs or ID/layer.tar       what engines write
    app.tar of skopeo, podman  oci-layout, index.json, blobs/sha256/…     a layout as an archive

Nothing is unpacked to a disk, no path of an archive is opened, and a folder is not left.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from auditor.bounded import read_named
from collectors.images.contents.fields import BLOCK, shown
from collectors.images.contents.headers import FILE, FOLDER, LINK, SYMLINK, Entry, entries
from collectors.images.contents.limits import (
    DOCUMENT,
    ENTRIES,
    ContentError,
    MalformedError,
    TooLargeError,
    UnsupportedError,
)
from collectors.images.contents.unpacking import PIECE

_MOST_LINKS: Final = 8
_PACKED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")


class Place(Protocol):
    """Parts by their names."""

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        ...

    def document(self, name: str) -> bytes:
        """A small part as a whole.

        Raises:
            ContentError: it is not there, or it is not small.
        """
        ...

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a part piece by piece; raises as :meth:`document`."""
        ...


class Folder:
    """A layout as a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def has(self, name: str) -> bool:
        """See :class:`Place`."""
        return (self._root / name).is_file()

    def document(self, name: str) -> bytes:
        """See :class:`Place`."""
        try:
            return read_named(self._path(name), DOCUMENT)
        except OSError as error:
            raise MalformedError(f"{name}: {error.strerror}") from error

    def pieces(self, name: str) -> Iterator[bytes]:
        """See :class:`Place`."""
        try:
            with self._path(name).open("rb") as file:
                yield from iter(lambda: file.read(PIECE), b"")
        except OSError as error:
            raise MalformedError(f"{name}: {error.strerror}") from error

    def _path(self, name: str) -> Path:
        path = self._root / name
        if not path.is_file() or not path.resolve().is_relative_to(self._root.resolve()):
            raise MalformedError(f"there is no {name} in it")
        return path


class Archive:
    """An archive that is a file, whose parts are found by its headers."""

    def __init__(self, file: BinaryIO) -> None:
        """List what is in it.

        Raises:
            ContentError: it is no archive.
        """
        self._file = file
        self._parts: dict[str, tuple[int, Entry]] = {}
        start = file.read(8)
        if start.startswith(_PACKED):
            raise UnsupportedError("an archive that is packed as a whole: unpack it by gunzip")
        file.seek(0)
        for entry in entries(_Seeking(file), ENTRIES):
            before = self._parts.get(entry.path)
            if before and not (before[1].kind == entry.kind == FOLDER):
                detail = f"an archive with two parts of the name {shown(entry.path)[:80]!r}"
                raise MalformedError(detail)
            self._parts[entry.path] = (file.tell(), entry)

    def has(self, name: str) -> bool:
        """See :class:`Place`."""
        return name in self._parts

    def document(self, name: str) -> bytes:
        """See :class:`Place`."""
        at, size = self._found(name)
        if size > DOCUMENT:
            raise TooLargeError(f"{name} is larger than {DOCUMENT >> 20} MiB")
        self._file.seek(at)
        data = self._file.read(size)
        if len(data) < size:
            raise MalformedError(f"{name} ends too early")
        return data

    def pieces(self, name: str) -> Iterator[bytes]:
        """See :class:`Place`."""
        at, left = self._found(name)
        while left:
            self._file.seek(at)
            piece = self._file.read(min(left, PIECE))
            if not piece:
                raise MalformedError(f"{name} ends too early")
            at, left = at + len(piece), left - len(piece)
            yield piece

    def _found(self, name: str) -> tuple[int, int]:
        """Where a part begins and how long it is; ``docker save`` once wrote links for layers."""
        for _ in range(_MOST_LINKS):
            at, entry = self._parts.get(name, (0, None))
            if entry is None or entry.kind not in {FILE, LINK, SYMLINK}:
                raise MalformedError(f"there is no {shown(name)} in it")
            if entry.kind == FILE:
                return at, entry.size
            folder = name.rpartition("/")[0] if entry.kind == SYMLINK else ""
            name = os.path.normpath(f"/{folder}/{entry.target}").lstrip("/")
        raise MalformedError(f"{shown(name)} leads to itself")


class _Seeking:
    """Implements :class:`collectors.images.contents.headers.Stream` for a file, by seeking."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = os.fstat(file.fileno()).st_size

    def exactly(self, count: int) -> bytes:
        """See :class:`collectors.images.contents.headers.Stream`."""
        found = self._file.read(count)
        if len(found) < count:
            raise MalformedError("an archive that ends too early")
        return found

    def skip(self, count: int) -> None:
        """See :class:`collectors.images.contents.headers.Stream`."""
        if self._file.tell() + count > self._end + BLOCK:
            raise MalformedError("an archive that ends too early")
        self._file.seek(count, os.SEEK_CUR)

    def at_end(self) -> bool:
        """See :class:`collectors.images.contents.headers.Stream`."""
        return self._file.tell() >= self._end


def is_regular(path: Path) -> bool:
    """Whether a path is a file that can be sought in, and no pipe or device.

    Raises:
        ContentError: it is neither that nor a folder.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ContentError(error.strerror or "it can't be read") from error
    if stat.S_ISDIR(mode):
        return False
    if not stat.S_ISREG(mode):
        raise UnsupportedError("a pipe or a device, and no file")
    return True
