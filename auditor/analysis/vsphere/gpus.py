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

Which GPU a vGPU is on only the host says. Where it names no machine on any GPU, each that is given
out in parts may be it, which is possible and not exact. A profile with an instance in its name
(``grid_a100-1-5c``: one slice of seven, 5 GB) is backed by MIG, any other by turns. Machines that
are switched off hold nothing.

The tenant of a machine is the folder that it is in, below the datacenter's own; one that is in no
folder stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.gpu.estate import Device, Estate, Held
from auditor.analysis.gpu.handing import JOINED
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty, Grant, Step
from auditor.analysis.gpu.tenancy import SHARE, facts_of
from auditor.analysis.gpu.tenants import Tenants, tenancy_by_key
from auditor.analysis.protocol import Feeds, Groups, Handed, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact, Origin
from auditor.model.gpus import KIND as DEVICE
from auditor.model.gpus import TENANCY, TenancyFact
from auditor.model.resource import Gap, Resource
from auditor.platforms.vsphere import HOST, MACHINE

_HOSTS, _MACHINES = "0", "1"
"""What keys begin with: hosts are known before what runs on them."""
_VGPU: Final = "VirtualPCIPassthroughVmiopBackingInfo"
_MAKERS: Final = frozenset({0x10DE, 0x1002, 0x1DA3})
"""NVIDIA, AMD, Habana: by PCI's numbers. Another maker's device counts where its host lists it."""
_MIG: Final = re.compile(r".*-[0-9]+-[0-9]+[cq](?:me)?")
"""A profile with the number of slices before the gigabytes (NVIDIA's guide to vGPU, 1.4)."""
_PARTS: Final = frozenset({"sharedDirect"})
_WRITER: Final = "platform"
UNKNOWN: Final = "a GPU that is not known"
NOT_SAID: Final = "the host does not say which machines are on it"
_HOST: Final = "host-graphics"
_CONFIGURED: Final = "machine-devices"
SEATS: Final = "2"
GPU_HOST: Final = "gpu-host"
GPU_MACHINE: Final = "gpu-machine"
"""What the keys of rows begin with that are handed on, and their tags."""
_RESTS: Final = MappingProxyType({"": frozenset({HOST, MACHINE})})


class Gpu(msgspec.Struct, frozen=True):
    """A GPU as its host tells of it; ``machines`` are those that it names as users."""

    pci: str
    name: str
    shared: bool
    mig: bool
    machines: tuple[str, ...]


class Host(msgspec.Struct, frozen=True):
    """What is taken of a host."""

    moid: str
    name: str
    gpus: tuple[Gpu, ...]


class Machine(msgspec.Struct, frozen=True):
    """What is taken of a machine that runs; ``whole`` are devices of PCI that it has to itself."""

    moid: str
    host: str
    tenant: str
    key: str
    pod: str
    profiles: tuple[str, ...]
    whole: tuple[tuple[str, bool], ...]


class Seat(msgspec.Struct, frozen=True):
    """What a machine has of a GPU: all of it, or the part that a path leads to.

    ``by_host``: the host tells of it, and not the machine's own configuration.
    """

    gpu: str
    machine: Machine
    certainty: Certainty
    path: tuple[Step, ...]
    by_host: bool = False


_host = msgspec.json.Decoder(Host).decode
_machine = msgspec.json.Decoder(Machine).decode
_encode = msgspec.json.encode


