"""Whether HAMi holds a container to its part: what it asks for, and the switches in its variables.

The part is kept by a library in the container (HAMi-core), preloaded by the device plugin and told
its limits in variables. It does not hold a container

- whose own ``CUDA_DISABLE_CONTROL`` is true: the plugin then leaves the preload file out. Only a
  literal value counts for the plugin, and only what Go reads as a boolean;
- whose own ``CUDA_DEVICE_MEMORY_LIMIT`` (or ``…_0``, for each device) is no limit: what a pod sets
  wins over what a device plugin adds. ``0``, ``abc`` and ``-1`` are none; ``3Gi`` means 3 bytes;
- whose request vanishes: memory of ``3Gi`` (it is in MiB, and over 32 bits) or ``500m`` makes HAMi
  see no request at all, while the kubelet gives the device.

Who writes these: whoever makes the pod. They only take a limit away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.gpu.hami import parse_bool
from auditor.analysis.gpu.podspec import Container, Resources, Spec
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.library.amounts import parse
from auditor.late import late

_COUNTS: Final = ("nvidia.com/gpu", "volcano.sh/vgpu-number")
_DOMAINS: Final = {
    "nvidia.com/gpu": (
        "nvidia.com/gpumem",
        "nvidia.com/gpumem-percentage",
        "nvidia.com/gpucores",
    ),
    "volcano.sh/vgpu-number": (
        "volcano.sh/vgpu-memory",
        "volcano.sh/vgpu-memory-percentage",
        "volcano.sh/vgpu-cores",
    ),
}
_INT32: Final = range(-(2**31), 2**31)
_UNSET: Final = 101
"""The percentage of who did not name one."""
_DISABLE: Final = "CUDA_DISABLE_CONTROL"
_MEMORY: Final = late(r"CUDA_DEVICE_MEMORY_LIMIT(_[0-9]+)?")
_START: Final = late(r"[ \t\n\v\f\r]*(-?)\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_UNITS: Final = {"k": 10, "m": 20, "g": 30}
_ULONG: Final = 2**64
_NO_GPU_HAS: Final = 2**48
"""More bytes than a GPU has: such a limit holds nobody."""


class Request(msgspec.Struct, frozen=True):
    """What HAMi sees of a container: memory in MiB and cores in percent, of each device."""

    count: int = 0
    memory: int = 0
    percentage: int = 0
    cores: int = 0


class Limits(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What HAMi's limits are worth to a pod.

    ``containers`` are how many it has, ``starting`` the numbers of those that end before the others
    begin; init containers come first. ``off`` says why a limit holds nobody, for each that does.
    """

    containers: int
    starting: list[int] = []
    off: list[str] = []


def limits_of(spec: Spec) -> Limits:
    """Take what HAMi's limits are worth to a pod."""
    first, main = spec.initContainers or [], spec.containers or []
    starting = [index for index, each in enumerate(first) if each.restartPolicy != "Always"]
    off = [f"container {each.name} {why}" for each in (*first, *main) for why in _off(each)]
    return Limits(len(first) + len(main), starting, off)


def _off(container: Container) -> Iterator[str]:
    for variable in container.env or ():
        if variable.name == _DISABLE and disables(variable.value or ""):
            yield f"sets {_DISABLE}"
        elif _MEMORY.fullmatch(variable.name):
            if variable.valueFrom is not None:
                yield f"takes {variable.name} from elsewhere"
            elif not 0 < memory_limit(variable.value or "") < _NO_GPU_HAS:
                yield f"sets {variable.name} to no limit"
    resources = container.resources or Resources()
    limits, requests = resources.limits or {}, resources.requests or {}
    for count in _COUNTS:
        if _whole(limits, requests, count) and not requested(limits, requests, count).count:
            yield f"asks for an amount beside {count} that makes the request vanish"


def disables(text: str) -> bool:
    """Say whether a value of CUDA_DISABLE_CONTROL switches the library off."""
    try:
        return parse_bool(text)
    except ValueError:
        return False


def memory_limit(text: str) -> int:
    """Read CUDA_DEVICE_MEMORY_LIMIT as the library does, in bytes; 0 is no limit."""
    found = _START.match(text)
    if found is None:
        return 0
    digits = found[2].lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    if len(digits) > 64:
        return _ULONG - 1
    value = min(int(digits, base), _ULONG - 1) << _UNITS.get(text[-1].lower(), 0)
    return (-value if found[1] else value) % _ULONG


def requested(
    limits: Mapping[str, object], requests: Mapping[str, object], count: str = _COUNTS[0]
) -> Request:
    """Compute what the scheduler sees: limits win over requests, and one odd amount voids all."""
    memory_name, percentage_name, cores_name = _DOMAINS[count]
    number = _whole(limits, requests, count)
    memory = _whole(limits, requests, memory_name, absent=0)
    percentage = _whole(limits, requests, percentage_name, absent=_UNSET)
    cores = _whole(limits, requests, cores_name, absent=0)
    if number is None or memory is None or memory not in _INT32:
        return Request()
    share = min(percentage or _UNSET, _UNSET)
    if share == _UNSET and not memory:
        share = 100
    return Request(number, memory, share if memory else min(share, 100), cores or 0)


def admitted(
    limits: Mapping[str, object], requests: Mapping[str, object]
) -> dict[str, object] | None:
    """Compute the limits after HAMi's webhook, None where the container uses no GPU.

    Raises:
        ValueError: it is refused.
    """
    count = _COUNTS[0]
    memory, percentage, cores = _DOMAINS[count]
    after = dict(limits)
    if not any(name in limits or name in requests for name in (count, memory, percentage, cores)):
        return None
    share = _whole(limits, requests, percentage, absent=100)
    if share is None or not 0 <= share <= 100:
        raise ValueError("the percentage of memory is not within 0 to 100")
    if count not in limits and count not in requests:
        after[count] = "1"
    elif memory not in limits and share == 100 and cores not in limits:
        after[cores] = "100"
    return after


def _whole(
    limits: Mapping[str, object],
    requests: Mapping[str, object],
    name: str,
    absent: int | None = None,
) -> int | None:
    """Read an amount, None where it is not a whole number."""
    value = limits.get(name, requests.get(name))
    if value is None:
        return absent
    try:
        return parse(str(value)).integer()
    except (CelEvalError, CelLimitError):
        return None
