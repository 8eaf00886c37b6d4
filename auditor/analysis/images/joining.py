"""The analysis: each image that something uses, with what reports and other documents say of it.

::

    deployment.yaml      Deployment ml/web uses r.io/web:1          no digest
    web.trivy.json       r.io/web:1, sha256:ab…                     two critical faults with a fix
    web.openvex.json     pkg:oci/web@sha256:ab… not affected by CVE-0000-0002, says acme

    image/Scanned        r.io/web:1 of Deployment ml/web: one critical fault, one declared

A fact for each image and each owner, ``image/Scanned``: whose image it is has to build it anew. A
report of an image that nothing here uses is a fact by itself. Where a profile asks whether images
are scanned at all, each use is a fact, ``image/Use``, and an image that no report is about a gap.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.ages import moment
from auditor.analysis.images import rows
from auditor.analysis.images.facts import fact_of
from auditor.analysis.images.knowing import Joined, Shelf, Wanted
from auditor.analysis.images.scanned import Documents, scanned
from auditor.analysis.images.statements import Statuses
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.images import Database, Identity, Report, Sbom, Signature, Statements
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import IMAGE
from auditor.platforms.images import (
    DATABASE,
    REPORT,
    SBOM,
    SCANNED,
    SIGNATURE,
    STATEMENTS,
    USED,
)

_MOST_GAPS: Final = 100
_HINT: Final = "give a report of it: trivy image --format json IMAGE"
_decode_report: Final = msgspec.json.Decoder(Report).decode
_decode_sbom: Final = msgspec.json.Decoder(Sbom).decode
_decode_signature: Final = msgspec.json.Decoder(Signature).decode
_decode_statements: Final = msgspec.json.Decoder(Statements).decode
_decode_database: Final = msgspec.json.Decoder(Database).decode


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A report as it is kept until an image wants it."""

    created: str
    origin: Origin
    body: bytes


class UseFact(msgspec.Struct, frozen=True):
    """An image of an owner, and whether a report is about it."""

    image: str
    by: str
    digest: str
    scanned: bool


class _Library:
    """All documents of a run."""

    def __init__(self) -> None:
        self.engines: dict[str, Identity] = {}
        self.reports = Shelf[Kept]()
        self.every: list[Kept] = []
        self.boms = Shelf[Sbom]()
        self.signatures = Shelf[Signature]()
        self.statuses = Statuses()
        self.databases: list[Database] = []

    def add(self, row: Row) -> None:
        """Put a document in its place."""
        if row.tag == IMAGE:
            identity = rows.decode_identity(row.body)
            self.engines[identity.id] = identity
        elif row.tag == REPORT:
            head = rows.decode_head(row.body)
            kept = Kept(head.created, row.read_at, row.body)
            self.every.append(kept)
            self.reports.add(head.image, kept)
        elif row.tag == SBOM:
            bom = _decode_sbom(row.body)
            self.boms.add(bom.image, bom)
        elif row.tag == SIGNATURE:
            signature = _decode_signature(row.body)
            self.signatures.add(signature.image, signature)
        elif row.tag == STATEMENTS:
            self.statuses.add(_decode_statements(row.body))
        elif row.tag == DATABASE:
            self.databases.append(_decode_database(row.body))

    def documents(self, wanted: Wanted, day: str) -> Documents:
        """What there is of an image beside its reports."""
        how, boms = self.boms.about(wanted)
        serials = frozenset(each.serial for each in boms if how is Joined.DIGEST)
        _, signatures = self.signatures.about(wanted)
        newest = max((each.updated for each in self.databases), default="", key=moment)
        return Documents(self.statuses, bool(boms), serials, tuple(signatures), newest, day)


