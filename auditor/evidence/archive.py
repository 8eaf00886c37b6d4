"""A bundle as one file: a zip whose bytes depend on what is in it alone.

Names are sorted, times are those of 1980, nothing is compressed again. Reading is made for files
that somebody sent: nothing is written outside of the folder, and nothing larger than it says.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from auditor.errors import IntegrityError, UsageError
from auditor.evidence.writing import beside, flush

SUFFIX: Final = ".zip"
MOST_FILES: Final = 200_000
MOST_BYTES: Final = 1 << 36
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = (stat.S_IFREG | 0o644) << 16
_PIECE: Final = 1 << 20


@contextmanager
def pack(root: Path, place: Path) -> Iterator[None]:
    """At the end, make an archive of what is below ``root`` and move it to ``place``.

    Only its owner can read it, as with a bundle that is a folder.

    Raises:
        UsageError, RenderError: as :func:`auditor.evidence.writing.beside`.
    """
    with beside(place, is_folder=False) as name:
        yield
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with (
            open(handle, "w+b") as made,  # noqa: PTH123 - a descriptor, not a path
            zipfile.ZipFile(made, "w", zipfile.ZIP_STORED, allowZip64=True) as archive,
        ):
            files = (path for path in root.rglob("*") if path.is_file())
            for path in sorted(files, key=lambda each: each.relative_to(root).as_posix()):
                info = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
                info.external_attr = _MODE
                info.create_system = 3
                with archive.open(info, "w", force_zip64=False) as entry, path.open("rb") as file:
                    while piece := file.read(_PIECE):
                        entry.write(piece)
        flush(name)


def unpack(place: Path, root: Path) -> None:
    """Write the files of an archive below ``root``, a new folder.

    Raises:
        UsageError: there is no such file, or it is no archive.
        IntegrityError: it is none that we would write.
    """
    try:
        with zipfile.ZipFile(place) as archive:
            infos = archive.infolist()
            _check(place, infos)
            for info in infos:
                _write(archive, info, root / info.filename)
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror or error}", hint="name a bundle") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
        raise IntegrityError(f"{place}: {error}", hint="it is damaged, or no bundle") from error


def _check(place: Path, infos: list[zipfile.ZipInfo]) -> None:
    names = set()
    hint = "auditor writes no such archive: do not trust it"
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > MOST_BYTES:
        raise IntegrityError(f"{place}: it holds more than a bundle can", hint=hint)
    for info in infos:
        name = info.filename
        parts = PurePosixPath(name).parts
        plain = name == "/".join(parts) and not name.startswith("/") and name.isascii()
        if not plain or ".." in parts or set(name) & set("\\:\0") or info.is_dir():
            raise IntegrityError(f"{place}: {name!r} is no name for a file of a bundle", hint=hint)
        if name.lower() in names:
            raise IntegrityError(f"{place}: {name} is there twice", hint=hint)
        names.add(name.lower())
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG} or info.compress_type != zipfile.ZIP_STORED:
            raise IntegrityError(f"{place}: {name} is not stored as a plain file", hint=hint)


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as entry, path.open("xb") as file:
        left = info.file_size
        while piece := entry.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise zipfile.BadZipFile(f"{info.filename} is larger than it says")
            file.write(piece)
