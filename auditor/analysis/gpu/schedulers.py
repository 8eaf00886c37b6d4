"""All that schedulers wrote of the pods of a node, and what it takes away from other sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from auditor.analysis.gpu.declared import Declared, HeldPod
from auditor.analysis.gpu.gpushare import gpushare_grants
from auditor.analysis.gpu.hami_grants import Register, hami_grants
from auditor.analysis.gpu.kai import reserves
from auditor.analysis.gpu.kai_grants import kai_grants
from auditor.analysis.gpu.pods import PodUse
from auditor.analysis.gpu.vendor_grants import vendor_grants

_NOTES = 20
"""How much is said of what is wrong with one device."""


def declared(node: str, register: Register, pods: Sequence[HeldPod]) -> Iterator[Declared]:
    """Yield what schedulers say of who has which GPU of a node."""
    if not register.divides and not any(pod.use.written or pod.use.memory for pod in pods):
        return
    notes: Counter[str] = Counter()
    sources = (
        hami_grants(node, register, pods),
        kai_grants(pods),
        gpushare_grants(pods),
        vendor_grants(pods),
    )
    for source in sources:
        for each in source:
            notes[each.gpu] += bool(each.note)
            yield each if notes[each.gpu] <= _NOTES else replace(each, note="")


def undeclared(register: Register, namespace: str, use: PodUse) -> PodUse:
    """Leave of a pod what no scheduler tells better.

    A pod that reserves a GPU for others uses nothing itself. The id by which HAMi's plugin names a
    part of a device is that of no device.
    """
    if reserves(namespace, use.written):
        return replace(use, asked={}, given=[])
    if not use.given or not register.divides:
        return use
    return replace(use, given=[each for each in use.given if not register.given(each[1])])
