"""What of its host a volume is, by the options of the driver ``local``: it does what mount(8) does.

::

    type=none,o=bind,device=/srv              /srv
    type=sysfs,device=sysfs                   /sys, as the host has it, and to be written to
    type=overlay,o=lowerdir=/etc:/x           /etc, with /x below it
    type=nfs,o=addr=10.0.0.1,device=:/x       nothing of the host
    type=ext4,device=/dev/sdb1                a disk, of which nobody knows what it has

What the kernel shows of itself is there once: another mount of it is the same, without what an
engine hides of it in a container. Source: moby, daemon/volume/local/local_unix.go (validateOpts,
mount); Linux, Documentation/filesystems/overlayfs.rst.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

LOCAL: Final = "local"
_BINDS: Final = frozenset({"bind", "rbind"})
_LAYERS: Final = ("lowerdir", "upperdir")
_KERNEL: Final = MappingProxyType(
    {
        "proc": "/proc",
        "sysfs": "/sys",
        "devtmpfs": "/dev",
        "mqueue": "/dev/mqueue",
        "cgroup": "/sys/fs/cgroup",
        "cgroup2": "/sys/fs/cgroup",
        "configfs": "/sys/kernel/config",
        "debugfs": "/sys/kernel/debug",
        "tracefs": "/sys/kernel/tracing",
        "securityfs": "/sys/kernel/security",
        "efivarfs": "/sys/firmware/efi/efivars",
        "pstore": "/sys/fs/pstore",
        "binfmt_misc": "/proc/sys/fs/binfmt_misc",
    }
)
"""File systems of which there is one, by where hosts have it."""


class OfHost(msgspec.Struct, frozen=True):
    """A path of the host, and the option that says it; ``by`` is the one that makes it so."""

    path: str
    said: str
    by: str


def of_host(options: Mapping[str, str]) -> OfHost | None:
    """What of the host options lead to; None for nothing, and for what is not known."""
    words = options.get("o", "").split(",")
    device, kind = options.get("device", ""), options.get("type", "")
    if not _BINDS.isdisjoint(words):
        return OfHost(device, "device", "o") if device else None
    if kind in _KERNEL:
        return OfHost(_KERNEL[kind], "type", "type")
    if kind == "overlay":
        layers = sorted(_layers(words), key=lambda path: (len(path), path))
        return OfHost(layers[0], "o", "type") if layers else None
    return None


def _layers(words: Iterable[str]) -> Iterator[str]:
    """The folders that are put over each other, but for the one that has nothing to be seen."""
    for word in words:
        name, _, value = word.partition("=")
        if name in _LAYERS:
            yield from (path for path in value.split(":") if path)
