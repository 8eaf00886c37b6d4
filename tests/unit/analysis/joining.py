"""Derives the facts of a joining analysis as a run does: rows to sorted lines, lines to groups."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.analysis.analyses import Analyses
from auditor.analysis.protocol import JoiningAnalysis, Site
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource, Target
from auditor.runner.rows import Rows, joined

SITE = Site(Target("t", "files"), "e" * 64, lambda document, pointer: len(pointer) + document)


def rows_of(analysis: JoiningAnalysis, resources: Iterable[Resource]) -> list[bytes]:
    """What one worker leaves of some resources."""
    rows = Rows(Analyses((), (analysis,)))
    for resource in resources:
        if resource.kind in analysis.reads:
            rows.extract(analysis, resource, SITE)
    return rows.lines()


def derived(analysis: JoiningAnalysis, *parts: Iterable[Resource]) -> list[Fact]:
    """The facts of what several workers read, each a part."""
    lines = sorted(line for part in parts for line in rows_of(analysis, part))
    found: list[Fact] = []
    for each, groups in joined((analysis,), lines):
        for fact in each.derive(groups):
            assert not isinstance(fact, Gap)
            found.append(fact)
    return found
