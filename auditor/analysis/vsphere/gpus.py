"""Which virtual machine has which physical GPU, and which tenants share one.

A host tells of its GPUs, a machine of what it was given. Here is how a host with two of them comes
about::

    Host h1    0000:3b:00.0   sharedDirect, multiInstanceGpu, used by vm-1, vm-2
               0000:af:00.0   direct
    vm-1       vGPU grid_a100-1-5c           in team-a     on 3b:00.0   vgpu-mig      exact
    vm-2       vGPU grid_a100-1-5c           in team-b     on 3b:00.0   vgpu-mig      exact
    vm-3       DirectPath, 0000:af:00.0      in team-b     on af:00.0   passthrough   exact

    3b:00.0    team-a and team-b share it, each on an instance of MIG
    af:00.0    team-b alone

Machines that are switched off hold nothing. One that a host names on a GPU and that was not read is
a tenant that nobody knows.

Whose a machine is follows from where it is, or from what is written about it (:mod:`tenants`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.analysis.gpu.estate import Estate
from auditor.analysis.gpu.handing import JOINED
from auditor.analysis.gpu.held import Device, Held
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty, Grant
from auditor.analysis.gpu.tenancy import SHARE, facts_of
from auditor.analysis.gpu.tenants import FILE, Tenants, tenancy_by_key
from auditor.analysis.protocol import Feeds, Groups, Handed, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.vsphere.devices import (
    Host,
    Machine,
    Profiles,
    Written,
    host_of,
    is_apart,
    machine_of,
    profiles_of,
    written_of,
)
from auditor.analysis.vsphere.seats import GONE, Seat, seats_on, unread
from auditor.analysis.vsphere.tenants import ATTRIBUTE, TAG, MachineTenants
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.gpus import KIND as DEVICE
from auditor.model.gpus import TENANCY, KeyInUse, TenancyFact
from auditor.model.resource import Gap, Resource
from auditor.platforms.vsphere import ATTRIBUTES, GPU_PROFILES, HOST, MACHINE, TAGS

_WRITTEN, _PROFILES, _HOSTS, _MACHINES = "0", "1", "2", "3"
"""What keys begin with: machines come when all is known that is about them."""
_MARKS: Final = MappingProxyType({ATTRIBUTES: ATTRIBUTE, TAGS: TAG})
"""What is written about machines, by the kind that has it: asked for where a key is of it."""
_BY_PATH: Final = "read the vCenter itself, or name tenants by a map of paths"
_WRITER, _USER = "platform", "user"
NOT_SAID: Final = "the host does not say which machines are on it"
_HOST: Final = "host-graphics"
_CONFIGURED: Final = "machine-devices"
SEATS: Final = "2"
GPU_HOST: Final = "gpu-host"
GPU_MACHINE: Final = "gpu-machine"
"""What the keys of rows begin with that are handed on, and their tags."""

_host = msgspec.json.Decoder(Host).decode
_machine = msgspec.json.Decoder(Machine).decode
_written = msgspec.json.Decoder(Written).decode
_profiles = msgspec.json.Decoder(Profiles).decode
_encode = msgspec.json.encode
Placed = tuple[Origin, Machine]
"""A machine, and where it was read; of one that was not, where its host was."""


class VsphereGpus(Uncombined):
    """Joins the hosts and machines of a vCenter to who shares which GPU."""

    id = "vsphere-gpus"
    stage = Stage.TARGET
    preferred = frozenset({GPU_PROFILES})
    """What profiles are called tells most of it."""

    def __init__(self, tables: Tables) -> None:
        self._tenants = MachineTenants(tables)
        self._marks = {kind: of for kind, of in _MARKS.items() if self._tenants.asked(of)}
        rests = MappingProxyType({"": frozenset({HOST, MACHINE, *self._marks})})
        self.feeds: Feeds = MappingProxyType({DEVICE: rests, SHARE: rests, TENANCY: rests})
        self.reads = rests[""] | self.preferred

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a host, its cluster and its machines say of GPUs."""
        at = site.origin(resource)
        if resource.kind == HOST:
            yield Row((_HOSTS,), "host", at, _encode(host_of(resource)))
        elif resource.kind == GPU_PROFILES:
            yield Row((_PROFILES,), "profiles", at, _encode(profiles_of(resource)))
        elif resource.kind in self._marks:
            of = self._marks[resource.kind]
            told = written_of(resource, of, self._tenants.asked(of))
            yield Row((_WRITTEN,), of, at, _encode(told))
        else:
            machine = machine_of(resource)
            yield Row((_MACHINES,), "machine", at, _encode(machine))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        """Yield the facts of a target."""
        sharing: dict[str, dict[str, str]] = {}
        written: dict[str, dict[str, str]] = {}
        hosts: list[tuple[Origin, Host]] = []
        found: list[Placed] | None = None
        tagged = TAGS not in self._marks
        for (begins, *_), rows in groups:
            if begins == _WRITTEN:
                for row in rows:
                    tagged, each = tagged or row.tag == TAG, _written(row.body)
                    if each.values:
                        written.setdefault(each.moid, {}).update(each.values)
            elif begins == _PROFILES:
                told = (_profiles(row.body) for row in rows)
                sharing = {each.cluster: each.sharing for each in told}
            elif begins == _HOSTS:
                hosts = [(row.read_at, _host(row.body)) for row in rows]
            else:
                found = list(_of_gpus(hosts, sharing, rows))
        machines = self._whose(found or list(_of_gpus(hosts, sharing, iter(()))), written)
        yield from facts_of(_estate(hosts, machines), partial(_told, machines, self._tenants.words))
        if not tagged and any(at.line for at, _ in machines):  # a server says itself what it lacks
            detail = "tags are in another API than what was saved"
            yield Gap("", TAGS, GapCause.UNSUPPORTED, detail, _BY_PATH)
        yield Handed(JOINED, partial(_rows, hosts, machines))

    def _whose(
        self, machines: Sequence[Placed], written: Mapping[str, Mapping[str, str]]
    ) -> list[Placed]:
        """Say of machines whose they are; of those that were not read nobody knows it."""
        read = [each for each in machines if each[1].key != GONE]
        told = [(machine.owned, written.get(machine.moid, {})) for _, machine in read]
        named = [
            (
                at,
                replace(machine, tenant=by.tenant, key=by.key, pod=f"{by.tenant}/{machine.pod}"),
            )
            for (at, machine), by in zip(read, self._tenants.of(told), strict=True)
        ]
        return [*named, *(each for each in machines if each[1].key == GONE)]


