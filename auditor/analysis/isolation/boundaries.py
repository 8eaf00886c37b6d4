"""What separates a workload from the others on its node, by how it is run.

==============  =========================================================  ==================
what            how it is told                                             level
==============  =========================================================  ==================
privileged      securityContext, HostConfig                                none
container       neither of the below                                       container
own users       ``hostUsers: false``, userns-remap, rootless               user-namespace
gVisor          handler ``runsc``                                          sandbox
Kata            handler ``kata…``                                          own-kernel
Kata, with TEE  handler ``kata…-snp``, ``-tdx``, ``-cca``, ``-se``, -cc    confidential
==============  =========================================================  ==================

A class names a handler, and only the handler counts (:mod:`auditor.analysis.gpu.runtimes`). A
handler that nobody knows may be any of them, the weakest as well. What a privileged container in a
sandbox or in a virtual machine reaches is that alone. That memory is encrypted a name says and no
attestation, so what follows from it is what was configured.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from auditor.late import late

_NODE: Final = frozenset({"", "runc", "crun", "youki", "io.containerd.runc.v2", "nvidia"})
_NVIDIA: Final = "nvidia-"
_GVISOR: Final = ("runsc", "gvisor", "io.containerd.runsc")
_MACHINES: Final = ("kata", "io.containerd.kata")
_ENCRYPTED: Final = late(r".*-(snp|sev|tdx|cca|se|cc)(-[a-z0-9-]+)?")
_FOR_DEVELOPERS: Final = "coco-dev"
"""Kata's handler for trying confidential containers without the processor for it."""


class Level(IntEnum):
    """How well a workload is separated from its neighbours."""

    NONE = 0
    CONTAINER = 1
    USER_NAMESPACE = 2
    SANDBOX = 3
    OWN_KERNEL = 4
    CONFIDENTIAL = 5

    @property
    def word(self) -> str:
        """How it is written: ``own-kernel``."""
        return self.name.lower().replace("_", "-")


class Boundary(msgspec.Struct, frozen=True, order=True):
    """How a workload is run.

    ``runtime`` is "node", "gvisor", "machine", "confidential" or "unknown", as ``handler`` says.
    ``own_users``: its root is nobody on the node; None where nobody knows.
    """

    privileged: bool
    runtime: str
    handler: str
    own_users: bool | None

    @property
    def level(self) -> Level:
        """The level that it comes to, by the weakest that it may be."""
        match self.runtime:
            case "confidential":
                return Level.CONFIDENTIAL
            case "machine":
                return Level.OWN_KERNEL
            case "gvisor":
                return Level.SANDBOX
            case _:
                if self.privileged:
                    return Level.NONE
                return Level.USER_NAMESPACE if self.own_users else Level.CONTAINER

    @property
    def weakest(self) -> str:
        """The layer that this level is of."""
        if self.level in (Level.NONE, Level.CONTAINER):
            return "container"
        return "users" if self.level is Level.USER_NAMESPACE else "runtime"

    @property
    def sure(self) -> bool:
        """Whether it is known what runs it, and whose its users are."""
        if self.runtime == "unknown":
            return False
        return self.own_users is not None or self.runtime != "node" or self.privileged


def runtime_of(handler: str) -> str:
    """Say what a handler is; "" is the default of the node."""
    name = handler.lower()
    if name.startswith(_MACHINES):
        secret = _ENCRYPTED.fullmatch(name) is not None and _FOR_DEVELOPERS not in name
        return "confidential" if secret else "machine"
    if name.startswith(_GVISOR):
        return "gvisor"
    return "node" if name in _NODE or name.startswith(_NVIDIA) else "unknown"
