"""Workloads, completed by what stands around them.

That is the containers whose namespaces they share, the Dockerfiles that their images are built of,
and the services whose volumes and namespaces they have: a module of each aspect says more, and
:mod:`auditor.analysis.completing` how it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.completing import WAITING, Aspects, Completed, Waiting, together
from auditor.analysis.docker import built, shared_namespaces, siblings
from auditor.analysis.docker.built import IMAGE
from auditor.analysis.docker.shared_namespaces import NAMESPACES
from auditor.analysis.docker.siblings import SIBLINGS
from auditor.analysis.protocol import Groups, Row, Site, Tables
from auditor.analysis.related import Related
from auditor.model.resource import Resource
from auditor.platforms.docker import COMPOSE_SERVICE, CONTAINER, DOCKERFILE, WORKLOAD

_OPEN: Final = MappingProxyType(
    {
        NAMESPACES: shared_namespaces.is_open,
        IMAGE: built.is_open,
        SIBLINGS: siblings.is_open,
    }
)
_ASPECTS: Final = MappingProxyType(
    {
        NAMESPACES: shared_namespaces.ASPECT,
        IMAGE: built.ASPECT,
        SIBLINGS: siblings.ASPECT,
    }
)
_decode_waiting = msgspec.json.Decoder(Waiting).decode


class JoinedWorkloads:
    """Completes the workloads of a target."""

    id = "docker-joined"
    reads = frozenset({COMPOSE_SERVICE, CONTAINER, DOCKERFILE})
    combined = frozenset({WAITING})
    completes: Mapping[str, Aspects] = MappingProxyType(
        {
            WORKLOAD: MappingProxyType(
                {
                    NAMESPACES: shared_namespaces.ASPECT,
                    IMAGE: built.ASPECT,
                    SIBLINGS: siblings.ASPECT,
                }
            )
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a resource completes workloads with."""
        if resource.kind == CONTAINER:
            yield from shared_namespaces.rows(resource, site)
        else:
            yield from built.rows(resource, site)
            yield from siblings.rows(resource, site)

    def combine(self, one: Row, other: Row) -> Row:
        """Make one of two that wait for the same."""
        return together(one, other)

    def awaits(self, fact: Resource) -> tuple[str, ...]:
        """Name what may be completed of a workload."""
        return tuple(name for name, is_open in _OPEN.items() if is_open(fact))

    def complete(self, groups: Groups) -> Iterator[Completed]:
        """Complete each workload by what was read of its target."""
        around = _Around()
        for _, rows in groups:
            for row in rows:
                if row.tag == WAITING:
                    yield around.completed(row)
                else:
                    around.add(row)


def make(tables: Tables) -> JoinedWorkloads:
    """Make the analysis; it needs no table."""
    del tables
    return JoinedWorkloads()


class _Around:
    """What was read of one target."""

    def __init__(self) -> None:
        self._containers = shared_namespaces.Containers()
        self._builds = built.Builds()
        self._services = siblings.Services()

    def add(self, row: Row) -> None:
        """Take in what completes others."""
        if row.tag == CONTAINER:
            self._containers.add(row)
        elif row.tag == siblings.TAG:
            self._services.add(row)
        else:
            self._builds.add(row)

    def completed(self, row: Row) -> Completed:
        """Complete one workload."""
        waiting = _decode_waiting(row.body)
        body, related = dict(waiting.body), Related()
        spots = self._containers.complete(body, related)
        if IMAGE in waiting.aspects:
            spots += self._builds.complete(row.place.uid, body, related)
        if SIBLINGS in waiting.aspects:
            spots += self._services.complete(row.place, body, related)
        return Completed(row, waiting, body if spots else None, spots, tuple(related.origins))
