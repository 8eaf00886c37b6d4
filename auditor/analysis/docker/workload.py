"""One workload, whether a container runs, a swarm keeps it running or a compose file asks for it.

A rule is written once, about the fact ``docker/Workload``, and its finding has the same id before
and after a deployment. Each form has a module that reads it into the same fields::

    docker inspect                          docker/Workload
    HostConfig.CapAdd: [cap_net_raw]        addedCapabilities: [NET_RAW]
    HostConfig.SecurityOpt:
      [no-new-privileges:false]             noNewPrivileges: false
    HostConfig.PidsLimit: null              pidsLimit: 0            none
    Config.User: "1000:1000"                user: "1000:1000"

A field that is absent is not known: what a compose file leaves to the image is one. Whoever writes
a field says where it was read, so that a finding shows the field of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.late import late
from auditor.model.resource import Resource
from auditor.platforms.docker import WORKLOAD

_PREFIX: Final = "CAP_"
_OFF: Final = frozenset({"false", "0", "f"})
_SECCOMP: Final = "seccomp"
_APPARMOR: Final = "apparmor"
_LABEL: Final = "label"
_NO_NEW: Final = "no-new-privileges"
_PATHS: Final = "systempaths"
_OPTION: Final = late(r"(?P<name>[a-z-]+)(?:[=:](?P<value>.*))?", re.DOTALL)
"""``--security-opt`` separates name and value by ``=``, and by ``:`` as it once did."""


class Fields:
    """The fields of one workload, and where each was read in its source."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        self._read: list[tuple[str, str | None]] = []

    def put(self, name: str, value: object, pointer: str | None) -> None:
        """Set a field that was read at a pointer of the source; None where it was derived."""
        self.body[name] = value
        self._read.append((f"/{name}", pointer))

    def locate(self, place: str, pointer: str) -> None:
        """Say where something below a field was read that is put afterwards."""
        self._read.append((place, pointer))

    def put_each(
        self,
        name: str,
        items: Iterable[tuple[object, str]],
        pointer: str | None,
        names: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        """Set a list, of which each item was read at its own pointer.

        ``names`` are the fields of an item with what they are called there; "" is the item itself,
        None what is concluded of it.
        """
        found = list(items)
        for index, (_, at) in enumerate(found):
            here = f"/{name}/{index}"
            for ours, theirs in names.items():
                there = f"{at}/{theirs}" if theirs else at
                self._read.append((f"{here}/{ours}", None if theirs is None else there))
            self._read.append((here, at))
        self.put(name, [value for value, _ in found], pointer)

    def fact(self, resource: Resource, form: str, kind: str = WORKLOAD, part: str = "") -> Resource:
        """Make the fact of the resource that was read, or of a part of it."""
        self.body["form"] = form
        self.body["name"] = resource.name
        self._read += [("/form", None), ("/name", None)]
        return msgspec.structs.replace(
            resource,
            kind=kind,
            part=part,
            body=msgspec.json.encode(self.body),
            elsewhere=tuple(self._read),
            parent=resource,
        )


def numbered(pointer: str, items: Iterable[object]) -> Iterator[tuple[object, str]]:
    """Yield the items of the list at a pointer, each with its own."""
    return ((each, f"{pointer}/{number}") for number, each in enumerate(items))


class Ulimit(msgspec.Struct, frozen=True, rename="pascal"):
    """A limit of a process, as engines write it of containers and of services."""

    name: str = ""
    soft: int = 0
    hard: int = 0


_ULIMIT: Final = MappingProxyType({"name": "Name", "soft": "Soft", "hard": "Hard"})


def put_ulimits(fields: Fields, found: Iterable[Ulimit] | None, pointer: str) -> None:
    """Set the limits of the list at a pointer."""
    items = ({"name": each.name, "soft": each.soft, "hard": each.hard} for each in found or ())
    fields.put_each("ulimits", numbered(pointer, items), pointer, _ULIMIT)


def capability(name: str) -> str:
    """A capability as rules write it: in capitals, without its prefix; ``ALL`` is all of them.

    The engine keeps what it was sent (API 1.41 to 1.56).
    """
    return name.upper().removeprefix(_PREFIX)


class Security(msgspec.Struct, frozen=True):
    """What ``--security-opt`` comes to; "" is what the engine does by itself.

    ``seccomp`` is ``unconfined``, ``builtin`` or ``custom``. ``selinux`` are the parts of a label.
    ``no_new_privileges`` is None where no option says it: then the engine does.
    """

    seccomp: str = ""
    apparmor: str = ""
    selinux: tuple[str, ...] = ()
    no_new_privileges: bool | None = None
    paths_unconfined: bool = False


def security_of(options: Sequence[str]) -> Security:
    """Read security options; of one that stands twice the last counts, as it does to the engine.

    ``no-new-privileges`` takes a boolean of Go's ``strconv.ParseBool``; alone it is on.
    """
    found = Security()
    for option in options:
        match = _OPTION.fullmatch(option)
        if match is None:
            continue
        name, value = match["name"], match["value"]
        if name == _SECCOMP:
            known = value if value in {"unconfined", "builtin"} else "custom"
            found = msgspec.structs.replace(found, seccomp=known)
        elif name == _APPARMOR:
            found = msgspec.structs.replace(found, apparmor=value or "")
        elif name == _LABEL:
            found = msgspec.structs.replace(found, selinux=(*found.selinux, value or ""))
        elif name == _NO_NEW:
            on = value is None or value.lower() not in _OFF
            found = msgspec.structs.replace(found, no_new_privileges=on)
        elif name == _PATHS:
            found = msgspec.structs.replace(found, paths_unconfined=value == "unconfined")
    return found


VARIABLE: Final[Mapping[str, str]] = MappingProxyType({"name": "", "value": ""})
"""Both are of one text of the list."""


def variables(entries: Iterable[str], pointer: str) -> Iterator[tuple[object, str]]:
    """Environment entries ``NAME=value`` of the list at a pointer; a name alone has no value."""
    for number, entry in enumerate(entries):
        name, separator, value = entry.partition("=")
        found = {"name": name, "value": value} if separator else {"name": name}
        yield found, f"{pointer}/{number}"
