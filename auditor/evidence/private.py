"""Files that only their owner may read: a signing key, the secret behind commitments.

Such a file is there whole or not at all, and two that make it at once make it once.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from auditor.errors import UsageError

_OTHERS: Final = 0o077


def read_private(place: Path, most: int, hint: str) -> bytes:
    """Read up to ``most`` bytes of a file that only its owner can read.

    Raises:
        UsageError: it is not there, is not a regular file, or others can read it.
    """
    # without O_NONBLOCK a named pipe would be waited for
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        handle = os.open(place, flags)
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{place}: not a regular file", hint=hint)
            if status.st_mode & _OTHERS:
                raise UsageError(
                    f"{place}: others can open it (mode {status.st_mode & 0o777:04o})",
                    hint=f"chmod 600 {place}",
                )
            return file.read(most)
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}", hint=hint) from error


def write_private(place: Path, data: bytes) -> None:
    """Write a new file that only its owner can read: beside its place, flushed, and linked there.

    Raises:
        FileExistsError: there is something at that place.
        OSError: it can't be written; nothing is left.
    """
    beside = place.with_name(f".{place.name}-{os.getpid()}-{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        handle = os.open(beside, flags, 0o600)
        with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.link(beside, place)
    finally:
        with suppress(OSError):
            beside.unlink()
    folder = os.open(place.absolute().parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
