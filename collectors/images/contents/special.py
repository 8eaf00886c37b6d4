"""Files of an image with the setuid or setgid bit, by its layers, one laid over the other.

::

    layer 1   usr/bin/su  4755        usr/bin/at  6755      opt/x/run  4755
    layer 2   usr/bin/.wh.at          usr/bin/su  0755      opt/x/.wh..wh..opq
    image     nothing: at was removed, su has the bit no more, opt/x is another folder now

Hard links are one file: engines set the mode that the header of a link has, so the bits of one
name are those of all. Where layers say it in different ways the answer is the one with more files.

Only such files are remembered, and which folders they are in: an image of a million files costs
what it has of them. A whiteout is about the layers below it alone. A path is taken as a layer
writes it: who reaches a file by a link of a folder names another path, and what one layer removes
by another path than it came by stays in the list. What was written through such a link lies
elsewhere: it goes by its own name, and not with the link or with what that is in.

Source: https://github.com/opencontainers/image-spec/blob/main/layer.md
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from auditor.model.images import SpecialFile
from collectors.images.contents.fields import shown
from collectors.images.contents.headers import FILE, FOLDER, LINK, SYMLINK, Entry, plain
from collectors.images.contents.limits import (
    HELD,
    LINKS,
    SPECIAL,
    SYMLINKS,
    MalformedError,
    TooLargeError,
)

BITS: Final = 0o6000
_GONE: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_OWN: Final = ".wh..wh."
"""What begins so is of a driver, and no file."""


class Overlaid:
    """What the layers so far come to."""

    def __init__(self) -> None:
        self._files: dict[str, SpecialFile] = {}
        self._folders = Counter[str]()
        self._links: dict[str, set[str]] = {}
        self._symlinks: set[str] = set()
        self._held = 0

    def add(self, layer: Iterable[Entry], number: int) -> int:
        """Lay one more layer over them; the number of its files.

        Raises:
            MalformedError: it removes or replaces what engines do not.
            TooLargeError: there are more such files than are remembered.
        """
        own: dict[str, SpecialFile] = {}
        count = 0
        for entry in layer:
            count += 1
            folder, _, name = entry.path.rpartition("/")
            if name == _OPAQUE:
                self._remove_below(folder)
            elif name.startswith(_OWN):
                continue
            elif name.startswith(_GONE):
                self._remove(_removed(folder, name.removeprefix(_GONE)))
            else:
                self._put(entry, number, own)
        for path in own:
            self._forget(path)
        for path, found in own.items():
            self._files[path] = found
            self._folders.update(_above(path))
        return count

    @property
    def files(self) -> tuple[SpecialFile, ...]:
        """All of them, by path."""
        found = (
            msgspec.structs.replace(self._files[path], path=shown(f"/{path}"))
            for path in sorted(self._files)
        )
        return tuple(found)

    def _put(self, entry: Entry, number: int, own: dict[str, SpecialFile]) -> None:
        """Take what a layer has at a path: it stands in place of what was there."""
        path = entry.path
        own.pop(path, None)
        self._links.pop(path, set()).discard(path)
        if entry.kind == FOLDER:
            self._forget(path)
            return
        if not path:
            raise MalformedError("a layer with a file in place of the whole image")
        self._remove(path)
        if entry.kind == SYMLINK:
            self._remember_link(path)
        mode, owner, names = entry.mode, entry.owner, {path}
        if entry.kind == LINK:
            to, names = self._linked(entry)
            if known := own.get(to) or self._files.get(to):
                mode, owner = mode | int(known.mode, 8), known.owner
            if to in own and own[to].mode == f"{mode:04o}":
                names = {path}
        if entry.kind in {FILE, LINK} and mode & BITS:
            for name in names:
                self._hold(name, 1 + name.count("/"))
                own[name] = SpecialFile(name, f"{mode:04o}", owner, number)
            if len(own) + len(self._files) > SPECIAL:
                raise TooLargeError(f"more than {SPECIAL:,} files with the setuid or setgid bit")

    def _linked(self, entry: Entry) -> tuple[str, set[str]]:
        """What a hard link is a link to, and all names of that file."""
        to = plain(entry.target)
        if not to:
            raise MalformedError("a layer with a hard link to the whole image")
        self._hold(f"{to}{entry.path}")
        names = self._links.setdefault(to, {to})
        names.add(entry.path)
        self._links[entry.path] = names
        if len(self._links) > LINKS:
            raise TooLargeError(f"more than {LINKS:,} hard links")
        return to, names

    def _remember_link(self, path: str) -> None:
        """Remember a symbolic link: once one, a path is taken for one."""
        if path not in self._symlinks:
            self._hold(path)
            self._symlinks.add(path)
        if len(self._symlinks) > SYMLINKS:
            raise TooLargeError(f"more than {SYMLINKS:,} symbolic links")

    def _hold(self, name: str, times: int = 1) -> None:
        """Count what is remembered of names."""
        self._held += len(name) * times
        if self._held > HELD:
            raise TooLargeError("more names, or longer ones, than are remembered")

    def _remove(self, path: str) -> None:
        self._forget(path)
        self._remove_below(path)

    def _remove_below(self, folder: str) -> None:
        if folder and folder not in self._folders:
            return
        start = f"{folder}/" if folder else ""
        for path in [each for each in self._files if each.startswith(start)]:
            if self._symlinks.isdisjoint(_above(path)):
                self._forget(path)

    def _forget(self, path: str) -> None:
        if self._files.pop(path, None) is not None:
            self._folders.subtract(_above(path))
            for folder in _above(path):
                if not self._folders[folder]:
                    del self._folders[folder]


def _above(path: str) -> Iterator[str]:
    """Yield the folders that a path is in, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _removed(folder: str, name: str) -> str:
    """The path that a whiteout is about."""
    if name in {"", ".", ".."}:
        raise MalformedError("a layer that removes a file without a name")
    return f"{folder}/{name}" if folder else name
