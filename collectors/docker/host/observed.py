"""What was seen of a host, before anything is made of it: by us here, or by the script there.

Of each path that was looked at one of three things is known::

    Stat(mode=0o644, type="file", …)     it is there
    None                                 it is not there: that was seen, and is evidence
    Unread(DENIED, "permission denied")  nobody knows

A path that was not looked at is the third: a script of another version, or an answer that was cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from auditor.model.enums import Answered

MODE_BITS: Final = 0o7777
"""Of ``st_mode`` what is not the type of a file: setuid, setgid, sticky and nine rights."""
FILE: Final = "file"
FOLDER: Final = "folder"
SOCKET: Final = "socket"
_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0o010000: "pipe",
        0o020000: "device",
        0o040000: FOLDER,
        0o060000: "device",
        0o100000: FILE,
        0o120000: "link",
        0o140000: SOCKET,
    }
)


class Stat(msgspec.Struct, frozen=True):
    """What stands at a path, links followed: ``link`` is what a link there says, "" where none is.

    ``owner`` and ``group`` are numbers: names belong to the host.
    """

    mode: int
    type: str
    owner: int
    group: int
    device: int
    inode: int
    link: str = ""

    @classmethod
    def of(cls, mode: int, numbers: tuple[int, int, int, int], link: str) -> Stat:
        """Take ``st_mode`` apart; ``numbers`` are owner, group, device and inode."""
        return cls(mode & MODE_BITS, _TYPES.get(mode & 0o170000, "unknown"), *numbers, link)


class Process(msgspec.Struct, frozen=True):
    """One that runs: the account that it runs as, its arguments, and its control groups."""

    name: str
    user: int
    arguments: tuple[str, ...]
    groups: str


CONTAINER_ID: Final = re.compile(r"[0-9a-f]{64}")
"""The id of a container, as engines put it into the names of control groups."""


class Output(msgspec.Struct, frozen=True):
    """What a program printed, and its exit code."""

    code: int
    text: str


class Unread(msgspec.Struct, frozen=True):
    """Why something is not known."""

    answered: Answered
    detail: str


def confined_by(processes: Iterable[tuple[str, bool]]) -> Mapping[str, bool]:
    """Say of each container whether all its processes are confined; each is (id, whether it is)."""
    found: dict[str, bool] = {}
    for container, confined in processes:
        found[container] = found.get(container, True) and confined
    return found


Seen: TypeAlias = Stat | Unread | None
NOT_SEEN: Final = Unread(Answered.MALFORMED, "the host says nothing of it")


class Observed(msgspec.Struct, frozen=True):
    """What was seen of a host; ``host`` is its name, ``user`` who looked.

    ``stats`` are by path, ``folders`` say of each folder whether all below it was listed, ``texts``
    are the contents of files, ``outputs`` what programs printed, None where there is no such
    program. ``processes`` are those that matter here. ``confined`` says of each container in which
    processes were seen, by its id, whether none of them may gain rights. ``sockets`` are looked at
    because they were named, and not because they are on the list.
    """

    host: str
    kernel: str
    user: int
    stats: Mapping[str, Seen]
    folders: Mapping[str, Unread | None]
    texts: Mapping[str, bytes | Unread]
    processes: tuple[Process, ...] | Unread = NOT_SEEN
    outputs: Mapping[str, Output | Unread | None] = MappingProxyType({})
    confined: Mapping[str, bool] | Unread = NOT_SEEN
    sockets: tuple[str, ...] = ()

    def at(self, path: str) -> Seen:
        """What stands at a path."""
        return self.stats.get(path, NOT_SEEN)

    def below(self, folder: str) -> Iterator[tuple[str, Seen]]:
        """All that stands below a folder, by path."""
        inside = f"{folder}/"
        return ((path, self.stats[path]) for path in sorted(self.stats) if path.startswith(inside))

    def unlisted(self, folder: str) -> tuple[str, Unread] | None:
        """The first folder, this one or one below it, of which not all is known; None for none."""
        known = [each for each in sorted(self.folders) if f"{each}/".startswith(f"{folder}/")]
        if folder not in known and self.at(folder) is not None:
            return folder, NOT_SEEN
        found = ((path, self.folders[path]) for path in known)
        return next(((path, why) for path, why in found if why is not None), None)
