"""Files that a person names, read within a size and a time, whatever they turn out to be.

A kubeconfig, a token or a trust file can be ``<(...)`` of a shell, which is a pipe; it can also be
a device that never ends, or a pipe that nobody writes to.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
"""Seconds that whoever writes into a pipe has."""
_PIECE: Final = 1 << 16


def read_named(path: Path, most: int, seconds: float = PATIENCE) -> bytes:
    """The content of a regular file, or what is written into a pipe within some seconds.

    Raises:
        OSError: it can't be read, is a device, holds more than ``most`` bytes, or nobody ends
            writing in time. Its ``strerror`` says which.
        ValueError: the path has a zero byte.
    """
    # without O_NONBLOCK a named pipe would be waited for
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(handle)
        if stat.S_ISFIFO(status.st_mode):
            return _from_pipe(handle, path, most, seconds)
        nothing = stat.S_ISCHR(status.st_mode) and status.st_rdev == Path(os.devnull).stat().st_rdev
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode) and not nothing:
            raise OSError(errno.EINVAL, "a device, and no file")
        content = bytearray()
        while piece := os.read(handle, _PIECE):
            _add(content, piece, most)
        return bytes(content)
    finally:
        os.close(handle)


def _add(content: bytearray, piece: bytes, most: int) -> None:
    content += piece
    if len(content) > most:
        shown = f"{most >> 20} MiB" if most >> 20 else f"{most >> 10} KiB"
        raise OSError(errno.EFBIG, f"larger than {shown}")


def _from_pipe(handle: int, path: Path, most: int, seconds: float) -> bytes:
    # one of a shell has no name: when nobody writes to it any more it is at its end
    begun = not Path(os.path.realpath(path)).exists()
    end = time.monotonic() + seconds
    content = bytearray()
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    while True:
        try:
            piece = os.read(handle, _PIECE)
        except BlockingIOError:
            begun = True
        else:
            if piece:
                begun = True
                _add(content, piece, most)
                continue
            if begun:
                return bytes(content)
        left = end - time.monotonic()
        events = poll.poll(left * 1000) if left > 0 else ()
        if not events:
            raise OSError(errno.ETIMEDOUT, f"a pipe that nobody wrote to within {seconds:g} s")
        begun = begun or bool(events[0][1] & select.POLLHUP)
