"""How a pod is run, by the handler of its RuntimeClass: on the kernel of its node, or on its own.

A pod names a class, and the class names a handler that the container runtime of the node knows::

    Pod           runtimeClassName: gpu-vm
    RuntimeClass  gpu-vm   handler: kata-qemu-nvidia-gpu   a virtual machine: its own kernel
    RuntimeClass  nvidia   handler: nvidia                 the NVIDIA runtime, the node's kernel

The name says nothing, since whoever writes the class chooses it: a class takes a right on
RuntimeClass objects, which are of the whole cluster, and a pod only picks one. What a handler is
the configuration of the node says, which is not read: handlers are known by the names that their
projects give them. A class that was not read leaves open on which kernel a pod runs, and what
follows from that is never surer than possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from auditor.analysis.gpu.bypass import Way
from auditor.analysis.gpu.shares import Certainty

_ON_THE_NODE: Final = frozenset({"runc", "crun", "youki"})
_MACHINES: Final = ("kata",)
_NVIDIA: Final = "nvidia"


class Runtime(Enum):
    """What runs a pod."""

    NODE = "node"
    """A runtime on the kernel of the node; also where no class is named."""
    NVIDIA = "nvidia"
    """The same, and it heeds what a container says of GPUs."""
    MACHINE = "machine"
    """A virtual machine: Kata Containers in any of its kinds."""
    OTHER = "other"
    """A handler that is not known."""
    UNREAD = "unread"
    """A class that was not read."""


class _Class(msgspec.Struct, gc=False):
    handler: str = ""


_decode = msgspec.json.Decoder(_Class).decode


def handler_of(body: bytes) -> str:
    """Take the handler of a RuntimeClass.

    Raises:
        msgspec.DecodeError: it is not as the API server stores it.
    """
    return _decode(body).handler


def runtime_of(name: str, handlers: Mapping[str, str]) -> Runtime:
    """Say what runs a pod of a class, "" for none, by the handlers of those that were read."""
    if not name:
        return Runtime.NODE
    handler = handlers.get(name)
    if handler is None:
        return Runtime.UNREAD
    if handler.startswith(_MACHINES):
        return Runtime.MACHINE
    if handler == _NVIDIA or handler.startswith(f"{_NVIDIA}-"):
        return Runtime.NVIDIA
    return Runtime.NODE if handler in _ON_THE_NODE else Runtime.OTHER


def heeds_variables(name: str, handlers: Mapping[str, str]) -> bool:
    """Say whether the NVIDIA runtime runs pods of a class, or does by the name alone."""
    runtime = runtime_of(name, handlers)
    unread = runtime is Runtime.UNREAD and name.startswith(_NVIDIA)
    return runtime is Runtime.NVIDIA or unread


def heeded(way: Way, runtime: Runtime) -> Way:
    """Say how certain a way past the allocation is with a runtime.

    The environment is heeded for certain by the NVIDIA runtime alone; a privileged container has
    every device of the node only where it runs on the node's kernel.
    """
    sure = (Runtime.NVIDIA,) if way.name == "environment" else (Runtime.NODE, Runtime.NVIDIA)
    if way.certainty <= Certainty.POSSIBLE or runtime in sure:
        return way
    return msgspec.structs.replace(way, certainty=Certainty.POSSIBLE)
