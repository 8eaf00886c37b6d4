"""Who shares a GPU with whom on a Docker host, and what a compose file would come to.

Each workload opens doors (:mod:`doors`), and each door leads to devices of the host. Here is how a
host with two GPUs comes about, of which the engine tells::

    Info       DiscoveredDevices nvidia.com/gpu=0, =1     the host has 0 and 1
    train      --gpus device=0, project vision            0        request      exact
    chat       --gpus 1, project llm                      0        request      proven
    notebook   --privileged, no project                   0, 1     privileged   exact

    GPU 0      vision and llm share it by turns (proven); notebook reaches it past any request
    GPU 1      notebook alone

The engine never looks who has a GPU already, so what two asked for both have. An index and a UUID
may be one device: only the host can tell, so such a pair is possible, and the matrix says why.
Containers that do not run hold nothing. The tenant of a container is what a label that ends in
``tenant`` says, else its compose project, else the container itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.docker.doors import ALL, AMD, Door, device_id, doors_of
from auditor.analysis.gpu.bypass import Way
from auditor.analysis.gpu.devices import parse_device
from auditor.analysis.gpu.estate import Estate
from auditor.analysis.gpu.handing import handed_by
from auditor.analysis.gpu.held import Device, Held, Reach
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty, Grant
from auditor.analysis.gpu.tenancy import REACH, SHARE, facts_of
from auditor.analysis.gpu.tenants import Tenants, tenancy_by_key
from auditor.analysis.protocol import Feeds, Groups, Handed, Row, Site, Stage, Tables, Uncombined
from auditor.late import late
from auditor.model.fact import Fact, Origin
from auditor.model.gpus import KIND as DEVICE
from auditor.model.gpus import TENANCY, TenancyFact
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import INFO, WORKLOAD

_HOST, _WORKLOADS = "0", "1"
"""What keys begin with: the host is known before what runs on it."""
_PROJECT: Final = "com.docker.compose.project"
_TENANT: Final = "tenant"
_ALONE: Final = "docker"
"""What stands for the project in the name of a container without one."""
_WHOLE: Final = "every GPU"
"""The device of hosts of which nobody says which GPUs they have."""
_RUNTIMES: Final = ("nvidia", "amd")
"""What toolkits call their runtimes: nvidia, nvidia-cdi, nvidia-legacy, amd."""
_WRITER: Final = "tenant"
_PART: Final = late(r"\d+:\d+")
"""An instance of a GPU, by the indices of both."""
_NODE: Final = late(r"/dev/dri/(card|renderD|by-path/)")
"""The kinds of nodes that a GPU has: which of them are of one is not in the API."""
_ENGINE: Final = "engine-request"
_SPEC: Final = "container-settings"
_RESTS: Final = MappingProxyType({"": frozenset({WORKLOAD, INFO})})
_MARKS: Final = (
    *(b'"privileged":true', b"nvidia", b"/dev", b'"deviceRequests":[{', b"gpu", b"CUDA"),
    b"AMD_VISIBLE_DEVICES",
)
_EVERY_AMD: Final = f"{AMD}{ALL}"
"""CDI's name of all GPUs of AMD's at once."""


class _Discovered(msgspec.Struct, frozen=True):
    id: str = msgspec.field(default="", name="ID")


class _Info(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""
    discovered_devices: list[_Discovered] | None = None
    runtimes: dict[str, object] | None = None


class Host(msgspec.Struct, frozen=True):
    """What is taken of an engine: its name, and the GPUs that it found (API 1.50).

    ``made_for_gpus``: it knows of GPUs, or has a runtime for them.
    """

    name: str = ""
    devices: tuple[str, ...] = ()
    made_for_gpus: bool = False


class Use(msgspec.Struct, frozen=True):
    """What is taken of a workload: whose it is, by which key, and its doors.

    ``fields`` are the pointers of the doors in the source, ``form`` is that of the workload,
    ``node`` the host of one that no engine runs yet: its file.
    """

    pod: str
    tenant: str
    key: str
    doors: tuple[Door, ...]
    fields: tuple[str, ...]
    form: str
    node: str


_info = msgspec.json.Decoder(_Info).decode
_host = msgspec.json.Decoder(Host).decode
_use = msgspec.json.Decoder(Use).decode
_encode = msgspec.json.encode


class DockerGpus(Uncombined):
    """Joins the workloads of a host, or of compose files, to who shares which GPU."""

    id = "docker-gpus"
    stage = Stage.TARGET
    reads = frozenset({INFO, WORKLOAD})
    feeds: Feeds = MappingProxyType({DEVICE: _RESTS, SHARE: _RESTS, REACH: _RESTS, TENANCY: _RESTS})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what an engine and its workloads say of GPUs."""
        if resource.kind == INFO:
            yield Row((_HOST,), "host", site.origin(resource), _encode(_host_of(resource.body)))
        elif any(mark in resource.body for mark in _MARKS):
            use = _use_of(resource)
            if use is not None:
                origin = site.origin(resource.parent or resource, "", use.fields)
                yield Row((_WORKLOADS,), "workload", origin, _encode(use))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        """Yield the facts of a target."""
        host, at = Host(), None
        for key, rows in groups:
            if key == (_HOST,):
                for row in rows:
                    host, at = _host(row.body), row.read_at
            else:
                uses = [(row.read_at, _use(row.body)) for row in rows]
                estate = _estate(host, at, uses)
                yield from facts_of(estate, partial(_told, uses))
                yield handed_by(estate)


