"""Containers in the namespaces of another: whose these are in the end.

A container may share the network, processes or shared memory of another one, which may share those
of a third. What that one has, all of them have::

    proxy   NetworkMode: host
    server  NetworkMode: container:4a1f…  (proxy)     networkMode: host
    sidecar NetworkMode: container:77c0…  (server)    networkMode: host

The engine keeps the id of the other, which may be gone since; then nobody knows, as with two that
name each other. Nothing is started so.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.completing import Aspect, Spots
from auditor.analysis.protocol import Row, Site
from auditor.analysis.related import Related
from auditor.model.fact import Origin, Spot
from auditor.model.resource import Resource
from auditor.platforms.docker import CONTAINER

NAMESPACES: Final = "namespaces"
_OTHER: Final = "container:"
_QUOTED: Final = b'"container:'
_FIELDS: Final = MappingProxyType(
    {"networkMode": "NetworkMode", "pidMode": "PidMode", "ipcMode": "IpcMode"}
)
"""The fields of a workload, and what they are called in the host configuration of a container."""
ASPECT: Final = Aspect(tuple((name,) for name in _FIELDS), frozenset({CONTAINER}))


class _HostConfig(msgspec.Struct, frozen=True, rename="pascal"):
    network_mode: str = ""
    pid_mode: str = ""
    ipc_mode: str = ""


class _Container(msgspec.Struct, frozen=True, rename="pascal"):
    host_config: _HostConfig = _HostConfig()


class _Modes(msgspec.Struct, frozen=True, rename="camel"):
    network_mode: str = ""
    pid_mode: str = ""
    ipc_mode: str = ""


_decode_container = msgspec.json.Decoder(_Container).decode
_decode_modes = msgspec.json.Decoder(_Modes).decode
_decode_named = msgspec.json.Decoder(dict[str, str]).decode


def rows(resource: Resource, site: Site) -> Iterator[Row]:
    """Take the namespaces of a container."""
    try:
        host = _decode_container(resource.body).host_config
    except msgspec.ValidationError:
        return  # that it is not as the engine writes it is said where it becomes a workload
    modes = dict(zip(_FIELDS, (host.network_mode, host.pid_mode, host.ipc_mode), strict=True))
    origin = site.origin(resource, "", [_pointer(name) for name in _FIELDS])
    yield Row((resource.namespace, ""), CONTAINER, origin, msgspec.json.encode(modes))


def is_open(fact: Resource) -> bool:
    """Whether a workload is in a namespace of another container."""
    if _QUOTED not in fact.body:
        return False
    modes = _decode_modes(fact.body)
    shared = (modes.network_mode, modes.pid_mode, modes.ipc_mode)
    return any(each.startswith(_OTHER) for each in shared)


class Containers:
    """The containers of a host, by their ids."""

    def __init__(self) -> None:
        self._known: dict[str, Row] = {}

    def add(self, row: Row) -> None:
        """Take in a container."""
        self._known.setdefault(row.read_at.uid, row)

    def last(self, field: str, mode: str) -> tuple[str, Origin] | None:
        """Follow a mode to the container that shares with no other; None where there is none."""
        seen: set[str] = set()
        while True:
            other = mode.removeprefix(_OTHER)
            row = self._known.get(other)
            if row is None or other in seen:
                return None
            seen.add(other)
            mode = _decode_named(row.body)[field]
            if not mode.startswith(_OTHER):
                return mode, row.read_at

    def complete(self, body: dict[str, object], related: Related) -> Spots:
        """Give the body of a workload the namespaces at the end of its chains."""
        spots: list[tuple[str, Spot | None]] = []
        for field in _FIELDS:
            mode = body.get(field)
            if not isinstance(mode, str) or not mode.startswith(_OTHER):
                continue
            found = self.last(field, mode)
            if found is None:
                continue
            body[field], origin = found
            spots.append((f"/{field}", Spot(related.number(origin), _pointer(field))))
        return tuple(spots)


def _pointer(field: str) -> str:
    return f"/HostConfig/{_FIELDS[field]}"
