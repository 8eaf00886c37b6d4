"""Looks at this machine: what the script looks at on another one, by Python alone.

Nothing is opened but regular files, within a size, and nothing waits: a pipe in place of a file is
not read. ``root`` is put before every path, for a file system that is not the one we run on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from collectors.docker.host.framing import CUT, DENIED, LARGE, ODD
from collectors.docker.host.observed import FOLDER, Observed, Seen, Stat, Unread
from collectors.docker.host.probes import DEEPEST, MOST_ENTRIES, TEXTS, folders, stats
from collectors.documents.regular import read_regular

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_REFUSED = frozenset({errno.EACCES, errno.EPERM})


def look(root: str = "", sockets: tuple[str, ...] = ()) -> Observed:
    """Look at all that is on the list, and at the sockets by which the engine was named."""
    seen = {path: stat_of(root, path) for path in (*stats(), *sockets)}
    listed: dict[str, Unread | None] = {}
    for folder in folders():
        if isinstance(seen[folder], Stat):
            _Below(root, seen, listed).walk(folder, DEEPEST)
    system = os.uname()
    return Observed(
        host=system.nodename,
        kernel=system.release,
        user=os.geteuid(),
        stats=seen,
        folders=listed,
        texts=dict(_texts(root)),
        sockets=sockets,
    )


def stat_of(root: str, path: str) -> Seen:
    """What stands at a path, links followed."""
    place = Path(f"{root}{path}")
    try:
        link = str(place.readlink())
    except OSError:
        link = ""
    try:
        found = place.stat()
    except OSError as error:
        return None if error.errno in _ABSENT else refused(error)
    numbers = (found.st_uid, found.st_gid, found.st_dev, found.st_ino)
    return Stat.of(found.st_mode, numbers, link)


def refused(error: OSError) -> Unread:
    """Say why the system gave nothing."""
    if error.errno in _REFUSED:
        return DENIED
    return ODD


class _Below:
    """All that stands below a folder, as far as it may be listed."""

    def __init__(self, root: str, seen: dict[str, Seen], listed: dict[str, Unread | None]) -> None:
        self._root = root
        self._seen = seen
        self._listed = listed
        self._left = MOST_ENTRIES

    def walk(self, folder: str, levels: int) -> None:
        """List a folder and those in it; links to folders are not followed."""
        try:
            inside = islice(Path(f"{self._root}{folder}").iterdir(), MOST_ENTRIES + 1)
            names = sorted(each.name for each in inside)
        except OSError as error:
            self._listed[folder] = refused(error)
            return
        self._listed[folder] = None
        for name in names:
            if self._left == 0:
                self._listed[folder] = CUT
                return
            self._left -= 1
            path = f"{folder}/{name}"
            found = self._seen[path] = stat_of(self._root, path)
            if isinstance(found, Stat) and found.type == FOLDER and not found.link:
                if levels == 1:
                    self._listed[folder] = CUT
                else:
                    self.walk(path, levels - 1)


def _texts(root: str) -> Iterator[tuple[str, bytes | Unread]]:
    for path, most in TEXTS.items():
        try:
            yield path, read_regular(f"{root}{path}", most)
        except OSError as error:
            if error.errno in _ABSENT:
                continue
            yield path, LARGE if "more than" in str(error) else refused(error)
