"""Dynamic resource allocation: which pods were given which device, as the API server holds it.

A driver publishes the devices of a pool in ResourceSlices; what is allocated stands in the status
of a ResourceClaim, and so do the pods that use it (``resource.k8s.io`` v1, v1beta2, v1beta1)::

    ResourceSlice  driver gpu.nvidia.com, pool node-a, generation 3
                   device gpu-0   uuid GPU-1            device gpu-0-mig-1   parentUUID GPU-1
    ResourceClaim  llm/big        results gpu.nvidia.com node-a gpu-0-mig-1   reservedFor pod chat

    llm/chat       has mig gpu-0-mig-1 of GPU-1, exactly

AMD's driver gives a partition no parent: all parts of one GPU have its PCI address in common. What
Intel's driver publishes has an address of its own, and no word of what it is: the function 0 of a
bus is the GPU, and the other functions there are the virtual ones that it makes (SR-IOV); of GPUs
in the processor, on bus 0, those of one device (intel-resource-drivers-for-kubernetes,
``cmd/kubelet-gpu-plugin``, ``pkg/gpu/discovery``).
Of a pool only the slices of its highest generation count; the others are being removed.
Who writes all this: the driver and the scheduler (``resourceclaims/status`` and, for an allocation,
``resourceclaims/binding``), not the tenant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu import makers
from auditor.analysis.gpu.accelerators import is_called_so
from auditor.analysis.gpu.devices import FUNCTION, partition_profile, steps_of
from auditor.analysis.gpu.dra_parameters import Setting, setting_of
from auditor.analysis.gpu.isolation import Mechanism, weakest_of
from auditor.analysis.gpu.shares import Step
from auditor.late import late

AMD: Final = "gpu.amd.com"
INTEL: Final = "gpu.intel.com"
_ADDRESS: Final = late(r"([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")
_INTEL_NAME: Final = late(r"([0-9a-f]{4})-([0-9a-f]{2})-([0-9a-f]{2})-([0-7])-0x[0-9a-f]+")
"""Intel's driver calls a device by its address and its model: 0000-03-00-1-0x56c0."""
_WEAKEST: Final = "cpx_nps1"
_COMPUTE: Final = late(r"[0-9]+c\.[0-9]+g\.")
"""How the profile of a compute instance begins, which has its memory in common with others."""
DRIVERS: Final = MappingProxyType(
    {
        "gpu.nvidia.com": makers.NVIDIA,
        AMD: makers.AMD,
        INTEL: makers.INTEL,
        "gaudi.intel.com": makers.GAUDI,
        "tpu.google.com": makers.GOOGLE,
        "neuron.aws.com": makers.NEURON,
    }
)
"""Drivers whose devices are accelerators, and how the resources of those begin with a plugin."""


def maker_of(driver: str) -> str:
    """Say how the resources of the accelerators of a driver begin; "" for other devices.

    One that is called as accelerators are (``npu.acme.example``) has some, whoever made it.
    """
    known = DRIVERS.get(driver)
    if known is not None:
        return known
    return f"{driver}/" if is_called_so(driver.partition(".")[0]) else ""


class _Attribute(msgspec.Struct, gc=False):
    string: str = ""


class _Counter(msgspec.Struct, gc=False):
    counterSet: str = ""  # noqa: N815 - the field's name in the API


class _Basic(msgspec.Struct, gc=False):
    attributes: dict[str, _Attribute] = {}
    consumesCounters: list[_Counter] | None = None  # noqa: N815 - the field's name in the API
    allowMultipleAllocations: bool = False  # noqa: N815 - the field's name in the API


class _Device(msgspec.Struct, gc=False):
    name: str
    attributes: dict[str, _Attribute] = {}
    consumesCounters: list[_Counter] | None = None  # noqa: N815 - the field's name in the API
    allowMultipleAllocations: bool = False  # noqa: N815 - the field's name in the API
    basic: _Basic | None = None


class _Pool(msgspec.Struct, gc=False):
    name: str
    generation: int = 0
    resourceSliceCount: int = 1  # noqa: N815 - the field's name in the API


class _SliceSpec(msgspec.Struct, gc=False):
    driver: str
    pool: _Pool
    nodeName: str = ""  # noqa: N815 - the field's name in the API
    devices: list[_Device] = []


class _Slice(msgspec.Struct, gc=False):
    spec: _SliceSpec


