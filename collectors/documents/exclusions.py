"""What the globs of a run leave out of one target, counted by the files that would be read."""

from __future__ import annotations

import os

from auditor.model.resource import LeftOut, Some
from collectors.documents.globs import Globs
from collectors.documents.recognise import FileNames


class Exclusions:
    """Takes down what each glob leaves out of a target."""

    def __init__(self, globs: Globs, names: FileNames) -> None:
        """``names`` says which files would be read: others are passed over anyway."""
        self._globs = globs
        self._names = names
        self._entries: list[tuple[int, str, int]] = []

    def __bool__(self) -> bool:
        return bool(self._globs.globs)

    def takes(self, entry: os.DirEntry[str], path: str, name: str) -> bool:
        """Return whether an entry of a folder is left out; ``name`` is its path as it is shown."""
        is_folder = _is_folder(entry)
        glob = self._globs.find(path, is_folder=is_folder)
        if glob is None or (is_folder and entry.name.startswith(".")):
            return False
        files = self._files_in(entry) if is_folder else int(self._is_looked_at(entry))
        if files:
            self._entries.append((glob, name, files))
        return is_folder or bool(files)

    def _is_looked_at(self, file: os.DirEntry[str]) -> bool:
        """Return whether a file would be read by its name, or missed where a link leads nowhere."""
        return self._names.has(file.name) or (file.is_symlink() and "." not in file.name)

    def takes_file(self, path: str, name: str) -> bool:
        """Return whether a file is left out that would be read whatever it is called."""
        glob = self._globs.find(path, is_folder=False)
        if glob is not None:
            self._entries.append((glob, name, 1))
        return glob is not None

    def _files_in(self, folder: os.DirEntry[str]) -> int:
        """Count the files below a folder that would be read, by their names.

        No link is followed for it: one that is left out counts as one, and so does a folder that
        can't be listed.
        """
        if folder.is_symlink():
            return 1
        waiting, number = [folder.path], 0
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for each in entries:
                        if not each.is_dir(follow_symlinks=False):
                            number += self._names.has(each.name)
                        elif not each.name.startswith("."):
                            waiting.append(each.path)
            except OSError:
                number += 1
        return number

    def left_out(self) -> tuple[LeftOut, ...]:
        """Return what each glob left out, those that left out nothing included."""
        return tuple(self._of(number, glob.text) for number, glob in enumerate(self._globs.globs))

    def _of(self, number: int, text: str) -> LeftOut:
        mine = [(name, files) for glob, name, files in self._entries if glob == number]
        return LeftOut(text, sum(files for _, files in mine), Some.of([name for name, _ in mine]))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:
        return False
