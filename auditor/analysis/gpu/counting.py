"""What follows from counts alone: whether tenants on a node must share a device, or only may.

A node has four GPUs, each offered as ten replicas, and which pod got which replica is not known.
Tenant ``llm`` uses 11 replicas, ``vision`` 10, ``web`` 12. Packed as tightly as can be, ``llm``
needs two GPUs, ``vision`` one and ``web`` two: five, and there are four. So some two tenants share
a GPU, whichever the assignment was: *proven*. Had ``web`` used 10, it would have needed one, and
four would do: the tenants *may* be apart.

That is exact: tenants can be kept apart if and only if the devices that each needs, packed tightly,
come to no more than there are. It holds for one resource name at a time, whose devices all offer
the same number of slots: the device plugin replicates every device of a resource alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def needed(slots: int, per_device: int) -> int:
    """Count the devices that a tenant needs at least for so many slots."""
    return -(-slots // per_device)


def must_share(slots: Mapping[str, int], devices: int, per_device: int) -> bool:
    """Say whether some two tenants share a device in every assignment of slots to devices.

    ``slots`` is how many slots each tenant uses; each device has ``per_device`` of them. More slots
    than there are is no assignment at all: nothing follows from it, and the answer is False.
    """
    if devices < 1 or per_device < 1 or sum(slots.values()) > devices * per_device:
        return False
    return sum(needed(count, per_device) for count in slots.values() if count) > devices


def may_share(slots: Mapping[str, int], devices: int, per_device: int) -> bool:
    """Say whether two tenants share a device in some assignment of slots to devices."""
    using = [count for count in slots.values() if count]
    fits = devices >= 1 and sum(using) <= devices * per_device
    return fits and len(using) > 1 and per_device > 1


def pods_must_share(slots: Iterable[int], devices: int) -> bool:
    """Say whether some two pods share a device, whoever they belong to; each uses its slots."""
    return sum(1 for count in slots if count) > devices
