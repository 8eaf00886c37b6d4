"""Files, read and kept without a verdict: what ``scan --output`` keeps of them, and nothing more.

What was rendered of a folder is kept as it came out, so that whoever judges it needs no tool.
"""

from __future__ import annotations

from typing import Final

from auditor.errors import BrokenError, CollectionError
from auditor.evidence.commitments import committing
from auditor.evidence.layout import Collected
from auditor.evidence.writing import PartWriter
from auditor.model.enums import GapCause
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.resource import Gap
from auditor.ports import Collector, Plan, Reading
from auditor.runner.cleaning import CleanCollector
from auditor.runner.gather import CollectionRequest, Progress
from auditor.runner.mishaps import FORESEEN, Mishaps, readings
from auditor.runner.notes import Notes

_PARTS: Final = 64
_NO_PLAN: Final = Plan((), ())


def store(
    collector: Collector, number: int, order: CollectionRequest, progress: Progress
) -> Collected:
    """Keep all that a target of files holds in the folder of ``order``, as its ``number``.

    A file that can't be read is a gap, and a target that can't be read as a whole says why.
    """
    clean = CleanCollector(collector)
    started = order.clock()
    plan, failure = _planned(clean)
    mishaps = Mishaps(clean.target.uri, number)
    unread = list(plan.gaps)
    records: list[Record] = []
    for done, shard in enumerate(plan.shards):
        progress(clean.target.uri, done, len(plan.shards))
        notes = _notes(order, number, shard.number, started)
        for reading in readings(clean, shard, mishaps):
            if isinstance(reading, Gap):
                unread.append(reading)
                notes.refused(reading)
            else:
                _keep(reading, notes, mishaps)
        records += notes.close()
    order.mishaps.extend(mishaps.told())
    return Collected(_entry(clean, plan, failure, tuple(unread), started, order), tuple(records))


def _planned(collector: CleanCollector) -> tuple[Plan, CollectionError | None]:
    """List what there is to read, or say why nothing can be read."""
    try:
        return collector.plan(lambda weight: max(1, min(_PARTS, weight >> 23))), None
    except CollectionError as error:
        return _NO_PLAN, error


def _notes(order: CollectionRequest, number: int, part: int, moment: str) -> Notes:
    commit = committing(order.commitments or b"")
    return Notes(PartWriter(order.folder, number, part, commit), moment, commit)


def _keep(reading: Reading, notes: Notes, mishaps: Mishaps) -> None:
    """Keep one file; a bug of ours costs what is left of it."""
    draft = notes.begin(reading)
    try:
        for resource in reading.resources():
            draft.add(resource)
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours costs what is left of this file
        what = "it" if reading.scope == reading.source else reading.source
        draft.broken = (mishaps.gap(reading.scope, f"{what} was read", error),)
    notes.end(reading, draft)


def _entry(
    collector: CleanCollector,
    plan: Plan,
    failure: CollectionError | None,
    unread: tuple[Gap, ...],
    started: str,
    order: CollectionRequest,
) -> TargetEntry:
    """Say of the target what was read of it, and when."""
    target = collector.target
    cause = None
    if failure is not None:
        broken = isinstance(failure, BrokenError)
        cause = GapCause.INTERNAL if broken else GapCause.UNREACHABLE
    return TargetEntry(
        uri=target.uri,
        uid=target.uid,
        version=target.version,
        authority="",
        principal=Principal(target.principal),
        started=started,
        ended=order.clock(),
        gaps=unread,
        excluded=target.excluded,
        notes=target.notes,
        failure="" if failure is None else failure.message,
        hint="" if failure is None else failure.hint,
        passed=plan.passed,
        cause=cause,
        place=target.place,
    )
