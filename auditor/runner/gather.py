"""Live targets are read first, into a folder, and judged from there like any other.

So what ``scan`` judges is what ``collect`` keeps, byte for byte, and a target that can't be reached
is one entry of the folder that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from auditor.errors import CollectionError
from auditor.evidence.blocks import BlockReader
from auditor.evidence.commitments import committing
from auditor.evidence.layout import BODIES, Collected
from auditor.evidence.writing import FolderSink
from auditor.model.evidence import Principal, TargetEntry
from auditor.ports import Bodies, Collector, Live

Progress = Callable[[str, int, int], None]
Reader = Callable[[Collected, Bodies, frozenset[str]], Collector]
"""Makes the collector of a target that was read: (what, its bodies, wanted kinds)."""


class Order(msgspec.Struct, frozen=True):
    """What to read, and where to: ``scratch`` is for what must be in files and is no evidence.

    ``commitments`` is the key for them, None when nobody asks what was left out. ``secrets`` are
    filled in: the credentials of this run.
    """

    kinds: frozenset[str]
    folder: Path
    scratch: Path
    clock: Callable[[], str]
    commitments: bytes | None = None
    secrets: set[str] = msgspec.field(default_factory=set)


def gather(
    targets: Sequence[Collector | Live], order: Order, reader: Reader, progress: Progress
) -> tuple[list[Collector], dict[int, Collected]]:
    """Read every live target; the collectors of all, in order, and what was read, by number."""
    collectors: list[Collector] = []
    read: dict[int, Collected] = {}
    for number, target in enumerate(targets):
        if isinstance(target, Live):
            commit = committing(order.commitments) if order.commitments is not None else None
            sink = FolderSink(order.folder, number, order.scratch, commit)
            entry = _entry(target, order, sink, progress)
            order.secrets.update(sink.secrets)
            read[number] = Collected(entry, sink.close())
            bodies = BlockReader(order.folder / BODIES)
            collectors.append(reader(read[number], bodies, order.kinds))
        else:
            collectors.append(target)
    return collectors, read


def _entry(target: Live, order: Order, sink: FolderSink, progress: Progress) -> TargetEntry:
    started = order.clock()
    try:
        return target.collect(order.kinds, sink, partial(progress, target.uri))
    except CollectionError as error:
        return TargetEntry(
            uri=target.uri,
            uid="unreachable",
            version="",
            authority="",
            principal=Principal(""),
            started=started,
            ended=order.clock(),
            failure=error.message,
            hint=error.hint,
        )
