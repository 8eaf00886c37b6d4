"""What hosts and machines tell of GPUs, as rows have it.

::

    Host h1    0000:3b:00.0   sharedDirect, multiInstanceGpu, used by vm-1, vm-2
               0000:af:00.0   direct
    vm-1       vGPU grid_a100-1-5c           an instance of MIG
    vm-2       vGPU grid_a100-20c            takes turns
    vm-3       DirectPath, 0000:af:00.0      has it to itself
    vm-4       nothing                       kept in case that a host names it

What a vGPU is backed by its profile tells: the cluster lists each with how it is shared, or else
its name has the number of slices before the gigabytes (``grid_a100-1-5c``). On GPUs where several
vGPUs may be on one instance (``…dc-1-8q``) no name tells that a vGPU has one to itself, so they
count as taking turns.

Sources: HostGraphicsInfo, VirtualPCIPassthrough*BackingInfo, VirtualMachineVgpuProfileInfo of the
API; NVIDIA's lists of types of vGPU, and its guide to vGPUs that MIG backs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from auditor.analysis.vsphere.tenants import Owned
from auditor.late import late
from auditor.model.resource import Resource

_VGPU: Final = "VirtualPCIPassthroughVmiopBackingInfo"
_DVX: Final = "VirtualPCIPassthroughDvxBackingInfo"
_MAKERS: Final = frozenset({0x10DE, 0x1002, 0x1DA3})
"""NVIDIA, AMD, Habana: by PCI's numbers. Another maker's device counts where its host lists it."""
_WORDS: Final = late("nvidia|amd|habana|gaudi|intel.*gpu", re.IGNORECASE)
"""By what a class of virtual devices is told to be one of GPUs: its name is free text."""
_MIG: Final = late(r".*-[0-9]+-[0-9]+[abcq](?:me)?")
_SEVERAL: Final = late(r".*dc-[0-9]+-[0-9]+.*", re.IGNORECASE)
"""Profiles of which an instance may have several."""
_ALONE: Final = "mig"
"""How a profile is shared that has an instance to itself (profileSharing)."""
UNKNOWN: Final = "a GPU that is not known"


class Gpu(msgspec.Struct, frozen=True):
    """A GPU as its host tells of it; ``machines`` are those that it names as users.

    ``shared`` is one that is given out as vGPUs, ``drawn`` one that the host itself draws with.
    """

    pci: str
    name: str
    shared: bool
    mig: bool
    machines: tuple[str, ...]
    drawn: bool = False


class Host(msgspec.Struct, frozen=True):
    """What is taken of a host; ``cluster`` is what it is in."""

    moid: str
    name: str
    gpus: tuple[Gpu, ...]
    cluster: str = ""


class Whole(msgspec.Struct, frozen=True):
    """A device that a machine has to itself: its address, "" where nobody tells it.

    ``of_a_maker``: whoever made it makes GPUs.
    """

    pci: str
    of_a_maker: bool


class Machine(msgspec.Struct, frozen=True):
    """What is taken of a machine, and whose it is; of one that does not run there are no devices.

    ``tenant``, ``key`` and ``pod`` follow from what all tell of whose they are (``owned``).
    ``mig``: all of its profiles are backed by MIG, each by an instance of its own; None where no
    profile tells it. ``whole`` are devices of PCI that it has to itself.
    """

    moid: str
    host: str
    tenant: str
    key: str
    pod: str
    profiles: tuple[str, ...]
    whole: tuple[Whole, ...]
    mig: bool | None = None
    runs: bool = True
    owned: Owned = Owned("", "", "")

    @property
    def has_devices(self) -> bool:
        """Whether it was given anything that may be a GPU."""
        return bool(self.profiles or self.whole)


class Written(msgspec.Struct, frozen=True):
    """What is written about a machine that names its tenant: ``{"attribute team": "llm"}``."""

    moid: str
    values: dict[str, str]


class Profiles(msgspec.Struct, frozen=True):
    """How the hosts of a cluster, or one that is in none, share what they give out as vGPUs."""

    cluster: str
    sharing: dict[str, str]


def host_of(resource: Resource) -> Host:
    """Take what a host tells of its GPUs."""
    body: Any = msgspec.json.decode(resource.body)
    found = (body.get("config") or {}).get("graphicsInfo") or ()
    gpus = tuple(
        Gpu(
            pci=each.get("pciId", ""),
            name=each.get("deviceName", ""),
            shared=each.get("graphicsType") == "sharedDirect",
            mig=each.get("vgpuMode") == "multiInstanceGpu",
            machines=tuple(_within(body, moid) for moid in each.get("vm") or ()),
            drawn=each.get("graphicsType") == "shared",
        )
        for each in found
        if each.get("pciId") and each.get("graphicsType") != "basic"
    )
    return Host(
        _within(body, body.get("moid", "")),
        _within(body, resource.name),
        gpus,
        _within(body, body.get("parent", "")),
    )


def profiles_of(resource: Resource) -> Profiles:
    """Take how the profiles of a cluster are shared."""
    body: Any = msgspec.json.decode(resource.body)
    found = body.get("vgpuProfileInfo") or ()
    sharing = {each.get("profileName", ""): each.get("profileSharing", "") for each in found}
    return Profiles(_within(body, body.get("moid", "")), sharing)


def written_of(resource: Resource, of: str, wanted: Iterable[str]) -> Written:
    """Take some attributes of a machine, or its tags of some categories.

    Of several tags of one category it is of all: alone it is of none of them.
    """
    body: Any = msgspec.json.decode(resource.body)
    known = body.get(f"{of}s") or {}
    values = {f"{of} {name}": _one(known[name]) for name in wanted if name in known}
    return Written(_within(body, body.get("moid", "")), values)


def _one(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " and ".join(sorted(value))


def machine_of(resource: Resource) -> Machine:
    """Take the devices of a machine."""
    body: Any = msgspec.json.decode(resource.body)
    runtime = body.get("runtime") or {}
    runs = runtime.get("powerState") == "poweredOn"
    backings = list(_backings(body)) if runs else []
    return Machine(
        moid=_within(body, body.get("moid", "")),
        host=_within(body, runtime.get("host", "")),
        tenant="",
        key="",
        pod=_within(body, resource.name),
        profiles=tuple(_profiles(backings)),
        whole=tuple(_whole(each) for each in backings if each.get("type") not in {_VGPU, _DVX}),
        runs=runs,
        owned=Owned(body.get("path", ""), body.get("poolPath", ""), resource.name),
    )


def _backings(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what stands behind the devices of PCI that a machine was given."""
    devices = ((body.get("config") or {}).get("hardware") or {}).get("device") or ()
    for each in devices:
        if each["type"] == "VirtualPCIPassthrough":
            yield each.get("backing") or {}


