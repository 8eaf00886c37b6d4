"""What was accepted: findings that a waiver covers are marked, and the gate does not count them.

A waiver is a flag beside the verdict. A finding that it covers fails as before, is in the report
with the waiver's id, and is counted apart::

    waiver W-1: k8s-container-privileged, DaemonSet gpu-operator/*, until 2027-01-31
    2027-01-30  fail, waiver W-1    the gate counts it not
    2027-01-31  fail                the waiver has expired, and would cover one finding

The day is that on which the run began, in UTC, so a bundle is judged as on its day. Of several
waivers that cover a finding the first in the file is the one; each is told how many it covers.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import msgspec

from auditor.evidence.entries import read_entries, write_entries
from auditor.evidence.layout import WAIVERS
from auditor.model.enums import Verdict
from auditor.model.finding import Report
from auditor.model.results_finding import FindingState, FindingSummary
from auditor.model.results_layout import rule_of, waived
from auditor.model.terms import IN_FORCE, SOON
from auditor.model.waivers import MANY, WaiverEntry, WaiverResult
from auditor.runner.settings import Settings, Stamp

_decode = msgspec.json.Decoder(FindingSummary).decode


class Waiving:
    """Marks findings that were accepted while they pass by: an amendment."""

    def __init__(self, entries: tuple[WaiverEntry, ...], day: str) -> None:
        """``day`` is that of the run, in UTC, as 2026-11-30."""
        soon = (dt.date.fromisoformat(day) + dt.timedelta(days=SOON)).isoformat()
        self._entries = entries
        self._states = {each.id: each.state(day, soon) for each in entries}
        self._by_rule: dict[str, list[WaiverEntry]] = {}
        for each in entries:
            self._by_rule.setdefault(each.rule, []).append(each)
        self._covered: Counter[str] = Counter()
        self._waived: Counter[tuple[str, str]] = Counter()

    @property
    def counts(self) -> str:
        """What the gate counts: what nobody accepted, where somebody accepted anything."""
        return "unwaived" if self._waived else ""

    def amend(self, finding: bytes, state: FindingState) -> tuple[bytes, bool]:
        """Mark a failing finding that a waiver in force covers; the gate does not count it."""
        if state.verdict is not Verdict.FAIL:
            return finding, True
        candidates = self._by_rule.get(rule_of(finding))
        if candidates is None:
            return finding, True
        summary = _decode(finding)
        fitting = [each for each in candidates if each.select.fits(summary)]
        for each in fitting:
            self._covered[each.id] += 1
        first = next((each for each in fitting if self._states[each.id] in IN_FORCE), None)
        if first is None:
            return finding, True
        self._waived[state.verdict.value, state.severity.value] += 1
        return waived(finding, first.mark), False

    def conclude(self, report: Report) -> Report:
        """Say what each waiver came to, and how many findings are waived."""
        results = tuple(self._result(each) for each in self._entries)
        return msgspec.structs.replace(report, waivers=results, waived=dict(self._waived))

    def _result(self, entry: WaiverEntry) -> WaiverResult:
        covered = self._covered[entry.id]
        return WaiverResult(
            id=entry.id,
            rule=entry.rule,
            select=entry.select,
            reason=entry.reason,
            owner=entry.owner,
            approved_by=entry.approved_by,
            created=entry.created,
            expires=entry.expires,
            ticket=entry.ticket,
            state=self._states[entry.id],
            findings=covered,
            broad=entry.select.is_broad or covered >= MANY,
        )


def waiving(settings: Settings, stamp: Stamp) -> Waiving | None:
    """Make the amendment for the waivers of the settings, None when there are none."""
    if settings.waivers is None:
        return None
    return Waiving(settings.waivers, stamp.started[:10])


def write_waivers(root: Path, entries: tuple[WaiverEntry, ...]) -> None:
    """Keep waivers in a bundle, so that it can be judged again."""
    write_entries(root, WAIVERS, entries)


def read_waivers(root: Path) -> tuple[WaiverEntry, ...] | None:
    """Read the waivers that a bundle was judged with, None when there were none.

    Raises:
        IntegrityError: they are malformed.
    """
    return read_entries(root, WAIVERS, tuple[WaiverEntry, ...])
