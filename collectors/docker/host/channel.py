"""Whether the host beneath an engine can be looked at, and all that is made of it.

It can where it is known that it is this machine, or one that we reach by SSH::

    docker+unix://     this machine, if the engine says the same name and kernel as we see here
    docker+ssh://      the machine at the other end, if it says the same
    docker+tls://      not: the engine alone is there

The socket may lead elsewhere: into a virtual machine, another container, through a tunnel. What
then stands in ``/etc/docker`` here says nothing of that engine.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from auditor.model.enums import CAUSES, Answered
from auditor.model.resource import Excluded, Gap
from auditor.platforms.docker import (
    HOST_CONTAINERS,
    HOST_DEVICE_SPECS,
    HOST_LISTENERS,
    HOST_MACHINE,
    HOST_MOUNTS,
    HOST_SHARING_FOLDER,
)
from auditor.ports import Read
from collectors.docker.host.observed import Observed
from collectors.docker.host.parts import UnreadError
from collectors.docker.host.shapes import body_of, request_of
from collectors.docker.live.notes import Notes
from collectors.hosts.seen import Unread

_ROOT: Final = "look as root: sudo, or ssh as root"
_HOW: Final = "the script that `auditor permissions docker --script` prints tells of it there"
OFF: Final = "--no-host"
REMOTE: Final = f"only the engine is reached, and not its host; {_HOW}"
ROOTLESS: Final = "the engine does not run as root, and its files are those of a user"
OF_ANY: Final = frozenset(
    {
        HOST_CONTAINERS,
        HOST_DEVICE_SPECS,
        HOST_LISTENERS,
        HOST_MACHINE,
        HOST_MOUNTS,
        HOST_SHARING_FOLDER,
    }
)
"""The kinds that are about the host, whichever account its engine runs as."""

Looked: TypeAlias = Observed | Unread | str
"""What was seen, why nothing was, or why nobody looked."""


class Machine(msgspec.Struct, frozen=True):
    """What an engine says of where it runs."""

    name: str
    kernel: str
    rootless: bool = False


class HostReads:
    """Makes resources of what was seen; ``gaps`` and ``excluded`` are what is not known."""

    def __init__(self, uri: str, notes: Notes) -> None:
        self.gaps: set[Gap] = set()
        self.excluded: tuple[Excluded, ...] = ()
        self._uri = uri
        self._notes = notes

    def read(self, kinds: frozenset[str], looked: Looked, machine: Machine) -> None:
        """Read all of some kinds, as far as they are about the engine of a machine."""
        self.excluded = excluded(kinds, looked, machine)
        for kind in sorted(kinds - {each.kind for each in self.excluded}):
            try:
                body = body_of(kind, seen_or_raise(looked))
            except UnreadError as error:
                self._missed(kind, error)
            else:
                self._notes.saw(kind, request_of(kind), body)

    def _missed(self, kind: str, error: UnreadError) -> None:
        self._notes.missed(kind, request_of(kind), error.answered, error.detail)
        hint = _ROOT if error.answered is Answered.DENIED else ""
        self.gaps.add(Gap(self._uri, kind, CAUSES[error.answered], error.detail, hint))


def excluded(kinds: frozenset[str], looked: Looked, machine: Machine) -> tuple[Excluded, ...]:
    """The kinds that nobody looks at, each with the reason."""
    if isinstance(looked, str):
        return tuple(Excluded(kind, looked) for kind in sorted(kinds))
    left = kinds - OF_ANY if machine.rootless else ()
    return tuple(Excluded(kind, ROOTLESS) for kind in sorted(left))


def examined(
    kinds: frozenset[str], looked: Looked, machine: Machine
) -> tuple[tuple[Read, ...], tuple[Excluded, ...]]:
    """Say of some kinds whether they can be made, and which nobody looks at."""
    left = excluded(kinds, looked, machine)
    others = sorted(kinds - {each.kind for each in left})
    return tuple(_examined(kind, looked) for kind in others), left


def _examined(kind: str, looked: Looked) -> Read:
    try:
        body_of(kind, seen_or_raise(looked))
    except UnreadError as error:
        cause = CAUSES[error.answered]
        hint = _ROOT if error.answered is Answered.DENIED else ""
        return Read(kind, served=True, allowed=False, detail=error.detail, cause=cause, hint=hint)
    return Read(kind, served=True, allowed=True)


def seen_or_raise(looked: Looked) -> Observed:
    """Return what was seen.

    Raises:
        UnreadError: nothing was.
    """
    if isinstance(looked, Observed):
        return looked
    why = looked if isinstance(looked, Unread) else Unread(Answered.UNREACHABLE, looked)
    raise UnreadError("the host", why)


def of_engine(looked: Observed | Unread, machine: Machine) -> Looked:
    """Take what was seen only if it is the machine that the engine is on."""
    if isinstance(looked, Unread):
        return looked
    if (looked.host, looked.kernel) != (machine.name, machine.kernel):
        engine = f"{machine.name or 'a host without a name'}, Linux {machine.kernel}"
        here = f"{looked.host}, Linux {looked.kernel}"
        return f"the engine runs on {engine}, and what was looked at is {here}; {_HOW}"
    return looked
