"""Folders of ours that have to go, also when a process has no descriptors or memory left."""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_ROOM: Final = 4 << 20
"""Bytes: the interpreter asks the system for 1 MiB at a time. Nobody writes to them, so that they
are promised by the system, as far as a limit goes, and take no memory."""


class Spare:
    """A descriptor and some memory, held until something goes wrong: what removes needs both."""

    def __init__(self) -> None:
        """Take them.

        Raises:
            MemoryError: there is no memory left.
        """
        try:
            self._room = mmap.mmap(-1, _ROOM)
        except OSError as error:
            raise MemoryError from error
        self._handle = -1
        with contextlib.suppress(OSError):
            self._handle = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Have them for somebody else."""
        self._room.close()
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def remove(place: Path) -> None:
    """Remove a file or a folder with all that is in it; what can't be removed stays.

    One descriptor is open at a time, however deep it is: ``shutil.rmtree`` takes one a level.
    """
    pending = [place]
    folders: list[Path] = []
    while pending:
        path = pending.pop()
        try:
            if path.is_symlink() or not path.is_dir():
                path.unlink()
                continue
            below = list(path.iterdir())
        except OSError:
            continue
        folders.append(path)
        pending += below
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()
