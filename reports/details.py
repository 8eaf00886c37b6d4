"""What a finding or a gap is, line by line, for formats that show a text to a person.

Nothing in it can steer what shows it: :func:`reports.text.safe` has replaced control characters and
what hides. What else is special to a format, that format escapes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from auditor.model.finding import GapReport, Report, RuleInfo
from auditor.model.results_finding import Finding, Waiver
from auditor.model.waivers import WaiverResult
from reports.gaps import some
from reports.once import once
from reports.subjects import observations, related, subject
from reports.text import safe
from reports.waivers import notices

MOST_VALUES: Final = 8
PASSING: Final = frozenset({"pass", "not-applicable"})
"""Verdicts of findings that nobody has to do anything about; a run lists them only with --all."""
ASSUMED: Final = "info"
SHOWN_DIGEST: Final = len("sha256:") + 12


@once
def message(finding: Finding) -> str:
    """Say in a line what was found."""
    return safe(finding.message)


@once
def values(finding: Finding) -> tuple[str, ...]:
    """Say what was read, a line a value, the first few."""
    return tuple(map(safe, observations(finding)[:MOST_VALUES]))


@once
def details(finding: Finding) -> tuple[str, ...]:
    """Say whom it is about, what was read, what it rests on, and what was accepted."""
    return tuple(_details(finding))


def _details(finding: Finding) -> Iterator[str]:
    yield safe(subject(finding))
    for item, said in zip(finding.observed, values(finding), strict=False):
        yield f"{said} {safe(f'({item.file}:{item.line})')}" if item.file and item.line else said
    more = len(finding.observed) - MOST_VALUES
    if more > 0:
        yield f"and {more} more values"
    for other in related(finding, many_targets=True):
        yield safe(other)
    if finding.waiver is not None:
        yield accepted(finding.waiver)


def accepted(waiver: Waiver | WaiverResult) -> str:
    """Say who accepted a finding, until when and why."""
    by = f"accepted by {waiver.owner}, approved by {waiver.approved_by}, until {waiver.expires}"
    return safe(f"{by}: {waiver.reason} (waiver {waiver.id})")


def waivers(report: Report) -> Iterator[str]:
    """Say how much is accepted, and of waivers that a person should look at."""
    if report.waivers is None:
        return
    yield f"accepted by waivers, and not counted by the gate: {sum(report.waived.values())}"
    for waiver in report.waivers:
        for notice in notices(waiver):
            yield safe(notice)


def rule_of(report: Report, rule: str) -> RuleInfo:
    """What is known of a rule; of one that the report does not describe, its id."""
    found = report.rules.get(rule)
    return found if found is not None else RuleInfo(rule, rule, ASSUMED, "")


def gap_message(item: GapReport) -> str:
    """Say in a line what was not read and why."""
    gap = item.gap
    where = gap.scope if gap.scope == gap.target else f"{gap.scope} of {gap.target}"
    if gap.namespace:
        where += f", namespace {gap.namespace}"
    return safe(f"not read: {where}: {gap.cause.value}: {gap.detail}")


def gap_details(item: GapReport) -> Iterator[str]:
    """Say what to do about a gap, and which rules have no verdict for it."""
    if item.gap.hint:
        yield safe(f"try: {item.gap.hint}")
    if item.rules:
        yield safe(f"no verdict: {some(item.rules)}")


def gap_fingerprint(item: GapReport) -> str:
    """What tells a gap from others, in 64 hexadecimal digits."""
    gap = item.gap
    parts = (gap.target, gap.scope, gap.namespace, gap.cause.value, str(gap.line), gap.detail)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def verdict_of_run(report: Report) -> str:
    """Say in a line what the gate decided and why."""
    gate = report.gate
    reasons = "; ".join(gate.reasons) or "nothing speaks against it"
    return safe(f"gate {gate.expression}: {gate.decision.value}: {reasons}")


def percent(ratio: float) -> str:
    """Never round up to 100 %: that would hide the one check that was not decided."""
    return f"{int(ratio * 1000) / 10:.1f}"


def targets(report: Report) -> Iterator[str]:
    """Say of each target how much of it was read."""
    for target in report.targets:
        yield safe(f"{target.uri}: {target.state.value}")


def not_decided(report: Report) -> str:
    """Say how much was looked at."""
    return (
        f"coverage {percent(report.coverage.ratio)} %, gaps {len(report.gaps)}, "
        f"profile {safe(report.profile)}{configured(report)}"
    )


def configured(report: Report) -> str:
    """Say which file decided, where one did: its name, and the beginning of its digest."""
    found = report.configuration
    if found is None:
        return ""
    return f", configuration {safe(found.file)} ({found.digest[:SHOWN_DIGEST]})"
