"""Services of a compose file that have what another one of their project has.

::

    web      pid: service:agent                       pidMode: host
             volumes_from: [agent:ro]                 mounts: /var/log of the host, only read
    agent    pid: host, volumes: [/var/log:/logs]

Compose makes ``container:`` of ``service:``, and an engine follows that from one to the next. What
mounts at a path that the service uses itself is not had. Of a container that no file starts
(``container:name``) nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.completing import Aspect, Spots
from auditor.analysis.docker.compose import ComposeServices
from auditor.analysis.protocol import Row, Site
from auditor.analysis.related import Related
from auditor.model.fact import Origin, Spot
from auditor.model.resource import Resource
from auditor.platforms.docker import COMPOSE_SERVICE

SIBLINGS: Final = "siblings"
TAG: Final = f"{COMPOSE_SERVICE} as others have it"
_MODES: Final[tuple[str, ...]] = ("networkMode", "pidMode", "ipcMode")
ASPECT: Final = Aspect(
    (*((mode,) for mode in _MODES), ("mounts",)), frozenset({COMPOSE_SERVICE}), asked=False
)
_OTHER: Final = "service:"
_CONTAINER: Final = "container"
_FORM: Final = b'"form":"compose"'
_SIGNS: Final = (b'"service:', b'"mountsFrom"')
_Key: TypeAlias = tuple[str, str]
_Mount: TypeAlias = dict[str, Any]


class Had(msgspec.Struct, frozen=True):
    """What others may have of a service, and where in it each was read."""

    modes: dict[str, str]
    mounts: list[_Mount]
    others: list[str]
    spots: list[tuple[str, str | None]]

    def pointer(self, place: str) -> str:
        """Where a field of the workload was read."""
        return next((at for start, at in self.spots if start == place and at), "")


_decode = msgspec.json.Decoder(Had).decode


def is_open(fact: Resource) -> bool:
    """Whether the workload of a compose file has something of another one."""
    if fact.partial or _FORM not in fact.body:
        return False
    return any(sign in fact.body for sign in _SIGNS)


def rows(resource: Resource, site: Site) -> Iterator[Row]:
    """Take what others may have of a service."""
    if resource.kind != COMPOSE_SERVICE or resource.partial:
        return
    whole = decoded(resource)
    if not isinstance(whole, dict):
        return
    clean = msgspec.structs.replace(resource, body=msgspec.json.encode(whole))
    for fact in ComposeServices({}).derive(clean):
        if not isinstance(fact, Resource):
            continue
        body: dict[str, Any] = msgspec.json.decode(fact.body)
        names = (*(f"/{mode}" for mode in _MODES), "/mounts/")
        spots = [(start, at) for start, at in fact.elsewhere if start.startswith(names)]
        modes = {mode: str(body[mode]) for mode in _MODES if mode in body}
        had = Had(modes, body.get("mounts", []), body.get("mountsFrom", []), spots)
        origin = site.origin(resource, "", dict.fromkeys(at for _, at in spots if at))
        yield Row(("", ""), TAG, origin, msgspec.json.encode(had))


class Services:
    """The services of the projects of a target."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[Origin, Had]] = {}

    def add(self, row: Row) -> None:
        """Take in a service."""
        self._known.setdefault(_key(row.read_at), (row.read_at, _decode(row.body)))

    def complete(self, origin: Origin, body: dict[str, object], related: Related) -> Spots:
        """Give the body of a workload what the others have; say where that was read."""
        spots: list[tuple[str, Spot | None]] = []
        for mode in _MODES:
            found = self._last(_key(origin), mode, body.get(mode))
            if found is not None:
                other, had = found
                body[mode] = had.modes[mode]
                at = had.pointer(f"/{mode}")
                spots.append((f"/{mode}", Spot(related.number(other), at)))
        own = body.get("mounts")
        if isinstance(own, list):
            mounts = list(own)
            for mount, other, index, had in self._mounts(_key(origin)):
                here, there = f"/mounts/{len(mounts)}", f"/mounts/{index}"
                mounts.append(mount)
                for start, read in had.spots:
                    if read and (start == there or start.startswith(f"{there}/")):
                        spot = Spot(related.number(other), read)
                        spots.append((here + start.removeprefix(there), spot))
            body["mounts"] = mounts
        return tuple(spots)

    def _last(self, key: _Key, mode: str, start: object) -> tuple[Origin, Had] | None:
        """Follow a mode to the service that shares with no other; None where there is none."""
        seen: set[str] = set()
        found: tuple[Origin, Had] | None = None
        value: object = start
        while isinstance(value, str) and value.startswith(_OTHER):
            name = value.removeprefix(_OTHER)
            found = self._known.get((key[0], name))
            if found is None or name in seen:
                return None
            seen.add(name)
            value = found[1].modes.get(mode)
        return found if isinstance(value, str) else None

    def _mounts(self, key: _Key) -> Iterator[tuple[_Mount, Origin, int, Had]]:
        """What a service mounts of others, of which each has what it mounts of others again."""
        known = self._known.get(key)
        if known is None:
            return
        taken = {str(mount["target"]) for mount in known[1].mounts}
        waiting = [(name, False) for name in known[1].others]
        seen = {(key[1], False)}
        while waiting:
            written, only_read = waiting.pop(0)
            name, _, access = written.partition(":")
            found = self._known.get((key[0], name))
            step = name, only_read or access == "ro"
            if name == _CONTAINER or found is None or step in seen:
                continue
            seen.add(step)
            other, had = found
            for index, mount in enumerate(had.mounts):
                if str(mount["target"]) not in taken:
                    taken.add(str(mount["target"]))
                    only = {"readOnly": True} if step[1] else {}
                    yield {**mount, **only}, other, index, had
            waiting += [(each, step[1]) for each in had.others]


def _key(origin: Origin) -> _Key:
    return origin.rendered or origin.source, origin.name
