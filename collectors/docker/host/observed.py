"""What was seen of a host, before anything is made of it: by us here, or by the script there.

Of each path it is known what stands there, that nothing does, or why nobody knows:
:mod:`collectors.hosts.seen`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.late import late
from collectors.hosts.seen import NOT_SEEN, Seen, Unread


class Process(msgspec.Struct, frozen=True):
    """One that runs: the account that it runs as, its arguments, and its control groups."""

    name: str
    user: int
    arguments: tuple[str, ...]
    groups: str


CONTAINER_ID: Final = late(r"[0-9a-f]{64}")
"""The id of a container, as engines put it into the names of control groups."""


class Output(msgspec.Struct, frozen=True):
    """What a program printed, and its exit code."""

    code: int
    text: str


def confined_by(processes: Iterable[tuple[str, bool]]) -> Mapping[str, bool]:
    """Say of each container whether all its processes are confined; each is (id, whether it is)."""
    found: dict[str, bool] = {}
    for container, confined in processes:
        found[container] = found.get(container, True) and confined
    return found


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
