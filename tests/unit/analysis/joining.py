"""Derives the facts of a joining analysis as a run does: rows to sorted lines, lines to groups."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.analysis.analyses import Analyses
from auditor.analysis.protocol import OTHERS, Handed, JoiningAnalysis, Site
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource, Target
from auditor.platforms import PLATFORMS
from auditor.runner.rows import Rows, joined

SITE = Site(Target("t", "files"), "e" * 64, lambda document, pointer: len(pointer) + document)


def rows_of(
    analysis: JoiningAnalysis, resources: Iterable[Resource], site: Site = SITE
) -> list[bytes]:
    """What one worker leaves of some resources."""
    rows = Rows(Analyses((), (analysis,)))
    listed = PLATFORMS.kinds
    for resource in resources:
        other = OTHERS in analysis.reads and resource.kind not in listed
        if other or resource.kind in analysis.reads:
            rows.extract(analysis, resource, site)
    return rows.lines()


def derived(analysis: JoiningAnalysis, *parts: Iterable[Resource], site: Site = SITE) -> list[Fact]:
    """The facts of what several workers read, each a part."""
    lines = sorted(line for part in parts for line in rows_of(analysis, part, site))
    found: list[Fact] = []
    for each, groups in joined((analysis,), lines):
        for fact in each.derive(groups):
            assert not isinstance(fact, Gap)
            if not isinstance(fact, Handed):
                found.append(fact)
    return found
