"""Workloads, completed by what stands around them.

That is the containers whose namespaces they share, the Dockerfiles that their images are built of,
the services whose volumes and namespaces they have, the folders behind their volumes, and what
their engine gave them unasked: a module of each aspect says more, and
:mod:`auditor.analysis.completing` how it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.completing import (
    WAITING,
    Aspects,
    Completed,
    Otherwise,
    Waiting,
    together,
)
from auditor.analysis.docker import (
    built,
    engine_defaults,
    privileges,
    shared_namespaces,
    siblings,
    volumes,
)
from auditor.analysis.docker.built import IMAGE
from auditor.analysis.docker.privileges import PRIVILEGES
from auditor.analysis.docker.shared_namespaces import NAMESPACES
from auditor.analysis.docker.siblings import SIBLINGS
from auditor.analysis.docker.volumes import VOLUMES
from auditor.analysis.protocol import Groups, Row, Site, Tables
from auditor.analysis.related import Related
from auditor.model.resource import Resource
from auditor.platforms.docker import (
    COMPOSE_SERVICE,
    CONTAINER,
    DOCKERFILE,
    ENGINE_DEFAULTS,
    VOLUME,
    WORKLOAD,
)

DEFAULTS: Final = "defaults"
_OPEN: Final = MappingProxyType(
    {
        NAMESPACES: shared_namespaces.is_open,
        IMAGE: built.is_open,
        SIBLINGS: siblings.is_open,
        PRIVILEGES: privileges.is_open,
        VOLUMES: volumes.is_open,
    }
)
_ASPECTS: Final = MappingProxyType(
    {
        NAMESPACES: shared_namespaces.ASPECT,
        IMAGE: built.ASPECT,
        SIBLINGS: siblings.ASPECT,
        PRIVILEGES: privileges.ASPECT,
        VOLUMES: volumes.ASPECT,
    }
)
_decode_waiting = msgspec.json.Decoder(Waiting).decode


class JoinedWorkloads:
    """Completes the workloads of a target, and what its engine gives them."""

    id = "docker-joined"
    reads = frozenset({COMPOSE_SERVICE, CONTAINER, DOCKERFILE, VOLUME}) | privileges.READS
    combined = frozenset({WAITING})
    completes: Mapping[str, Aspects] = MappingProxyType(
        {
            WORKLOAD: _ASPECTS,
            ENGINE_DEFAULTS: MappingProxyType({DEFAULTS: engine_defaults.ASPECT}),
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a resource completes workloads with."""
        if resource.kind == CONTAINER:
            yield from shared_namespaces.rows(resource, site)
        elif resource.kind in privileges.READS:
            yield from privileges.rows(resource, site)
        elif resource.kind == VOLUME:
            yield from volumes.rows(resource, site)
        else:
            yield from built.rows(resource, site)
            yield from siblings.rows(resource, site)

    def combine(self, one: Row, other: Row) -> Row:
        """Make one of two that wait for the same."""
        return together(one, other)

    def awaits(self, fact: Resource) -> tuple[str, ...]:
        """Name what may be completed of a workload, or of the defaults of an engine."""
        if fact.kind == ENGINE_DEFAULTS:
            return (DEFAULTS,) if engine_defaults.is_open(fact) else ()
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
        self._privileges = privileges.Privileges()
        self._volumes = volumes.Volumes()

    def add(self, row: Row) -> None:
        """Take in what completes others."""
        if row.tag == CONTAINER:
            self._containers.add(row)
        elif row.tag == siblings.TAG:
            self._services.add(row)
        elif row.tag in privileges.READS:
            self._privileges.add(row)
        elif row.tag == VOLUME:
            self._volumes.add(row)
        else:
            self._builds.add(row)

    def completed(self, row: Row) -> Completed:
        """Complete one workload."""
        waiting = _decode_waiting(row.body)
        body, related = dict(waiting.body), Related()
        spots = self._containers.complete(body, related)
        if IMAGE in waiting.aspects:
            spots += self._builds.complete(row.read_at.uid, body, related)
        if SIBLINGS in waiting.aspects:
            spots += self._services.complete(row.read_at, body, related)
        if DEFAULTS in waiting.aspects:
            spots += self._privileges.of_engine.complete(body, related)
        if PRIVILEGES in waiting.aspects:
            spots += self._privileges.complete(row.read_at.uid, body, related)
        otherwise: tuple[Otherwise, ...] = ()
        if VOLUMES in waiting.aspects:
            spots += self._volumes.complete(body, related)
            otherwise = (self._volumes.unread(body),)
        changed = body if spots or body != waiting.body else None
        return Completed(row, waiting, changed, spots, tuple(related.origins), otherwise)