def _within(body: Mapping[str, Any], name: str) -> str:
    return within(body.get("inventory", ""), name)


def within(inventory: str, name: str) -> str:
    """Tell what one saved inventory calls something from what another one does; "" stays so."""
    return f"{inventory}/{name}" if inventory and name else name


def _profiles(backings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what the parts of GPUs are called that a machine was given."""
    for each in backings:
        if each.get("type") == _VGPU:
            yield each.get("vgpu", "")
        elif each.get("type") == _DVX and _WORDS.search(each.get("deviceClass", "")):
            yield each["deviceClass"]


def _whole(backing: Mapping[str, Any]) -> Whole:
    """Take a device that is passed through; numbers of PCI are signed."""
    allowed = backing.get("allowedDevice") or ()
    vendors = {backing.get("vendorId"), *(each.get("vendorId") for each in allowed)}
    ours = {each & 0xFFFF for each in vendors if each is not None}
    return Whole(backing.get("id") or backing.get("assignedId") or "", bool(ours & _MAKERS))


def is_apart(profiles: Iterable[str], sharing: Mapping[str, str]) -> bool | None:
    """Say whether each vGPU of some profiles has an instance of MIG to itself.

    None: they do not tell, and their GPU does. ``sharing`` is how the cluster says that each is
    shared, as far as that was read.
    """
    told = {_is_apart(profile, sharing.get(profile, "")) for profile in profiles}
    if False in told:
        return False
    return True if told == {True} else None


def _is_apart(profile: str, sharing: str) -> bool | None:
    if _SEVERAL.fullmatch(profile) or (sharing and sharing != _ALONE):
        return False
    if sharing or _MIG.fullmatch(profile):
        return True
    return None
