"""The list of what is looked at on a host: fixed here, printed by ``auditor permissions docker``.

Nothing of it depends on what a host, an engine or a person says. Of most paths only owner, mode and
type are read; the few files that are read as well stand in :data:`TEXTS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.platforms.docker import (
    HOST_CONTAINERD_SOCKET,
    HOST_DEFAULTS_FILE,
    HOST_ENGINE_SOCKET,
    HOST_REGISTRY_FILES,
    HOST_SERVICE_UNIT,
    HOST_SETTINGS_FILE,
    HOST_SETTINGS_FOLDER,
    HOST_SOCKET_UNIT,
    HOST_SYSCONFIG_FILE,
)
from collectors.docker.host.observed import FILE, FOLDER, SOCKET

UNIT_FOLDERS: Final = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""systemd.unit(5): where units of the system are looked for."""
MOST_ENTRIES: Final = 1000
"""How many things below one folder are looked at."""
DEEPEST: Final = 3


class Files(msgspec.Struct, frozen=True):
    """The files of one kind: those at ``paths``, and all below ``folders``; each is a ``type``."""

    name: str
    type: str
    paths: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def _unit(name: str) -> Files:
    paths = tuple(f"{folder}/{name}" for folder in UNIT_FOLDERS)
    return Files(name, FILE, paths, tuple(f"{path}.d" for path in paths))


FILES: Final[Mapping[str, Files]] = MappingProxyType(
    {
        HOST_SERVICE_UNIT: _unit("docker.service"),
        HOST_SOCKET_UNIT: _unit("docker.socket"),
        HOST_SETTINGS_FOLDER: Files("/etc/docker", FOLDER, ("/etc/docker",)),
        HOST_REGISTRY_FILES: Files("/etc/docker/certs.d", FILE, (), ("/etc/docker/certs.d",)),
        HOST_SETTINGS_FILE: Files("daemon.json", FILE, ("/etc/docker/daemon.json",)),
        HOST_DEFAULTS_FILE: Files("/etc/default/docker", FILE, ("/etc/default/docker",)),
        HOST_SYSCONFIG_FILE: Files("/etc/sysconfig/docker", FILE, ("/etc/sysconfig/docker",)),
        HOST_ENGINE_SOCKET: Files("docker.sock", SOCKET, ("/var/run/docker.sock",)),
        HOST_CONTAINERD_SOCKET: Files(
            "containerd.sock",
            SOCKET,
            ("/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock"),
        ),
    }
)
"""The files of which owner and mode are judged."""

TEXTS: Final[Mapping[str, int]] = MappingProxyType({"/etc/group": 1 << 20})
"""The files that are read, with the most bytes that are taken."""


def stats() -> Iterator[str]:
    """Each path of which owner, mode and type are read."""
    found = dict.fromkeys(path for each in FILES.values() for path in (*each.paths, *each.folders))
    yield from dict.fromkeys((*found, *TEXTS))


def folders() -> Iterator[str]:
    """Each folder below which everything is looked at."""
    yield from dict.fromkeys(path for each in FILES.values() for path in each.folders)
