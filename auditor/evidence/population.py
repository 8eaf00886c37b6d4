"""What was enumerated, evaluated and excluded, and what failed; and that each failure is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.model.enums import CAUSES, Answered, GapCause
from auditor.model.evidence import Record, TargetEntry
from auditor.model.resource import Gap


def population(records: Iterable[Record], used: set[str]) -> dict[str, Any]:
    """Counts of the queries of one target; the blocks that they need are added to ``used``."""
    answered: Counter[str] = Counter()
    incomplete = resources = 0
    for record in records:
        answered[record.answered.value] += 1
        incomplete += not record.complete
        resources += record.count
        used.add(record.block)
    return {
        "queries": answered.total(),
        "answered": dict(sorted(answered.items())),
        "incomplete": incomplete,
        "resources": resources,
    }


def enumerated(entry: TargetEntry, state: str, counts: Mapping[str, Any]) -> dict[str, Any]:
    """What the inventory says of one target."""
    return {
        "uri": entry.uri,
        "state": state,
        "gaps": len(entry.gaps),
        "excluded": {item.kind: item.reason for item in entry.excluded},
        **left_out(entry),
        **counts,
    }


def left_out(entry: TargetEntry) -> dict[str, dict[str, int]]:
    """Name the globs by which files of a target were left out, with how many; else nothing."""
    files = {each.glob: each.files for each in entry.passed.excluded}
    return {"leftOut": files} if files else {}


def missing_gaps(entry: TargetEntry, records: Sequence[Record]) -> Iterator[Gap]:
    """The gaps that records call for and a target does not have.

    A query that was refused, or cut short, is a gap of its kind and namespace, or of its file. What
    could not be understood within a file that was read is told by its body.
    """
    if entry.failure:
        return
    told = {(gap.scope, gap.namespace, gap.cause) for gap in entry.gaps}
    for record in records:
        if record.answered is Answered.OK and (record.complete or not record.kind):
            continue
        cause = CAUSES.get(record.answered, GapCause.TRUNCATED)
        if (*_scope(record), cause) not in told:
            why = record.detail or record.answered.value
            detail = f"{record.request}: {why}"
            scope = record.kind or record.request
            yield Gap(entry.uri, scope, cause, detail, namespace=record.namespace)


def _scope(record: Record) -> tuple[str, str]:
    """How a gap names what a record was about: a kind in a namespace, or a file."""
    return (record.kind, record.namespace) if record.kind else (record.request, "")
