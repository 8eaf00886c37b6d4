"""The analysis: of each tenant, what is between its workloads and the hardware.

A chain leads from a container outwards, by its users, what runs it, the kernel, the machine that
this kernel runs in and the host of that, to the GPU. Workloads of a tenant whose chains are the
same in kind are one fact, ``isolation/Chain``, wherever they run: pods move, and a finding is about
the tenant. It says which step separates the tenant least from those on the same kernels, and
whether the chain is confidential: encrypted memory from the workload to the GPU, or it is none.

What the platform itself runs (``kube-system``, the namespaces of the table ``gpu-components``) is
no tenant and no neighbour: it has every node anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.estate.parties import EXACT, Party
from auditor.analysis.gpu.components import components_from_table
from auditor.analysis.gpu.marks import NAMESPACE
from auditor.analysis.gpu.tenants import TenantKey, keys_from_table, map_from_table
from auditor.analysis.isolation import rows
from auditor.analysis.isolation.boundaries import Boundary, Level
from auditor.analysis.isolation.kernels import Kernel, Kernels, Workloads
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.fact import Fact
from auditor.model.gpus import Hop
from auditor.model.isolation import ChainFact, ChainStep
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import HOST_MACHINE
from auditor.platforms.isolation import CHAIN

_SHOWN: Final = 20
_OWNER: Final = frozenset({NAMESPACE})
"""What says whether two pods are of two tenants at all."""
_RESTS: Final = MappingProxyType(
    {"": rows.READS - {HOST_MACHINE}, "others": _OWNER, "confidential": _OWNER}
)
_encode = msgspec.json.encode


class Shape(msgspec.Struct, frozen=True):
    """What chains of one kind have in common."""

    boundary: Boundary
    shared: bool
    virtual: bool
    encrypted: bool
    gpu: str


class Seen(msgspec.Struct):
    """What adds up of the chains of one kind of a tenant."""

    first: Workloads
    kernel: Kernel
    count: int = 0
    nodes: set[tuple[str, str]] = msgspec.field(default_factory=set)
    others: dict[str, Party] = msgspec.field(default_factory=dict)
    neighbour: Boundary | None = None


class Chains:
    """Joins what runs on each kernel to the chains of tenants."""

    id = "isolation"
    stage = Stage.RUN
    reads = rows.READS
    combined = frozenset({rows.WORKLOADS})
    beside = frozenset({HOST_MACHINE})
    feeds: Feeds = MappingProxyType({CHAIN: _RESTS})

    def __init__(
        self, keys: Sequence[TenantKey], mapped: Mapping[str, str], platform: Iterable[str]
    ) -> None:
        """``keys`` and ``mapped`` name tenants, ``platform`` are namespaces of none."""
        self._keys = keys
        self._mapped = mapped
        self._platform = frozenset(platform)

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take how a workload is run, and what of its node is known."""
        return rows.rows_of(resource, site, self._keys)

    def combine(self, one: Row, other: Row) -> Row:
        """Count workloads together that are run the same way on one node."""
        return rows.combined(one, other)

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield the chains of each tenant."""
        found = Kernels(self._keys, self._mapped, self._platform)
        for _, each in groups:
            for row in each:
                if row.tag == rows.BAD:
                    yield _gap(row)
                else:
                    found.learn(row)
        seen: dict[tuple[str, Shape], Seen] = {}
        for kernel in found.kernels():
            for workloads in kernel.workloads:
                _see(seen, kernel, workloads)
        for (key, shape), every in sorted(seen.items(), key=_order):
            yield _fact(key, shape, every)


def make(tables: Tables) -> Chains:
    """Make the analysis for the tables of a policy."""
    components = components_from_table(tables.get("gpu-components", ()))
    return Chains(
        keys_from_table(tables.get("tenancy-keys", ())),
        map_from_table(tables.get("tenant-map", ())),
        {name for each in components for name in each.namespaces},
    )


def _gap(row: Row) -> Gap:
    at = row.read_at
    detail = f"{at.kind} {at.namespace}/{at.name}: {msgspec.json.decode(row.body)}"
    hint = "what is between tenants is told without it"
    return Gap(at.target, at.kind, GapCause.MALFORMED, detail, hint, at.line, at.namespace)


def _see(seen: dict[tuple[str, Shape], Seen], kernel: Kernel, one: Workloads) -> None:
    """Add workloads to the chains of their kind."""
    others = kernel.others(one)
    gpu = "confidential" if one.node in kernel.confidential_gpus else "plain"
    shape = Shape(
        boundary=msgspec.structs.replace(one.boundary, handler=""),
        shared=bool(others),
        virtual=kernel.virtual,
        encrypted=kernel.encrypted,
        gpu=gpu if one.accelerated else "none",
    )
    each = seen.setdefault((one.party.key, shape), Seen(one, kernel))
    each.count += one.count
    each.nodes.add(one.node)
    each.others.update((other.party.key, other.party) for other in others)
    weakest = min((other.boundary for other in others), key=_weakness, default=None)
    if weakest is not None and (
        each.neighbour is None or _weakness(weakest) < _weakness(each.neighbour)
    ):
        each.neighbour = weakest


def _weakness(boundary: Boundary) -> tuple[object, ...]:
    """How weak a boundary is; of two alike the one that is known comes first."""
    return boundary.level, not boundary.sure, boundary.handler


def _order(item: tuple[tuple[str, Shape], Seen]) -> tuple[object, ...]:
    (key, shape), _ = item
    return key, _encode(shape)


class Weakest(msgspec.Struct, frozen=True):
    """Which step separates least, how well, and whether that is known."""

    layer: str
    level: Level
    sure: bool


def _weakest(shape: Shape, seen: Seen, *, confidential: bool) -> Weakest:
    own, neighbour = shape.boundary, seen.neighbour
    if confidential:
        return Weakest(own.weakest, Level.CONFIDENTIAL, own.sure)
    if neighbour is None:
        layer = "machine" if shape.virtual else "kernel"
        return Weakest(layer, Level.OWN_KERNEL, sure=True)
    if own.level > neighbour.level:
        return Weakest("kernel", min(neighbour.level, Level.OWN_KERNEL), neighbour.sure)
    level = min(own.level, Level.OWN_KERNEL)
    return Weakest(own.weakest, level, own.sure)


def _claims(shape: Shape) -> Iterator[str]:
    """Name the layers that are confidential."""
    if shape.boundary.runtime == "confidential":
        yield "runtime"
    if shape.encrypted:
        yield "machine"
    if shape.gpu == "confidential":
        yield "gpu"


def _missing(shape: Shape) -> Iterator[str]:
    """Name the layers that have to be confidential for the chain to be, and are not."""
    if shape.boundary.runtime != "confidential":
        if not shape.encrypted:
            yield "machine"
        elif shape.shared:
            yield "kernel"
    if shape.gpu == "plain":
        yield "gpu"


def _fact(key: str, shape: Shape, seen: Seen) -> Fact:
    one = seen.first
    missing = tuple(_missing(shape))
    weakest = _weakest(shape, seen, confidential=not missing)
    others = sorted(seen.others.values(), key=lambda party: party.shown)
    body = ChainFact(
        tenant=one.party.name,
        target=one.party.target,
        keys=one.party.keys,
        workloads=seen.count,
        nodes=len(seen.nodes),
        steps=tuple(_steps(shape, one)),
        weakest=weakest.layer,
        level=int(weakest.level),
        isolation=weakest.level.word,
        sure=weakest.sure,
        others=tuple(party.shown for party in others[:_SHOWN]),
        more_others=max(len(others) - _SHOWN, 0),
        claims=tuple(_claims(shape)),
        confidential=not missing,
        missing=missing,
        path=tuple(_path(one, seen.kernel)),
    )
    origins = [one.origin, *([seen.kernel.link.machine.origin] if seen.kernel.link else [])]
    targets = dict.fromkeys((each.target, "") for each in origins)
    return Fact(
        kind=CHAIN,
        key=(key, "/".join(_words(shape))),
        body=_encode(body),
        subject=origins[0],
        related=tuple(origins[1:]),
        elsewhere=tuple((f"/{name}", None) for name in body.__struct_encode_fields__),
        draws_on=tuple(targets),
        part=f"tenant {one.party.name}, {', '.join(_words(shape))}",
    )


def _words(shape: Shape) -> Iterator[str]:
    """Say of what kind chains are, in words that stay."""
    boundary = shape.boundary
    yield "privileged" if boundary.privileged else "container"
    if boundary.own_users:
        yield "own users"
    if boundary.runtime != "node":
        yield boundary.runtime
    yield "shared kernel" if shape.shared else "own kernel"
    if shape.virtual:
        yield "encrypted machine" if shape.encrypted else "machine"
    if shape.gpu != "none":
        yield f"{shape.gpu} GPU"


def _steps(shape: Shape, one: Workloads) -> Iterator[ChainStep]:
    boundary = shape.boundary
    yield ChainStep("container", "privileged" if boundary.privileged else "plain")
    yield ChainStep("users", "own" if boundary.own_users else "host")
    yield ChainStep("runtime", boundary.runtime, one.boundary.handler)
    yield ChainStep("kernel", "shared" if shape.shared else "own")
    if shape.virtual:
        yield ChainStep("machine", "confidential" if shape.encrypted else "plain")
    if shape.gpu != "none":
        yield ChainStep("gpu", shape.gpu)


def _path(one: Workloads, kernel: Kernel) -> Iterator[Hop]:
    target, node = one.node
    yield Hop("workload", one.name, target, EXACT)
    yield Hop("node", node, target, EXACT)
    if kernel.link is not None:
        machine = kernel.link.machine
        yield Hop("machine", machine.path, machine.target, EXACT, kernel.link.by)
        yield Hop("host", kernel.host or machine.host, machine.target, EXACT)
