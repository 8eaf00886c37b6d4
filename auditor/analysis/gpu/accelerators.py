"""Accelerators of other makers: what their plugins offer, and what is known of how it is shared.

::

    Node  google.com/tpu: 4               four chips, each given to one container
    Node  aws.amazon.com/neuroncore: 8    cores: those of one chip have its memory in common
    Node  cambricon.com/vmlu: 20          parts of cards that HAMi's scheduler gives out
    Node  huawei.com/Ascend310P: 8        eight chips, or one that its plugin gives out eight times
    Node  acme.example/npu: 2             nobody knows

A resource is one of six sorts. What is *whole* is given out once, by every version of its plugin;
what is *as set* is, unless the plugin was started to do otherwise, which no label of the node says.
A *part* is of a device that the resource does not name, so two parts may be of one. An *amount* is
asked for beside a device, and no device itself. *Unknown* is what has the domain of a maker, or a
name as accelerators have, and is not in the table: it is told of, and that nobody knows here how it
is given out. All else is no accelerator.

A NeuronCore is reserved by the process that uses it, and its container has the device node of the
whole chip. Huawei calls its vNPUs isolated and does not say of what, so they are parts of which it
is not known how well they are kept apart. Parts that HAMi's scheduler gives out are held to their
size by a library in the container.

Sources: the Neuron documentation (Kubernetes, runtime configuration); GKE's on TPUs; MindCluster's
ascend-device-plugin (``pkg/common/constants.go``, ``device.go``) and its guide to static
virtualization; cambricon-k8s-device-plugin's README (its modes); HAMi 2.10, ``device-configmap``
and ``values.yaml`` of its chart; Habana's and Qualcomm's guides to their plugins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.isolation import Mechanism
from auditor.late import late


class Sort(Enum):
    """What a resource stands for."""

    WHOLE = "whole"
    AS_SET = "as set"
    PART = "part"
    AMOUNT = "amount"
    UNKNOWN = "unknown"
    NONE = "none"
    """It is no accelerator."""


class Offered(msgspec.Struct, frozen=True):
    """What a resource is; ``mechanism`` is what keeps parts of one device apart.

    ``told_by`` is what would tell how it is given out, where that can be set.
    """

    sort: Sort
    mechanism: Mechanism = Mechanism.EXCLUSIVE
    told_by: str = ""


class _Row(msgspec.Struct, frozen=True):
    names: re.Pattern[str]
    offered: Offered


_WHOLE: Final = Offered(Sort.WHOLE)
_AMOUNT: Final = Offered(Sort.AMOUNT)
_UNKNOWN: Final = Offered(Sort.UNKNOWN, Mechanism.UNKNOWN)
_NONE: Final = Offered(Sort.NONE)
_SOFT: Final = Offered(Sort.PART, Mechanism.SOFT_SLICE)
_CORES: Final = Offered(Sort.PART, Mechanism.COMPUTE_PARTITION)
_APART_SOMEHOW: Final = Offered(Sort.PART, Mechanism.UNKNOWN)


def _set(told_by: str) -> Offered:
    return Offered(Sort.AS_SET, told_by=told_by)


_TABLE: Final[Mapping[str, tuple[_Row, ...]]] = MappingProxyType(
    {
        "google.com": (_Row(late("tpu"), _WHOLE), _Row(late("(?!tpu).*"), _NONE)),
        "aws.amazon.com": (
            _Row(late("neuron(device)?"), _WHOLE),
            _Row(late("neuroncore"), _CORES),
            _Row(late("(?!neuron).*"), _NONE),
        ),
        "habana.ai": (_Row(late("gaudi|goya|greco"), _WHOLE),),
        "huawei.com": (
            _Row(late(r"Ascend[0-9A-Z]+(-1)?-(memory|core)"), _AMOUNT),
            _Row(
                late(r"Ascend[0-9]+P?-[0-9]+c(\.[0-9]+cpu)?(\.[0-9]+g)?(\.n?dvpp)?|npu-core"),
                _APART_SOMEHOW,
            ),
            _Row(late(r"Ascend910(A|B[0-9]?(-1)?|C)"), _APART_SOMEHOW),
            _Row(
                late(r"Ascend[0-9]+[A-Z]?(-V|-VPro|-IPro)?|npu"),
                _set("-shareDevCount of ascend-device-plugin"),
            ),
            _Row(late(r"(?!Ascend|npu).*"), _NONE),
        ),
        "qualcomm.com": (
            _Row(late(r"qaic[0-9a-z-]*"), _WHOLE),
            _Row(late(r"(?!qaic).*"), _NONE),
        ),
        "cambricon.com": (
            _Row(late(r"mlu[0-9a-z-]*\.smlu\.v(core|memory)"), _AMOUNT),
            _Row(late("vmlu"), _SOFT),
            _Row(late(r"mlu[0-9a-z-]*"), _set("--mode of cambricon-device-plugin")),
        ),
        "hygon.com": (
            _Row(late("[dh]cu(mem|cores)"), _AMOUNT),
            _Row(late("[dh]cunum"), _SOFT),
            _Row(late("[dh]cu"), _set("the settings of Hygon's plugin")),
        ),
        "enflame.com": (
            _Row(late("gcu-(memory|core|count)|vgcu-percentage"), _AMOUNT),
            _Row(late("drs-gcu|v?gcu-[0-9a-z.]+|vgcu|shared-gcu"), _APART_SOMEHOW),
            _Row(late("gcu"), _set("the settings of Enflame's plugin")),
        ),
        "metax-tech.com": (
            _Row(late("v(core|memory)"), _AMOUNT),
            _Row(late("sgpu"), _SOFT),
            _Row(late("gpu"), _set("the settings of MetaX's plugin")),
        ),
        "iluvatar.ai": (
            _Row(late(r"vcuda-(core|memory)|.+\.v(Mem|Core)"), _AMOUNT),
            _Row(late("(.+-)?vgpu"), _SOFT),
            _Row(late("gpu"), _set("the settings of Iluvatar's plugin")),
        ),
        "mthreads.com": (
            _Row(late("sgpu-(memory|core)"), _AMOUNT),
            _Row(late("[vs]gpu"), _SOFT),
            _Row(late("gpu"), _set("the settings of Moore Threads' plugin")),
        ),
        "kunlunxin.com": (
            _Row(late("vxpu-memory"), _AMOUNT),
            _Row(late("vxpu"), _APART_SOMEHOW),
            _Row(late("xpu"), _set("the settings of Kunlunxin's plugin")),
        ),
        "vastaitech.com": (_Row(late("va"), _set("the settings of Vastai's plugin")),),
        "birentech.com": (_Row(late("gpu"), _set("the settings of Biren's plugin")),),
    }
)
"""The resources of each domain; the first row whose pattern is the whole name counts."""
WHOLE_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"aws.amazon.com/neuroncore": ("aws.amazon.com/neuron", "aws.amazon.com/neurondevice")}
)
"""Parts, and the names under which the same devices are offered as wholes: a kubelet counts each
name by itself, and whether the plugin keeps them apart its documentation does not say."""
_LOOKS_SO: Final = late(
    r"(.*[^a-z])?([a-z]{0,2}(gpu|npu|tpu|xpu|ipu)s?|accelerators?|v?cuda|directx)([^a-z].*)?",
    re.IGNORECASE,
)
"""Names that accelerators have: ``npu``, ``shared-gpu``, ``vcuda-core``."""
_IS_MEMORY: Final = late(r".*[^a-z]mem(ory)?([^a-z].*)?", re.IGNORECASE)
_KNOWN: Final = ("nvidia.com", "amd.com", "gpu.intel.com", "volcano.sh", "aliyun.com")
"""Domains of which other modules know every name."""


@lru_cache(1024)
def offered_as(resource: str) -> Offered:
    """Say what a resource of another maker stands for, by its name."""
    domain, slash, name = resource.partition("/")
    if not slash or domain in _KNOWN or domain.startswith("requests."):
        return _NONE
    rows = _TABLE.get(domain)
    if rows is None:
        named_so = is_called_so(name) and not _IS_MEMORY.fullmatch(name)
        return _UNKNOWN if named_so else _NONE
    return next((row.offered for row in rows if row.names.fullmatch(name)), _UNKNOWN)


def is_called_so(name: str) -> bool:
    """Say whether a name is one that accelerators have."""
    return _LOOKS_SO.fullmatch(name) is not None


def is_counted(resource: str) -> bool:
    """Say whether a resource is that of devices of another maker, or of parts of them."""
    return offered_as(resource).sort not in (Sort.AMOUNT, Sort.NONE)


def part_of(resource: str) -> str:
    """Name the parts that a resource of another maker is of; "" for whole devices."""
    return resource if offered_as(resource).sort is Sort.PART else ""


def doubt_of(resource: str) -> str:
    """Say what is not known of how a resource is given out; "" where all is."""
    offered = offered_as(resource)
    match offered.sort:
        case Sort.AS_SET:
            return (
                f"no label of the node says how often each {resource} is given out: "
                f"{offered.told_by} does"
            )
        case Sort.PART:
            return f"no label of the node says of how many devices {resource} are parts"
        case Sort.UNKNOWN:
            return (
                f"how {resource} is given out, and what keeps those apart that have it, "
                "is not known here: ask its maker"
            )
        case Sort.WHOLE | Sort.AMOUNT | Sort.NONE:
            return ""
