"""What a plug-in author needs besides the model: the shape of collectors and report formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from auditor.model.finding import Report
from auditor.model.resource import Evidence, Gap, Resource, Target


class Shard(msgspec.Struct, frozen=True):
    """A part of a target that a worker reads by itself: references, never objects.

    ``items`` are strings that only the collector understands (paths relative to the target).
    ``weight`` is a relative cost, used to balance workers.
    """

    number: int
    items: tuple[str, ...]
    weight: int


class Plan(msgspec.Struct, frozen=True):
    """What a collector will read, in a fixed order, and what it already knows it can't."""

    shards: tuple[Shard, ...]
    gaps: tuple[Gap, ...]
    files: int
    skipped: int


class Reading(Protocol):
    """One file or one answered request: its digest is cheap, its contents are parsed on demand."""

    @property
    def source(self) -> str:
        """Path relative to the target, or the request."""
        ...

    @property
    def evidence(self) -> Evidence:
        """The answered query with the sha256 of its bytes."""
        ...

    def resources(self) -> Iterator[Resource]:
        """The objects in it, in document order; also fills ``gaps`` and ``skipped``."""
        ...

    def gaps(self) -> Sequence[Gap]:
        """What in it could not be read; complete once ``resources()`` is exhausted."""
        ...

    def skipped(self) -> int:
        """How many documents were no resource; complete once ``resources()`` is exhausted."""
        ...

    def line(self, document: int, pointer: str) -> int:
        """1-based line of the field at a JSON pointer of a document's object.

        The nearest existing ancestor's when it is absent; 0 when the source has no lines.
        """
        ...


class Collector(Protocol):
    """Reads one target; looks, never judges. Picklable, so that a worker can hold its own copy."""

    @property
    def target(self) -> Target:
        """What this collector reads."""
        ...

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """List what there is to read, cheaply, cut into parts of about equal weight.

        ``shards`` says how many for a total weight (bytes).

        Raises CollectionError when the whole target can't be read.
        """
        ...

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read one shard in order; an item that can't be read is a Gap in its place."""
        ...


class ReportFormat(Protocol):
    """Report in, bytes out; pure, and streaming so that a large report needs little memory."""

    def __call__(self, report: Report, /) -> Iterator[bytes]:
        """Yield the document in chunks."""
        ...
