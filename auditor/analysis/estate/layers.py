"""What was read of each layer, put together by host: GPUs, machines on them, tenants in those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.estate.identities import IDENTITIES, Identities, identity_of
from auditor.analysis.estate.machines import Doubt, Guest, Link, Links, Machine, link
from auditor.analysis.estate.parties import Host, Party
from auditor.analysis.estate.seats import Given, Use, given_of
from auditor.analysis.gpu.handing import GUEST, Holding, Inside, OnNode
from auditor.analysis.protocol import Row
from auditor.analysis.vsphere.devices import Host as GpuHost
from auditor.analysis.vsphere.devices import Machine as GpuMachine
from auditor.analysis.vsphere.gpus import GPU_HOST
from auditor.analysis.vsphere.seats import Seat, seats_on
from auditor.model.fact import Origin
from auditor.platforms.kubernetes import PREFIX
from auditor.platforms.vsphere import HOST

_on_node = msgspec.json.Decoder(OnNode).decode
_gpu_host = msgspec.json.Decoder(GpuHost).decode
_gpu_machine = msgspec.json.Decoder(GpuMachine).decode
HostName = tuple[str, str]
"""A target, and what it calls something."""
_NONE: Final = GpuHost("", "", ())


class Used(msgspec.Struct, frozen=True):
    """A node in a machine, its tenants with what they have, and what they share there."""

    link: Link
    uses: tuple[tuple[Party, Use], ...]
    inside: tuple[Inside, ...]
    notes: tuple[str, ...]


class Attached(msgspec.Struct, frozen=True):
    """A host: its GPUs with their products, and its machines with the nodes in them.

    ``doubts`` are of machines whose node is ambiguous.
    """

    place: HostName
    host: Host
    gpus: Mapping[str, str]
    machines: tuple[tuple[Given, tuple[Used, ...]], ...]
    doubts: Mapping[HostName, str]


class Layers:
    """All rows, as they come."""

    def __init__(self) -> None:
        self.identities = Identities()
        self.nodes: dict[HostName, list[tuple[Origin, OnNode]]] = {}
        self._hosts: dict[HostName, tuple[Origin, GpuHost]] = {}
        self._machines: list[tuple[Origin, GpuMachine]] = []

    def learn(self, row: Row) -> None:
        """Add what one row tells."""
        at = row.read_at
        if row.key[0] == IDENTITIES:
            self.identities.learn(row)
        elif row.tag == GUEST:
            found = _on_node(row.body)
            self.nodes.setdefault((at.target, found.node), []).append((at, found))
        elif row.tag == GPU_HOST:
            host = _gpu_host(row.body)
            self._hosts[at.target, host.moid] = at, host
        else:
            self._machines.append((at, _gpu_machine(row.body)))

    def linked(self) -> Links:
        """Join nodes and hosts of engines with machines."""
        self._one = self.identities.machines()
        return link(self._guests(), {each.key: each for each in self._one.values()}.values())

    def _guests(self) -> Iterator[Guest]:
        """Yield those that tell who they are, and nodes that only their pods name."""
        known: set[HostName] = set()
        for guest in self.identities.guests():
            known.add((guest.target, guest.name))
            yield guest
        for (target, name), rows in self.nodes.items():
            at = rows[0][0]
            if (target, name) not in known and name and at.kind.startswith(PREFIX):
                yield Guest(target, identity_of(at), name, at)

    def uses_gpus(self, guest: Guest) -> bool:
        """Whether anything of a GPU was seen on a node."""
        return (guest.target, guest.name) in self.nodes

    def that_matter(self, doubts: Iterable[Doubt]) -> Iterator[Doubt]:
        """Yield the doubts about nodes and machines that have something of a GPU."""
        given = self.with_gpus()
        for each in doubts:
            if self.uses_gpus(each.guest) or any(one.key in given for one in each.machines):
                yield each

    def with_gpus(self) -> frozenset[HostName]:
        """The machines that were given something of a GPU."""
        return frozenset((at.target, machine.moid) for at, machine in self._machines)

    def attached(self, links: Links) -> Iterator[Attached]:
        """Yield each host that has GPUs, or machines that were given one, in order."""
        by_machine: dict[HostName, list[Link]] = {}
        for each in links.joined:
            by_machine.setdefault(each.machine.key, []).append(each)
        doubts = {
            machine.key: f"{doubt.guest.where}: {doubt.why}"
            for doubt in links.ambiguous
            for machine in doubt.machines
        }
        on: dict[HostName, list[tuple[Origin, GpuMachine]]] = {}
        for at, machine in self._machines:
            one = self._one.get((at.target, machine.moid))
            if one is None or one.key == (at.target, machine.moid):
                on.setdefault((at.target, machine.host), []).append((at, machine))
        found = [self._attached(place, here, by_machine, doubts) for place, here in on.items()]
        yield from sorted(found, key=lambda each: (each.host.target, each.host.name, each.place))

    def _attached(
        self,
        place: HostName,
        here: Iterable[tuple[Origin, GpuMachine]],
        by_machine: Mapping[HostName, list[Link]],
        doubts: Mapping[HostName, str],
    ) -> Attached:
        machines = list(here)
        at, host = self._hosts.get(place, (None, _NONE))
        at = at or self.identities.host(*place) or machines[0][0]
        name = host.name or (at.name if at.kind == HOST else place[1])
        places = {machine.moid: origin for origin, machine in machines}
        seats: dict[str, list[Seat]] = {}
        for seat in seats_on(host, [machine for _, machine in machines]):
            seats.setdefault(seat.machine.moid, []).append(seat)
        found: list[tuple[Given, tuple[Used, ...]]] = []
        for moid, own in seats.items():
            machine = self._machine(place[0], places[moid], own[0].machine)
            given = given_of(machine, identity_of(at), own)
            nodes = tuple(self._used(given, each) for each in by_machine.get(machine.key, ()))
            found.append((given, nodes))
        products = {gpu.pci: gpu.name for gpu in host.gpus}
        named = {gpu: products.get(gpu, "") for given, _ in found for gpu in given.seats}
        there = Host(place[0], name, at)
        return Attached(place, there, {**products, **named}, tuple(found), doubts)

    def _machine(self, target: str, at: Origin, machine: GpuMachine) -> Machine:
        """Find who a machine is; one of which only its devices are known is known by its name."""
        known = self._one.get((target, machine.moid))
        if known is not None:
            return known
        path = machine.pod
        return Machine(target, machine.moid, "", "", path, at.name, machine.host, "", at)

    def _used(self, given: Given, joined: Link) -> Used:
        guest = joined.guest
        rows = [row for _, row in self.nodes.get((guest.target, guest.name), ())]
        inside = tuple(each for row in rows for each in row.inside)
        holdings: dict[str, list[Holding]] = {}
        for row in rows:
            for each in row.holdings:
                holdings.setdefault(each.tenant, []).append(each)
        return Used(
            link=joined,
            uses=tuple(
                (_party(guest, own), Use(given, joined, tuple(own), _sharing(tenant, inside)))
                for tenant, own in sorted(holdings.items())
            ),
            inside=inside,
            notes=tuple(note for row in rows for note in row.notes),
        )


def _sharing(tenant: str, inside: Iterable[Inside]) -> frozenset[str]:
    """Name the tenants that share something with one."""
    pairs = (each.tenants for each in inside if tenant in each.tenants)
    return frozenset(name for pair in pairs for name in pair) - {tenant}


def _party(guest: Guest, holdings: Iterable[Holding]) -> Party:
    keys = dict.fromkeys(key for each in holdings for key in each.keys)
    name = next(iter(holdings)).tenant
    return Party(guest.layer, name, guest.target, tuple(keys))
