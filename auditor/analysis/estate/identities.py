"""What nodes, hosts and machines tell of who they are: taken of each object, and put together.

=====================  =========================================================================
object                 what is in the row
=====================  =========================================================================
k8s/Node               spec.providerID, status.nodeInfo.systemUUID
docker/Info            Name
docker/HostMachine     the UUID that firmware tells
vsphere/Host           its UUID: two targets may tell of one host
vsphere/VirtualMachine its UUIDs, its name and that of its guest, its host; of those that run
=====================  =========================================================================

A field that is not as its API has it says nothing, and costs no more than what it would have said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.estate.machines import Guest, Machine, one_of_each, provider_uuid
from auditor.analysis.estate.uuids import uuid_of
from auditor.analysis.loose import string
from auditor.analysis.protocol import Row, Site
from auditor.analysis.vsphere.devices import within
from auditor.model.fact import Origin
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.docker import HOST_MACHINE, INFO
from auditor.platforms.vsphere import HOST, MACHINE

NODE: Final = "k8s/Node"
IDENTITIES: Final = "0"
"""What the keys of these rows begin with."""
_RUNS: Final = "poweredOn"


class _NodeSpec(msgspec.Struct, frozen=True, gc=False):
    providerID: object = None  # noqa: N815 - as the API calls it


class _NodeInfo(msgspec.Struct, frozen=True, gc=False):
    systemUUID: object = None  # noqa: N815 - as the API calls it


class _NodeStatus(msgspec.Struct, frozen=True, gc=False):
    nodeInfo: _NodeInfo | None = None  # noqa: N815 - as the API calls it


class _Node(msgspec.Struct, frozen=True, gc=False):
    spec: _NodeSpec | None = None
    status: _NodeStatus | None = None


class _Info(msgspec.Struct, frozen=True, gc=False):
    name: object = msgspec.field(default=None, name="Name")


class _Product(msgspec.Struct, frozen=True, gc=False):
    uuid: object = None


class _SystemInfo(msgspec.Struct, frozen=True, gc=False):
    uuid: object = None


class _Hardware(msgspec.Struct, frozen=True, gc=False):
    systemInfo: _SystemInfo | None = None  # noqa: N815 - as the API calls it


class _Host(msgspec.Struct, frozen=True, gc=False):
    moid: str = ""
    inventory: str = ""
    hardware: _Hardware | None = None


class _Config(msgspec.Struct, frozen=True, gc=False):
    uuid: object = None
    instanceUuid: object = None  # noqa: N815 - as the API calls it


class _Runtime(msgspec.Struct, frozen=True, gc=False):
    powerState: object = None  # noqa: N815 - as the API calls it
    host: object = None


class _Guest(msgspec.Struct, frozen=True, gc=False):
    hostName: object = None  # noqa: N815 - as the API calls it


class _Machine(msgspec.Struct, frozen=True, gc=False):
    moid: str = ""
    path: str = ""
    name: str = ""
    inventory: str = ""
    config: _Config | None = None
    runtime: _Runtime | None = None
    guest: _Guest | None = None


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one object tells: texts, "" for what it does not.

    ``moid`` is what its server calls it, ``firmware`` the UUID of its firmware or hardware.
    """

    name: str = ""
    moid: str = ""
    provider: str = ""
    firmware: str = ""
    instance: str = ""
    path: str = ""
    host: str = ""
    hostname: str = ""
    of_vsphere: bool = False


def _node(body: bytes, name: str) -> Told:
    node = _decode_node(body)
    provider, of_vsphere = provider_uuid(node.spec.providerID if node.spec else None)
    info = node.status.nodeInfo if node.status else None
    firmware = uuid_of(info.systemUUID if info else None)
    return Told(name=name, provider=provider, firmware=firmware, of_vsphere=of_vsphere)


def _info(body: bytes, name: str) -> Told:
    del name
    return Told(name=string(_decode_info(body).name))


def _product(body: bytes, name: str) -> Told:
    del name
    return Told(firmware=uuid_of(_decode_product(body).uuid))


def _host(body: bytes, name: str) -> Told:
    host = _decode_host(body)
    info = host.hardware.systemInfo if host.hardware else None
    return Told(
        name=within(host.inventory, name),
        moid=within(host.inventory, host.moid),
        firmware=uuid_of(info.uuid if info else None),
    )


