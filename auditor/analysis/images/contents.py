"""The analysis: each image that something uses, with which of its files run as somebody else.

::

    images:///srv/web.tar    r.io/web:1 by its id    /usr/bin/su 4755
    docker://gpu-1           container web of it     image/Content: known, one file
                             container db            image/Content: nobody read its layers

Where a run has an archive of any image, each image that is used is a fact: of one whose layers
nobody read nothing is known, and no image is without such files because another one is. A run that
has none says nothing of any.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.images import rows
from auditor.analysis.images.facts import fact_of
from auditor.analysis.images.knowing import Joined, Shelf, Wanted
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.fact import Fact, Origin
from auditor.model.images import Files, Identity, SpecialFile
from auditor.model.resource import Resource
from auditor.platforms.docker import IMAGE
from auditor.platforms.images import CONTENT, FILES

_MOST: Final = 50
_READS: Final = rows.USERS | {FILES}
_decode_files: Final = msgspec.json.Decoder(Files).decode


class Read(msgspec.Struct, frozen=True, gc=False):
    """What was read of an image, and where."""

    files: Files
    origin: Origin


class ContentFact(msgspec.Struct, frozen=True):
    """An image of an owner, and its files with the setuid or setgid bit where they are ``known``.

    ``special`` are the first of ``count``; ``joined`` is by what it was found to be the image.
    """

    image: str
    by: str
    known: bool
    count: int = 0
    special: tuple[SpecialFile, ...] = ()
    joined: str = ""


class Contents:
    """Joins the images that are used with what was read of their files."""

    id = "image-content"
    stage = Stage.RUN
    combined = frozenset({rows.USE})
    reads = _READS
    feeds: Feeds = MappingProxyType({CONTENT: MappingProxyType({"": _READS})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take images of one object, or what was read of one."""
        return rows.rows_of(resource, site)

    def combine(self, one: Row, other: Row) -> Row:
        """Put together what is known of one use."""
        return rows.combined(one, other)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each image of each owner, and for each that nobody uses."""
        shelf, engines = Shelf[Read](), dict[str, Identity]()
        every: list[Read] = []
        seen: set[Origin] = set()
        for key, found in groups:
            for row in found:
                if row.tag == IMAGE:
                    identity = rows.decode_identity(row.body)
                    engines[identity.id] = identity
                elif row.tag == FILES:
                    read = Read(_decode_files(row.body), row.read_at)
                    every.append(read)
                    shelf.add(read.files.image, read)
                elif every:
                    use = rows.decode_use(row.body)
                    wanted = Wanted.of(use.image, use.digests, use.ids, engines)
                    how, known = shelf.about(wanted)
                    seen.update(each.origin for each in known)
                    yield _used(row, key[1:], use, how, known[0] if known else None)
        yield from (_alone(each) for each in every if each.origin not in seen)


def _used(row: Row, key: tuple[str, ...], use: rows.Use, how: Joined, known: Read | None) -> Fact:
    if known is None:
        return fact_of(CONTENT, ContentFact(use.image, use.by, known=False), key, row.read_at)
    body = _content(use.image, use.by, known, how)
    return fact_of(CONTENT, body, key, row.read_at, known.origin)


def _alone(read: Read) -> Fact:
    image = read.files.image
    name = next(iter((*image.names, *image.digests, image.id)))
    key = ("", read.origin.target, name)
    return fact_of(CONTENT, _content(name, "", read, Joined.DIGEST), key, read.origin)


def _content(image: str, by: str, read: Read, how: Joined) -> ContentFact:
    special = read.files.special
    return ContentFact(image, by, True, len(special), special[:_MOST], how.value)
