"""What an engine gives to every container that it makes, if nothing else is asked for.

::

    Info             SecurityOptions [name=no-new-privileges]       it says so: engines from 23 on
    HostSettings     {"no-new-privileges": true}                    older ones only have it there,
    HostProcesses    dockerd --no-new-privileges                    or in their arguments

The field is absent where nobody knows. It is about containers that are made now: each
keeps what its engine went by when it was made (:mod:`privileges`).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.completing import Aspect, Spots
from auditor.analysis.docker.asked import AskedEngine, Part, Parts
from auditor.analysis.docker.workload import Fields
from auditor.analysis.protocol import Feeds, Row, Stage, Tables
from auditor.analysis.related import Related
from auditor.late import late
from auditor.model.enums import GapCause
from auditor.model.fact import Origin, Spot
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import ENGINE_DEFAULTS, HOST_PROCESSES, HOST_SETTINGS, INFO

FIELD: Final = "noNewPrivileges"
OPTION: Final = "no-new-privileges"
_SAID: Final = f"name={OPTION}"
_SILENT: Final = late(r"(1[0-9]|20)\.")
"""Engines that do not say of this option whether it is their default."""


class _Info(msgspec.Struct, frozen=True):
    version: str = msgspec.field(default="", name="ServerVersion")
    options: list[str] | None = msgspec.field(default=None, name="SecurityOptions")
    root: str = msgspec.field(default="", name="DockerRootDir")


class _Engine(msgspec.Struct, frozen=True):
    arguments: list[str]


class _Processes(msgspec.Struct, frozen=True):
    engines: list[_Engine]


class _Settings(msgspec.Struct, frozen=True):
    settings: dict[str, Any]


_FORMS: Final = MappingProxyType(
    {INFO: _Info, HOST_PROCESSES: _Processes, HOST_SETTINGS: _Settings}
)
READS: Final = frozenset(_FORMS)
"""The kinds that tell what the default is."""
ASPECT: Final = Aspect(((FIELD,),), READS)


_decode_info = msgspec.json.Decoder(_Info).decode


def is_open(fact: Resource) -> bool:
    """Whether an engine does not say its default."""
    return fact.kind == ENGINE_DEFAULTS and f'"{FIELD}":'.encode() not in fact.body


def part_of(resource: Resource, origin: Origin) -> Row | None:
    """Take what one of those kinds tells; None of what is not as it should be."""
    try:
        found = msgspec.convert(decoded(resource), _FORMS[resource.kind])
    except msgspec.ValidationError:
        return None
    return Row(("", ""), resource.kind, origin, msgspec.json.encode(found))


class Default(msgspec.Struct, frozen=True):
    """What the default is, and where that was read; it was concluded where ``pointer`` is None."""

    value: bool
    origin: Origin
    pointer: str | None


def default_of(parts: Parts) -> Default | None:
    """Whether processes of a container that is made now may gain rights; None: nobody knows."""
    info = parts.get(INFO)
    if info is None:
        return None
    if not _SILENT.match(str(info.body.get("ServerVersion", ""))):
        known = _SAID in (info.body.get("SecurityOptions") or ())
        return Default(known, info.origin, "/SecurityOptions")
    if not {HOST_PROCESSES, HOST_SETTINGS} <= parts.keys():
        return None
    engine = AskedEngine(parts)
    value, spot = (engine.value(OPTION, False) if engine.found else None) or (None, None)
    if not isinstance(value, bool):
        return None
    of = parts[HOST_PROCESSES if spot is None or spot.of == 0 else HOST_SETTINGS]
    return Default(value, of.origin, None if spot is None else spot.pointer)


class EngineDefaults:
    """The defaults of each engine, as far as it says them itself."""

    id = "docker-engine-defaults"
    stage = Stage.OBJECT
    kinds = frozenset({INFO})
    feeds: Feeds = MappingProxyType({ENGINE_DEFAULTS: MappingProxyType({"": frozenset({INFO})})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the defaults of an engine; a gap where it is not one as it says of itself."""
        if resource.kind != INFO:
            return
        try:
            info = _decode_info(resource.body)
        except msgspec.ValidationError as error:
            yield Gap("", INFO, GapCause.MALFORMED, str(error), "is it a Docker Engine?")
            return
        fields = Fields()
        fields.put("version", info.version, "/ServerVersion")
        if _SILENT.match(info.version):
            fields.locate(f"/{FIELD}", "/SecurityOptions")
        else:
            fields.put(FIELD, _SAID in (info.options or ()), "/SecurityOptions")
        yield fields.fact(resource, "engine", ENGINE_DEFAULTS)


class Defaults:
    """What the engine of a target gives, by all that was read of it."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}
        self._found: tuple[Default | None] | None = None

    def add(self, row: Row) -> None:
        """Take in what one of the kinds tells."""
        self._parts[row.tag] = Part(row.read_at, msgspec.json.decode(row.body))

    def found(self) -> Default | None:
        """What the default is, found out once all was added."""
        if self._found is None:
            self._found = (default_of(self._parts),)
        return self._found[0]

    def complete(self, body: dict[str, object], related: Related) -> Spots:
        """Say in the body of the fact of an engine what it does not say itself."""
        default = self.found()
        if default is None:
            return ()
        body[FIELD] = default.value
        of = related.number(default.origin)
        spot = None if default.pointer is None else Spot(of, default.pointer)
        return ((f"/{FIELD}", spot),)
