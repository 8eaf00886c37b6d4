"""All workloads by the kernel that they run on, and what is between them and the hardware.

::

    kernel of gpu-1 of k8s://a    llm    3 pods    container, on the node      container
    = machine gpu-1 of vc         web    1 pod     Kata                        own-kernel
                                  llm and web: whoever leaves llm's container has the node, and with
                                  it web's machine; so both are separated by a container
    kernel of gpu-2 of k8s://a    ops    2 pods    container, on the node      own-kernel: alone

Two that run on one kernel are as far apart as the weaker of what each runs in: who gets out of it
is root on the node, from where another's virtual machine is read. Only encrypted memory is not.
A node and an engine that are in one machine have one kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.estate.identities import Identities, identity_of
from auditor.analysis.estate.machines import Guest, Link, link
from auditor.analysis.estate.parties import Party, may_be_one
from auditor.analysis.gpu.marks import NAMESPACE, NODE, RUNTIME
from auditor.analysis.gpu.shares import Certainty
from auditor.analysis.gpu.tenants import NamespaceMarks, Tenant, TenantKey, Tenants
from auditor.analysis.isolation.boundaries import Boundary, runtime_of
from auditor.analysis.isolation.rows import (
    ENGINES,
    RUNNING,
    SETTINGS,
    WORKLOADS,
    Counted,
    Kind,
    is_identity,
    labels_of,
)
from auditor.analysis.protocol import Row
from auditor.model.fact import Origin
from auditor.platforms.kubernetes import PREFIX

ClusterNode = tuple[str, str]
"""A target, and what it calls something."""
_marks = msgspec.json.Decoder(NamespaceMarks).decode
_handler = msgspec.json.Decoder(str).decode
_mapped = msgspec.json.Decoder(bool).decode
_kind = msgspec.json.Decoder(Kind).decode
_counted = msgspec.json.Decoder(Counted).decode
_SYSTEM: Final = "kube-system"
_UNREAD: Final = "?"
"""The handler of a class that was not read."""


class Workloads(msgspec.Struct, frozen=True):
    """Workloads of one tenant on one node that are run the same way."""

    party: Party
    boundary: Boundary
    accelerated: bool
    name: str
    count: int
    origin: Origin
    node: ClusterNode


class Kernel(msgspec.Struct, frozen=True):
    """A kernel: the workloads on it, the machine that it runs in, if that is known, and its host.

    ``encrypted``: the memory of that machine is. ``confidential_gpus``: those of the node are.
    """

    workloads: tuple[Workloads, ...]
    link: Link | None
    encrypted: bool
    confidential_gpus: frozenset[ClusterNode]
    virtual: bool
    host: str = ""

    def others(self, one: Workloads) -> list[Workloads]:
        """The workloads of other tenants."""
        return [each for each in self.workloads if not may_be_one(each.party, one.party)]


class Kernels:
    """All rows, as they come."""

    def __init__(
        self, keys: Sequence[TenantKey], mapped: Mapping[str, str], platform: Iterable[str]
    ) -> None:
        """``keys`` name tenants, ``platform`` are namespaces of no tenant."""
        self._keys = keys
        self._map = mapped
        self._platform = {*platform, _SYSTEM}
        self._identities = Identities()
        self._tenants: dict[str, Tenants] = {}
        self._handlers: dict[ClusterNode, str] = {}
        self._mapped: dict[str, bool] = {}
        self._confidential: set[ClusterNode] = set()
        self._encrypted: set[ClusterNode] = set()
        self._kinds: list[tuple[ClusterNode, Kind, Counted, Origin]] = []

    def learn(self, row: Row) -> None:
        """Add what one row tells."""
        if is_identity(row):
            self._identities.learn(row)
            return
        at = row.read_at
        target = at.target
        match row.key[0], row.tag:
            case (part, tag) if part == SETTINGS and tag == NAMESPACE:
                self._of(target).namespace(at.name, _marks(row.body))
            case (part, tag) if part == SETTINGS and tag == RUNTIME:
                self._handlers[target, at.name] = _handler(row.body)
            case (part, tag) if part == RUNNING and tag == NODE:
                self._confidential.add((target, at.name))
            case (part, tag) if part == RUNNING and tag == WORKLOADS:
                place = target, row.key[2]
                self._kinds.append((place, _kind(row.key[3]), _counted(row.body), at))
            case (part, _) if part == ENGINES:
                self._mapped[target] = _mapped(row.body)
            case _:
                self._encrypted.add((target, row.key[2]))

    def _of(self, target: str) -> Tenants:
        found = self._tenants.get(target)
        if found is None:
            found = self._tenants[target] = Tenants(self._keys, self._map)
        return found

    def kernels(self) -> Iterator[Kernel]:
        """Yield each kernel that something of a tenant runs on, in order."""
        guests = list(self._identities.guests())
        engines = {guest.target: guest.name for guest in guests if guest.engine}
        machines = self._identities.machines()
        one_of = {each.key: each for each in machines.values()}
        joined = link(self._guests(guests), one_of.values()).joined
        sure = {
            (each.guest.target, each.guest.name): each
            for each in joined
            if each.certainty is Certainty.EXACT
        }
        virtual = {(each.target, each.name) for each in guests if each.of_vsphere}
        found: dict[tuple[str, ...], list[Workloads]] = {}
        links: dict[tuple[str, ...], Link] = {}
        for (target, name), kind, counted, at in self._kinds:
            node = target, name or engines.get(target, "")
            known = sure.get(node)
            key: tuple[str, ...] = node
            if known is not None:
                key = (*known.machine.key, "machine")
                links[key] = known
            workloads = self._workloads(node, kind, counted, at)
            if workloads is not None:
                found.setdefault(key, []).append(workloads)
        for key, every in sorted(found.items()):
            here = links.get(key)
            nodes = {each.node for each in every}
            yield Kernel(
                workloads=tuple(every),
                link=here,
                encrypted=here is not None and here.machine.key in self._encrypted,
                confidential_gpus=frozenset(self._confidential & nodes),
                virtual=here is not None or not virtual.isdisjoint(nodes),
                host=self._host(here),
            )

    def _host(self, joined: Link | None) -> str:
        if joined is None:
            return ""
        at = self._identities.host(joined.machine.target, joined.machine.host)
        return at.name if at is not None else ""

    def _guests(self, guests: Iterable[Guest]) -> Iterator[Guest]:
        """Yield those that tell a UUID: by its name alone no node is one here."""
        yield from (each for each in guests if each.provider or each.firmware)

    def _workloads(
        self, node: ClusterNode, kind: Kind, counted: Counted, at: Origin
    ) -> Workloads | None:
        target = node[0]
        pod = at.kind.startswith(PREFIX)
        if pod:
            if kind.owner in self._platform:
                return None
            tenant, handler = self._pod_of(target, kind, counted), kind.runtime
            if handler:
                handler = self._handlers.get((target, handler), _UNREAD)
            own: bool | None = kind.users == "own"
        else:
            tenant, handler = Tenant(kind.tenant, kind.key), kind.runtime
            own = False if kind.users == "host" else self._mapped.get(target)
        layer = identity_of(at) if pod else f"engine of {identity_of(at)}"
        return Workloads(
            party=Party(layer, tenant.name, target, (tenant.key,)),
            boundary=Boundary(kind.privileged, runtime_of(handler), kind.runtime, own),
            accelerated=kind.accelerated,
            name=counted.name,
            count=counted.count,
            origin=at,
            node=node,
        )

    def _pod_of(self, target: str, kind: Kind, counted: Counted) -> Tenant:
        tenants = self._of(target)
        if kind.marks:
            name = counted.name.partition("/")[2]
            tenants.pod(kind.owner, name, NamespaceMarks(dict(labels_of(kind.marks))))
            return tenants.of(kind.owner, name)
        return tenants.of(kind.owner, "")
