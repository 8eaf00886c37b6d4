"""The analysis: of the objects of a target, who shares which GPU with whom.

Six kinds of facts. ``gpu/Device`` is a GPU, or a pool of those that can't be told apart, with the
tenants on it: a row of the matrix that reports show. ``gpu/Tenancy`` is by what tenants are told.
``gpu/Share`` is what two tenants share over all devices, for each certainty the weakest.
``gpu/Reach`` is a pod that reaches every GPU of its node past the allocation. ``gpu/Writer`` is a
binding by which a tenant may write what all this rests on. ``gpu/AdapterShare`` is two tenants that
have the same RDMA adapter.

These facts are found: reading less finds less, and never makes one wrong. So what could not be read
leaves a finding as it is, and the rule without a verdict on the rest. Only whose a namespace is
decides whether two pods are of two tenants at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.analysis.gpu.adapters import Together
from auditor.analysis.gpu.bypass import certainty_of, reached
from auditor.analysis.gpu.components import Component, components_from_table
from auditor.analysis.gpu.estate import Estate
from auditor.analysis.gpu.handing import handed_by
from auditor.analysis.gpu.held import Device, NodePool, Reach
from auditor.analysis.gpu.learning import learn
from auditor.analysis.gpu.marks import NAMESPACE, POD
from auditor.analysis.gpu.matrix import device_fact, pool_fact
from auditor.analysis.gpu.naming import CONFIG_MAP
from auditor.analysis.gpu.pairs import (
    Pair,
    Pairs,
    PoolShares,
    of_device,
    of_pool,
    reaches_on,
    weakest,
    whole_of,
)
from auditor.analysis.gpu.rights import KINDS, Scene
from auditor.analysis.gpu.rows import (
    READS,
    TENANTS,
    extracted,
    pod_marks,
)
from auditor.analysis.gpu.shares import Certainty, Share
from auditor.analysis.gpu.tenants import (
    POD_LABEL,
    TenantKey,
    Tenants,
    keys_from_table,
    map_from_table,
    names_in,
    tenancy_of,
)
from auditor.analysis.protocol import Feeds, Groups, Handed, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.texts import ReadText, read_json
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.gpus import KIND as DEVICE
from auditor.model.gpus import TENANCY, WRITER, TenancyFact
from auditor.model.resource import Gap, Resource

SHARE: Final = "gpu/Share"
REACH: Final = "gpu/Reach"
ADAPTERS: Final = "gpu/AdapterShare"

_SHOWN: Final = 20
"""How many shares of a device, and pods of a tenant, are listed by name."""

_encode = msgspec.json.encode


class Tenancies(Uncombined):
    """Joins nodes, pods, claims and slices of a target to who shares what."""

    id = "gpu-tenancy"
    stage = Stage.TARGET
    reads = READS | KINDS
    by_name = frozenset({CONFIG_MAP})
    feeds: Feeds = MappingProxyType(
        {
            DEVICE: MappingProxyType({"": READS}),
            REACH: MappingProxyType({"": READS}),
            TENANCY: MappingProxyType({"": READS}),
            ADAPTERS: MappingProxyType({"": frozenset({NAMESPACE, POD})}),
            WRITER: MappingProxyType({"": READS | KINDS}),
            # two namespaces of which it is not known whose they are may be of one tenant
            SHARE: MappingProxyType(
                {"": READS, "sure": frozenset({NAMESPACE}), "perhaps": frozenset({NAMESPACE})}
            ),
        }
    )

    def __init__(
        self,
        keys: Sequence[TenantKey],
        components: Sequence[Component],
        mapped: Mapping[str, str] = MappingProxyType({}),
        read: ReadText = read_json,
    ) -> None:
        """``keys`` name the tenant of a namespace, ``components`` are no tenant.

        ``mapped`` is what a file says of namespaces, ``read`` reads the text of a configuration.
        """
        self._keys = keys
        self._components = components
        self._mapped = mapped
        self._read = read
        self._pod_labels = names_in(keys, POD_LABEL)

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a resource says of GPUs, and of its tenant."""
        found = extracted(resource, site, self._keys, self._read)
        if self._pod_labels and resource.kind == POD:
            return chain(pod_marks(resource, site, self._pod_labels), found)
        return found

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        """Yield the facts of a target, and a gap for each object that is not as its API has it."""
        estate = Estate(Tenants(self._keys, self._mapped), self._components)
        for key, rows in groups:
            if key == (TENANTS,):
                yield from map(_gap, rows)
            else:
                learn(estate, key, rows)
        estate.settle()
        yield from facts_of(estate, lambda: tenancy_of(estate.tenants, estate.seen))
        yield handed_by(estate)


