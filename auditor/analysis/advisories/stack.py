"""The analysis: each version of a component that a target has, and what is known of its faults.

A fact for each, ``stack/Component`` of what is installed and ``stack/Image`` of what is run, on
however many nodes: to update it is one piece of work. ``affected`` are its faults by the table
``advisories``; ``unknown`` says what of it nobody can tell: a build of a distribution, an image
without a tag, a branch that no bulletin names, a condition that was not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.advisories import images, pack, rows
from auditor.analysis.advisories.images import KnownImages
from auditor.analysis.advisories.pack import Advisory, Judged, Known, judged
from auditor.analysis.advisories.versions import Version, numbers_of, version_of
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from auditor.platforms.stack import COMPONENT, IMAGE

_encode = msgspec.json.encode
_decode_said: Final = msgspec.json.Decoder(dict[str, bool]).decode


class ComponentFact(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A version of a component: where it is first, and at how many others."""

    component: str
    version: str
    where: str
    others: int
    affected: tuple[Known, ...]
    fixed_in: str = ""
    unknown: str = ""


class Components:
    """Joins where versions are seen with the conditions that advisories have."""

    id = "advisories"
    stage = Stage.TARGET
    reads = rows.INSTALLED | rows.RUN
    combined = frozenset({rows.COUNTED})
    feeds: Feeds = MappingProxyType(
        {
            COMPONENT: MappingProxyType({"": rows.INSTALLED}),
            IMAGE: MappingProxyType({"": rows.RUN}),
        }
    )

    def __init__(self, advisories: Iterable[Advisory], known: KnownImages) -> None:
        """``advisories`` are the rows of the pack, ``known`` the images of the table."""
        self._advisories: dict[str, list[Advisory]] = {}
        for each in advisories:
            self._advisories.setdefault(each.component, []).append(each)
        self._images = known

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take versions and conditions of one object."""
        return rows.rows_of(resource, site, self._images)

    def combine(self, one: Row, other: Row) -> Row:
        """Count what has one version of one component."""
        return rows.combined(one, other)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each version of each component that the pack speaks of."""
        said: dict[str, bool] = {}
        for key, each in groups:
            if key[0] == rows.CONDITIONS:
                said = _said(each)
                continue
            _, kind, component, text = key
            advisories = self._advisories.get(component)
            if advisories is not None:
                version = version_of(text, of_image=kind == IMAGE)
                found = _judged(version, text, advisories, said)
                yield _fact(kind, component, text, next(each), found)


def make(tables: Tables) -> Components:
    """Make the analysis for the tables of a policy."""
    return Components(
        pack.advisories_from_table(tables.get(pack.TABLE, ())),
        KnownImages(tables.get(images.TABLE, ())),
    )


def _said(every: Iterable[Row]) -> dict[str, bool]:
    """Put together what objects say of conditions: what one says is so is so."""
    found: dict[str, bool] = {}
    for row in every:
        for name, value in _decode_said(row.body).items():
            found[name] = found.get(name, False) or value
    return found


def _judged(
    version: Version | None, text: str, advisories: Sequence[Advisory], said: Mapping[str, bool]
) -> Judged:
    if version is not None:
        return judged(version, advisories, said)
    what = f"{text} is not a release of the project" if text else "its image has no tag"
    return Judged((), (what,))


def _fact(kind: str, component: str, text: str, row: Row, found: Judged) -> Fact:
    origin = row.read_at
    counted = rows.decode_counted(row.body)
    fixed = max((each.fixed_in for each in found.affected), key=numbers_of, default="")
    body = ComponentFact(
        component=component,
        version=text,
        where=counted.name,
        others=counted.count - 1,
        affected=tuple(sorted(found.affected, key=_worst)),
        fixed_in=fixed,
        unknown="; ".join(dict.fromkeys(found.unknown)),
    )
    return Fact(
        kind=kind,
        key=(component, text),
        body=_encode(body),
        subject=origin,
        elsewhere=tuple((f"/{name}", None) for name in msgspec.to_builtins(body)),
        draws_on=((origin.target, ""),),
        part=f"{component} {text}".rstrip(),
        by_key=True,
    )


_SEVERITIES: Final = ("critical", "high", "medium", "low")


def _worst(known: Known) -> tuple[int, str]:
    return _SEVERITIES.index(known.severity), known.id
