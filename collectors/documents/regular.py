"""Opens files that are regular ones: never a pipe, a device, or more than was asked for."""

from __future__ import annotations

import os
import stat
from typing import Final

_PIECE: Final = 1 << 20


def read_regular(path: str, limit: int) -> bytes:
    """Read a file that is still a regular one once it is open; never waits for a pipe.

    Raises:
        OSError: it can't be read, is not a regular file, or has more than ``limit`` bytes.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        data = os.read(handle, min(status.st_size, limit) + 1)
        while len(data) != status.st_size and len(data) <= limit:
            more = os.read(handle, _PIECE)
            if not more:
                break
            data += more
        if len(data) > limit:
            raise OSError(0, f"more than {limit:,} bytes")
        return data
    finally:
        os.close(handle)