def make(tables: Tables, read: ReadText = read_json) -> Tenancies:
    """Make the analysis for the tables of a policy."""
    return Tenancies(
        keys_from_table(tables.get("tenancy-keys", ())),
        components_from_table(tables.get("gpu-components", ())),
        map_from_table(tables.get("tenant-map", ())),
        read,
    )


def _gap(row: Row) -> Gap:
    at = row.read_at
    detail = f"{at.kind} {at.namespace}/{at.name}: {msgspec.json.decode(row.body)}"
    hint = "who shares a GPU with whom is told without it"
    return Gap(at.target, at.kind, GapCause.MALFORMED, detail, hint, at.line, at.namespace)


def facts_of(estate: Estate, told: Callable[[], TenancyFact]) -> Iterator[Fact]:
    """Yield the facts of all that an estate has; ``told`` says by what tenants are told."""
    pairs = Pairs()
    first: Fact | None = None
    for node, name in sorted({*estate.devices, *estate.pools}):
        reaches = reaches_on(estate, node)
        device, pool = estate.devices.get((node, name)), estate.pools.get((node, name))
        if device is not None:
            shared = of_device(device, reaches)
            pairs.add(node, name, shared)
            first = _device(estate, node, name, device, shared)
            yield first
        if pool is not None:
            found = of_pool(pool, reaches, whole_of(estate, node, name))
            pairs.add(node, name, found.shares)
            first = _pool(estate, node, name, pool, found)
            yield first
    if first is not None:
        yield _fact(TENANCY, (), told(), first.subject, (), "tenants")
        yield from _writers(estate)
    estate.find(_examples(estate, pairs))
    for tenants, each in pairs.all():
        yield _shared(estate, tenants, each)
    yield from _reaches(estate)
    for tenants, together in estate.adapters.together():
        yield _together(estate, tenants, together)


def _reaches(estate: Estate) -> Iterator[Fact]:
    """Who reaches GPUs past the allocation, by the ways that lead to some of the node."""
    having: dict[str, set[str]] = {}
    for (node, _), device in estate.devices.items():
        having.setdefault(node, set()).add(device.resource)
    for node, resource in estate.pools:
        having.setdefault(node, set()).add(resource)
    for node, reaches in estate.reaches:
        for reach in reaches:
            there = having.get(node, ())
            ways = [
                each for each in reach.ways if each.tells_of_gpus or any(map(each.leads_to, there))
            ]
            if ways:
                yield _reached(replace(reach, ways=ways))


def _writers(estate: Estate) -> Iterator[Fact]:
    """What tenants may write of all this."""
    scene = Scene(
        tenants=estate.having,
        by_marks=any(key.of in {"label", "annotation"} for key in estate.tenants.keys),
        said=estate.said,
        platform=estate.platform,
        admin=estate.admin,
    )
    found = estate.rights.writers(scene)
    for binding, role, fact in found:
        key = (binding.kind, binding.namespace, binding.name, binding.source)
        yield _fact(WRITER, key, fact, binding, (role,))


def _device(estate: Estate, node: str, gpu: str, device: Device, shared: Sequence[Share]) -> Fact:
    body = device_fact(estate, node, gpu, device, shared)
    origins = [held.origin for held in device.held]
    return _fact(DEVICE, (node, gpu), body, estate.nodes.get(node), origins)


def _pool(estate: Estate, node: str, resource: str, pool: NodePool, found: PoolShares) -> Fact:
    body = pool_fact(estate, node, pool, found)
    origins = [holder.origin for holder in pool.holders]
    return _fact(DEVICE, (node, resource), body, estate.nodes.get(node), origins)


def _shared(estate: Estate, tenants: tuple[str, str], found: dict[Certainty, Pair]) -> Fact:
    """What two tenants share."""
    best = found[max(found)]
    origins = _around(estate, best) or estate.places(best.share.pods)
    part = f"tenants {' and '.join(tenants)}"
    return _fact(SHARE, tenants, share_body(tenants, found), None, origins, part)


def _around(estate: Estate, best: Pair) -> list[Origin]:
    """Find where the namespaces of two pods were read, and their node."""
    node = estate.nodes.get(best.node)
    found = _namespaces(estate, best.share.pods)
    return [*found, *([node] if node is not None else [])]


