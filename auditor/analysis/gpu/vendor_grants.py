"""Which pods were given which accelerators of other makers: HAMi's words, and those of Ascend.

::

    Pod  hami.io/Ascend910B3-devices-allocated  Ascend910B3-2,Ascend910B3,16384,0:;
         hami.io/cambricon-mlu-devices-allocated  MLU-45013011,MLU,3000,0:;
         huawei.com/AscendReal                  Ascend910-0,Ascend910-1        whole chips
                                                Ascend310P-4c.3cpu-100-1       a vNPU of chip 1
                                                Ascend310P-0-99                chip 0, in turns

HAMi writes for each maker as it does for NVIDIA (:mod:`hami`), under a word of its own: the device,
its type, memory and cores. A device is divided by a library in the container, Ascend's by vNPUs or
by a library, which does not stand there; what a pod has all of is told as a part, too. Ascend's
plugin writes down what it mounted, which is not what the kubelet chose where Volcano schedules; it
gives a chip out several times where it was started so, and calls what it gives by one more number.

Whoever may patch a pod may write all this anew: it only adds to what the pod may have otherwise
(:mod:`declared`).

Sources: HAMi 2.10, ``pkg/device/*/device.go`` (``SupportDevices``); MindCluster's
ascend-device-plugin, ``pkg/common/device.go`` (``GetDeviceID``), and its list of annotations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from auditor.analysis.gpu.declared import Declared, HeldPod, anywhere
from auditor.analysis.gpu.hami import ALLOCATED, containers_of
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import (
    AMD,
    ASCEND,
    CAMBRICON,
    ENFLAME,
    HYGON,
    MOORE_THREADS,
    NEURON,
)
from auditor.analysis.gpu.shares import Certainty, Grant, Step
from auditor.late import late

REAL: Final = "huawei.com/AscendReal"
ANY: Final = "any device of which annotations can't be read"
_HAMI: Final = late(r"hami\.io/([A-Za-z0-9-]{1,40})-devices-allocated")
_MAKERS: Final = (
    ("ascend", ASCEND),
    ("cambricon", CAMBRICON),
    ("mlu", CAMBRICON),
    ("dcu", HYGON),
    ("hcu", HYGON),
    ("metax", "metax-tech.com/"),
    ("enflame", ENFLAME),
    ("gcu", ENFLAME),
    ("mthreads", MOORE_THREADS),
    ("iluvatar", "iluvatar.ai/"),
    ("kunlun", "kunlunxin.com/"),
    ("awsneuron", NEURON),
    ("vastai", "vastaitech.com/"),
    ("biren", "birentech.com/"),
    ("amd", AMD),
)
"""How the words of HAMi begin, in small letters, and the resources of those makers."""
_DIVIDED: Final = MappingProxyType({ASCEND: Mechanism.UNKNOWN, NEURON: Mechanism.COMPUTE_PARTITION})
"""How HAMi divides devices that no library in the container does."""
_WHOLE: Final = late(r"(?P<model>Ascend[0-9A-Za-z]+|NPU|npu)-(?P<chip>[0-9]{1,4})")
_TURN: Final = late(r"(?P<model>Ascend[0-9A-Za-z]+|NPU|npu)-(?P<chip>[0-9]{1,4})-[0-9]{1,4}")
_VIRTUAL: Final = late(
    r"(?P<model>Ascend[0-9A-Za-z]+)-[0-9]+c[a-z0-9.]*-(?P<part>[0-9]{1,6})-(?P<chip>[0-9]{1,4})"
)
_MOST: Final = 128
"""The plugin takes no more devices of a pod (``MaxDevicesNum`` is 100)."""


def vendor_grants(pods: Sequence[HeldPod]) -> Iterator[Declared]:
    """Yield what annotations say of accelerators of other makers, and who may have any of them."""
    loose: list[tuple[HeldPod, Mechanism, str]] = []
    for pod in pods:
        for name, text in pod.use.written.items():
            word = _HAMI.fullmatch(name)
            if name == REAL:
                yield from _real(pod, text)
            elif word is not None and name not in ALLOCATED:
                try:
                    yield from _of_hami(pod, word[1], text)
                except ValueError as error:
                    loose.append((pod, Mechanism.UNKNOWN, f"{name}: {error}"))
    yield from anywhere(ANY, loose)


def _of_hami(pod: HeldPod, word: str, text: str) -> Iterator[Declared]:
    maker = next((of for start, of in _MAKERS if word.lower().startswith(start)), "")
    sharing = _DIVIDED.get(maker, Mechanism.SOFT_SLICE)
    grant = Grant(pod.tenant, pod.pod, Certainty.DECLARED, sharing)
    given = [each for container in containers_of(text) for each in container]
    for each in {each.uuid: each for each in given if each.uuid}.values():
        yield Declared(each.uuid, grant, pod.origin, "", each.type, maker)


def _real(pod: HeldPod, text: str) -> Iterator[Declared]:
    """Read what Ascend's plugin mounted; what is no device of its is passed over, with a note."""
    for device in dict.fromkeys(text.replace(",", " ").split()[:_MOST]):
        whole, turn = _WHOLE.fullmatch(device), _TURN.fullmatch(device)
        virtual = _VIRTUAL.fullmatch(device)
        found = whole or turn or virtual
        if found is None:
            grant = Grant(pod.tenant, pod.pod, Certainty.POSSIBLE, Mechanism.UNKNOWN)
            note = f"pod {pod.pod}: {REAL} names no device"
            yield Declared(ANY, grant, pod.origin, note, "", ASCEND)
            return
        path = (Step(Mechanism.UNKNOWN, virtual["part"]),) if virtual else ()
        sharing = Mechanism.TIME_SLICING if turn else Mechanism.EXCLUSIVE
        grant = Grant(pod.tenant, pod.pod, Certainty.DECLARED, sharing, path)
        gpu = f"{found['model']}-{found['chip']}"
        yield Declared(gpu, grant, pod.origin, "", found["model"], ASCEND)
