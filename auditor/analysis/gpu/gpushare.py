"""What schedulers write that give GPUs out by memory: Alibaba's gpushare, Volcano before vGPU.

::

    Pod  asks for aliyun.com/gpu-mem: 4       ALIYUN_COM_GPU_MEM_IDX: "1"        some of GPU 1
    Pod  the same, on ACK                     scheduler.framework.gpushare.allocation: {"0":{"1":4}}
    Pod  asks for volcano.sh/gpu-memory: 1024 volcano.sh/gpu-index: "1"          some of GPU 1

The scheduler adds up memory, GPU by GPU, and writes the index of the one that it chose; the device
plugin hands that GPU out, and nothing holds the container to its part of the memory. In ACK's form
the outer names are containers, and the inner ones GPUs.

Who writes it: the scheduler; but whoever may patch a pod may write its annotations anew. So they
are declared at most, and whoever asks for such memory may have any GPU that is divided so.

Sources: gpushare-scheduler-extender, ``pkg/utils/const.go``; Volcano, ``pkg/scheduler/api/devices``
and its guide to GPU sharing; koordinator's adapter for ACK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.gpu.declared import Declared, HeldPod, anywhere
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty, Grant
from auditor.late import late

ANY: Final = "any GPU that is given out by memory"
ALLOCATION: Final = "scheduler.framework.gpushare.allocation"
INDICES: Final = ("ALIYUN_COM_GPU_MEM_IDX", "volcano.sh/gpu-index")
_INDEX: Final = late(r"[0-9]{1,4}")
_MOST: Final = 64
"""GPUs of a node that one pod may name."""


def gpushare_grants(pods: Sequence[HeldPod]) -> Iterator[Declared]:
    """Yield what pods of a node were given of its GPUs, and what they may have."""
    sharing: list[tuple[HeldPod, Mechanism, str]] = []
    for pod in pods:
        marked = any(name in pod.use.written for name in (*INDICES, ALLOCATION))
        if not marked and not pod.use.memory:
            continue
        found = indices_of(pod.use.written)
        for index in found:
            grant = Grant(pod.tenant, pod.pod, Certainty.DECLARED, Mechanism.FRACTION)
            yield Declared(f"index {index}", grant, pod.origin)
        sharing.append((pod, Mechanism.FRACTION, "" if found else "nothing says which GPU it has"))
    yield from anywhere(ANY, sharing)


def indices_of(written: Mapping[str, str]) -> list[int]:
    """Read the indices of the GPUs that a pod was given, in order; what is none is left out."""
    named = [text for name in INDICES for text in written.get(name, "").split(",")]
    named += _allocated(written.get(ALLOCATION, ""))
    found = {int(text) for each in named if _INDEX.fullmatch(text := each.strip())}
    return sorted(found)[:_MOST]


def _allocated(text: str) -> Iterator[str]:
    try:
        found = msgspec.json.decode(text) if text else None
    except (msgspec.DecodeError, RecursionError):
        return
    for gpus in found.values() if isinstance(found, dict) else ():
        if isinstance(gpus, dict):
            yield from map(str, gpus)
