"""Containers of which only their engine decided whether their processes may gain rights.

What an engine goes by when it makes a container stays with it, whatever the engine goes by later,
and inspecting the container does not show it (API 1.41 to 1.56). The kernel does::

    the engine now    the kernel, of the container's processes     noNewPrivileges
    off               any                                          false: nobody asks for it
    on                all have it                                  true
    on                one has not                                  false: it is older than that
    on                not seen: it does not run, or only the       not known
                      engine was asked
    not known         one has not                                  false
    not known         any other                                    not known

A container that does not say it is taken for one of an engine that does not either, which most are:
then what was found where it was read stands. What is not known is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.completing import Aspect, Spots
from auditor.analysis.docker import engine_defaults
from auditor.analysis.protocol import Row, Site
from auditor.analysis.related import Related
from auditor.model.fact import Origin, Spot
from auditor.model.resource import Resource
from auditor.platforms.docker import HOST_CONTAINERS

PRIVILEGES: Final = "privileges"
FIELD: Final = engine_defaults.FIELD
OF_ENGINE: Final = "noNewPrivilegesOfEngine"
READS: Final = engine_defaults.READS | {HOST_CONTAINERS}
ASPECT: Final = Aspect(((FIELD,), (OF_ENGINE,)), READS)
UNSAID: Final = b'"noNewPrivilegesUnsaid":true'


class _Workload(msgspec.Struct, frozen=True, rename="camel"):
    no_new_privileges_unsaid: bool = False


class _Container(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    no_new_privileges: bool


class _Containers(msgspec.Struct, frozen=True):
    containers: list[_Container]


_decode_workload = msgspec.json.Decoder(_Workload).decode
_decode_states = msgspec.json.Decoder(dict[str, tuple[int, bool]]).decode


def is_open(fact: Resource) -> bool:
    """Whether a container says nothing of it."""
    return UNSAID in fact.body and _decode_workload(fact.body).no_new_privileges_unsaid


def rows(resource: Resource, site: Site) -> Iterator[Row]:
    """Take what the engine goes by, or what the kernel says."""
    if resource.kind != HOST_CONTAINERS:
        row = engine_defaults.part_of(resource, site.origin(resource))
        if row is not None:
            yield row
        return
    try:
        found = msgspec.convert(decoded(resource), _Containers).containers
    except msgspec.ValidationError:
        return
    states = {each.id: (number, each.no_new_privileges) for number, each in enumerate(found)}
    yield Row(("", ""), HOST_CONTAINERS, site.origin(resource), msgspec.json.encode(states))


class Privileges:
    """What an engine gives to its containers, and what the kernel says of them."""

    def __init__(self) -> None:
        self.of_engine = engine_defaults.Defaults()
        self._seen: dict[str, tuple[int, bool]] = {}
        self._seen_at: Origin | None = None

    def add(self, row: Row) -> None:
        """Take in what one of the kinds tells."""
        if row.tag == HOST_CONTAINERS:
            self._seen, self._seen_at = _decode_states(row.body), row.read_at
        else:
            self.of_engine.add(row)

    def complete(self, container: str, body: dict[str, object], related: Related) -> Spots:
        """Say in the body of a workload whether its processes may gain rights, if that is known."""
        default, seen = self.of_engine.found(), self._seen.get(container)
        on = default is not None and default.value
        if default is not None and not on:
            return ()
        if seen is not None and self._seen_at is not None and (on or not seen[1]):
            number, body[FIELD] = seen
            at = f"/containers/{number}/noNewPrivileges"
            return ((f"/{FIELD}", Spot(related.number(self._seen_at), at)),)
        body.pop(FIELD, None)
        if on:
            body[OF_ENGINE] = True
        return ()
