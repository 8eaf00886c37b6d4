"""Estates that chance makes: what there is, what each layer tells of it, and who shares, tried out.

The second half decides by trying out every way in which the devices of machines can be dealt out
to the GPUs that their hosts name, and knows nothing of how the analysis does it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, Final

from auditor.analysis.estate.uuids import turned
from auditor.model.resource import Resource
from tests.unit.analysis.estate import layers

LEVELS: Final = {"vgpu-time-sliced": 4, "vgpu-mig": 5}
VCENTER: Final = "vsphere://vc"


@dataclass(slots=True)
class Gpu:
    """A GPU of a host: passed through, by turns, or in instances."""

    pci: str
    kind: str


@dataclass(slots=True)
class Vm:
    """A machine: its host, the GPU of each of its devices, whose it is, and its UUID."""

    moid: str
    host: int
    on: list[str]
    folder: str
    uuid: str
    node: str = ""


@dataclass(slots=True)
class Pod:
    """A pod: its cluster, tenant and node, and how many whole devices it has; ``every``: all."""

    cluster: int
    tenant: str
    name: str
    vm: Vm
    devices: int
    every: bool = False


@dataclass(slots=True)
class World:
    """An estate; ``silent`` are hosts that do not name the machines on their GPUs."""

    hosts: list[list[Gpu]]
    silent: set[int]
    vms: list[Vm]
    pods: list[Pod]
    cluster_of: dict[str, int] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    """By what each node tells its UUID: provider, system, turned, both, nothing."""

    def machine(self, moid: str) -> Vm:
        """The machine of an identity: they are numbered."""
        return self.vms[int(moid.removeprefix("vm-"))]


def uuid(dice: random.Random) -> str:
    """Any UUID."""
    digits = f"{dice.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def made(
    dice: random.Random,
    *,
    clusters: int = 2,
    hosts: int = 2,
    machines: int = 5,
    pods: int = 8,
    several: float = 0.4,
) -> World:
    """Make an estate; ``several`` is how often a machine has more than one device."""
    found = World([], set(), [], [])
    for number in range(hosts):
        kinds = dice.choices(("shared", "instances", "direct"), (5, 3, 2), k=dice.randint(1, 4))
        found.hosts.append([Gpu(f"0000:{at:02x}:00.0", kind) for at, kind in enumerate(kinds)])
        if dice.random() < 0.15:
            found.silent.add(number)
    taken: set[tuple[int, str]] = set()
    for number in range(machines):
        vm = _machine(dice, number, found, taken, several)
        found.vms.append(vm)
        if dice.random() < 0.8:
            _node(dice, found, vm, clusters)
    nodes = [vm for vm in found.vms if vm.node and vm.on]
    left = {vm.moid: len(vm.on) for vm in nodes}
    for number in range(pods):
        free = [vm for vm in nodes if left[vm.moid]]
        if not free:
            break
        vm = dice.choice(free)
        every = dice.random() < 0.1
        devices = dice.randint(1, left[vm.moid])
        left[vm.moid] -= 0 if every else devices
        tenant = f"t{dice.randint(0, 4)}"
        found.pods.append(Pod(found.cluster_of[vm.moid], tenant, f"p{number}", vm, devices, every))
    return found


def _machine(
    dice: random.Random, number: int, found: World, taken: set[tuple[int, str]], several: float
) -> Vm:
    host = dice.randrange(len(found.hosts))
    free = [gpu for gpu in found.hosts[host] if (host, gpu.pci) not in taken]
    vm = Vm(f"vm-{number}", host, [], f"folder-{dice.randint(0, 2)}", uuid(dice))
    whole = [gpu for gpu in free if gpu.kind == "direct"]
    parts = [gpu for gpu in free if gpu.kind != "direct"]
    count = 1 if dice.random() > several else dice.randint(2, 3)
    if whole and dice.random() < 0.4:
        given = dice.sample(whole, min(count, len(whole)))
        vm.on = [gpu.pci for gpu in given]
        taken |= {(host, pci) for pci in vm.on}
    elif parts and dice.random() < 0.9:
        kind = dice.choice(parts).kind
        vm.on = [dice.choice([gpu.pci for gpu in parts if gpu.kind == kind]) for _ in range(count)]
    return vm


def _node(dice: random.Random, found: World, vm: Vm, clusters: int) -> None:
    vm.node = f"n-{vm.moid}"
    found.cluster_of[vm.moid] = dice.randrange(clusters)
    ways = ("provider", "system", "turned", "both", "nothing")
    found.told[vm.moid] = dice.choices(ways, (4, 4, 4, 3, 1))[0]


def cluster(number: int) -> str:
    """The target of a cluster."""
    return f"k8s://c{number}"


def targets(world: World, clusters: int = 2) -> dict[str, list[Resource]]:
    """What each layer tells of an estate."""
    found: dict[str, list[Resource]] = {cluster(number): [] for number in range(clusters)}
    for vm in world.vms:
        if vm.node:
            found[cluster(world.cluster_of[vm.moid])].append(_told(world, vm))
    for pod in world.pods:
        more: dict[str, Any] = {}
        if pod.every:
            security = {"privileged": True}
            more["spec"] = {"containers": [{"name": "c", "securityContext": security}]}
        path = f"{pod.tenant}/{pod.name}"
        found[cluster(pod.cluster)].append(layers.pod(path, pod.vm.node, pod.devices, **more))
    found[VCENTER] = [*_hosts(world), *_machines(world)]
    return found


def _told(world: World, vm: Vm) -> Resource:
    way = world.told[vm.moid]
    provider = f"vsphere://{vm.uuid}" if way in ("provider", "both") else ""
    system = {"system": vm.uuid, "turned": turned(vm.uuid), "both": turned(vm.uuid)}.get(way, "")
    return layers.node(vm.node, provider, system, len(vm.on))


def _hosts(world: World) -> Iterator[Resource]:
    kinds = {"shared": ("sharedDirect", "sameSize"), "direct": ("direct", "none")}
    instances = ("sharedDirect", "multiInstanceGpu")
    for number, gpus in enumerate(world.hosts):
        yield layers.host(
            f"esx{number}",
            *(
                (gpu.pci, *kinds.get(gpu.kind, instances), _named(world, number, gpu))
                for gpu in gpus
            ),
        )


def _named(world: World, host: int, gpu: Gpu) -> tuple[str, ...]:
    if host in world.silent or gpu.kind == "direct":
        return ()
    return tuple(vm.moid for vm in world.vms if vm.host == host and gpu.pci in vm.on)


def kind_of(world: World, vm: Vm) -> str:
    """How the devices of a machine were given to it."""
    return next(gpu.kind for gpu in world.hosts[vm.host] if gpu.pci in vm.on)


def _machines(world: World) -> Iterator[Resource]:
    for vm in world.vms:
        direct = bool(vm.on) and kind_of(world, vm) == "direct"
        profile = (
            "grid_a100-1-5c" if vm.on and kind_of(world, vm) == "instances" else "grid_a100-20c"
        )
        backings = [layers.whole(pci) if direct else layers.vgpu(profile) for pci in vm.on]
        hostname = vm.node if world.told.get(vm.moid) == "nothing" else ""
        yield layers.machine(
            vm.moid, vm.uuid, f"esx{vm.host}", *backings, folder=vm.folder, hostname=hostname
        )


# --- who shares, tried out -------------------------------------------------------------------


Party = tuple[str, str]
"""A target, and a tenant of it."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What a tenant has in a machine: some of its devices, by their numbers."""

    party: Party
    vm: str
    devices: frozenset[int]
    sure: bool


