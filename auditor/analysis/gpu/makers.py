"""How the resources of each maker's GPUs begin, by which what is of one is told from others."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

NVIDIA: Final = "nvidia.com/"
AMD: Final = "amd.com/"
INTEL: Final = "gpu.intel.com/"
GAUDI: Final = "habana.ai/"
ASCEND: Final = "huawei.com/"
GOOGLE: Final = "google.com/"
NEURON: Final = "aws.amazon.com/"
CAMBRICON: Final = "cambricon.com/"
MOORE_THREADS: Final = "mthreads.com/"
HYGON: Final = "hygon.com/"
ENFLAME: Final = "enflame.com/"
_NAMES: Final = MappingProxyType(
    {
        NVIDIA: "NVIDIA GPU",
        AMD: "AMD GPU",
        INTEL: "Intel GPU",
        GAUDI: "Gaudi GPU",
        ASCEND: "Ascend NPU",
        GOOGLE: "TPU",
        NEURON: "Neuron device",
        CAMBRICON: "MLU",
        MOORE_THREADS: "Moore Threads GPU",
    }
)


def called(gpus: str) -> str:
    """Say in words which GPUs of a node are meant, "" being all: ``every Intel GPU``."""
    maker, slash, driver = gpus.partition("/")
    words = f"every {_NAMES.get(maker + slash, 'GPU')}"
    return f"{words} of the driver {driver}" if driver else words
