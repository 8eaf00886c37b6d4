"""The ids of devices that a kubelet says it gave, as each plugin writes them.

==================  ============================  =================================================
resources           id                            what it is
==================  ============================  =================================================
nvidia.com/…        ``GPU-<uuid>``                a GPU
nvidia.com/…        ``MIG-<uuid>``                an instance of MIG, of a GPU that is not said
nvidia.com/…        ``MIG-GPU-<uuid>/<gi>/<ci>``  the same of a GPU that is said, until driver 470
nvidia.com/…        ``<id>::<n>``                 a replica of any of these
nvidia.com/GRID_…   a UUID, or a PCI address      a vGPU, of a GPU that is not said
gpu.intel.com/…     ``card0-2``                   the GPU card0, given out for the third time
amd.com/…           ``0000:19:00.0``              a GPU; where those are divided, its first part
amd.com/…           ``amdgpu_xcp_3``              another part, of a GPU that is not said
parts of others     any text                      a part, of a device that is not said
==================  ============================  =================================================

An id of Intel's ends in ``-0`` where the plugin gives each GPU out once, too. So who has
``card0-0`` has the GPU alone until somebody has ``card0-1``: that id is there only where GPUs are
given out several times, and then both take turns (:func:`take_turns`).

Sources: k8s-device-plugin, ``internal/rm/devices.go``; kubevirt-gpu-device-plugin,
``pkg/device_plugin/device_plugin.go``; intel-device-plugins-for-kubernetes, ``cmd/gpu_plugin``;
ROCm's k8s-device-plugin, ``internal/pkg/amdgpu/amdgpu.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from auditor.analysis.gpu.accelerators import part_of
from auditor.analysis.gpu.devices import DeviceId, parse_device, vgpu_profile
from auditor.analysis.gpu.held import Device
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import AMD, INTEL
from auditor.analysis.gpu.shares import Step
from auditor.analysis.gpu.sources import POD_STATUS
from auditor.late import late

_CARD: Final = late(r"(card[0-9]+)-([0-9]+)")
_XCP: Final = late(r"amdgpu_xcp_[0-9]+")
_FIRST: Final = "0"


def parse_given(resource: str, text: str, steps: Sequence[Step] = ()) -> DeviceId:
    """Take an id of a resource apart; ``steps`` are the parts that its devices are of GPUs."""
    card = _CARD.fullmatch(text) if resource.startswith(INTEL) else None
    if card is not None:
        return DeviceId(card[1], (), card[2])
    if resource.startswith(AMD):
        return _of_amd(text, steps)
    if steps and (vgpu_profile(resource) or part_of(resource)):
        return DeviceId("", (replace(steps[-1], id=text),))
    return parse_device(text)


def is_part(resource: str, text: str) -> bool:
    """Say whether an id is that of a part of a GPU, whatever the resource is called."""
    return resource.startswith(AMD) and _XCP.fullmatch(text) is not None


def _of_amd(text: str, steps: Sequence[Step]) -> DeviceId:
    named = _XCP.fullmatch(text) is None
    if named and not steps:
        return DeviceId(text)
    step = steps[-1] if steps else Step(Mechanism.COMPUTE_PARTITION, "")
    return DeviceId(text if named else "", (replace(step, id=text),))


def take_turns(device: Device) -> None:
    """Say of all that have a GPU of Intel's by the kubelet that they take turns, as one does."""
    if not device.resource.startswith(INTEL):
        return
    given = [index for index, each in enumerate(device.held) if each.source == POD_STATUS]
    if any(device.held[index].grant.sharing is Mechanism.TIME_SLICING for index in given):
        for index in given:
            held = device.held[index]
            grant = replace(held.grant, sharing=Mechanism.TIME_SLICING)
            device.held[index] = replace(held, grant=grant)


def in_turns(resource: str, device: DeviceId, sharing: Mechanism) -> Mechanism:
    """Say how a device is given out, by its id and by what its node offers."""
    if not device.replica:
        return Mechanism.EXCLUSIVE
    if sharing is not Mechanism.EXCLUSIVE:
        return sharing
    if resource.startswith(INTEL):
        first = device.replica == _FIRST
        return Mechanism.EXCLUSIVE if first else Mechanism.TIME_SLICING
    return Mechanism.UNKNOWN
