"""Looks at this machine: what the script looks at on another one, by Python alone.

Nothing is opened but regular files, within a size, and nothing waits: a pipe in place of a file is
not read. One program is run, ``auditctl``, which lists. ``root`` is put before every path, for a
file system that is not the one we run on.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from auditor.late import late
from auditor.model.enums import Answered
from collectors.docker.host.framing import CUT, DENIED, LARGE, ODD, process_of
from collectors.docker.host.observed import CONTAINER_ID, Observed, Output, Process, confined_by
from collectors.docker.host.probes import (
    DEEPEST,
    ENGINES,
    MOST_ARGUMENTS,
    MOST_ENTRIES,
    MOST_RULE_FILES,
    PROCESSES,
    PROGRAM,
    PROGRAM_FOLDERS,
    PROGRAM_RUNS,
    RULE_FILES,
    RULE_SUFFIX,
    TEXTS,
    Take,
    folders,
    stats,
    text_at,
)
from collectors.documents.regular import read_regular
from collectors.hosts.seen import FOLDER, Seen, Stat, Unread

_LARGEST: Final = 64 << 20
_SECONDS: Final = 10
_NO_NEW: Final = late(r"^NoNewPrivs:\t([01])$", re.MULTILINE)
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
        processes=_processes(root),
        confined=_confined(root),
        outputs=dict(_outputs(root)),
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
            self._listed.setdefault(folder, refused(error))
            return
        how: Unread | None = None
        for name in names:
            if self._left == 0:
                how = CUT
                break
            self._left -= 1
            path = f"{folder}/{name}"
            found = self._seen.setdefault(path, stat_of(self._root, path))
            if isinstance(found, Stat) and found.type == FOLDER and not found.link:
                if levels == 1:
                    how = CUT
                else:
                    self.walk(path, levels - 1)
        self._listed.setdefault(folder, how)


def _texts(root: str) -> Iterator[tuple[str, bytes | Unread]]:
    for path in (*TEXTS, *_rule_files(root)):
        text = text_at(path)
        if text is None:
            continue
        try:
            most = text.most if text.take is Take.ALL else _LARGEST
            found = _TAKEN[text.take](read_regular(f"{root}{path}", most))
        except OSError as error:
            if error.errno in _ABSENT:
                continue
            yield path, LARGE if "more than" in str(error) else refused(error)
        else:
            yield path, LARGE if len(found) > text.most else found


def _rule_files(root: str) -> list[str]:
    """The files of audit rules, in the order in which a shell lists them."""
    try:
        names = sorted(each.name for each in Path(f"{root}{RULE_FILES}").iterdir())
    except OSError:
        return []
    known = [name for name in names if name.endswith(RULE_SUFFIX) and not name.startswith(".")]
    return [f"{RULE_FILES}/{name}" for name in known[:MOST_RULE_FILES]]


def _all(data: bytes) -> bytes:
    return data


def _listening(data: bytes) -> bytes:
    """Lines of sockets in the state LISTEN: proc(5), ``/proc/net/tcp``."""
    return b"".join(line for line in data.splitlines(keepends=True) if b" 0A " in line)


def _logins(data: bytes) -> bytes:
    """The first and the fourth field: passwd(5), a login and the number of its group."""
    lines = (line.split(b":") for line in data.splitlines() if b":" in line)
    return b"".join(b":".join((*line[:1], *line[3:4])) + b"\n" for line in lines)


_TAKEN: Final = MappingProxyType({Take.ALL: _all, Take.LISTENING: _listening, Take.LOGINS: _logins})


def _processes(root: str) -> tuple[Process, ...] | Unread:
    """The processes that matter; one that ends meanwhile is none."""
    try:
        folders_of = sorted(Path(f"{root}/proc").glob("[0-9]*"))
    except OSError as error:
        return refused(error)
    found = []
    for folder in folders_of:
        try:
            name = os.fsdecode((folder / "comm").read_bytes().removesuffix(b"\n"))
            if name in PROCESSES:
                words = _beginning(folder / "cmdline") if name in ENGINES else b""
                groups = _beginning(folder / "cgroup")
                found.append(process_of(name, folder.stat().st_uid, words, groups))
        except OSError:
            continue
    return tuple(found)


def _confined(root: str) -> Mapping[str, bool] | Unread:
    """Whether processes of containers may gain rights: proc(5), ``NoNewPrivs`` of ``status``."""
    try:
        folders_of = sorted(Path(f"{root}/proc").glob("[0-9]*"))
    except OSError as error:
        return refused(error)
    return confined_by(each for folder in folders_of for each in _in_container(folder))


def _in_container(folder: Path) -> Iterator[tuple[str, bool]]:
    try:
        container = CONTAINER_ID.search(_beginning(folder / "cgroup").decode(errors="replace"))
        if container is None:
            return
        state = _NO_NEW.search(_beginning(folder / "status").decode(errors="replace"))
    except OSError:
        return
    if state is not None:
        yield container[0], state[1] == "1"


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_ARGUMENTS)


def _outputs(root: str) -> Iterator[tuple[str, Output | Unread | None]]:
    """What the program prints that lists audit rules."""
    places = (Path(f"{root}{folder}/{PROGRAM}") for folder in PROGRAM_FOLDERS)
    place = next((each for each in places if each.is_file()), None)
    for option in PROGRAM_RUNS:
        yield f"{PROGRAM} {option}", None if place is None else _output(place, option)


def _output(place: Path, option: str) -> Output | Unread:
    if not os.access(place, os.X_OK):
        return DENIED
    try:
        done = subprocess.run(  # noqa: S603 - a constant path of the system, no shell
            [place, option],
            env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Unread(Answered.TIMEOUT, f"nothing was said within {_SECONDS} s")
    except OSError as error:
        return refused(error)
    return Output(done.returncode, done.stdout.decode(errors="replace").rstrip("\n"))