def _examples(estate: Estate, pairs: Pairs) -> frozenset[str]:
    """Name the pods that facts are of, because nothing around them was read."""
    best = (found[max(found)] for _, found in pairs.all())
    shared = (pod for each in best if not _around(estate, each) for pod in each.share.pods)
    together = (each.pods for _, each in estate.adapters.together())
    having = (pod for pods in together if not _namespaces(estate, pods) for pod in pods)
    return frozenset(chain(shared, having))


def share_body(tenants: tuple[str, str], found: dict[Certainty, Pair]) -> dict[str, object]:
    """Say what two tenants share: an entry for each certainty, the surest first."""
    entries = [
        {
            "certainty": certainty.word,
            "level": int(pair.share.level),
            "isolation": pair.share.level.word,
            "mechanism": pair.share.mechanism.value,
            "devices": pair.devices,
            "nodes": len(pair.nodes),
            "node": pair.node,
            "device": pair.device,
            "pods": list(pair.share.pods),
            "qualities": _qualities(pair.share),
        }
        for certainty, pair in sorted(found.items(), reverse=True)
    ]
    sure = [pair.share for certainty, pair in found.items() if certainty >= Certainty.PROVEN]
    perhaps = [pair.share for certainty, pair in found.items() if certainty < Certainty.PROVEN]
    body: dict[str, object] = {"tenants": list(tenants), "found": entries}
    if sure:
        body["sure"] = int(weakest(sure))
    if perhaps and (not sure or weakest(perhaps) < weakest(sure)):
        body["perhaps"] = int(weakest(perhaps))
    return body


def _together(estate: Estate, tenants: tuple[str, str], found: Together) -> Fact:
    """Two tenants have the same adapters; the finding is theirs, wherever their pods go."""
    body: dict[str, object] = {
        "tenants": list(tenants),
        "resources": sorted(found.resources),
        "node": found.node,
        "nodes": len(found.nodes),
        "pods": list(found.pods),
    }
    origins = _namespaces(estate, found.pods) or estate.places(found.pods)
    return _fact(ADAPTERS, tenants, body, None, origins, f"tenants {' and '.join(tenants)}")


def _namespaces(estate: Estate, pods: Iterable[str]) -> list[Origin]:
    """Find where the namespaces of pods were read."""
    names = (pod.partition("/")[0] for pod in pods)
    return [estate.namespaces[name] for name in names if name in estate.namespaces]


def _qualities(share: Share) -> dict[str, str]:
    isolation = share.isolation
    return {
        "memory": isolation.memory.name.lower(),
        "cap": isolation.cap.name.lower(),
        "faults": isolation.faults.name.lower(),
        "compute": isolation.compute.name.lower(),
        "kernel": isolation.kernel.name.lower(),
    }


def _reached(reach: Reach) -> Fact:
    certainty = certainty_of(reach.ways)
    namespace, _, name = reach.pod.partition("/")
    body: dict[str, object] = {
        "namespace": namespace,
        "name": name,
        "node": reach.node,
        "tenant": reach.tenant,
        "certainty": certainty.word,
        "component": reach.component,
        "gpus": reached(way for way in reach.ways if way.certainty == certainty),
        "ways": [
            {"name": way.name, "certainty": Certainty(way.certainty).word, "field": way.pointer}
            for way in reach.ways
        ],
    }
    return _fact(REACH, (reach.node, reach.pod), body, reach.origin, ())


@lru_cache(64)
def _nowhere(fields: tuple[str, ...]) -> tuple[tuple[str, None], ...]:
    """Say of fields that they are concluded, and stand in no object."""
    return tuple((f"/{name}", None) for name in fields)


def _fields(body: dict[str, object] | msgspec.Struct) -> tuple[str, ...]:
    """Name the fields of what a fact says, as they are written."""
    return tuple(body) if isinstance(body, dict) else body.__struct_encode_fields__


def _distinct(origins: Iterable[Origin]) -> list[Origin]:
    """Leave out what is there already; most are one object, which is quicker told."""
    found = list({id(each): each for each in origins}.values())
    return found if len(found) == 1 else list(dict.fromkeys(found))


def _fact(
    kind: str,
    key: tuple[str, ...],
    body: dict[str, object] | msgspec.Struct,
    subject: Origin | None,
    origins: Iterable[Origin],
    part: str = "",
) -> Fact:
    """Make a fact; what it says is concluded, and stands in no object."""
    first, *related = _distinct([*([subject] if subject is not None else []), *origins])
    return Fact(
        kind=kind,
        key=key,
        body=_encode(body),
        subject=first,
        related=tuple(related[:_SHOWN]),
        elsewhere=_nowhere(_fields(body)),
        draws_on=((first.target, ""),),
        part=part,
        by_key=subject is None,
    )
