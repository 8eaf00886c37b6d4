"""Files that somebody else may have made: opening one never waits, follows no link, has a limit."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from auditor.errors import IntegrityError

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE: Final = 1 << 18


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file to read.

    Raises:
        IntegrityError: it is none, is not there, or can't be read.
    """
    try:
        handle = os.open(path, _FLAGS)
    except FileNotFoundError as error:
        raise IntegrityError(f"{path} is not there", hint="is it a bundle?") from error
    except (OSError, ValueError) as error:
        linked = isinstance(error, OSError) and error.errno == errno.ELOOP
        what = "is not a regular file" if linked else f"can't be read: {error}"
        raise IntegrityError(f"{path} {what}") from error
    with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise IntegrityError(f"{path} is not a regular file")
        yield file


def read(path: Path, most: int) -> bytes:
    """The content of a regular file; no more memory is asked for than it is large.

    Raises:
        IntegrityError: as :func:`opened`, or it is larger than ``most`` bytes.
    """
    with opened(path) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            data = file.read(min(size, most) + 1)
        except OSError as error:
            raise IntegrityError(f"{path} can't be read: {error}") from error
    if size <= most and len(data) > size:
        raise IntegrityError(f"{path} was changed while it was read")
    if len(data) > most:
        raise IntegrityError(f"{path}: larger than {most >> 20} MiB")
    return data


def digest(path: Path) -> str:
    """The sha256 of a regular file.

    Raises:
        IntegrityError: as :func:`opened`.
    """
    found = hashlib.sha256()
    with opened(path) as file:
        try:
            while piece := file.read(_PIECE):
                found.update(piece)
        except OSError as error:
            raise IntegrityError(f"{path} can't be read: {error}") from error
    return found.hexdigest()


def walk(root: Path, folders: Collection[str]) -> Iterator[tuple[str, int]]:
    """Everything below a folder but ``folders`` as (relative name, size).

    The size is -1 where it is not a regular file, -2 for an empty folder, or one that is none
    of ``folders``, into which nobody looks. Nothing is left out silently.

    Raises:
        IntegrityError: a folder can't be listed.
    """
    pending = [""]
    while pending:
        inside = pending.pop()
        try:
            with os.scandir(root / inside) as listing:
                entries = [(each, each.stat(follow_symlinks=False)) for each in listing]
        except OSError as error:
            what = f"{root / inside} can't be listed: {error.strerror}"
            raise IntegrityError(what) from error
        if inside and not entries:
            yield inside, -2
        for entry, status in entries:
            name = f"{inside}/{entry.name}" if inside else entry.name
            if stat.S_ISDIR(status.st_mode):
                if name in folders:
                    pending.append(name)
                else:
                    yield name, -2
            else:
                yield name, status.st_size if stat.S_ISREG(status.st_mode) else -1