def _of_gpus(
    hosts: Sequence[tuple[Origin, Host]],
    sharing: dict[str, dict[str, str]],
    rows: Iterator[Row],
) -> Iterator[Placed]:
    """Yield the machines that have something of a GPU, and those that only a host names on one."""
    named = {moid for _, host in hosts for gpu in host.gpus for moid in gpu.machines}
    clusters = {host.moid: host.cluster for _, host in hosts}
    left = set(named)
    for row in rows:
        machine = _machine(row.body)
        left.discard(machine.moid)
        if not machine.runs or not (machine.has_devices or machine.moid in named):
            continue
        shared = sharing.get(clusters.get(machine.host, ""), {})
        yield row.read_at, replace(machine, mig=is_apart(machine.profiles, shared))
    for at, host in hosts:
        for missing in unread(host, left):
            yield at, missing


def _rows(hosts: Sequence[tuple[Origin, Host]], machines: Sequence[Placed]) -> Iterator[Row]:
    """Hand on the hosts that have GPUs, and the machines that have something of one."""
    for at, host in hosts:
        if host.gpus:
            yield Row((SEATS, at.target, host.moid), GPU_HOST, at, _encode(host))
    for at, machine in machines:
        yield Row((SEATS, at.target, machine.moid), GPU_MACHINE, at, _encode(machine))


def _estate(
    hosts: Sequence[tuple[Origin, Host]], machines: Sequence[tuple[Origin, Machine]]
) -> Estate:
    estate = Estate(Tenants((), {}), ())
    on: dict[str, list[tuple[Origin, Machine]]] = {}
    for origin, machine in machines:
        estate.tenants.name(machine.tenant, machine.key)
        estate.reached_from(machine.pod, origin)
        on.setdefault(machine.host, []).append((origin, machine))
    for origin, host in hosts:
        estate.nodes[host.name] = origin
        _fill(estate, host, origin, on.pop(host.moid, []))
    for moid, left in on.items():  # of hosts that were not read
        name = moid or "a host that is not known"
        estate.nodes[name] = left[0][0]
        _fill(estate, Host(moid, name, ()), left[0][0], left)
    return estate


def _fill(
    estate: Estate, host: Host, at: Origin, machines: Sequence[tuple[Origin, Machine]]
) -> None:
    """Give each GPU of a host what its machines have of it."""
    found = {gpu.pci: Device(gpu.name, held=[], notes=[]) for gpu in host.gpus}
    places = {machine.moid: origin for origin, machine in machines}
    for seat in seats_on(host, [machine for _, machine in machines]):
        device = found.setdefault(seat.gpu, Device(held=[], notes=[]))
        machine = seat.machine
        by = (_HOST, at) if seat.by_host else (_CONFIGURED, places[machine.moid])
        sharing = seat.path[0].mechanism if seat.path else Mechanism.EXCLUSIVE
        grant = Grant(machine.tenant, machine.pod, seat.certainty, sharing, seat.path, machine=True)
        device.held.append(Held(grant, *by))
        note = _note(seat)
        if note and note not in device.notes:
            device.notes.append(note)
    for pci, device in found.items():
        estate.devices[host.name, pci] = device


def _note(seat: Seat) -> str:
    """Say what is not known of a GPU on account of one that has something of it."""
    if seat.machine.key == GONE:
        return f"{seat.machine.moid} is on it, and was not read"
    return NOT_SAID if seat.by_host and seat.certainty < Certainty.EXACT else ""


def _told(machines: Sequence[Placed], asked: Iterable[str]) -> TenancyFact:
    """Say by what the tenants are told: folders are the work of whoever runs the vCenter."""
    found = [(machine.key, machine.tenant, machine.pod) for _, machine in machines]
    told = tenancy_by_key(found, _WRITER).keys
    silent = [word for word in asked if all(each.key != word for each in told)]
    every = (*told, *(KeyInUse(word, _WRITER, 0, ()) for word in silent))
    mine = f"{FILE} "
    return TenancyFact(
        tuple(
            replace(each, written_by=_USER) if each.key.startswith(mine) else each for each in every
        )
    )
