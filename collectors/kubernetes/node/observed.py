"""What was seen of a node, before anything is made of it: what stands where, and what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from collectors.hosts.seen import NOT_SEEN, Seen, Unread


class RunsIn(Enum):
    """Where a process runs: on the node itself, in a static pod, or nobody could say."""

    NODE = "node"
    STATIC = "static"
    UNKNOWN = "unknown"


class Process(msgspec.Struct, frozen=True):
    """One that runs: its name as the kernel tells it, who runs it, and its arguments.

    ``words`` are as the script prints them: ``=--profiling=false`` is kept, ``~--token`` is the
    name of a flag whose value was left out, ``.`` is a word that was left out. ``variables`` are
    those of its environment that count as flags.
    """

    name: str
    user: int
    runs_in: RunsIn
    words: tuple[str, ...]
    variables: Mapping[str, str] = MappingProxyType({})


class Authority(msgspec.Struct, frozen=True):
    """A file of certificates that a process believes: its SHA-256, or why that is not known."""

    name: str
    path: str
    digest: str = ""
    unread: str = ""


class Account(msgspec.Struct, frozen=True):
    """The numbers of an account and of its group."""

    user: int
    group: int


Text: TypeAlias = bytes | Unread | None


class Observed(msgspec.Struct, frozen=True):
    """What was seen of a node: ``host`` is its name, ``user`` the number of who looked.

    ``boot`` is the id of when it was started, ``machine`` its own. ``stats`` and ``texts`` are by
    path, ``folders`` say of each folder whether all below it was listed, ``lines`` on which line of
    the probe a path stands. ``etcd`` is the account of that name, None where there is none,
    ``authorities`` are files of certificates that processes believe.
    """

    host: str
    kernel: str
    user: int
    time: str
    boot: str
    machine: str
    stats: Mapping[str, Seen]
    folders: Mapping[str, Unread | None]
    texts: Mapping[str, Text]
    processes: tuple[Process, ...] | Unread
    etcd: Account | Unread | None
    lines: Mapping[str, int]
    authorities: tuple[Authority, ...] = ()

    def at(self, path: str) -> Seen:
        """What stands at a path."""
        return self.stats.get(path, NOT_SEEN)

    def text(self, path: str) -> Text:
        """What a file says; None where there is none."""
        return self.texts.get(path, NOT_SEEN)

    def below(self, folder: str) -> Iterator[tuple[str, Seen]]:
        """All that stands below a folder, by path."""
        inside = f"{folder.rstrip('/')}/"
        return ((path, self.stats[path]) for path in sorted(self.stats) if path.startswith(inside))

    def unlisted(self, folder: str) -> tuple[str, Unread] | None:
        """The first folder, this one or one below it, of which not all is known; None for none."""
        known = [each for each in sorted(self.folders) if f"{each}/".startswith(f"{folder}/")]
        if folder not in known and self.at(folder) is not None:
            return folder, NOT_SEEN
        found = ((path, self.folders[path]) for path in known)
        return next(((path, why) for path, why in found if why is not None), None)
