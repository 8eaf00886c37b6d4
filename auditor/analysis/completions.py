"""Pod templates, completed by what surrounds them: what LimitRanges of the namespace fill in.

See :mod:`auditor.analysis.completing` for how it goes, and a module of each aspect for what it
does. Namespaces are taken as they are written: where an object goes that names none is decided
when it is applied, and nothing there fills in what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import facts, limits
from auditor.analysis.bodies import decoded
from auditor.analysis.completing import (
    WAITING,
    Aspect,
    Aspects,
    Completed,
    Otherwise,
    Waiting,
    together,
)
from auditor.analysis.limits import Defaults, defaults_of, mapping
from auditor.analysis.protocol import Groups, Key, Row, Site, Tables
from auditor.model.resource import Resource

LIMIT_RANGE: Final = "k8s/LimitRange"
LIMITS: Final = "limits"
_RESOURCES: Final = tuple(("spec", field, "*", "resources") for field in limits.CONTAINERS)

_decode_waiting = msgspec.json.Decoder(Waiting).decode
_decode_defaults = msgspec.json.Decoder(Defaults).decode
_encode = msgspec.json.encode


class _Owner(msgspec.Struct, gc=False):
    kind: str = ""


class _Metadata(msgspec.Struct, gc=False):
    resourceVersion: str | None = None  # noqa: N815 - the field's name in the API


class _Template(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    owner: _Owner | None = None


_decode_template = msgspec.json.Decoder(_Template).decode


class PodCompletions:
    """Completes the pod templates of a target."""

    id = "pod-completion"
    reads = frozenset({LIMIT_RANGE})
    combined = frozenset({WAITING})
    completes: Mapping[str, Aspects] = MappingProxyType(
        {
            facts.KIND: MappingProxyType(
                {LIMITS: Aspect(paths=_RESOURCES, kinds=frozenset({LIMIT_RANGE}))}
            )
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a LimitRange fills in."""
        found = defaults_of(decoded(resource))
        if resource.namespace and found.pointers:
            origin = site.origin(resource, "", found.pointers)
            yield Row(_around(resource.namespace), resource.kind, origin, _encode(found))

    def combine(self, one: Row, other: Row) -> Row:
        """Count the pods of one controller."""
        return together(one, other)

    def awaits(self, fact: Resource) -> tuple[str, ...]:
        """Name what may be completed: of a pod that was admitted, its limits were."""
        if fact.kind == facts.KIND and fact.namespace and not _admitted(fact):
            return (LIMITS,)
        return ()

    def complete(self, groups: Groups) -> Iterator[Completed]:
        """Complete each template by what was read of its namespace."""
        around = _Around("")
        for (namespace, *_), rows in groups:
            if namespace != around.namespace:
                around = _Around(namespace)
            for row in rows:
                if row.tag == WAITING:
                    yield around.completed(row)
                else:
                    around.add(row)


def make(tables: Tables) -> PodCompletions:
    """Make the analysis; it needs no table."""
    del tables
    return PodCompletions()


class _Around:
    """What was read of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._ranges: list[Row] = []

    def add(self, row: Row) -> None:
        """Take in what completes others."""
        self._ranges.append(row)

    def _limits(self) -> tuple[Sequence[Row], Sequence[Defaults]]:
        rows = sorted(self._ranges, key=lambda row: (row.place.name, row.place.source))
        return rows, [_decode_defaults(row.body) for row in rows]

    def completed(self, row: Row) -> Completed:
        """Complete one template."""
        waiting = _decode_waiting(row.body)
        rows, ranges = self._limits()
        spec, spots = limits.filled(mapping(waiting.body.get("spec")), ranges)
        body = {**waiting.body, "spec": spec}
        other = Otherwise(frozenset({LIMIT_RANGE}), {**body, "spec": limits.unread(spec)})
        return Completed(
            row,
            waiting,
            body if spots else None,
            spots,
            tuple(each.place for each in rows),
            (other,),
        )


def _around(namespace: str) -> Key:
    return (namespace, "")


def _admitted(template: Resource) -> bool:
    """Whether a template is a pod that an API server has admitted: it is as it will be."""
    try:
        found = _decode_template(template.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False  # a field of the wrong type: rules about the template say so
    owner, metadata = found.owner, found.metadata
    return (
        owner is not None
        and owner.kind == "Pod"
        and metadata is not None
        and bool(metadata.resourceVersion)
    )