class VsphereGpus(Uncombined):
    """Joins the hosts and machines of a vCenter to who shares which GPU."""

    id = "vsphere-gpus"
    stage = Stage.TARGET
    reads = frozenset({HOST, MACHINE})
    feeds: Feeds = MappingProxyType({DEVICE: _RESTS, SHARE: _RESTS, TENANCY: _RESTS})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a host and its machines say of GPUs."""
        if resource.kind == HOST:
            host = _host_of(resource)
            yield Row((_HOSTS,), "host", site.origin(resource), _encode(host))
        elif b'"VirtualPCIPassthrough' in resource.body:
            machine = _machine_of(resource)
            if machine is not None:
                yield Row((_MACHINES,), "machine", site.origin(resource), _encode(machine))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        """Yield the facts of a target."""
        hosts: list[tuple[Origin, Host]] = []
        machines: list[tuple[Origin, Machine]] = []
        for key, rows in groups:
            if key == (_HOSTS,):
                hosts = [(row.place, _host(row.body)) for row in rows]
            else:
                machines = [(row.place, _machine(row.body)) for row in rows]
        yield from facts_of(_estate(hosts, machines), partial(_told, machines))
        yield Handed(JOINED, partial(_rows, hosts, machines))


def _rows(
    hosts: Sequence[tuple[Origin, Host]], machines: Sequence[tuple[Origin, Machine]]
) -> Iterator[Row]:
    """Hand on the hosts that have GPUs, and the machines that have something of one."""
    for at, host in hosts:
        if host.gpus:
            yield Row((SEATS, at.target, host.moid), GPU_HOST, at, _encode(host))
    for at, machine in machines:
        yield Row((SEATS, at.target, machine.moid), GPU_MACHINE, at, _encode(machine))


def _host_of(resource: Resource) -> Host:
    body: Any = msgspec.json.decode(resource.body)
    found = (body.get("config") or {}).get("graphicsInfo") or ()
    gpus = tuple(
        Gpu(
            pci=each.get("pciId", ""),
            name=each.get("deviceName", ""),
            shared=each.get("graphicsType") in _PARTS,
            mig=each.get("vgpuMode") == "multiInstanceGpu",
            machines=tuple(_within(body, moid) for moid in each.get("vm") or ()),
        )
        for each in found
        if each.get("pciId") and each.get("graphicsType") != "basic"
    )
    return Host(_within(body, body.get("moid", "")), _within(body, resource.name), gpus)


def _within(body: Mapping[str, Any], name: str) -> str:
    return within(body.get("inventory", ""), name)


def within(inventory: str, name: str) -> str:
    """Tell what one saved inventory calls something from what another one does; "" stays so."""
    return f"{inventory}/{name}" if inventory and name else name


def _machine_of(resource: Resource) -> Machine | None:
    """Take the devices of a machine; None where it has none, or does not run."""
    body: Any = msgspec.json.decode(resource.body)
    runtime = body.get("runtime") or {}
    if runtime.get("powerState") != "poweredOn":
        return None
    devices = ((body.get("config") or {}).get("hardware") or {}).get("device") or ()
    backings = [
        each.get("backing") or {} for each in devices if each["type"] == "VirtualPCIPassthrough"
    ]
    tenant, key = _tenant(body.get("path", ""), resource.name)
    return Machine(
        moid=_within(body, body.get("moid", "")),
        host=_within(body, runtime.get("host", "")),
        tenant=tenant,
        key=key,
        pod=f"{tenant}/{_within(body, resource.name)}",
        profiles=tuple(each.get("vgpu", "") for each in backings if each.get("type") == _VGPU),
        whole=tuple(_whole(each) for each in backings if each.get("type") != _VGPU),
    )


def _whole(backing: Mapping[str, Any]) -> tuple[str, bool]:
    """The address of a device that is passed through, and whether its maker makes GPUs."""
    allowed = backing.get("allowedDevice") or ()
    vendors = {backing.get("vendorId"), *(each.get("vendorId") for each in allowed)}
    ours = {each & 0xFFFF for each in vendors if each is not None}
    return backing.get("id") or backing.get("assignedId") or "", bool(ours & _MAKERS)


def _tenant(path: str, name: str) -> tuple[str, str]:
    """Say whose a machine is, and what names it: its folder, below the datacenter's own."""
    folders = path.strip("/").split("/")[2:-1]
    return (".".join(folders), "folder") if folders else (name, "virtual machine")


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
        if seat.by_host and seat.certainty < Certainty.EXACT and NOT_SAID not in device.notes:
            device.notes.append(NOT_SAID)
    for pci, device in found.items():
        estate.devices[host.name, pci] = device


def seats_on(host: Host, machines: Iterable[Machine]) -> Iterator[Seat]:
    """Yield what machines have of the GPUs of their host, machine by machine."""
    known = {gpu.pci for gpu in host.gpus}
    for machine in machines:
        for pci, of_a_maker in machine.whole:
            if pci in known or (pci and of_a_maker):
                known.add(pci)
                yield Seat(pci, machine, Certainty.EXACT, ())
        if machine.profiles:
            yield from _parts(host, machine)


def _parts(host: Host, machine: Machine) -> Iterator[Seat]:
    """Yield the GPUs that the vGPUs of a machine are on, or may be on."""
    mig = all(_MIG.fullmatch(profile) for profile in machine.profiles)
    named = [gpu for gpu in host.gpus if machine.moid in gpu.machines]
    certainty = Certainty.EXACT if named else Certainty.POSSIBLE
    gpus = named or [gpu for gpu in host.gpus if gpu.shared]
    for gpu in gpus:
        mechanism = Mechanism.VGPU_MIG if mig or gpu.mig else Mechanism.VGPU_TIME_SLICED
        path = (Step(mechanism, machine.moid),)
        yield Seat(gpu.pci, machine, certainty, path, by_host=True)
    if not gpus:
        mechanism = Mechanism.VGPU_MIG if mig else Mechanism.VGPU_TIME_SLICED
        yield Seat(UNKNOWN, machine, Certainty.POSSIBLE, (Step(mechanism, machine.moid),))


def _told(machines: Sequence[tuple[Origin, Machine]]) -> TenancyFact:
    """Say by what the tenants are told: folders are the work of whoever runs the vCenter."""
    found = ((machine.key, machine.tenant, machine.pod) for _, machine in machines)
    return tenancy_by_key(found, _WRITER)
