"""What is different between two results: findings that are new, gone, or changed.

A finding is the same one when its fingerprint is: rule, target, resource and element, whatever its
line or message. It has changed when another thing made it fail, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import IntegrityError
from auditor.evidence.streamed import read_head, rows_in
from auditor.model.results import Counts
from auditor.model.results_finding import FindingSummary

_NOTHING: Final = Counts(0, 0, 0, 0, 0)


def findings_in(path: Path) -> Iterator[FindingSummary]:
    """Read the findings of results, one by one.

    Raises:
        IntegrityError: these are not results of ours.
    """
    decode = msgspec.json.Decoder(FindingSummary).decode
    for row in rows_in(path):
        try:
            found = decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise IntegrityError(f"{path.name}: {error}") from error
        yield found


def by_fingerprint(path: Path) -> dict[str, FindingSummary]:
    """The findings of results that are whole: as many as their counts say.

    Raises:
        IntegrityError: these are not results of ours, or findings are missing.
    """
    found: dict[str, FindingSummary] = {}
    listed: Counter[tuple[str, str]] = Counter()
    for each in findings_in(path):
        found[each.fingerprint] = each
        listed[each.rule, each.verdict] += each.covers
    counts = read_head(path).counts
    for rule in sorted({rule for rule, _ in listed} | counts.keys()):
        known = counts.get(rule, _NOTHING)
        fail, manual, unknown = (listed[rule, verdict] for verdict in ("fail", "manual", "unknown"))
        # what could not be seen at all is counted as unknown, and is not a finding
        if (fail, manual) != (known.fail, known.manual) or unknown > known.unknown:
            raise IntegrityError(
                f"{path.name}: findings of {rule} are not as many as its counts say"
            )
    return found


class Change(msgspec.Struct, frozen=True):
    """A finding before and after; None where it was not."""

    before: FindingSummary | None
    after: FindingSummary | None

    @property
    def what(self) -> str:
        """``new``, ``gone`` or ``changed``."""
        if self.before is None:
            return "new"
        return "gone" if self.after is None else "changed"

    @property
    def finding(self) -> FindingSummary:
        """The finding as it is, or as it was."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change of nothing")
        return found


def state_of(found: FindingSummary) -> tuple[str, str, str, tuple[str, ...]]:
    """Return what has changed when a finding is said to have changed."""
    return found.verdict, found.severity, found.message, found.causes


def changes(
    before: Mapping[str, FindingSummary], after: Mapping[str, FindingSummary]
) -> Iterator[Change]:
    """What is different, in the order of the reports: what is there now, then what is gone."""
    for fingerprint, found in after.items():
        known = before.get(fingerprint)
        if known is None or state_of(known) != state_of(found):
            yield Change(known, found)
    for fingerprint, found in before.items():
        if fingerprint not in after:
            yield Change(found, None)
