"""The analysis: each image that something uses, with who runs in it and how it is told to work.

::

    images:///srv/web.tar    r.io/web:1, its id ab…: user 10001
    web.trivy.json           the id ab…: user 10001
    image/Setup              r.io/web:1 of Deployment ml/web: user 10001, by both

A configuration that lies here and one that a scanner quotes are one thing, and no matter which of
them is read, the rules are the same. Of two that are of one image and say something else neither is
taken: that image is a gap, and so is one of which a report says that it is of Windows, where no
user is not root. By a tag alone the newest counts, as of reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.ages import moment
from auditor.analysis.images import rows
from auditor.analysis.images.facts import doubts_of, fact_of
from auditor.analysis.images.knowing import Joined, Shelf, Wanted
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.images import Identity
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import IMAGE
from auditor.platforms.images import CONFIGURATION, REPORT, SETUP

_SOURCES: Final = frozenset({REPORT, CONFIGURATION})
_READS: Final = rows.USERS | _SOURCES
_SAID: Final = "said"
"""The tag of rows of what documents say."""
_UNJUDGED: Final = "unjudged"
"""The tag of rows of reports whose configuration is none that rules are about."""
_NO_CHECK: Final = "NONE"
"""What stands in place of a test where that of the base is taken off."""
_HINT: Final = "one of them is not of that image: make them again"


class _Document(msgspec.Struct, frozen=True, gc=False):
    """What is taken of a report, or of a configuration."""

    image: Identity
    created: str = ""
    user: str | None = None
    unjudged: str = ""
    health: tuple[str, ...] | None = None
    manifests: tuple[str, ...] = ()


class _Said(msgspec.Struct, frozen=True, gc=False):
    """What a document says of an image, and where that was read."""

    image: Identity
    created: str
    user: str
    healthcheck: bool
    origin: Origin

    @property
    def answer(self) -> tuple[str, bool]:
        """What others have to say as well."""
        return self.user, self.healthcheck

    def is_of(self, other: _Said) -> bool:
        """Whether it is surely about the same image."""
        mine, theirs = self.image, other.image
        if mine.id and theirs.id:
            return mine.id == theirs.id
        return self is other or not {*mine.digests}.isdisjoint(theirs.digests)


class SetupFact(msgspec.Struct, frozen=True):
    """An image of an owner: its user, "" where it names none, and whether it has a health check.

    ``joined`` is by what it was found to be the image.
    """

    image: str
    by: str
    joined: str
    user: str
    healthcheck: bool


class Setups:
    """Joins the images that are used with what their configurations say."""

    id = "image-setup"
    stage = Stage.RUN
    combined = frozenset({rows.USE})
    reads = _READS
    feeds: Feeds = MappingProxyType({SETUP: MappingProxyType({"": _READS})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take images of one object, or what one document says."""
        if resource.kind not in _SOURCES:
            yield from rows.rows_of(resource, site)
            return
        try:
            found = _decode(resource.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return  # said where it becomes a build
        origin = site.origin(resource)
        if found.unjudged:
            detail = msgspec.json.encode(f"{resource.name}: {found.unjudged}")
            yield Row((rows.KNOWN, _UNJUDGED), _UNJUDGED, origin, detail)
            return
        if found.user is None and resource.kind == REPORT:
            return
        yield Row((rows.KNOWN, _SAID), _SAID, origin, msgspec.json.encode(found))

    def combine(self, one: Row, other: Row) -> Row:
        """Put together what is known of one use."""
        return rows.combined(one, other)

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield a fact for each image of each owner, and for each that nobody uses."""
        shelf, engines = Shelf[_Said](), dict[str, Identity]()
        every: list[_Said] = []
        seen: set[Origin] = set()
        doubted: set[Gap] = set()
        for key, found in groups:
            for row in found:
                if row.tag == IMAGE:
                    identity = rows.decode_identity(row.body)
                    engines[identity.id] = identity
                elif row.tag == _UNJUDGED:
                    detail = msgspec.json.decode(row.body, type=str)
                    doubted.add(Gap(row.read_at.target, SETUP, GapCause.UNSUPPORTED, detail, ""))
                elif row.tag == _SAID:
                    document = _decode(row.body)
                    said = _said(document, row.read_at)
                    every.append(said)
                    shelf.add(said.image, said, document.manifests)
                elif every:
                    use = rows.decode_use(row.body)
                    wanted = Wanted.of(use.image, use.digests, use.ids, engines)
                    how, known = shelf.about(wanted)
                    seen.update(each.origin for each in known)
                    chosen = _chosen(how, known)
                    if not chosen:
                        continue
                    if _agree(chosen):
                        yield _used(row, key[1:], use, how, chosen)
                    else:
                        doubted.update(_doubts(use.image, chosen))
        every.sort(key=lambda each: (each.origin.kind, each.origin.source))
        for group in _apart(each for each in every if each.origin not in seen):
            if _agree(group):
                yield _alone(group)
            else:
                doubted.update(_doubts(_called(group[0]), group))
        yield from sorted(doubted)


_decode: Final = msgspec.json.Decoder(_Document).decode


def _said(found: _Document, origin: Origin) -> _Said:
    test = found.health or ()
    has_check = bool(test) and test[0] not in {"", _NO_CHECK}
    return _Said(found.image, found.created, found.user or "", has_check, origin)


def _chosen(how: Joined, known: Sequence[_Said]) -> list[_Said]:
    """What is about an image: by a digest all of it, by a tag the newest and all of the same."""
    once = {each.origin: each for each in known}
    each_once = sorted(once.values(), key=lambda each: (each.origin.kind, each.origin.source))
    if how is Joined.DIGEST or not each_once:
        return each_once
    newest = max(each_once, key=lambda each: (moment(each.created), each.origin.source))
    return [each for each in each_once if each.is_of(newest)]


def _agree(said: Sequence[_Said]) -> bool:
    return len({each.answer for each in said}) <= 1


def _apart(said: Iterable[_Said]) -> list[list[_Said]]:
    """What nobody uses, by the image that it is about."""
    found: list[list[_Said]] = []
    by_id: dict[str, list[_Said]] = {}
    for each in said:
        group = by_id.setdefault(each.image.id, []) if each.image.id else []
        if not group:
            found.append(group)
        group.append(each)
    return found


def _doubts(image: str, said: Sequence[_Said]) -> Iterator[Gap]:
    origins = [each.origin for each in said]
    what = "say something else of its user or its health check"
    return doubts_of(SETUP, image, origins, what, _HINT)


def _used(row: Row, key: tuple[str, ...], use: rows.Use, how: Joined, said: list[_Said]) -> Fact:
    body = SetupFact(use.image, use.by, how.value, *said[0].answer)
    return fact_of(SETUP, body, key, row.read_at, *(each.origin for each in said))


def _alone(said: list[_Said]) -> Fact:
    first, *others = said
    name = _called(first)
    key = ("", first.image.id) if first.image.id else ("", first.origin.source, name)
    body = SetupFact(name, "", Joined.DIGEST.value, *first.answer)
    return fact_of(SETUP, body, key, first.origin, *(each.origin for each in others))


def _called(said: _Said) -> str:
    image = said.image
    return next(iter((*image.names, *image.digests, image.id)), "") or said.origin.name
