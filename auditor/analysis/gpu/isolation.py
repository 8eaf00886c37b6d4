"""How well a mechanism keeps two users of a GPU apart: five qualities, and the level of them.

Each quality is an ordered scale. What is weaker in no quality is on no lower level
(:func:`level_of` is monotone), so the weakest combination of two vectors, quality by quality, is
never on a higher level than either.

Sources: the device plugin's README (time-slicing and MPS), CUDA's guide to MPS, NVIDIA's guide to
MIG, the documentation of KAI and HAMi, of vGPU and of confidential computing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import msgspec


class Memory(IntEnum):
    """What stands between one user's GPU memory and another."""

    NONE = 0
    CONTEXTS = 1
    """A context for each process, on a driver that all share; vendors promise no isolation."""
    ADDRESSES = 2
    """An address space of its own for each client, on the same physical memory."""
    FRAMEBUFFER = 3
    """A part of the memory that a hypervisor assigns."""
    HARDWARE = 4
    """A part of the memory with its own paths and caches."""
    WHOLE = 5
    """Nobody else has any of it."""
    ENCRYPTED = 6
    """Nobody else has any of it, and the host can't read it."""


class Cap(IntEnum):
    """What keeps a user to its part of the memory."""

    NONE = 0
    SOFTWARE = 1
    """A library in the user's own container, which can be evaded."""
    ENFORCED = 2


class Faults(IntEnum):
    """Whether a fault of one user ends the work of others."""

    SHARED = 0
    PARTIAL = 1
    CONTAINED = 2


class Compute(IntEnum):
    """What keeps a user to its part of the time."""

    NONE = 0
    BEST_EFFORT = 1
    ENFORCED = 2


class Kernel(IntEnum):
    """Whether users have the kernel driver in common."""

    SHARED = 0
    OWN = 1


class Isolation(msgspec.Struct, frozen=True, order=True):
    """The five qualities of what stands between two users."""

    memory: Memory
    cap: Cap
    faults: Faults
    compute: Compute
    kernel: Kernel

    def weakest(self, other: Isolation) -> Isolation:
        """Combine two vectors to what holds whichever of them applies."""
        if self is other:
            return self
        return Isolation(
            min(self.memory, other.memory),
            min(self.cap, other.cap),
            min(self.faults, other.faults),
            min(self.compute, other.compute),
            min(self.kernel, other.kernel),
        )


class Level(IntEnum):
    """What an isolation comes to; profiles name the lowest that they accept between tenants."""

    NONE = 0
    SHARED = 1
    SOFT_QUOTA = 2
    MEMORY_SOFT = 3
    MEMORY = 4
    HARDWARE = 5
    EXCLUSIVE = 6
    EXCLUSIVE_VM = 7
    CONFIDENTIAL = 8

    @property
    def word(self) -> str:
        """How it is written: ``soft-quota``."""
        return self.name.lower().replace("_", "-")


class Mechanism(Enum):
    """What lets users share a GPU, or gives each its own."""

    BYPASS = "bypass"
    """A way to every GPU of the node that no allocation gave."""
    TIME_SLICING = "time-slicing"
    FRACTION = "scheduler-fraction"
    """A scheduler counts fractions, and nobody holds a pod to them."""
    OVERLAP = "overlapping-requests"
    """Several asked for one device, and nobody looks who has it already."""
    SHARED_CLAIM = "shared-claim"
    """Several pods use one claim, or shares of a device without a limit."""
    COMPUTE_INSTANCE = "mig-compute-instance"
    """Compute instances that have one GPU instance, and its memory, in common."""
    COMPUTE_PARTITION = "compute-partition"
    """Partitions of the processors that have all of the memory in common (AMD, CPX with NPS1)."""
    SOFT_SLICE = "software-slice"
    """A library in the container holds it to its part."""
    MPS = "mps"
    MPS_UNLIMITED = "mps-without-limit"
    VIRTUAL_FUNCTION = "virtual-function"
    """A function of a GPU (SR-IOV) with memory of its own, on a driver that pods have in common."""
    VGPU_TIME_SLICED = "vgpu-time-sliced"
    MIG = "mig"
    PARTITION = "partition"
    """A partition with its own memory, of a vendor without a name of its own for it."""
    VGPU_MIG = "vgpu-mig"
    EXCLUSIVE = "exclusive"
    PASSTHROUGH = "passthrough"
    CONFIDENTIAL = "confidential"
    UNKNOWN = "unknown"
    """Something is known to be shared, and not how."""


_NOTHING: Final = Isolation(Memory.NONE, Cap.NONE, Faults.SHARED, Compute.NONE, Kernel.SHARED)
_TURNS: Final = Isolation(
    Memory.CONTEXTS, Cap.NONE, Faults.SHARED, Compute.BEST_EFFORT, Kernel.SHARED
)

