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

The tenant of a machine is the folder that it is in, below the datacenter's own; one that is in no
folder stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.analysis.gpu.estate import Device, Estate, Held
from auditor.analysis.gpu.handing import JOINED
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty, Grant
from auditor.analysis.gpu.tenancy import SHARE, facts_of
from auditor.analysis.gpu.tenants import Tenants, tenancy_by_key
from auditor.analysis.protocol import Feeds, Groups, Handed, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.vsphere.devices import (
    Host,
    Machine,
    Profiles,
    host_of,
    is_apart,
    machine_of,
    profiles_of,
)
from auditor.analysis.vsphere.seats import GONE, Seat, seats_on, unread
from auditor.model.fact import Fact, Origin
from auditor.model.gpus import KIND as DEVICE
from auditor.model.gpus import TENANCY, TenancyFact
from auditor.model.resource import Gap, Resource
from auditor.platforms.vsphere import GPU_PROFILES, HOST, MACHINE

_PROFILES, _HOSTS, _MACHINES = "0", "1", "2"
"""What keys begin with: hosts are known before what runs on them."""
_WRITER: Final = "platform"
NOT_SAID: Final = "the host does not say which machines are on it"
_HOST: Final = "host-graphics"
_CONFIGURED: Final = "machine-devices"
SEATS: Final = "2"
GPU_HOST: Final = "gpu-host"
GPU_MACHINE: Final = "gpu-machine"
"""What the keys of rows begin with that are handed on, and their tags."""
_RESTS: Final = MappingProxyType({"": frozenset({HOST, MACHINE})})

_host = msgspec.json.Decoder(Host).decode
_machine = msgspec.json.Decoder(Machine).decode
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
    reads = frozenset({HOST, MACHINE}) | preferred
    feeds: Feeds = MappingProxyType({DEVICE: _RESTS, SHARE: _RESTS, TENANCY: _RESTS})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a host, its cluster and its machines say of GPUs."""
        at = site.origin(resource)
        if resource.kind == HOST:
            yield Row((_HOSTS,), "host", at, _encode(host_of(resource)))
        elif resource.kind == GPU_PROFILES:
            yield Row((_PROFILES,), "profiles", at, _encode(profiles_of(resource)))
        else:
            machine = machine_of(resource)
            yield Row((_MACHINES,), "machine", at, _encode(machine))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        """Yield the facts of a target."""
        sharing: dict[str, dict[str, str]] = {}
        hosts: list[tuple[Origin, Host]] = []
        machines: list[Placed] = []
        for (begins, *_), rows in groups:
            if begins == _PROFILES:
                told = (_profiles(row.body) for row in rows)
                sharing = {each.cluster: each.sharing for each in told}
            elif begins == _HOSTS:
                hosts = [(row.place, _host(row.body)) for row in rows]
            else:
                machines = list(_of_gpus(hosts, sharing, rows))
        if not machines:
            machines = list(_of_gpus(hosts, sharing, iter(())))
        yield from facts_of(_estate(hosts, machines), partial(_told, machines))
        yield Handed(JOINED, partial(_rows, hosts, machines))


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
        yield row.place, replace(machine, mig=is_apart(machine.profiles, shared))
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


def _told(machines: Sequence[tuple[Origin, Machine]]) -> TenancyFact:
    """Say by what the tenants are told: folders are the work of whoever runs the vCenter."""
    found = ((machine.key, machine.tenant, machine.pod) for _, machine in machines)
    return tenancy_by_key(found, _WRITER)