def _host_of(body: bytes) -> Host:
    found = _info(body)
    names = {device_id(each.id) for each in found.discovered_devices or ()} - {ALL, _EVERY_AMD}
    devices = tuple(sorted(names - _second_names(names)))
    runtimes = any(each in name for name in found.runtimes or () for each in _RUNTIMES)
    return Host(found.name, devices, made_for_gpus=bool(devices) or runtimes)


def _second_names(names: AbstractSet[str]) -> set[str]:
    """The UUIDs among devices that have indices as well: a GPU is listed by each of its names."""
    whole, parts = any(map(_is_index, names)), any(map(_PART.fullmatch, names))
    return {
        each
        for each in names
        if (whole and each.startswith("GPU-")) or (parts and each.startswith("MIG-"))
    }


def _use_of(resource: Resource) -> Use | None:
    """Take the doors of a workload; None where it has none, or does not run."""
    body: Any = msgspec.json.decode(resource.body)
    if body.get("running") is False:
        return None
    doors = doors_of(body)
    if not doors:
        return None
    pod, tenant, key = tenant_of(body.get("labels") or {}, resource.name)
    return Use(
        pod=pod,
        tenant=tenant,
        key=key,
        doors=tuple(doors),
        fields=tuple(resource.in_source(each.pointer) or "" for each in doors),
        form=body["form"],
        node="" if body["form"] == "container" else resource.source,
    )


def tenant_of(labels: Mapping[str, str], name: str) -> tuple[str, str, str]:
    """Say how a container is called, whose it is, and what names its tenant."""
    project = labels.get(_PROJECT) or ""
    return f"{project or _ALONE}/{name}", *_tenant(labels, project, name)


def _tenant(labels: Mapping[str, str], project: str, name: str) -> tuple[str, str]:
    """Say whose a workload is, and what names it."""
    for label in sorted(labels):
        if re.split(r"[./_-]", label)[-1] == _TENANT and labels[label]:
            return labels[label], f"label {label}"
    return (project, "compose project") if project else (name, "container")


def _estate(host: Host, at: Origin | None, uses: Sequence[tuple[Origin, Use]]) -> Estate:
    estate = Estate(Tenants((), {}), ())
    by_node: dict[str, list[tuple[Origin, Use]]] = {}
    for origin, use in uses:
        estate.tenants.name(use.tenant, use.key)
        by_node.setdefault(use.node or host.name, []).append((origin, use))
    for node, found in by_node.items():
        own = host if node == host.name else Host()
        estate.nodes[node] = at if at is not None and node == host.name else found[0][0]
        _fill(estate, node, own, found)
    return estate


def _told(uses: Sequence[tuple[Origin, Use]]) -> TenancyFact:
    """Say by what the tenants are told: whoever starts a container writes all of it."""
    found = ((use.key, use.tenant, use.pod) for _, use in uses)
    return tenancy_by_key(found, _WRITER)


