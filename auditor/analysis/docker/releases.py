"""Which parts of a Docker host still get fixes, by the versions that its engine tells.

::

    GET /version                       docker/Component
    Engine      27.5.1                 fixes: false   26.0 to 29.0 of the table
    containerd  v2.3.4                 fixes: true    2.3 to 2.4, until 2028-04-30
    runc        1.1.5+ds1              unknown: 1.1.5+ds1 is not a release of the project

Only a release of the project itself, numbers alone, is looked up: a distribution's build has a
suffix and fixes of its own. Of a version that no row has nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.protocol import Feeds, Stage, Tables
from auditor.late import late
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import COMPONENT, VERSION

TABLE: Final = "releases"
_RELEASE: Final = late(r"v?(\d+(?:\.\d+)+)", re.ASCII)

_Version = tuple[int, ...]


class _Part(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""
    version: str = ""


class _Parts(msgspec.Struct, frozen=True, rename="pascal"):
    components: list[_Part] | None = None


class _Row(msgspec.Struct, frozen=True):
    """Versions from the first, up to but without the second; None is no bound."""

    start: _Version
    end: _Version | None
    told: Mapping[str, object]

    def has(self, version: _Version) -> bool:
        return self.start <= version and (self.end is None or version < self.end)


_decode = msgspec.json.Decoder(_Parts).decode


class Releases:
    """The parts of an engine that the table speaks of."""

    id = "releases"
    stage = Stage.OBJECT
    kinds = frozenset({VERSION})
    feeds: Feeds = MappingProxyType({COMPONENT: MappingProxyType({"": frozenset({VERSION})})})

    def __init__(self, tables: Tables) -> None:
        self._rows: dict[str, list[_Row]] = {}
        for row in tables.get(TABLE, ()):
            self._rows.setdefault(str(row["component"]), []).append(_row_of(row))

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield each part that the table has rows of, with what they say of its version."""
        if resource.kind != VERSION:
            return
        try:
            parts = _decode(resource.body).components or ()
        except msgspec.ValidationError as error:
            yield Gap("", VERSION, GapCause.MALFORMED, str(error), "is it a Docker Engine?")
            return
        for number, part in enumerate(parts):
            rows = self._rows.get(part.name)
            if rows is not None:
                yield _component(resource, number, part, rows)


def _row_of(row: Mapping[str, object]) -> _Row:
    told = {name: row[key] for name, key in _TOLD.items() if key in row}
    end = _numbers(str(row["before"])) if "before" in row else None
    return _Row(_numbers(str(row.get("from", "0"))), end, told)


_TOLD: Final = MappingProxyType(
    {"fixes": "fixes", "until": "until", "asOf": "as-of", "reference": "reference"}
)
"""What of a row is in the fact, and what it is called in the table."""


def _component(resource: Resource, number: int, part: _Part, rows: Sequence[_Row]) -> Resource:
    at = f"/Components/{number}"
    body: dict[str, object] = {"name": part.name, "version": part.version}
    match = _RELEASE.fullmatch(part.version)
    if match is None:
        body["unknown"] = f"{part.version} is not a release of the project"
    else:
        version = _numbers(match[1])
        told = [row.told for row in rows if row.has(version)]
        body |= told[-1] if told else {"unknown": f"nothing is known of {part.version}"}
    places = {"/name": f"{at}/Name", "/version": f"{at}/Version"}
    derived = {f"/{name}": None for name in body if f"/{name}" not in places}
    return msgspec.structs.replace(
        resource,
        kind=COMPONENT,
        name=part.name,
        body=msgspec.json.encode(body),
        elsewhere=tuple({**derived, **places}.items()),
        part=part.name,
        parent=resource,
    )


def _numbers(text: str) -> _Version:
    return tuple(int(each) for each in text.split("."))