@dataclass(slots=True)
class Found:
    """What two tenants share: the weakest that is sure, the weakest that may be; None for none."""

    sure: int | None = None
    perhaps: int | None = None


def parties(world: World) -> dict[Party, list[Seat]]:
    """What each tenant has: pods of one machine have devices of their own, a machine all of its."""
    found: dict[Party, list[Seat]] = {}
    nodes = {vm.moid for vm in world.vms if vm.node}
    next_free: dict[str, int] = {}
    for pod in world.pods:
        vm, party = pod.vm, (cluster(pod.cluster), pod.tenant)
        if pod.every:
            devices = frozenset(range(len(vm.on)))
        else:
            start = next_free.get(vm.moid, 0)
            devices = frozenset(range(start, start + pod.devices))
            next_free[vm.moid] = start + pod.devices
        sure = world.told[vm.moid] != "nothing" and vm.host not in _unsure(world, vm)
        found.setdefault(party, []).append(Seat(party, vm.moid, devices, sure))
    for vm in world.vms:
        if vm.on and vm.moid not in nodes:
            party = (VCENTER, vm.folder)
            devices = frozenset(range(len(vm.on)))
            sure = vm.host not in _unsure(world, vm)
            found.setdefault(party, []).append(Seat(party, vm.moid, devices, sure))
    return {party: _by_machine(seats) for party, seats in found.items()}


def _by_machine(seats: list[Seat]) -> list[Seat]:
    """Put together what a tenant has in each machine."""
    found: dict[str, Seat] = {}
    for each in seats:
        known = found.get(each.vm, each)
        found[each.vm] = Seat(each.party, each.vm, known.devices | each.devices, each.sure)
    return list(found.values())


def _unsure(world: World, vm: Vm) -> set[int]:
    return set() if kind_of(world, vm) == "direct" else world.silent


