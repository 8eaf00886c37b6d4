"""What stands at a path of another machine, and why that is not known.

Of each path that was looked at one of three things is known::

    Stat(mode=0o644, type="file", …)     it is there
    None                                 it is not there: that was seen, and is evidence
    Unread(DENIED, "permission denied")  nobody knows

A path that was not looked at is the third: a script of another version, or an answer that was cut.
"""

from __future__ import annotations

from collections.abc import Mapping
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


class Unread(msgspec.Struct, frozen=True):
    """Why something is not known."""

    answered: Answered
    detail: str


Seen: TypeAlias = Stat | Unread | None
NOT_SEEN: Final = Unread(Answered.MALFORMED, "the host says nothing of it")
