"""The analysis: how old the pack of advisories is, where versions are judged by it.

::

    advisories.yaml   containerd as of 2026-11-28, runc as of 2026-05-02 and 2026-11-28
    nodes, images     of a run on 2026-11-30

    stack/Pack        of 2026-11-28, 2 days old

Of each component the newest row counts, of all the oldest: who looks at a source anew looks at all
that it says of a component. One fact a run, at the first object by name that has a version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from auditor.analysis.advisories import images, pack, rows
from auditor.analysis.advisories.images import KnownImages
from auditor.analysis.ages import days
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from auditor.platforms.stack import PACK

_SEEN = "seen"


class PackFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of which day the pack is, and how many days that was ago; None where nobody knows."""

    date: str
    age: int | None = None


class PackAge:
    """Says of which day the pack is, where there is anything that it speaks of."""

    id = "advisories-age"
    stage = Stage.RUN
    reads = rows.INSTALLED | rows.RUN
    combined = frozenset({_SEEN})
    feeds: Feeds = MappingProxyType({PACK: MappingProxyType({"": reads})})

    def __init__(self, date: str, known: KnownImages, day: str = "") -> None:
        """``date`` is that of the pack, ``known`` its images, ``day`` that of the run."""
        self._date = date
        self._images = known
        self._day = day

    def on(self, day: str) -> PackAge:
        """The same for a run on that day."""
        return PackAge(self._date, self._images, day)

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take that an object may have a version: which one does not matter."""
        if resource.kind in rows.INSTALLED or self._images.may_be_in(resource.body):
            yield Row((_SEEN,), _SEEN, site.origin(resource), b"{}")

    def combine(self, one: Row, other: Row) -> Row:
        """Keep the first by name."""
        return min(one, other, key=_place)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield the fact."""
        for _, every in groups:
            origin = next(every).read_at
            body = PackFact(self._date, days(self._date, self._day))
            yield Fact(
                kind=PACK,
                key=(),
                body=msgspec.json.encode(body),
                subject=origin,
                elsewhere=tuple((f"/{name}", None) for name in msgspec.to_builtins(body)),
                draws_on=((origin.target, ""),),
                part="advisories",
                by_key=True,
            )


def make(tables: Tables) -> PackAge:
    """Make the analysis for the tables of a policy."""
    known = KnownImages(tables.get(images.TABLE, ()))
    return PackAge(date_of(tables.get(pack.TABLE, ())), known)


def date_of(table: Sequence[Mapping[str, Any]]) -> str:
    """The day of a pack, as 2026-11-28; "" for an empty one."""
    newest: dict[str, str] = {}
    for row in table:
        name = row["component"]
        newest[name] = max(newest.get(name, ""), row["as-of"])
    return min(newest.values(), default="")


def _place(row: Row) -> tuple[str, str, str, int, str]:
    place = row.read_at
    return place.target, place.name, place.source, place.document, place.pointer
