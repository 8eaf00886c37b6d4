"""What else HAMi's pods say: the MIG instances that they have, and the devices that they want.

The scheduler writes ``hami.io/vgpu-mig-allocations`` with profile and placement, and the device
plugin completes it when the instance exists. ``use-gpuuuid``, ``use-gputype`` and their opposites
are written by whoever makes the pod: the scheduler heeds them, so a device that they exclude was
not given by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.gpu.hami import json_list

INSTANCES: Final = "hami.io/vgpu-mig-allocations"
_USED: Final = ("nvidia.com/use-gpuuuid", "volcano.sh/vgpu-use-gpuuuid")
_UNUSED: Final = ("nvidia.com/nouse-gpuuuid", "volcano.sh/vgpu-nouse-gpuuuid")
_USED_MODELS: Final = "nvidia.com/use-gputype"
_UNUSED_MODELS: Final = "nvidia.com/nouse-gputype"


class Placement(msgspec.Struct, frozen=True):
    """The memory slices of a GPU that an instance takes."""

    start: int
    size: int


class Instance(msgspec.Struct, frozen=True):
    """A MIG instance for a device of a container; what only a real one has is None before."""

    container: int = msgspec.field(name="containerIndex")
    device: int = msgspec.field(name="deviceIndex")
    gpu: str = msgspec.field(name="gpuUUID")
    profile: str
    placement: Placement
    uuid: str | None = msgspec.field(name="migUUID", default=None)
    gpu_instance: int | None = msgspec.field(name="gpuInstanceID", default=None)
    compute_instance: int | None = msgspec.field(name="computeInstanceID", default=None)


def instances_of(text: str) -> list[Instance]:
    """Read the MIG instances that a pod was given.

    Raises:
        ValueError: HAMi reads nothing of it.
    """
    if not text:
        return []
    found: dict[tuple[int, int], Instance] = {}
    for entry in json_list(text):
        try:
            instance = msgspec.convert(entry, Instance)
        except msgspec.ValidationError as error:
            raise ValueError("an entry is not an instance") from error
        _check(instance)
        if found.setdefault((instance.container, instance.device), instance) is not instance:
            raise ValueError("two entries are for one device of a container")
    return list(found.values())


def _check(found: Instance) -> None:
    least = (found.container, found.device, found.placement.start, found.placement.size - 1)
    if min(least) < 0 or not found.gpu or not found.profile:
        raise ValueError("a field is missing or too small")
    real = (found.uuid or None, found.gpu_instance, found.compute_instance)
    if 0 < real.count(None) < len(real):
        raise ValueError("an entry has only a part of an instance")


def may_use(written: Mapping[str, str], device: str) -> bool:
    """Say whether a pod's own wishes allow a device, by its id."""
    wanted = [set(_items(written[name])) for name in _USED if written.get(name, "").strip()]
    unwanted = [set(_items(written[name])) for name in _UNUSED if name in written]
    return all(device in each for each in wanted) and not any(device in each for each in unwanted)


def may_use_model(written: Mapping[str, str], model: str) -> bool:
    """Say whether a pod's own wishes allow a model: a part of its name, in any case."""
    folded = model.lower()
    wanted, unwanted = written.get(_USED_MODELS), written.get(_UNUSED_MODELS, "")
    if any(each.lower() in folded for each in _items(unwanted)):
        return False
    return not wanted or any(each.lower() in folded for each in _items(wanted))


def _items(text: str) -> Iterator[str]:
    return (item for each in text.split(",") if (item := each.strip()))
