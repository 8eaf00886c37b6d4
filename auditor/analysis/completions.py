"""Pod templates, completed by what surrounds them.

That is what LimitRanges of the namespace fill in, the folders of nodes that are behind claims, and
what ConfigMaps put into the environment: a module of each aspect says more, and
:mod:`auditor.analysis.completing` how it goes. Namespaces are taken as they are written: where an
object goes that names none is decided when it is applied, and no LimitRange fills in what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import claims, environment, facts, limits
from auditor.analysis.bodies import decoded
from auditor.analysis.claims import Claim, Disk, Disks
from auditor.analysis.completing import (
    WAITING,
    Aspect,
    Aspects,
    Completed,
    Otherwise,
    Spots,
    Waiting,
    together,
)
from auditor.analysis.environment import Settings
from auditor.analysis.limits import Defaults, defaults_of
from auditor.analysis.loose import mapping
from auditor.analysis.protocol import Groups, Key, Row, Site, Tables
from auditor.analysis.related import Related
from auditor.model.resource import Resource
from auditor.secrets.hints import find

LIMIT_RANGE: Final = "k8s/LimitRange"
CLAIM: Final = "k8s/PersistentVolumeClaim"
VOLUME: Final = "k8s/PersistentVolume"
CONFIG: Final = "k8s/ConfigMap"
LIMITS: Final = "limits"
CLAIMS: Final = "claims"
ENVIRONMENT: Final = "environment"
_OF_LIMITS: Final = Aspect(
    paths=tuple(("spec", field, "*", "resources") for field in limits.CONTAINERS),
    kinds=frozenset({LIMIT_RANGE}),
)
_OF_CLAIMS: Final = Aspect(
    paths=(("spec", "volumes", "*", "hostPath"),), kinds=frozenset({CLAIM, VOLUME})
)
_OF_ENVIRONMENT: Final = Aspect(
    paths=tuple(
        ("spec", containers, "*", field)
        for containers in environment.CONTAINERS
        for field in ("env", "envFrom")
    ),
    kinds=frozenset({CONFIG}),
    asked=False,  # of a cluster ConfigMaps are not read as a whole: what they say is not known
)
_CONFIG_NAMES: Final = (b'"configMapKeyRef"', b'"configMapRef"')
_CLAIM_NAME: Final = b'"claimName"'
_ALL: Final[Key] = ()

_decode_waiting = msgspec.json.Decoder(Waiting).decode
_decode_defaults = msgspec.json.Decoder(Defaults).decode
_decode_claim = msgspec.json.Decoder(Claim).decode
_decode_settings = msgspec.json.Decoder(Settings).decode
_decode_disk = msgspec.json.Decoder(Disk).decode
_encode = msgspec.json.encode

Spec = dict[str, object]


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
    reads = frozenset({LIMIT_RANGE, CLAIM, VOLUME, CONFIG})
    combined = frozenset({WAITING})
    completes: Mapping[str, Aspects] = MappingProxyType(
        {
            facts.KIND: MappingProxyType(
                {LIMITS: _OF_LIMITS, CLAIMS: _OF_CLAIMS, ENVIRONMENT: _OF_ENVIRONMENT}
            ),
            facts.PATCH: MappingProxyType({CLAIMS: _OF_CLAIMS, ENVIRONMENT: _OF_ENVIRONMENT}),
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what an object completes pods with."""
        body, key = decoded(resource), _around(resource.namespace)
        match resource.kind:
            case "k8s/LimitRange":
                found = defaults_of(body)
                if resource.namespace and found.pointers:
                    origin = site.origin(resource, "", found.pointers)
                    yield Row(key, LIMIT_RANGE, origin, _encode(found))
            case "k8s/PersistentVolumeClaim":
                claim = claims.claim_of(resource.name, body)
                if claim is not None:
                    yield Row(key, CLAIM, site.origin(resource), _encode(claim))
            case "k8s/ConfigMap":
                settings = environment.settings_of(resource.name, body)
                if settings.data:
                    origin = site.origin(resource, "", environment.pointers(settings))
                    yield Row(key, CONFIG, origin, _encode(settings))
            case _:
                disk = claims.disk_of(resource.name, body)
                if disk is not None:
                    pointers = (disk.pointer, f"{disk.pointer}/path")
                    yield Row(_ALL, VOLUME, site.origin(resource, "", pointers), _encode(disk))

    def combine(self, one: Row, other: Row) -> Row:
        """Count the pods of one controller."""
        return together(one, other)

    def awaits(self, fact: Resource) -> tuple[str, ...]:
        """Name what may be completed: of a pod that was admitted, its limits were."""
        found = []
        if find(fact.body, _CLAIM_NAME) >= 0:
            found.append(CLAIMS)
        if any(find(fact.body, name) >= 0 for name in _CONFIG_NAMES):
            found.append(ENVIRONMENT)
        if fact.kind == facts.KIND and fact.namespace and not _admitted(fact):
            found.append(LIMITS)
        return tuple(found)

    def complete(self, groups: Groups) -> Iterator[Completed]:
        """Complete each template by what was read of its namespace, and of all."""
        disks = _Disks(())
        around = _Around("", disks)
        for key, rows in groups:
            if key == _ALL:
                disks = _Disks(rows)
                around = _Around("", disks)
                continue
            namespace = key[0]
            if namespace != around.namespace:
                around = _Around(namespace, disks)
            for row in rows:
                if row.tag == WAITING:
                    yield around.completed(row)
                else:
                    around.add(row)


