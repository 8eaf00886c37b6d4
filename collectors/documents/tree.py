"""A folder as recognisers may look at it before its files are read, within its root."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from collectors.documents.globs import NO_GLOBS, Globs
from collectors.documents.recognise import Made, PathKind, Templated
from collectors.documents.regular import read_regular


class FolderTree:
    """Implements :class:`collectors.documents.recognise.Tree`."""

    def __init__(
        self, root: Path, target: str, templates: Sequence[Templated], globs: Globs = NO_GLOBS
    ) -> None:
        """``globs`` are what a person left out: to whoever looks it is not there."""
        self._globs = globs
        self._root = str(root)
        self.root = root
        self._real = os.path.realpath(root)
        self.target = target
        self.templates = templates
        self._made: dict[str, Any] = {}

    def location(self, path: str) -> str:
        """Say where a path really stands on this machine."""
        return os.path.realpath(os.path.join(self._root, path))  # noqa: PTH118 - a path is no Path

    def kind_of(self, path: str) -> PathKind:
        """Say what stands at a path, wherever its links lead."""
        if self._is_left_out(path):
            return PathKind.NOTHING
        real = self.location(path)
        if not self._has(real):
            return PathKind.OUTSIDE
        if os.path.isdir(real):  # noqa: PTH112 - many, and no Path of them is needed
            return PathKind.FOLDER
        return PathKind.FILE if os.path.isfile(real) else PathKind.NOTHING  # noqa: PTH113 - as above

    def _is_left_out(self, path: str) -> bool:
        """Whether a path, or a folder that it is in, was left out."""
        if not self._globs.globs:
            return False
        parts = path.split("/")
        above = ("/".join(parts[:number]) for number in range(1, len(parts)))
        if any(self._globs.find(folder, is_folder=True) is not None for folder in above):
            return True
        return self._globs.find(path, is_folder=False) is not None

    def _has(self, real: str) -> bool:
        return real == self._real or real.startswith(self._real.removesuffix(os.sep) + os.sep)

    def read(self, path: str, most: int) -> bytes:
        """Read a small file by its path.

        Raises:
            OSError: it is not a regular file of no more than ``most`` bytes within the tree.
        """
        if self.kind_of(path) is not PathKind.FILE:
            raise OSError(0, "not a file of the tree")
        return read_regular(os.path.join(self._root, path), most)  # noqa: PTH118 - as above

    def names(self, folder: str) -> Sequence[str]:
        """List what is in a folder and not left out, in order; folders have a slash at the end."""
        where = self.location(folder)
        if not self._has(where):
            return ()
        try:
            with os.scandir(where) as entries:
                found = [f"{each.name}/" if each.is_dir() else each.name for each in entries]
        except OSError:
            return ()
        inside = f"{folder}/" if folder else ""
        return sorted(
            name for name in found if not self._is_left_out(inside + name.removesuffix("/"))
        )

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """Make what many files of the tree need, and keep it while they are read."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made