class Images:
    """Joins the images that are used with what documents say of them."""

    stage = Stage.RUN
    combined = frozenset({rows.USE})
    reads = rows.READS

    def __init__(self, kind: str, day: str = "") -> None:
        """``kind`` is the fact to make, ``day`` that of the run, as 2026-11-30."""
        self.id = kind.lower().replace("/", "-")
        self.feeds: Feeds = MappingProxyType({kind: MappingProxyType({"": rows.READS})})
        self._kind = kind
        self._day = day

    def on(self, day: str) -> Images:
        """The same for a run on that day."""
        return Images(self._kind, day)

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take images and documents of one object."""
        if self._kind == USED and resource.kind in rows.DOCUMENTS:
            return rows.heads_of(resource, site)
        return rows.rows_of(resource, site)

    def combine(self, one: Row, other: Row) -> Row:
        """Put together what is known of one use."""
        return rows.combined(one, other)

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield a fact for each image of each owner, and for each report that nobody uses."""
        library, uses = _Library(), _Uses()
        last: tuple[bytes, Report] | None = None
        for key, found in groups:
            if key[0] == rows.KNOWN:
                for row in found:
                    library.add(row)
                continue
            row = next(found)
            use = rows.decode_use(row.body)
            wanted = Wanted.of(use.image, use.digests, use.ids, library.engines)
            how, reports = library.reports.about(wanted)
            uses.add(row, use, reports)
            if self._kind == USED:
                yield _use(row, use, wanted, scanned=bool(reports))
            elif reports:
                best = max(reports, key=lambda each: (moment(each.created), each.origin.source))
                if last is None or last[0] is not best.body:
                    last = best.body, _decode_report(best.body)
                documents = library.documents(wanted, self._day)
                body = scanned(use.image, use.by, last[1], how, wanted, documents)
                yield fact_of(SCANNED, body, key[1:], row.read_at, best.origin)
        if self._kind == SCANNED:
            yield from _by_themselves(library, uses.seen, self._day)
        else:
            yield from uses.gaps()


class _Uses:
    """Which reports were of use, and the images that no report is about."""

    def __init__(self) -> None:
        self.seen: set[Origin] = set()
        self._without: dict[tuple[str, str], str] = {}

    def add(self, row: Row, use: rows.Use, reports: Sequence[Kept]) -> None:
        """Take down a use."""
        self.seen.update(each.origin for each in reports)
        if not reports:
            self._without.setdefault((row.read_at.target, use.image), use.by)

    def gaps(self) -> Iterator[Gap]:
        """Yield a gap for each image without a report, the first by name, and one for the rest."""
        without = sorted(self._without.items())
        for (target, image), by in without[:_MOST_GAPS]:
            detail = f"no report is about {image}, which {by} uses"
            yield Gap(target, REPORT, GapCause.UNREACHABLE, detail, _HINT)
        if without[_MOST_GAPS:]:
            (target, _), _ = without[_MOST_GAPS]
            detail = f"no report is about {len(without) - _MOST_GAPS:,} more images"
            yield Gap(target, REPORT, GapCause.UNREACHABLE, detail, _HINT)


def _by_themselves(library: _Library, seen: Container[Origin], day: str) -> Iterator[Fact]:
    """Yield the reports of images that nothing uses: they may be of what is built here."""
    for kept in library.every:
        if kept.origin in seen:
            continue
        report = _decode_report(kept.body)
        image = report.image
        name = next(iter((*image.names, *image.digests, image.id, kept.origin.name)))
        ids = (image.id,) if image.id else ()
        wanted = Wanted.of(name, image.digests, ids, library.engines)
        documents = library.documents(wanted, day)
        body = scanned(name, "", report, Joined.DIGEST, wanted, documents)
        yield fact_of(SCANNED, body, ("", kept.origin.source, name), kept.origin)


def _use(row: Row, use: rows.Use, wanted: Wanted, *, scanned: bool) -> Fact:
    body = UseFact(use.image, use.by, min(wanted.digests, default=""), scanned)
    return fact_of(USED, body, row.key[1:], row.read_at)


def of_scanned(tables: Tables) -> Images:
    """Make the analysis of images with reports."""
    del tables
    return Images(SCANNED)


def of_uses(tables: Tables) -> Images:
    """Make the analysis of which images have any."""
    del tables
    return Images(USED)