ISOLATION: Final = MappingProxyType(
    {
        Mechanism.BYPASS: _NOTHING,
        Mechanism.UNKNOWN: _NOTHING,
        Mechanism.TIME_SLICING: _TURNS,
        Mechanism.FRACTION: _TURNS,
        Mechanism.OVERLAP: _TURNS,
        Mechanism.SHARED_CLAIM: _TURNS,
        Mechanism.COMPUTE_INSTANCE: Isolation(
            Memory.CONTEXTS, Cap.NONE, Faults.SHARED, Compute.ENFORCED, Kernel.SHARED
        ),
        Mechanism.COMPUTE_PARTITION: Isolation(
            Memory.CONTEXTS, Cap.NONE, Faults.SHARED, Compute.ENFORCED, Kernel.SHARED
        ),
        Mechanism.SOFT_SLICE: Isolation(
            Memory.CONTEXTS, Cap.SOFTWARE, Faults.SHARED, Compute.BEST_EFFORT, Kernel.SHARED
        ),
        Mechanism.MPS: Isolation(
            Memory.ADDRESSES, Cap.ENFORCED, Faults.SHARED, Compute.ENFORCED, Kernel.SHARED
        ),
        Mechanism.MPS_UNLIMITED: Isolation(
            Memory.ADDRESSES, Cap.NONE, Faults.SHARED, Compute.BEST_EFFORT, Kernel.SHARED
        ),
        Mechanism.VIRTUAL_FUNCTION: Isolation(
            Memory.FRAMEBUFFER, Cap.ENFORCED, Faults.PARTIAL, Compute.BEST_EFFORT, Kernel.SHARED
        ),
        Mechanism.VGPU_TIME_SLICED: Isolation(
            Memory.FRAMEBUFFER, Cap.ENFORCED, Faults.PARTIAL, Compute.BEST_EFFORT, Kernel.OWN
        ),
        Mechanism.MIG: Isolation(
            Memory.HARDWARE, Cap.ENFORCED, Faults.CONTAINED, Compute.ENFORCED, Kernel.SHARED
        ),
        Mechanism.PARTITION: Isolation(
            Memory.HARDWARE, Cap.ENFORCED, Faults.CONTAINED, Compute.ENFORCED, Kernel.SHARED
        ),
        Mechanism.VGPU_MIG: Isolation(
            Memory.HARDWARE, Cap.ENFORCED, Faults.CONTAINED, Compute.ENFORCED, Kernel.OWN
        ),
        Mechanism.EXCLUSIVE: Isolation(
            Memory.WHOLE, Cap.ENFORCED, Faults.CONTAINED, Compute.ENFORCED, Kernel.SHARED
        ),
        Mechanism.PASSTHROUGH: Isolation(
            Memory.WHOLE, Cap.ENFORCED, Faults.CONTAINED, Compute.ENFORCED, Kernel.OWN
        ),
        Mechanism.CONFIDENTIAL: Isolation(
            Memory.ENCRYPTED, Cap.ENFORCED, Faults.CONTAINED, Compute.ENFORCED, Kernel.OWN
        ),
    }
)
"""What each mechanism puts between two users that it separates."""

_LEVELS: Final = (
    (Level.CONFIDENTIAL, Isolation(Memory.ENCRYPTED, Cap(2), Faults(2), Compute(2), Kernel.OWN)),
    (Level.EXCLUSIVE_VM, Isolation(Memory.WHOLE, Cap(2), Faults(2), Compute(2), Kernel.OWN)),
    (Level.EXCLUSIVE, Isolation(Memory.WHOLE, Cap(2), Faults(2), Compute(2), Kernel.SHARED)),
    (Level.HARDWARE, Isolation(Memory.HARDWARE, Cap(2), Faults(2), Compute(0), Kernel.SHARED)),
    (Level.MEMORY, Isolation(Memory.FRAMEBUFFER, Cap(2), Faults(1), Compute(0), Kernel.SHARED)),
    (Level.MEMORY_SOFT, Isolation(Memory.ADDRESSES, Cap(0), Faults(0), Compute(0), Kernel.SHARED)),
    (Level.SOFT_QUOTA, Isolation(Memory.CONTEXTS, Cap(1), Faults(0), Compute(0), Kernel.SHARED)),
    (Level.SHARED, Isolation(Memory.CONTEXTS, Cap(0), Faults(0), Compute(0), Kernel.SHARED)),
)
"""The least of each quality that a level asks for, the highest level first."""


@lru_cache(1024)
def level_of(isolation: Isolation) -> Level:
    """Find the highest level of which an isolation has every quality."""
    for level, least in _LEVELS:
        if isolation.weakest(least) == least:
            return level
    return Level.NONE


def weakest_of(mechanisms: Iterable[Mechanism]) -> Mechanism:
    """Find the mechanism that isolates least; UNKNOWN where there are none."""
    return min(set(mechanisms), key=_strength, default=Mechanism.UNKNOWN)


def _strength(mechanism: Mechanism) -> tuple[object, ...]:
    isolation = ISOLATION[mechanism]
    return level_of(isolation), isolation, mechanism.value