def _fill(estate: Estate, node: str, host: Host, uses: Sequence[tuple[Origin, Use]]) -> None:
    """Give each device of a host what its workloads have of it.

    Who is privileged reaches all of them, where there are some: so much only a host says that was
    made for GPUs, or a workload that asks for one.
    """
    uses = [(origin, _on(host, use)) for origin, use in uses]
    wide = (ALL, _EVERY_AMD)
    named = {_gpu(door.device) for _, use in uses for door in use.doors if door.device not in wide}
    every_amd = any(door.device == _EVERY_AMD for _, use in uses for door in use.doors)
    known = sorted({*host.devices, *named})
    if every_amd and not any(map(_is_amd, known)):
        known.append(_EVERY_AMD)
    known = known or [_WHOLE]
    asked = any(door.sharing is Mechanism.OVERLAP for _, use in uses for door in use.doors)
    has_gpus = host.made_for_gpus or bool(named) or every_amd or asked
    found = {gpu: Device(held=[], notes=[]) for gpu in known}
    reaches: list[Reach] = []
    for origin, use in uses:
        estate.reached_from(use.pod, origin)
        ways = [
            Way(door.name, int(door.certainty if has_gpus else Certainty.POSSIBLE), field)
            for door, field in zip(use.doors, use.fields, strict=True)
            if door.device == ALL and door.sharing is Mechanism.BYPASS
        ]
        if ways:
            reach = Reach(use.tenant, use.pod, node, ways, component=False, origin=origin)
            reaches.append(reach)
        for door in use.doors:
            if door.device != ALL or door.sharing is not Mechanism.BYPASS:
                _hold(found, use, door, origin, told=bool(host.devices))
    estate.reach(node, reaches)
    mixed = {_is_index(gpu) for gpu in known if not _is_amd(gpu)} == {True, False}
    nodes = {match[1] for match in map(_NODE.match, known) if match}
    for gpu, device in found.items():
        if mixed:
            device.notes.append(
                "an index and a UUID may be one GPU: `nvidia-smi -L` on the host tells"
            )
        if len(nodes) > 1 and _NODE.match(gpu):
            device.notes.append(
                "a card and a render node may be of one GPU: `ls -l /dev/dri/by-path` tells"
            )
        if gpu == _WHOLE:
            device.notes.append(
                "which GPUs the host has is not in the API before 1.50: `nvidia-smi -L` tells"
            )
        estate.devices[node, gpu] = device


def _on(host: Host, use: Use) -> Use:
    """Say what doors lead to on a host that has GPUs of AMD's alone: its indices are theirs."""
    if not host.devices or not all(map(_is_amd, host.devices)):
        return use
    doors = tuple(
        msgspec.structs.replace(door, device=f"{AMD}{door.device}")
        if door.name == "request" and _is_index(door.device)
        else door
        for door in use.doors
    )
    return msgspec.structs.replace(use, doors=doors)


def _hold(found: Mapping[str, Device], use: Use, door: Door, origin: Origin, *, told: bool) -> None:
    """Add what a door leads to: one device, all, or perhaps one that is called otherwise.

    ``told``: the engine says which GPUs there are, so that an index is known to be NVIDIA's.
    """
    wanted = parse_device(door.device)
    own = _gpu(door.device)
    for gpu, device in found.items():
        certainty = door.certainty
        if door.device == _EVERY_AMD and not _is_amd(gpu):
            continue
        if door.device not in (ALL, _EVERY_AMD) and gpu != own:
            if not _may_be_one(gpu, own, told=told):
                continue
            certainty = Certainty.POSSIBLE
        path = wanted.path if wanted.gpu and door.device != ALL else ()
        source = _ENGINE if door.name == "request" else _SPEC
        if use.form != "container":
            certainty = min(certainty, Certainty.DECLARED)
        grant = Grant(use.tenant, use.pod, certainty, door.sharing, path)
        device.held.append(Held(grant, source, origin))


def _gpu(device: str) -> str:
    """The GPU that a device is of; an instance whose GPU is not known is one by itself."""
    return parse_device(device).gpu or device


def _may_be_one(gpu: str, other: str, *, told: bool) -> bool:
    """Whether two names may be of one GPU: an index and another, a card and a render node."""
    if _EVERY_AMD in (gpu, other):
        return _is_amd(gpu) and _is_amd(other)
    if _is_amd(gpu) or _is_amd(other):
        return _may_be_of_amd(gpu, other, told=told)
    if _is_index(gpu) != _is_index(other):
        return True
    one, two = _NODE.match(gpu), _NODE.match(other)
    return one is not None and two is not None and one[1] != two[1]


def _is_index(gpu: str) -> bool:
    return gpu.isdecimal()


def _is_amd(gpu: str) -> bool:
    return gpu.startswith(AMD)


def _may_be_of_amd(gpu: str, other: str, *, told: bool) -> bool:
    """Whether a device of AMD's and another may be one: by an id, or by a node of its own."""
    if _is_amd(gpu) and _is_amd(other):
        return _is_index(gpu.removeprefix(AMD)) != _is_index(other.removeprefix(AMD))
    plain = other if _is_amd(gpu) else gpu
    return _NODE.match(plain) is not None or (_is_index(plain) and not told)
