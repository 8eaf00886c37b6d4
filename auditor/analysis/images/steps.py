"""The analysis: the steps that made each image, judged once whoever tells of them.

::

    docker://gpu-1       image ab…: RUN apt-get update      docker/ImageBuild of the engine's image,
    images://app.tar     image ab…: RUN apt-get update      with the archive and the report as
    app.trivy.json       image ab…: RUN apt-get update      evidence: one fact

An image is told by the digest of its configuration; an engine that calls it by another digest is
joined by an archive or a report that has both. Each engine has its own finding, since it is a host
of its own; without any it is the archive's, else the report's. What only a configuration has
(variables and ports that no line sets) is added to what the engine tells.

Steps follow from the digest: of two that name one digest and tell of other steps one is wrong.
Neither is taken, and each of them has a gap. Who has no history says nothing against another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.docker import history
from auditor.analysis.docker.made import Made
from auditor.analysis.images import builds
from auditor.analysis.images.facts import doubts_of
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin, Spot, path_of
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import IMAGE_BUILD, IMAGE_HISTORY
from auditor.platforms.images import CONFIGURATION, REPORT

_READS: Final = frozenset({IMAGE_HISTORY, REPORT, CONFIGURATION})
_KNOWN, _TOLD = "0", "1"
"""What keys begin with, in the order in which they come."""
_NAMES: Final = "names"
"""The tag of rows that say by what an image is known."""
_HINT: Final = "one of them is not of that image: make them again, or pull it by its digest"
_ADDED: Final = ("environment", "ports")
"""What a configuration has and a history need not."""


class _Names(msgspec.Struct, frozen=True, gc=False):
    """By what an image is known; ``engine``: to an engine, by its id alone."""

    id: str
    digests: tuple[str, ...] = ()
    engine: bool = False


class _Told(msgspec.Struct, frozen=True, gc=False):
    """What one source tells of an image: its build, or why there is none.

    ``steps`` stands for the lines of its history, "" where it has none.
    """

    steps: str = ""
    build: msgspec.Raw = msgspec.Raw(b"{}")
    elsewhere: tuple[tuple[str, str | None], ...] = ()
    gap: tuple[str, GapCause, str, str] | None = None


class _Source(msgspec.Struct, frozen=True, gc=False):
    """Who tells it, and what."""

    kind: str
    origin: Origin
    told: _Told

    @property
    def order(self) -> tuple[bool, str, str]:
        """Who is asked first: whoever has a history, of these an archive before a report."""
        return not self.told.steps, self.kind, self.origin.source


class Steps(Uncombined):
    """Joins what engines, archives and reports tell of how images were made."""

    id = "image-builds"
    stage = Stage.RUN
    reads = _READS
    feeds: Feeds = MappingProxyType({IMAGE_BUILD: MappingProxyType({"": _READS})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what one source tells of an image, and by what it knows it."""
        engine = resource.kind == IMAGE_HISTORY
        made = history.made_of(resource) if engine else builds.made_of(resource)
        if made.build is None:
            return
        origin = site.origin(resource)
        key = made.id or next(iter(made.digests), "") or origin.identity
        if made.id and (engine or made.digests):
            names = msgspec.json.encode(_Names(made.id, made.digests, engine))
            yield Row((_KNOWN,), _NAMES, origin, names)
        yield Row((_TOLD, key), resource.kind, origin, msgspec.json.encode(_told(made)))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield the build of each image, and a gap for what can't be told."""
        names = _Known()
        moved: Mapping[str, str] | None = None
        waiting: dict[str, list[_Source]] = {}
        for key, rows in groups:
            if key[0] == _KNOWN:
                for row in rows:
                    names.add(_decode_names(row.body))
                continue
            if moved is None:
                moved = names.moved()
                waiting = {each: [] for each in moved.values()}
            image = moved.get(key[1], key[1])
            sources = [_Source(row.tag, row.read_at, _decode_told(row.body)) for row in rows]
            if image in waiting:
                waiting[image] += sources
            else:
                yield from _facts(image, sources)
        for image, sources in waiting.items():
            yield from _facts(image, sources)