def ways(world: World, vm: Vm) -> Iterator[tuple[str, ...]]:
    """Yield every way in which the devices of a machine may be on the GPUs of its host."""
    gpus = world.hosts[vm.host]
    if kind_of(world, vm) == "direct":
        yield from _orders(vm.on)
    elif vm.host in world.silent:
        yield from product([gpu.pci for gpu in gpus if gpu.kind != "direct"], repeat=len(vm.on))
    else:
        named = sorted(set(vm.on))
        yield from (way for way in product(named, repeat=len(vm.on)) if set(way) == set(named))


def _orders(on: list[str]) -> Iterator[tuple[str, ...]]:
    if not on:
        yield ()
    for at, each in enumerate(on):
        for rest in _orders(on[:at] + on[at + 1 :]):
            yield (each, *rest)


def tried_out(world: World) -> dict[frozenset[Party], Found]:
    """Find what each two tenants share, over several machines, by trying every way."""
    every = parties(world)
    found: dict[frozenset[Party], Found] = {}
    for one, other in combinations(sorted(every), 2):
        if one[0] == other[0] == VCENTER:
            continue
        perhaps = _perhaps(world, every[one], every[other])
        if perhaps is None:
            continue
        sure = _surely(world, every[one], every[other]) if one[1] != other[1] else None
        told = perhaps if sure is None or perhaps < sure else None
        found[frozenset((one, other))] = Found(sure, told)
    return found


def _perhaps(world: World, ours: Iterable[Seat], theirs: Iterable[Seat]) -> int | None:
    """The weakest that two tenants share in some way: two of their machines decide it."""
    levels = [
        level
        for one in ours
        for other in theirs
        for way in _ways(world, {one.vm, other.vm})
        if (level := _level(world, one, other, way)) is not None
    ]
    return min(levels, default=None)


def _surely(world: World, ours: Iterable[Seat], theirs: Iterable[Seat]) -> int | None:
    """The weakest that two tenants share in every way; hosts do not depend on one another."""
    mine, others = [each for each in ours if each.sure], [each for each in theirs if each.sure]
    of_hosts = [
        _in_every_way(
            world,
            [each for each in mine if world.machine(each.vm).host == host],
            [each for each in others if world.machine(each.vm).host == host],
        )
        for host in range(len(world.hosts))
    ]
    return min((level for level in of_hosts if level is not None), default=None)


def _in_every_way(world: World, ours: list[Seat], theirs: list[Seat]) -> int | None:
    """The strongest of what is the weakest in each way; None where there is one without any."""
    if not ours or not theirs:
        return None
    best: int | None = None
    for way in _ways(world, {each.vm for each in (*ours, *theirs)}):
        levels = [_level(world, one, other, way) for one in ours for other in theirs]
        weakest = min((level for level in levels if level is not None), default=None)
        if weakest is None:
            return None
        best = weakest if best is None else max(best, weakest)
    return best


def _ways(world: World, moids: set[str]) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield every way of some machines together."""
    names = sorted(moids)
    for way in product(*(list(ways(world, world.machine(name))) for name in names)):
        yield dict(zip(names, way, strict=True))


def _level(world: World, one: Seat, other: Seat, way: Mapping[str, tuple[str, ...]]) -> int | None:
    """What separates two who are on one GPU; None where they are not, or their node tells of it."""
    mine, theirs = world.machine(one.vm), world.machine(other.vm)
    if mine.host != theirs.host:
        return None
    machines = (one.party[0] == VCENTER, other.party[0] == VCENTER)
    if any(machines) and mine.folder == theirs.folder:
        return None
    if mine is theirs and one.devices & other.devices:
        return None
    on = {way[one.vm][device] for device in one.devices}
    both = on & {way[other.vm][device] for device in other.devices}
    kinds = {gpu.pci: gpu.kind for gpu in world.hosts[mine.host]}
    levels = [
        min(_of(kinds[pci], kind_of(world, vm)) for vm in (mine, theirs))
        for pci in both
        if kinds[pci] != "direct"
    ]
    return min(levels, default=None)


def _of(gpu: str, profile: str) -> int:
    """The level of a part of a GPU: an instance where either the GPU or the profile says so."""
    return 5 if "instances" in (gpu, profile) else 4


def on_gpus(world: World) -> dict[tuple[int, str], set[tuple[Party, str, bool]]]:
    """Find who is on each GPU, through which machine, and whether in every way."""
    found: dict[tuple[int, str], set[tuple[Party, str, bool]]] = {}
    for party, seats in parties(world).items():
        for moid in {seat.vm for seat in seats}:
            vm = world.machine(moid)
            mine = [seat for seat in seats if seat.vm == moid]
            devices = frozenset[int]().union(*(seat.devices for seat in mine))
            every = [{way[each] for each in devices} for way in ways(world, vm)]
            for pci in set().union(*every):
                sure = all(pci in way for way in every) and mine[0].sure
                found.setdefault((vm.host, pci), set()).add((party, moid, sure))
    return found
