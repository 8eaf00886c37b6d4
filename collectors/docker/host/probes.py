"""The list of what is looked at on a host: fixed here, printed by ``auditor permissions docker``.

Nothing of it depends on what a host, an engine or a person says. Of most paths only owner, mode and
type are read; the few files that are read as well stand in :data:`TEXTS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.platforms.docker import (
    HOST_CONTAINERD_SOCKET,
    HOST_DEFAULTS_FILE,
    HOST_DEVICE_SPECS,
    HOST_ENGINE_SOCKET,
    HOST_REGISTRY_FILES,
    HOST_SERVICE_UNIT,
    HOST_SETTINGS_FILE,
    HOST_SETTINGS_FOLDER,
    HOST_SHARING_FOLDER,
    HOST_SOCKET_UNIT,
    HOST_SYSCONFIG_FILE,
)
from collectors.hosts.seen import FILE, FOLDER, SOCKET

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
    """The files of one kind: those at ``paths``, and all below ``folders``, of some ``types``."""

    name: str
    types: tuple[str, ...]
    paths: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def _unit(name: str) -> Files:
    paths = tuple(f"{folder}/{name}" for folder in UNIT_FOLDERS)
    return Files(name, (FILE,), paths, tuple(f"{path}.d" for path in paths))


_PIPES: Final = "/tmp/nvidia-mps"  # noqa: S108 - looked at, never written
"""The pipes of NVIDIA's multi-process server, by default."""
_SPECS: Final = ("/etc/cdi", "/var/run/cdi")
"""Where specifications of devices are read from: CDI, by default."""


def _programs(name: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for folder in ("/usr/bin", "/usr/sbin", "/usr/local/bin"))


FILES: Final[Mapping[str, Files]] = MappingProxyType(
    {
        HOST_SERVICE_UNIT: _unit("docker.service"),
        HOST_SOCKET_UNIT: _unit("docker.socket"),
        HOST_SETTINGS_FOLDER: Files("/etc/docker", (FOLDER,), ("/etc/docker",)),
        HOST_REGISTRY_FILES: Files("/etc/docker/certs.d", (FILE,), (), ("/etc/docker/certs.d",)),
        HOST_SETTINGS_FILE: Files("daemon.json", (FILE,), ("/etc/docker/daemon.json",)),
        HOST_DEFAULTS_FILE: Files("/etc/default/docker", (FILE,), ("/etc/default/docker",)),
        HOST_SYSCONFIG_FILE: Files("/etc/sysconfig/docker", (FILE,), ("/etc/sysconfig/docker",)),
        HOST_ENGINE_SOCKET: Files("docker.sock", (SOCKET,), ("/var/run/docker.sock",)),
        HOST_DEVICE_SPECS: Files("CDI", (FILE, FOLDER), _SPECS, _SPECS),
        HOST_SHARING_FOLDER: Files("nvidia-mps", (FOLDER,), (_PIPES,)),
        HOST_CONTAINERD_SOCKET: Files(
            "containerd.sock",
            (SOCKET,),
            ("/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock"),
        ),
    }
)
"""The files of which owner and mode are judged."""


class Take(Enum):
    """What is taken of a file: all, lines of sockets that listen, or logins and their groups."""

    ALL = "all"
    LISTENING = "listening"
    LOGINS = "logins"


class Text(msgspec.Struct, frozen=True):
    """A file that is read: what is taken of it, and no more than some bytes of that."""

    most: int
    take: Take = Take.ALL


PRODUCT: Final = "/sys/class/dmi/id/product_uuid"
"""The UUID of the machine, as its firmware tells it; only root may read it."""

TEXTS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "/etc/group": Text(1 << 20),
        "/etc/passwd": Text(1 << 20, Take.LOGINS),
        "/etc/nsswitch.conf": Text(1 << 16),
        "/etc/audit/audit.rules": Text(1 << 20),
        "/etc/docker/daemon.json": Text(1 << 20),
        "/etc/nvidia-container-runtime/config.toml": Text(1 << 16),
        "/proc/self/mountinfo": Text(4 << 20),
        "/proc/net/tcp": Text(1 << 18, Take.LISTENING),
        "/proc/net/tcp6": Text(1 << 18, Take.LISTENING),
        PRODUCT: Text(1 << 12),
    }
)
"""The files that are read as well."""

RULE_FILES: Final = "/etc/audit/rules.d"
"""Where files of audit rules are that ``augenrules`` makes one of: augenrules(8)."""
RULE_SUFFIX: Final = ".rules"
MOST_RULE_FILES: Final = 100
_RULE_FILE: Final = Text(1 << 18)


def text_at(path: str) -> Text | None:
    """What is taken of the file at a path; None where it is not one of those that are read."""
    folder, _, name = path.rpartition("/")
    if folder == RULE_FILES and name.endswith(RULE_SUFFIX) and name != RULE_SUFFIX:
        return _RULE_FILE
    return TEXTS.get(path)


ENGINES: Final = ("dockerd", "dockerd-current")
PROXY: Final = "docker-proxy"
SHELLS: Final = ("sshd", "dropbear")
PROCESSES: Final = (*ENGINES, PROXY, *SHELLS)
"""The names of processes that are looked at; arguments only of engines."""
MOST_ARGUMENTS: Final = 1 << 16

PROGRAM: Final = "auditctl"
PROGRAM_FOLDERS: Final = ("/sbin", "/usr/sbin")
PROGRAM_RUNS: Final = ("-l", "-s")
"""The one program that is run: it lists audit rules, and whether they are in force."""

KEY_FOLDERS: Final = ("/etc/docker", "/root/.docker")
"""Where the files of TLS of an engine are looked for, by their names and modes alone."""

LINKS: Final = ("/bin", "/sbin", "/lib", "/var/run")
"""Folders that are links on most hosts, so that one file has two paths."""

AUDITED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "dockerd": _programs("dockerd"),
        "containerd": _programs("containerd"),
        "containerdShim": _programs("containerd-shim"),
        "containerdShimRuncV1": _programs("containerd-shim-runc-v1"),
        "containerdShimRuncV2": _programs("containerd-shim-runc-v2"),
        "runc": _programs("runc"),
        "runContainerd": ("/run/containerd",),
        "settingsFolder": ("/etc/docker",),
        "serviceUnit": FILES[HOST_SERVICE_UNIT].paths,
        "socketUnit": FILES[HOST_SOCKET_UNIT].paths,
        "containerdSocket": FILES[HOST_CONTAINERD_SOCKET].paths,
        "defaultsFile": ("/etc/default/docker",),
        "sysconfigFile": ("/etc/sysconfig/docker",),
        "settingsFile": ("/etc/docker/daemon.json",),
        "containerdSettings": ("/etc/containerd/config.toml",),
    }
)
"""What audit rules should watch, if it is there; the data of the engine is where that says."""


def stats() -> Iterator[str]:
    """Each path of which owner, mode and type are read."""
    files = (path for each in FILES.values() for path in (*each.paths, *each.folders))
    audited = (path for paths in AUDITED.values() for path in paths)
    yield from dict.fromkeys((*files, *audited, *KEY_FOLDERS, *LINKS, *TEXTS))


def folders() -> Iterator[str]:
    """Each folder below which everything is looked at."""
    files = (path for each in FILES.values() for path in each.folders)
    yield from dict.fromkeys((*files, *KEY_FOLDERS))
