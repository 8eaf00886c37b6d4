"""The kinds of a Docker host, as its Engine API calls them, and what is derived of them.

A container that runs, a service of a swarm and a service of a compose file are one thing to rules:
``docker/Workload``, which says how it is separated from the host and from others.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from auditor.platforms.platform import Platform
from auditor.platforms.shape import Shape

PREFIX: Final = "docker/"
COMPONENT: Final = "docker/Component"
ENGINE_DEFAULTS: Final = "docker/EngineDefaults"
COMPOSE_SERVICE: Final = "docker/ComposeService"
DOCKERFILE: Final = "docker/Dockerfile"
CONTAINER: Final = "docker/Container"
IMAGE: Final = "docker/Image"
IMAGE_BUILD: Final = "docker/ImageBuild"
IMAGE_HISTORY: Final = "docker/ImageHistory"
INFO: Final = "docker/Info"
NETWORK: Final = "docker/Network"
PLUGIN: Final = "docker/Plugin"
SERVICE: Final = "docker/Service"
SWARM: Final = "docker/Swarm"
VERSION: Final = "docker/Version"
VOLUME: Final = "docker/Volume"
WORKLOAD: Final = "docker/Workload"

HOST_SERVICE_UNIT: Final = "docker/HostServiceUnit"
HOST_SOCKET_UNIT: Final = "docker/HostSocketUnit"
HOST_SETTINGS_FOLDER: Final = "docker/HostSettingsFolder"
HOST_REGISTRY_FILES: Final = "docker/HostRegistryFiles"
HOST_SETTINGS_FILE: Final = "docker/HostSettingsFile"
HOST_DEFAULTS_FILE: Final = "docker/HostDefaultsFile"
HOST_SYSCONFIG_FILE: Final = "docker/HostSysconfigFile"
HOST_ENGINE_SOCKET: Final = "docker/HostEngineSocket"
HOST_CONTAINERD_SOCKET: Final = "docker/HostContainerdSocket"

HOST_KEYS: Final = "docker/HostKeys"
HOST_SETTINGS: Final = "docker/HostSettings"
HOST_PROCESSES: Final = "docker/HostProcesses"
HOST_CONTAINERS: Final = "docker/HostContainers"
HOST_MOUNTS: Final = "docker/HostMounts"
HOST_AUDIT_RULES: Final = "docker/HostAuditRules"
HOST_GROUP: Final = "docker/HostGroup"
HOST_LISTENERS: Final = "docker/HostListeners"
HOST_MACHINE: Final = "docker/HostMachine"
HOST_TOOLKIT: Final = "docker/HostToolkit"
HOST_DEVICE_SPECS: Final = "docker/HostDeviceSpecs"
HOST_SHARING_FOLDER: Final = "docker/HostSharingFolder"

HOST_AUDIT: Final = "docker/HostAudit"
HOST_DAEMON: Final = "docker/HostDaemon"
HOST_DATA_ROOT: Final = "docker/HostDataRoot"
HOST_TLS: Final = "docker/HostTls"

HOST: Final = frozenset(
    {
        HOST_KEYS,
        HOST_SETTINGS,
        HOST_PROCESSES,
        HOST_CONTAINERS,
        HOST_MOUNTS,
        HOST_AUDIT_RULES,
        HOST_GROUP,
        HOST_LISTENERS,
        HOST_MACHINE,
        HOST_TOOLKIT,
        HOST_DEVICE_SPECS,
        HOST_SHARING_FOLDER,
        HOST_SERVICE_UNIT,
        HOST_SOCKET_UNIT,
        HOST_SETTINGS_FOLDER,
        HOST_REGISTRY_FILES,
        HOST_SETTINGS_FILE,
        HOST_DEFAULTS_FILE,
        HOST_SYSCONFIG_FILE,
        HOST_ENGINE_SOCKET,
        HOST_CONTAINERD_SOCKET,
    }
)
"""What is looked at on the host itself, which the Engine API does not tell."""
READ: Final = frozenset(
    {CONTAINER, IMAGE, IMAGE_HISTORY, INFO, NETWORK, PLUGIN, SERVICE, SWARM, VERSION, VOLUME},
)
"""What an engine is asked for."""
WRITTEN: Final = frozenset({COMPOSE_SERVICE, DOCKERFILE})
"""What files hold, and no engine gives."""
FACTS: Final = frozenset(
    {
        COMPONENT,
        ENGINE_DEFAULTS,
        IMAGE_BUILD,
        WORKLOAD,
        HOST_AUDIT,
        HOST_DAEMON,
        HOST_DATA_ROOT,
        HOST_TLS,
    }
)

_WORKLOAD: Final = Shape(
    volatile=(
        tuple((field,) for field in ("image", "mounts", "ports", "networks", "user", "memory")),
        tuple((field,) for field in ("environment", "command", "labels")),
    )
)
"""What differs between containers that are started alike, and what differs in nearly all."""

DOCKER: Final = Platform(
    name="docker",
    schemes=("docker", "docker+unix", "docker+tls", "docker+ssh"),
    prefix=PREFIX,
    kinds=READ | HOST | WRITTEN | FACTS,
    facts=FACTS,
    written=WRITTEN,
    shapes=MappingProxyType({WORKLOAD: _WORKLOAD}),
    writing="a kind of a Docker host is written docker/Container",
    shorthand="docker:// is the engine of the current context",
)
