"""What was read before, as a target among others: ``auditor scan manifests/ evidence/``.

A folder that ``auditor collect`` or ``auditor scan --output`` wrote is told by its manifest, and
each target in it is one of the run. Files that were kept are read again where they are; answers of
a live target are taken over into the evidence of the run, so that its bundle holds all that it was
judged by::

    evidence/manifest.json      k8s://prod, docker://gpu-1      two targets of this run
    evidence/bodies/…           copied into the bundle          each digest as it was
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.errors import IntegrityError
from auditor.evidence import files
from auditor.evidence.blocks import BlockReader
from auditor.evidence.layout import BODIES, MANIFEST, Collected
from auditor.evidence.population import missing_gaps
from auditor.evidence.reading import read_folder
from auditor.evidence.strict import MOST_BYTES
from auditor.model.enums import GapCause
from auditor.model.evidence import Record, TargetEntry
from auditor.model.resource import Gap
from auditor.ports import Bodies, Sink
from auditor.secrets.bodies import CleanBody, clean_body, vouched
from auditor.secrets.redactions import MARK, redactions

_FAMILY: Final = "bundle/"


class _Head(msgspec.Struct, frozen=True):
    format: str = ""


_head: Final = msgspec.json.Decoder(_Head).decode


def is_recorded(place: Path) -> bool:
    """Whether a folder says of itself that it is one of ours; any other may hold a manifest too."""
    try:
        found = _head(files.read(place / MANIFEST, MOST_BYTES))
    except (IntegrityError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return found.format.startswith(_FAMILY)


def read_recorded(place: Path) -> tuple[Bodies, tuple[Collected, ...]]:
    """Read what a folder holds; each entry says that it was read before, and has all its gaps.

    Raises:
        UsageError: it is of another format.
        IntegrityError: a file is missing, new, or not what the manifest says.
    """
    _, found = read_folder(place)
    return BlockReader(place / BODIES), tuple(_told(each, place) for each in found)


def in_full(read: Collected) -> Collected:
    """A target whose entry tells of each query that failed; what no gap tells of is one then."""
    more = tuple(missing_gaps(read.entry, read.records))
    entry = replace(read.entry, gaps=(*read.entry.gaps, *more)) if more else read.entry
    return Collected(entry, read.records)


def _told(read: Collected, place: Path) -> Collected:
    found = in_full(read)
    note = f"not read now: {place} holds what was read at {read.entry.started}"
    entry = replace(found.entry, notes=(*found.entry.notes, note), place=str(place))
    return Collected(entry, found.records)


class RecordedTarget(msgspec.Struct, frozen=True):
    """A live target as it was; implements :class:`auditor.ports.Live`, and asks nobody.

    Its records stay in their order, and of secrets that were left out then it is said again where;
    the commitments to them belong to the run that made them.
    """

    read: Collected
    bodies: Bodies

    @property
    def uri(self) -> str:
        """The target as it was typed then."""
        return self.read.entry.uri

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Take over what was read; what is wanted now and was not asked for then is a gap later."""
        del kinds
        records = self.read.records
        gaps: list[Gap] = []
        for number, record in enumerate(records):
            progress(number, len(records))
            gaps += self._take_over(record, sink)
        progress(len(records), len(records))
        entry = self.read.entry
        return replace(entry, gaps=(*entry.gaps, *gaps)) if gaps else entry

    def _take_over(self, record: Record, sink: Sink) -> Iterator[Gap]:
        if not record.sha256:
            sink.add(record, None)
            return
        body = self.bodies.body(record)
        if body is None:
            detail = f"{record.request}: its evidence is not what was recorded"
            yield Gap(self.uri, record.kind or self.uri, GapCause.MALFORMED, detail)
            sink.add(replace(record, sha256="", size=0, block="", at=0, complete=False), None)
            return
        sink.add(record, _again(body))


def _again(body: bytes) -> CleanBody:
    """A body as it may be kept, and all places where something was left out of it, now or then."""
    data = clean_body(body).data
    if MARK not in data:
        return vouched(data)
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = data.decode(errors="replace")
    return vouched(data, list(redactions(value, None, lambda _: "")))