def make(tables: Tables) -> PodCompletions:
    """Make the analysis; it needs no table."""
    del tables
    return PodCompletions()


class _Disks:
    """The volumes of a target that are folders of nodes, and where they were read."""

    def __init__(self, rows: Iterable[Row]) -> None:
        known = list(rows)
        self.places = [row.read_at for row in known]
        self.known = Disks(_decode_disk(row.body) for row in known)


class _Around:
    """What was read of one namespace."""

    def __init__(self, namespace: str, disks: _Disks) -> None:
        self.namespace = namespace
        self._disks = disks
        self._ranges: list[Row] = []
        self._claims: dict[str, Claim] = {}
        self._settings: dict[str, Row] = {}

    def add(self, row: Row) -> None:
        """Take in what completes others; of what is there twice, the first counts."""
        match row.tag:
            case "k8s/LimitRange":
                self._ranges.append(row)
            case "k8s/PersistentVolumeClaim":
                claim = _decode_claim(row.body)
                self._claims.setdefault(claim.name, claim)
            case _:
                self._settings.setdefault(row.read_at.name, row)

    def completed(self, row: Row) -> Completed:
        """Complete one template."""
        waiting = _decode_waiting(row.body)
        spec = mapping(waiting.body.get("spec"))
        related = Related()
        spots: Spots = ()
        others: list[tuple[frozenset[str], Callable[[Spec], Spec]]] = []
        if LIMITS in waiting.aspects:
            spec, more = self._with_limits(spec, related)
            spots += more
            others.append((_OF_LIMITS.kinds, limits.unread))
        if CLAIMS in waiting.aspects:
            spec, more, unknown = self._with_disks(spec, related)
            spots += more
            others += [
                (_OF_CLAIMS.kinds, partial(claims.unread, indices=unknown, path=path))
                for path in claims.UNREAD
                if unknown
            ]
        if ENVIRONMENT in waiting.aspects:
            spec, more = environment.set_in(spec, partial(self._settings_of, related))
            spots += more
        return Completed(
            row,
            waiting,
            {**waiting.body, "spec": spec} if spots else None,
            spots,
            tuple(related.origins),
            tuple(
                Otherwise(kinds, partial(_changed, waiting.body, spec, change))
                for kinds, change in others
            ),
        )

    def _with_limits(self, spec: Spec, related: Related) -> tuple[Spec, Spots]:
        if not self._ranges:
            return spec, ()
        rows = sorted(self._ranges, key=lambda row: (row.read_at.name, row.read_at.source))
        numbers = [related.number(row.read_at) for row in rows]
        return limits.filled(spec, [_decode_defaults(row.body) for row in rows], numbers[0])

    def _settings_of(self, related: Related, name: str) -> tuple[Settings, int] | None:
        row = self._settings.get(name)
        return None if row is None else (_decode_settings(row.body), related.number(row.read_at))

    def _with_disks(self, spec: Spec, related: Related) -> tuple[Spec, Spots, Sequence[int]]:
        """The spec with the folders behind its claims; and of which claims none is known."""
        found, unknown = {}, []
        for index, name in claims.claimed(spec):
            number = self._disks.known.behind(self.namespace, name, self._claims)
            if number is None:
                unknown.append(index)
            else:
                of = related.number(self._disks.places[number])
                found[index] = (self._disks.known.all[number], of)
        if not found:
            return spec, (), unknown
        return *claims.mounted(spec, found), unknown


def _changed(body: Spec, spec: Spec, change: Callable[[Spec], Spec]) -> Spec:
    return {**body, "spec": change(spec)}


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
