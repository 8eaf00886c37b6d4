"""What tells GPUs apart: the ids that device plugins and drivers give them.

The NVIDIA device plugin calls a whole GPU ``GPU-<uuid>``, an instance of MIG ``MIG-<uuid>`` (until
driver 470 ``MIG-GPU-<uuid>/<gi>/<ci>``, which names the GPU), and a replica of either ``<id>::<n>``
(k8s-device-plugin, ``internal/rm/devices.go``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from auditor.analysis.gpu.accelerators import is_counted, offered_as, part_of
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import AMD, INTEL, NVIDIA
from auditor.analysis.gpu.monitoring import monitored
from auditor.analysis.gpu.shares import Step
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.library.amounts import parse
from auditor.late import late

DOMAINS: Final = (NVIDIA, AMD, INTEL, "volcano.sh/vgpu")
"""How resources begin that stand for accelerators; those of others: :mod:`accelerators`."""
_NOT_DEVICES: Final = late(
    r"nvidia\.com/gpu(mem|mem-percentage|cores)|gpu\.intel\.com/(memory(\.max)?|millicores|tiles)"
    r"|volcano\.sh/vgpu-(memory|memory-percentage|cores)|amd\.com/(gpumem|gpucores)"
)
"""Amounts that are asked for beside a device."""
_MIG: Final = late(r"nvidia\.com/(mig-[0-9a-z.+-]+?)(\.shared)?")
_COMPUTE: Final = late(r"mig-\d+c\.")
_OLD_MIG: Final = late(r"MIG-(GPU-[0-9a-f-]+)/(\d+)/(\d+)")


_VGPU: Final = late(r"nvidia\.com/((?:GRID|NVIDIA)_.+-(?:[0-9]+-)?[0-9]+[ABCQ](?:ME)?)")
"""GRID_T4-2Q, NVIDIA_A100-1-5C, NVIDIA_H200X-141C: the last letter is what the vGPU is for."""
_OF_MIG: Final = late(r".+-[0-9]+-[0-9]+[ABCQ](?:ME)?")
_SEVERAL: Final = late(r".*DC-[0-9]+-[0-9]+.*")
ANY_PART: Final = "xcp"
"""The profile of AMD's partitions of which nothing says into how many a GPU is divided."""

FUNCTION: Final = "vf"
"""The profile of virtual functions of Intel's GPUs."""
_ADAPTERS: Final = "rdma/"
"""Before which the shared device plugin of RDMA names its resources."""
_MEMORY: Final = frozenset({"aliyun.com/gpu-mem", "volcano.sh/gpu-memory"})

_PARTITIONS: Final = {"s": 1, "d": 2, "t": 3, "q": 4, "c": 8}
"""Into how many partitions a mode of AMD's divides the processors, by its first letter."""
_PARTITION: Final = late(r"([sdtqc]px)_nps([0-9])")


class DeviceId(msgspec.Struct, frozen=True, order=True):
    """A device: ``gpu`` "" where only a part of it is known; ``path`` leads to that part."""

    gpu: str
    path: tuple[Step, ...] = ()
    replica: str = ""


def is_accelerator(resource: str) -> bool:
    """Say whether a resource name stands for accelerators that are counted."""
    if not resource.startswith(DOMAINS):
        return is_counted(resource)
    return _NOT_DEVICES.fullmatch(resource) is None and not monitored(resource)


def is_adapter(resource: str) -> bool:
    """Say whether a resource stands for adapters of RDMA that many pods have."""
    return resource.startswith(_ADAPTERS)


def is_memory(resource: str) -> bool:
    """Say whether a resource is memory of GPUs by which those are given out (:mod:`gpushare`)."""
    return resource in _MEMORY


def profile_of(resource: str) -> str:
    """Return the profile of the parts that a resource is of, by its name; "" for whole GPUs."""
    return (
        mig_profile(resource)
        or amd_profile(resource)
        or vgpu_profile(resource)
        or part_of(resource)
    )


def vgpu_profile(resource: str) -> str:
    """Return the type of the vGPUs that a resource is of, ``NVIDIA_A100-1-5C``; "" for none.

    NVIDIA's plugin for virtual machines (KubeVirt) calls its resources as the types are called.
    """
    found = _VGPU.fullmatch(resource)
    return found[1] if found else ""


def mig_profile(resource: str) -> str:
    """Return the MIG profile that a resource is of, ``mig-1g.10gb``; "" for none."""
    found = _MIG.fullmatch(resource)
    return found[1] if found else ""


def amd_profile(resource: str) -> str:
    """Return the profile of the partitions that a resource is of, ``cpx_nps4``; "" for none.

    The plugin names resources so with the naming strategy mixed; SPX is one partition of all.
    """
    return partition_profile(resource.removeprefix(AMD)) if resource.startswith(AMD) else ""


def partition_profile(text: str) -> str:
    """Read AMD's name of a profile; "" for what is none, or one partition of all."""
    found = _PARTITION.fullmatch(text)
    return f"{found[1]}_nps{found[2]}" if found and found[1] != "spx" else ""


def steps_of(profile: str) -> tuple[Step, ...]:
    """Return the parts that a device of a profile is, none told apart; () for whole GPUs.

    ``mig-1c.3g.20gb`` is a compute instance of a GPU instance. AMD divides processors (DPX makes
    two, TPX three, QPX four, CPX one of each die, eight of an MI300X) and memory (NPS4: four): two
    partitions have a part of the memory in common where there are more of them than parts. A vGPU
    with the number of slices before its gigabytes has an instance of MIG to itself, but on GPUs
    that put several on one (``DC-1-8Q``). Parts of other makers are called as their resource is.
    """
    if profile.startswith("mig-"):
        instance = Step(Mechanism.MIG, "")
        inside = _COMPUTE.match(profile) is not None
        return (instance, Step(Mechanism.COMPUTE_INSTANCE, "")) if inside else (instance,)
    if vgpu_profile(f"nvidia.com/{profile}"):
        alone = _OF_MIG.fullmatch(profile) is not None and _SEVERAL.fullmatch(profile) is None
        return (Step(Mechanism.VGPU_MIG if alone else Mechanism.VGPU_TIME_SLICED, ""),)
    if "/" in profile:
        return (Step(offered_as(profile).mechanism, ""),)
    if profile == FUNCTION:
        return (Step(Mechanism.VIRTUAL_FUNCTION, ""),)
    if profile == ANY_PART:
        return (Step(Mechanism.COMPUTE_PARTITION, ""),)
    if profile:
        shared = int(profile[-1]) < _PARTITIONS.get(profile[0], _PARTITIONS["c"])
        return (Step(Mechanism.COMPUTE_PARTITION if shared else Mechanism.PARTITION, ""),)
    return ()


@lru_cache(256)
def parse_device(text: str) -> DeviceId:
    """Take the id of a device plugin apart; what nobody knows is a whole device of that name."""
    device, _, replica = text.partition("::")
    old = _OLD_MIG.fullmatch(device)
    if old:
        instance = Step(Mechanism.MIG, old[2])
        return DeviceId(old[1], (instance, Step(Mechanism.COMPUTE_INSTANCE, old[3])), replica)
    if device.startswith("MIG-"):
        return DeviceId("", (Step(Mechanism.MIG, device),), replica)
    return DeviceId(device, (), replica)


def amount(value: object) -> int:
    """Read a count of an extended resource as the API server does; what is no count is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return 0
    try:
        found = parse(str(value)).integer()
    except (CelEvalError, CelLimitError):
        return 0
    return max(found or 0, 0)
