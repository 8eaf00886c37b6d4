"""Findings that say the same: of one object in several files, and for one reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Final

import msgspec

from auditor.model.results_finding import Finding

MOST_PLACES: Final = 3
MOST_REASONS: Final = 200
MOST_HELD: Final = 1000


class Same(msgspec.Struct):
    """A finding, and others that say the same of an object of the same name in other places."""

    finding: Finding
    others: list[Finding] = msgspec.field(default_factory=list)
    number: int = 1


def joined(findings: Iterable[Finding]) -> Iterator[Same]:
    """Put findings together that say the same of an object of one name, in the order of places.

    One object is often in several files: generated twice, or vendored. Findings of a rule are in
    the order of their objects' names, so that those are neighbours.
    """
    for _, members in groupby(findings, key=_whose):
        for part in batched(members, MOST_HELD):
            found: dict[str, list[Finding]] = {}
            for finding in sorted(part, key=_place):
                found.setdefault(_said(finding), []).append(finding)
            for first, *others in found.values():
                yield Same(first, others[:MOST_PLACES], len(others) + 1)


def batched(findings: Iterator[Finding], size: int) -> Iterator[list[Finding]]:
    """Cut findings into lists of at most a size."""
    while part := list(islice(findings, size)):
        yield part


def _whose(finding: Finding) -> tuple[str, ...]:
    thing = finding.resource
    return finding.rule, finding.verdict, thing.target, thing.kind, thing.namespace, thing.name


def _place(finding: Finding) -> tuple[str, int]:
    return finding.resource.file, finding.resource.line


def _said(finding: Finding) -> str:
    """Put all that a finding says in one text, without where it is."""
    seen = [(each.path, each.fact, each.of, each.value) for each in finding.observed]
    waiver = finding.waiver.id if finding.waiver is not None else ""
    return repr((finding.element, finding.message, finding.new, finding.covers, waiver, seen))


class Reason(msgspec.Struct):
    """Why there is no verdict: the findings that have none for it, the first of them."""

    text: str
    severity: str
    first: Finding
    number: int = 0
    rules: dict[str, None] = msgspec.field(default_factory=dict)


def reasons(findings: Iterable[Finding], titles: dict[str, str]) -> list[Reason]:
    """Put undecided findings together by what keeps them from a verdict; the worst rules first.

    ``titles`` are those of rules by their ids: a message ends in that of its rule.
    """
    found: dict[str, Reason] = {}
    for finding in findings:
        text = finding.message.removeprefix("not decided: ")
        text = text.removesuffix(f" ({titles.get(finding.rule, '')})")
        if text not in found and len(found) >= MOST_REASONS:
            text = "other reasons"
        reason = found.setdefault(text, Reason(text, finding.severity, finding))
        reason.number += 1
        reason.rules[finding.rule] = None
    return list(found.values())
