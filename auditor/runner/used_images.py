"""Which images the targets of a run use, found by reading them once before they are judged.

Only for who asks for a scanner to be run: what the scanner takes is far more than to read twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.analysis.analyses import Analyses
from auditor.analysis.images import rows
from auditor.analysis.images.asking import images_of
from auditor.analysis.images.joining import of_uses
from auditor.analysis.protocol import ObjectAnalysis, Site
from auditor.errors import CollectionError
from auditor.model.resource import Gap, Resource
from auditor.ports import Collector
from auditor.runner.cleaning import CleanCollector
from auditor.runner.rows import Rows, joined


def images_used(
    collectors: Sequence[Collector], of_objects: Sequence[ObjectAnalysis]
) -> list[tuple[str, str]]:
    """Find the images, each by what a scanner is asked for, with its digest where it is known.

    What can't be read is left out: whoever judges it says so.
    """
    analysis = of_uses({})
    found = Rows(Analyses((), (analysis,)))
    for collector in map(CleanCollector, collectors):
        site = Site(collector.target, "", _no_line)
        for resource in _resources(collector):
            for subject in _subjects(resource, of_objects):
                if subject.kind in rows.USERS:
                    found.extract(analysis, subject, site)
        found.settle()
    return [each for _, groups in joined((analysis,), found.lines()) for each in images_of(groups)]


def _no_line(document: int, pointer: str) -> int:
    """Nobody is told where an image is named."""
    del document, pointer
    return 0


def _one_shard(weight: int) -> int:
    del weight
    return 1


def _resources(collector: Collector) -> Iterator[Resource]:
    try:
        plan = collector.plan(_one_shard)
    except CollectionError:
        return
    for shard in plan.shards:
        for reading in collector.read(shard):
            if not isinstance(reading, Gap):
                yield from reading.resources()


def _subjects(resource: Resource, of_objects: Sequence[ObjectAnalysis]) -> Iterator[Resource]:
    if resource.partial:
        return
    yield resource
    for analysis in of_objects:
        yield from (each for each in analysis.derive(resource) if isinstance(each, Resource))