class SliceDevice(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A device of a pool: the GPU that it is, or is a part of, and what its product is called.

    ``counters`` is the set of counters that it draws on, which all parts of a GPU have in common.
    ``profile`` is AMD's name of the partition that it is, or that of a compute instance.
    """

    name: str
    gpu: str
    part: str
    product: str
    several: bool
    counters: str = ""
    profile: str = ""


class SliceRow(msgspec.Struct, frozen=True, gc=False):
    """What is taken of a ResourceSlice; ``count`` slices make a pool, and ``node`` may be ""."""

    generation: int
    count: int
    node: str
    devices: list[SliceDevice]


class Pool(msgspec.Struct, frozen=True):
    """The devices of a pool, by name. ``whole``: every slice of it was there."""

    node: str
    devices: Mapping[str, SliceDevice]
    whole: bool


_decode_slice = msgspec.json.Decoder(_Slice).decode


def slice_row(body: bytes) -> tuple[str, str, SliceRow] | None:
    """Take what is needed of a ResourceSlice: driver, pool, row; None for other devices.

    Raises:
        msgspec.DecodeError: it is not as the API server stores it.
    """
    spec = _decode_slice(body).spec
    if not maker_of(spec.driver):
        return None
    devices = [_slice_device(spec.driver, each) for each in spec.devices]
    row = SliceRow(spec.pool.generation, spec.pool.resourceSliceCount, spec.nodeName, devices)
    return spec.driver, spec.pool.name, row


def _slice_device(driver: str, device: _Device) -> SliceDevice:
    basic = device.basic or _Basic(
        device.attributes, device.consumesCounters, device.allowMultipleAllocations
    )

    def said(name: str) -> str:
        found = basic.attributes.get(name) or basic.attributes.get(f"{driver}/{name}")
        return "" if found is None else found.string

    parent, own = said("parentUUID"), said("uuid")
    inside = _COMPUTE.match(said("profile")) is not None
    found = SliceDevice(
        name=device.name,
        gpu=parent or own,
        part=(own or device.name) if parent else "",
        product=said("productName") or said("model"),
        several=basic.allowMultipleAllocations,
        counters=next((each.counterSet for each in basic.consumesCounters or ()), ""),
        profile=f"mig-{said('profile')}" if parent and inside else "",
    )
    if driver == INTEL:
        return _of_intel(found, said)
    return _of_amd(found, said) if driver == AMD else found


def _of_amd(device: SliceDevice, said: Callable[[str], str]) -> SliceDevice:
    """Read what AMD's driver says: a partition has the PCI address of its GPU.

    ``partitionProfile`` is the profile, or in the mode that divides on demand ``computePartition``
    and ``memoryPartition``. A profile that nobody knows is taken for one without memory of its own.
    """
    address = said("resource.kubernetes.io/pciBusID") or said("pciAddr")
    profile = said("partitionProfile") or f"{said('computePartition')}_{said('memoryPartition')}"
    part = device.name if said("type") == "amdgpu-partition" else ""
    known = partition_profile(profile) or _WEAKEST
    return msgspec.structs.replace(
        device, gpu=device.gpu or address, part=part, profile=known if part else ""
    )


def _of_intel(device: SliceDevice, said: Callable[[str], str]) -> SliceDevice:
    """Read what Intel's driver says: an address tells of which GPU a virtual function is."""
    name = _INTEL_NAME.match(device.name)
    own = said("resource.kubernetes.io/pciBusID") or said("pciAddress")
    found = _ADDRESS.fullmatch(own or (f"{name[1]}:{name[2]}:{name[3]}.{name[4]}" if name else ""))
    if found is None:
        return device
    domain, bus, unit, function = found.groups()
    gpu = f"{domain}:{bus}:{unit if int(bus, 16) == 0 else '00'}.0"
    part = "" if found[0] == gpu else f"{domain}:{bus}:{unit}.{function}"
    return msgspec.structs.replace(device, gpu=gpu, part=part, profile=FUNCTION if part else "")


def pool_of(rows: Iterable[SliceRow]) -> Pool:
    """Put the slices of one pool together: those of its highest generation."""
    known = list(rows)
    newest = max((row.generation for row in known), default=0)
    current = [row for row in known if row.generation == newest]
    devices = _parts_by_counters(device for row in current for device in row.devices)
    nodes = {row.node for row in current}
    node = nodes.pop() if len(nodes) == 1 else ""
    return Pool(node, devices, whole=all(row.count == len(current) for row in current))


def _parts_by_counters(devices: Iterable[SliceDevice]) -> dict[str, SliceDevice]:
    """Find of which GPU a device is that does not say so: of the one with the same counters."""
    found = {device.name: device for device in devices}
    whole = {
        device.counters: device.gpu
        for device in found.values()
        if device.counters and device.gpu and not device.part
    }
    for name, device in found.items():
        if device.counters and not device.gpu:
            gpu = whole.get(device.counters, "")
            part = name if gpu else ""
            found[name] = msgspec.structs.replace(device, gpu=gpu, part=part)
    return found


class _Result(msgspec.Struct, gc=False):
    request: str
    driver: str
    pool: str
    device: str
    adminAccess: bool | None = None  # noqa: N815 - the field's name in the API
    shareID: str | None = None  # noqa: N815 - the field's name in the API


class _Opaque(msgspec.Struct, gc=False):
    driver: str = ""
    parameters: msgspec.Raw = msgspec.Raw(b"{}")


class _Config(msgspec.Struct, gc=False):
    requests: list[str] | None = None
    opaque: _Opaque | None = None


class _Devices(msgspec.Struct, gc=False):
    results: list[_Result] | None = None
    config: list[_Config] | None = None


class _Allocation(msgspec.Struct, gc=False):
    devices: _Devices = msgspec.field(default_factory=_Devices)


class _Consumer(msgspec.Struct, gc=False):
    resource: str
    name: str
    apiGroup: str = ""  # noqa: N815 - the field's name in the API


class _Status(msgspec.Struct, gc=False):
    allocation: _Allocation | None = None
    reservedFor: list[_Consumer] | None = None  # noqa: N815 - the field's name in the API


class _Claim(msgspec.Struct, gc=False):
    status: _Status | None = None


class ClaimedDevice(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One allocated device, and how it is given to those who have it, as a GPU or an instance."""

    driver: str
    pool: str
    device: str
    sharing: str
    admin: bool
    share: str
    as_instance: str = ""

    def shared(self, known: SliceDevice | None) -> Mechanism:
        """Say how it is given out: by what is set for GPUs, or for instances where it is one."""
        whole, part = Mechanism(self.sharing), Mechanism(self.as_instance or self.sharing)
        if known is None:
            return weakest_of((whole, part))
        return part if known.part else whole


class ClaimRow(msgspec.Struct, frozen=True, gc=False):
    """What is taken of a ResourceClaim: its devices, and the pods or groups of pods that use it."""

    pods: list[str]
    devices: list[ClaimedDevice]


_decode_claim = msgspec.json.Decoder(_Claim).decode


def claim_row(body: bytes) -> ClaimRow | None:
    """Take what is needed of a ResourceClaim; None where no accelerator is allocated and in use.

    Raises:
        msgspec.DecodeError: it is not as the API server stores it.
    """
    status = _decode_claim(body).status
    if status is None or status.allocation is None:
        return None
    pods = [_consumer(each) for each in status.reservedFor or ()]
    config = status.allocation.devices.config or ()
    devices = [
        _claimed(result, config, several=len(pods) > 1)
        for result in status.allocation.devices.results or ()
        if maker_of(result.driver)
    ]
    return ClaimRow(pods, devices) if pods and devices else None


def _claimed(result: _Result, config: Sequence[_Config], *, several: bool) -> ClaimedDevice:
    settings = list(_settings(result, config))
    usual = Mechanism.SHARED_CLAIM if several or result.shareID else Mechanism.EXCLUSIVE
    return ClaimedDevice(
        driver=result.driver,
        pool=result.pool,
        device=result.device,
        sharing=_sharing(settings, usual, instances=False).value,
        admin=bool(result.adminAccess),
        share=result.shareID or "",
        as_instance=_sharing(settings, usual, instances=True).value,
    )


def _consumer(found: _Consumer) -> str:
    """Name who uses a claim: a pod, or a group of pods that has it as a whole."""
    plain = found.resource == "pods" and not found.apiGroup
    return found.name if plain else f"{found.resource}/{found.name}"


def _settings(result: _Result, config: Sequence[_Config]) -> Iterator[tuple[Setting, bool]]:
    """Yield the settings that are for a device, the last first; whether they name its request."""
    for each in reversed(config):
        opaque = each.opaque
        if opaque is None or opaque.driver != result.driver or not _is_for(result, each.requests):
            continue
        setting = setting_of(opaque.parameters)
        if setting is not None:
            yield setting, not each.requests or result.request in each.requests


def _sharing(
    settings: Iterable[tuple[Setting, bool]], usual: Mechanism, *, instances: bool
) -> Mechanism:
    """Say how a device is given to those who have it: by the last setting that is for it."""
    for setting, by_name in settings:
        if setting.for_instances is instances:
            found = setting.mechanism or usual
            return found if by_name else weakest_of((found, usual))
    return usual


def _is_for(result: _Result, requests: Sequence[str] | None) -> bool:
    """Say whether a setting is for a result; a result of a subrequest is called ``main/sub``.

    By the API one for ``main`` is for its subrequests too; NVIDIA's driver compares whole names.
    """
    return not requests or result.request in requests or result.request.split("/")[0] in requests


def path_of(device: SliceDevice, share: str = "") -> tuple[Step, ...]:
    """Return the part of a GPU that a device is; () for all of it.

    ``share`` is the id of an allocation of several: AMD's driver makes a partition for each.
    """
    if not device.part:
        return ()
    if not device.profile:
        return (Step(Mechanism.MIG, device.part),)
    if device.profile.startswith("mig-"):
        instance, inside = steps_of(device.profile)  # of which instance it is does not stand there
        return (instance, msgspec.structs.replace(inside, id=device.part))
    each = f"{device.part}/{share}" if share else device.part
    return tuple(msgspec.structs.replace(step, id=each) for step in steps_of(device.profile))