def _machine(body: bytes, name: str) -> Told | None:
    found = _decode_machine(body)
    runtime, config = found.runtime or _Runtime(), found.config or _Config()
    if runtime.powerState != _RUNS:
        return None
    return Told(
        name=name,
        moid=within(found.inventory, found.moid),
        firmware=uuid_of(config.uuid),
        instance=uuid_of(config.instanceUuid),
        path=found.path,
        host=within(found.inventory, string(runtime.host)),
        hostname=string(found.guest.hostName if found.guest else None),
    )


_decode_node = msgspec.json.Decoder(_Node).decode
_decode_info = msgspec.json.Decoder(_Info).decode
_decode_product = msgspec.json.Decoder(_Product).decode
_decode_host = msgspec.json.Decoder(_Host).decode
_decode_machine = msgspec.json.Decoder(_Machine).decode
_told = msgspec.json.Decoder(Told).decode
_encode = msgspec.json.encode

_TAKEN: Final[Mapping[str, Callable[[bytes, str], Told | None]]] = MappingProxyType(
    {NODE: _node, INFO: _info, HOST_MACHINE: _product, HOST: _host, MACHINE: _machine}
)
READS: Final = frozenset(_TAKEN)


def identity_row(resource: Resource, site: Site) -> Iterator[Row]:
    """Take who an object says that it is."""
    try:
        told = _TAKEN[resource.kind](resource.body, resource.name)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # what is wrong with it is told where it is judged
    if told is not None:
        key = (IDENTITIES, site.target.uri, resource.kind, told.moid or resource.name)
        yield Row(key, resource.kind, site.origin(resource), _encode(told))


def identity_of(origin: Origin) -> str:
    """What tells a target from others: what it calls itself, of files where they are."""
    return origin.target if origin.target_uid == OF_FILES else origin.target_uid


class Identities:
    """All that was told, as it comes."""

    def __init__(self) -> None:
        self._nodes: list[Guest] = []
        self._names: dict[str, tuple[str, Origin]] = {}
        self._products: dict[str, str] = {}
        self._hosts: dict[tuple[str, str], tuple[str, Origin]] = {}
        self._machines: list[Machine] = []

    def learn(self, row: Row) -> None:
        """Add what one object tells."""
        told, at = _told(row.body), row.read_at
        if row.tag == NODE:
            self._nodes.append(_guest(told, at, engine=False))
        elif row.tag == INFO:
            self._names[at.target] = told.name, at
        elif row.tag == HOST_MACHINE:
            self._products[at.target] = told.firmware
        elif row.tag == HOST:
            self._hosts[at.target, told.moid] = told.firmware, at
        else:
            self._machines.append(_machine_of(told, at))

    @property
    def has_machines(self) -> bool:
        """Whether a vCenter, or a host of it, told of any."""
        return bool(self._machines or self._hosts)

    def guests(self) -> Iterator[Guest]:
        """Yield nodes and hosts of engines, by what they tell."""
        yield from self._nodes
        for target, (name, at) in self._names.items():
            told = Told(name=name, firmware=self._products.get(target, ""))
            yield _guest(told, at, engine=True)

    def machines(self) -> Mapping[tuple[str, str], Machine]:
        """Map each machine to the one that stands for it."""
        hardware = {key: uuid for key, (uuid, _) in self._hosts.items()}
        known = (
            msgspec.structs.replace(each, hardware=hardware.get((each.target, each.host), ""))
            for each in self._machines
        )
        return one_of_each(list(known))

    def host(self, target: str, moid: str) -> Origin | None:
        """Find where a host was read."""
        found = self._hosts.get((target, moid))
        return found[1] if found is not None else None


def _guest(told: Told, at: Origin, *, engine: bool) -> Guest:
    return Guest(
        target=at.target,
        identity=identity_of(at),
        name=told.name,
        origin=at,
        provider=told.provider,
        firmware=told.firmware,
        engine=engine,
        of_vsphere=told.of_vsphere,
    )


def _machine_of(told: Told, at: Origin) -> Machine:
    return Machine(
        target=at.target,
        moid=told.moid,
        uuid=told.firmware,
        instance=told.instance,
        path=told.path,
        name=told.name,
        host=told.host,
        hostname=told.hostname,
        origin=at,
    )
