"""What KAI (and Run:ai) write: which pods have a GPU in common, and which GPU that is.

::

    Pod  kai-resource-reservation/gpu-reservation-a-x
           label        runai-gpu-group: g1
           annotation   run.ai/reserve_for_gpu_index: GPU-1
    Pod  llm/chat
           annotation   gpu-fraction: "0.5"
           label        runai-gpu-group: g1
    Pod  vision/all
           annotations  gpu-fraction: "0.5", gpu-fraction-num-devices: "2"
           labels       runai-gpu-group/g1: g1, runai-gpu-group/g2: g2

A reservation pod asks the kubelet for one whole GPU and writes down which one it got; the pods of
its group use that GPU. Nobody holds them to their fraction. A pod with parts of several GPUs has
prefixed labels alone, of which the value counts. As an annotation the group is no link.

Who writes it: the binder the labels, and the reservation pod its annotation; but whoever may patch
a pod may write its labels anew, so they only add to what else is known of it. A reservation pod is
one by its namespace, and whoever may create pods there is believed. That a pod of a fraction may
open every GPU of its node is told beside this: its variable NVIDIA_VISIBLE_DEVICES comes from a
ConfigMap (:mod:`bypass`).

Shown by KAI's own checks at revision 72de64fc; ``tests/vectors/kai.json`` holds every row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from auditor.late import late

GROUP: Final = "runai-gpu-group"
RESERVED: Final = "run.ai/reserve_for_gpu_index"
NAMESPACES: Final = frozenset({"kai-resource-reservation", "runai-reservation"})
"""Where the reservation pods are."""
_FRACTION: Final = "gpu-fraction"
_MEMORY: Final = "gpu-memory"
_DEVICES: Final = "gpu-fraction-num-devices"
_RECEIVED: Final = "received-resource-type"
_MPS: Final = "mps"
_WHOLE: Final = "nvidia.com/gpu"
_DECIMAL: Final = late(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER: Final = late(r"[+-]?[0-9]{1,100}")
_LONGEST: Final = 100


class Wish(msgspec.Struct, frozen=True):
    """The part of GPUs that a pod wishes; a value that later readers can't read is None.

    ``memory`` is in MiB, ``devices`` are how many GPUs it wants such a part of.
    """

    fractional: bool
    fraction: float | None
    memory: int | None
    devices: int | None

    @property
    def several(self) -> bool | None:
        """Whether it wants parts of several GPUs, None where that is not readable."""
        return None if self.devices is None else self.devices > 1


def wish_of(written: Mapping[str, str]) -> Wish:
    """Read what a pod wishes, by its annotations."""
    return Wish(
        _FRACTION in written or _MEMORY in written,
        _fraction(written.get(_FRACTION, "")),
        _signed(written.get(_MEMORY, "")),
        _signed(written.get(_DEVICES, "1")),
    )


def is_fraction(written: Mapping[str, str]) -> bool:
    """Say whether anything marks a pod as one that has a part of a GPU."""
    return (
        _FRACTION in written
        or _MEMORY in written
        or written.get(_RECEIVED, "") == "Fraction"
        or any(_is_group(name) for name in written)
    )


def groups_of(written: Mapping[str, str]) -> list[str]:
    """Return the groups of a pod, by its labels.

    KAI's own helper finds none where the plain label is missing, although the binder writes the
    prefixed ones alone; those count here all the same.
    """
    return sorted({value for name, value in written.items() if _is_group(name)})


def _is_group(name: str) -> bool:
    return name == GROUP or name.startswith(f"{GROUP}/")


def reserves(namespace: str, written: Mapping[str, str]) -> bool:
    """Say whether a pod only keeps a GPU for those of its group."""
    return namespace in NAMESPACES and GROUP in written


def refused(written: Mapping[str, str], limits: Iterable[Mapping[str, object]]) -> str:
    """Say why KAI's admission refuses a pod with such annotations, "" where it does not.

    ``limits`` are those of all its containers.
    """
    fraction, memory = _FRACTION in written, _MEMORY in written
    whole = any(_WHOLE in each for each in limits)
    if memory and (fraction or whole):
        return f"{_MEMORY} stands beside {_FRACTION if fraction else 'a whole GPU'}"
    if fraction and whole:
        return f"{_FRACTION} stands beside a whole GPU"
    if _DEVICES in written and not (fraction or memory):
        return f"{_DEVICES} stands alone"
    if written.get(_MPS) == "true" and not (fraction or memory):
        return f"{_MPS} stands alone"
    if fraction and not 0 < (_fraction(written[_FRACTION]) or 0) < 1:
        return f"{_FRACTION} is not above 0 and below 1"
    if memory and not _counts(written[_MEMORY]):
        return f"{_MEMORY} is not a whole number above 0"
    if _DEVICES in written and not _counts(written[_DEVICES]):
        return f"{_DEVICES} is not a whole number above 0"
    return ""


def _fraction(text: str) -> float | None:
    if len(text) > _LONGEST or _DECIMAL.fullmatch(text) is None:
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def _signed(text: str) -> int | None:
    """Read a number as the later readers do: signed, of 64 bits."""
    found = int(text) if _INTEGER.fullmatch(text) else None
    return found if found is not None and -(2**63) <= found < 2**63 else None


def _counts(text: str) -> bool:
    """Say whether admission takes a number: unsigned, of 64 bits, above 0."""
    return _INTEGER.fullmatch(text) is not None and text[0] not in "+-" and 0 < int(text) < 2**64
