"""Cache files that nobody else could have written, replaced as a whole.

What is in them decides what a scan says, and compiled programs are code: a file of another owner,
or one that others may write to, is as good as none. So is one that can't be read or written.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_own(path: Path) -> bytes | None:
    """The content of a cache file of ours."""
    try:
        with open(path, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            ours = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
            return file.read() if ours and stat.S_ISREG(status.st_mode) else None
    except OSError:
        return None


def _open(path: str, flags: int) -> int:
    """Open without waiting for whoever would write to a pipe, and not through a link."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def write_own(path: Path, data: bytes) -> None:
    """Write a cache file, for nobody else to read; a cache is never worth failing for."""
    import tempfile  # noqa: PLC0415 - a run that finds everything cached writes nothing

    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                file.write(data)
                file.close()
                temporary.replace(path)
            except OSError:
                temporary.unlink(missing_ok=True)
    except OSError:
        return