class _Known:
    """The digests of the images of a run."""

    def __init__(self) -> None:
        self._ids: dict[str, set[str]] = {}
        self._engines: set[str] = set()

    def add(self, names: _Names) -> None:
        """Add what one source knows."""
        if names.engine:
            self._engines.add(names.id)
        for digest in names.digests:
            self._ids.setdefault(digest, set()).add(names.id)

    def moved(self) -> Mapping[str, str]:
        """What engines call images, with the ids of these.

        An index of several platforms leads to several: which one an engine means is not known.
        """
        found = ((each, self._ids.get(each, set())) for each in sorted(self._engines))
        return {each: min(ids) for each, ids in found if len(ids) == 1 and each not in ids}


_decode_names: Final = msgspec.json.Decoder(_Names).decode
_decode_told: Final = msgspec.json.Decoder(_Told).decode


def _told(made: Made) -> _Told:
    found = made.build
    if isinstance(found, Gap):
        return _Told(gap=(found.scope, found.cause, found.detail, found.hint))
    if found is None:
        return _Told()
    steps = hashlib.sha256("\0".join(made.lines).encode()).hexdigest() if made.lines else ""
    return _Told(steps, msgspec.Raw(found.body), found.elsewhere)


def _facts(image: str, sources: Iterable[_Source]) -> Iterator[Fact | Gap]:
    """Yield the build of one image: of each engine that has it, else of what tells most."""
    told = []
    for each in sources:
        if each.told.gap is None:
            told.append(each)
        else:
            yield Gap(each.origin.target, *each.told.gap)
    if len({each.told.steps for each in told} - {""}) > 1:
        yield from _doubts(image, told)
        return
    engines = [each for each in told if each.kind == IMAGE_HISTORY]
    others = sorted((each for each in told if each.kind != IMAGE_HISTORY), key=lambda o: o.order)
    for each in engines or others[:1]:
        yield _fact(each, [other for other in others if other is not each])


def _doubts(image: str, told: Iterable[_Source]) -> Iterator[Gap]:
    origins = [each.origin for each in told if each.told.steps]
    what = "tell of different steps that made it"
    return doubts_of(IMAGE_BUILD, image, origins, what, _HINT)


def _fact(source: _Source, others: list[_Source]) -> Fact:
    origin = source.origin
    elsewhere = [_at(0, pointer, there) for pointer, there in source.told.elsewhere]
    body: dict[str, Any] = msgspec.json.decode(source.told.build)
    if source.kind == IMAGE_HISTORY:
        for number, other in enumerate(others, 1):
            elsewhere = [*_add(body, other, number), *elsewhere]
    place = path_of(origin.kind, origin.namespace, origin.name, origin.uid, origin.source)
    return Fact(
        kind=IMAGE_BUILD,
        key=(origin.target_uid, place),
        body=msgspec.json.encode(body),
        subject=origin,
        related=tuple(each.origin for each in others),
        elsewhere=tuple(elsewhere),
        draws_on=tuple(
            dict.fromkeys((each.target, "") for each in (origin, *(o.origin for o in others)))
        ),
    )


def _at(of: int, pointer: str, there: str | None) -> tuple[str, Spot | None]:
    return pointer, None if there is None else Spot(of, there)


def _add(body: dict[str, Any], other: _Source, number: int) -> Iterator[tuple[str, Spot | None]]:
    """Add what a configuration has and the history of an engine has not; say where it stands."""
    theirs: dict[str, Any] = msgspec.json.decode(other.told.build)
    for field in _ADDED:
        known = {_name(each) for each in body.get(field, ())}
        for index, item in enumerate(theirs.get(field, ())):
            if _name(item) in known:
                continue
            here = f"/{field}/{len(body.setdefault(field, []))}"
            body[field].append(item)
            start = f"/{field}/{index}"
            for pointer, there in other.told.elsewhere:
                if pointer == start or pointer.startswith(f"{start}/"):
                    yield _at(number, here + pointer[len(start) :], there)


def _name(item: Any) -> str:
    """By what a variable or a port is known."""
    return str(item["name"] if isinstance(item, dict) else item).removesuffix("/tcp")
