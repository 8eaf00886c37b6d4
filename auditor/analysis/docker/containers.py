"""Containers as ``GET /containers/{id}/json`` shows them, running or not, read as workloads.

What the image sets (user, health check, environment) is in there already: the engine merges it when
a container is created.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from auditor.analysis.docker.workload import (
    VARIABLE,
    Fields,
    Ulimit,
    capability,
    numbered,
    put_ulimits,
    security_of,
    variables,
)
from auditor.analysis.protocol import Feeds, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import CONTAINER, WORKLOAD

_HOST: Final = "/HostConfig"
_Names: TypeAlias = list[str] | None


class _LogConfig(msgspec.Struct, frozen=True, rename="pascal"):
    type: str = ""


class _Restart(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""
    maximum_retry_count: int = 0


class _Device(msgspec.Struct, frozen=True, rename="pascal"):
    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = ""


class _Request(msgspec.Struct, frozen=True):
    driver: str = msgspec.field(default="", name="Driver")
    count: int = msgspec.field(default=0, name="Count")
    ids: _Names = msgspec.field(default=None, name="DeviceIDs")
    capabilities: list[list[str]] | None = msgspec.field(default=None, name="Capabilities")


class _Binding(msgspec.Struct, frozen=True, rename="pascal"):
    host_ip: str = ""
    host_port: str = ""


class _HostConfig(msgspec.Struct, frozen=True, rename="pascal"):
    privileged: bool = False
    cap_add: _Names = None
    cap_drop: _Names = None
    readonly_rootfs: bool = False
    network_mode: str = ""
    pid_mode: str = ""
    ipc_mode: str = ""
    uts_mode: str = msgspec.field(default="", name="UTSMode")
    userns_mode: str = ""
    cgroupns_mode: str = ""
    cgroup_parent: str = ""
    security_opt: _Names = None
    masked_paths: _Names = None
    readonly_paths: _Names = None
    devices: list[_Device] | None = None
    device_requests: list[_Request] | None = None
    device_cgroup_rules: _Names = None
    port_bindings: dict[str, list[_Binding] | None] | None = None
    publish_all_ports: bool = False
    memory: int = 0
    nano_cpus: int = 0
    cpu_shares: int = 0
    cpu_quota: int = 0
    cpuset_cpus: str = ""
    pids_limit: int | None = None
    restart_policy: _Restart = _Restart()
    ulimits: list[Ulimit] | None = None
    log_config: _LogConfig = _LogConfig()
    runtime: str = ""
    shm_size: int = 0


class _Mount(msgspec.Struct, frozen=True):
    type: str = msgspec.field(default="", name="Type")
    source: str = msgspec.field(default="", name="Source")
    destination: str = msgspec.field(default="", name="Destination")
    writable: bool = msgspec.field(default=True, name="RW")
    propagation: str = msgspec.field(default="", name="Propagation")
    name: str = msgspec.field(default="", name="Name")


class _Healthcheck(msgspec.Struct, frozen=True, rename="pascal"):
    test: _Names = None


class _Config(msgspec.Struct, frozen=True, rename="pascal"):
    user: str = ""
    image: str = ""
    env: _Names = None
    cmd: _Names = None
    entrypoint: _Names = None
    healthcheck: _Healthcheck | None = None
    labels: dict[str, str] | None = None


class _State(msgspec.Struct, frozen=True, rename="pascal"):
    running: bool = False


class _Network(msgspec.Struct, frozen=True):
    """Only its name counts, which is its key."""


class _NetworkSettings(msgspec.Struct, frozen=True, rename="pascal"):
    networks: dict[str, _Network | None] | None = None


class _Container(msgspec.Struct, frozen=True, rename="pascal"):
    host_config: _HostConfig
    config: _Config = _Config()
    state: _State = _State()
    mounts: list[_Mount] | None = None
    network_settings: _NetworkSettings = _NetworkSettings()
    app_armor_profile: str = ""
    process_label: str = ""


_decode = msgspec.json.Decoder(_Container).decode


class Containers:
    """The workload of each container."""

    id = "docker-containers"
    stage = Stage.OBJECT
    kinds = frozenset({CONTAINER})
    feeds: Feeds = MappingProxyType({WORKLOAD: MappingProxyType({"": frozenset({CONTAINER})})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the workload of a container; a gap where it is not one as the engine writes it."""
        if resource.kind != CONTAINER:
            return
        try:
            found = _decode(resource.body)
        except msgspec.ValidationError as error:
            detail = f"{resource.name}: {error}"
            yield Gap("", CONTAINER, GapCause.MALFORMED, detail, "is it a Docker Engine?")
            return
        fields = Fields()
        _process(fields, found)
        _separation(fields, found)
        _devices(fields, found.host_config)
        _reach(fields, found)
        _limits(fields, found.host_config)
        yield fields.fact(resource, "container")


def _process(fields: Fields, found: _Container) -> None:
    """Who runs in it, from what, and how long."""
    config, host = found.config, found.host_config
    fields.put("running", found.state.running, "/State/Running")
    fields.put("image", config.image, "/Config/Image")
    fields.put("user", config.user, "/Config/User")
    fields.put("labels", config.labels or {}, "/Config/Labels")
    entries = variables(config.env or (), "/Config/Env")
    fields.put_each("environment", entries, "/Config/Env", VARIABLE)
    fields.put("command", [*(config.entrypoint or ()), *(config.cmd or ())], "/Config/Cmd")
    test = config.healthcheck.test if config.healthcheck is not None else None
    off = test is not None and test[:1] == ["NONE"]
    checked = "disabled" if off else "set" if test else "none"
    fields.put("healthcheck", checked, None)
    fields.put("restartPolicy", host.restart_policy.name, f"{_HOST}/RestartPolicy/Name")
    retries = host.restart_policy.maximum_retry_count
    fields.put("restartRetries", retries, f"{_HOST}/RestartPolicy/MaximumRetryCount")
    fields.put("logDriver", host.log_config.type, f"{_HOST}/LogConfig/Type")
    fields.put("runtime", host.runtime, f"{_HOST}/Runtime")


def _separation(fields: Fields, found: _Container) -> None:
    """What separates it from the host: rights, namespaces, confinement."""
    host = found.host_config
    fields.put("privileged", host.privileged, f"{_HOST}/Privileged")
    for name, key, values in (
        ("addedCapabilities", "CapAdd", host.cap_add),
        ("droppedCapabilities", "CapDrop", host.cap_drop),
    ):
        fields.put(name, [capability(each) for each in values or ()], f"{_HOST}/{key}")
    for name, key, mode in (
        ("networkMode", "NetworkMode", host.network_mode),
        ("pidMode", "PidMode", host.pid_mode),
        ("ipcMode", "IpcMode", host.ipc_mode),
        ("utsMode", "UTSMode", host.uts_mode),
        ("userNamespaceMode", "UsernsMode", host.userns_mode),
        ("cgroupNamespaceMode", "CgroupnsMode", host.cgroupns_mode),
        ("cgroupParent", "CgroupParent", host.cgroup_parent),
    ):
        fields.put(name, mode, f"{_HOST}/{key}")
    security, options = security_of(host.security_opt or ()), f"{_HOST}/SecurityOpt"
    fields.put("seccomp", security.seccomp, options)
    fields.put("noNewPrivileges", bool(security.no_new_privileges), options)
    if security.no_new_privileges is None:  # its engine decided when it made the container
        fields.put("noNewPrivilegesUnsaid", True, None)
    unconfined, at = security.paths_unconfined, options
    for key, paths in (("MaskedPaths", host.masked_paths), ("ReadonlyPaths", host.readonly_paths)):
        if paths is not None and not paths:
            # Docker's client sends the option so; a privileged container has null
            unconfined, at = True, f"{_HOST}/{key}"
    fields.put("systemPathsUnconfined", unconfined, at)
    fields.put("selinux", security.selinux, options)
    fields.put("selinuxLabel", found.process_label, "/ProcessLabel")
    fields.put("appArmor", found.app_armor_profile, "/AppArmorProfile")
    fields.put("readOnlyRootFilesystem", host.readonly_rootfs, f"{_HOST}/ReadonlyRootfs")


_DEVICE: Final = MappingProxyType(
    {"source": "PathOnHost", "target": "PathInContainer", "permissions": "CgroupPermissions"}
)
_REQUEST: Final = MappingProxyType(
    {"driver": "Driver", "count": "Count", "ids": "DeviceIDs", "capabilities": "Capabilities"}
)
_MOUNT: Final = MappingProxyType(
    {
        "type": "Type",
        "source": "Source",
        "target": "Destination",
        "readOnly": None,  # the engine says the opposite
        "propagation": "Propagation",
    }
)
_PORT: Final = MappingProxyType({"address": "HostIp", "hostPort": "HostPort", "containerPort": ""})


def _devices(fields: Fields, host: _HostConfig) -> None:
    devices = (
        {
            "source": each.path_on_host,
            "target": each.path_in_container,
            "permissions": each.cgroup_permissions,
        }
        for each in host.devices or ()
    )
    at = f"{_HOST}/Devices"
    fields.put_each("devices", numbered(at, devices), at, _DEVICE)
    requests = (
        {
            "driver": each.driver,
            "count": each.count,
            "ids": each.ids or [],
            "capabilities": each.capabilities or [],
        }
        for each in host.device_requests or ()
    )
    at = f"{_HOST}/DeviceRequests"
    fields.put_each("deviceRequests", numbered(at, requests), at, _REQUEST)
    rules = host.device_cgroup_rules or []
    fields.put("deviceCgroupRules", rules, f"{_HOST}/DeviceCgroupRules")


def _reach(fields: Fields, found: _Container) -> None:
    """What of the host, and who outside of it, it is connected with."""
    mounts = (
        {
            "type": each.type,
            "source": each.name if each.type == "volume" and each.name else each.source,
            "target": each.destination,
            "readOnly": not each.writable,
            "propagation": each.propagation,
        }
        for each in found.mounts or ()
    )
    fields.put_each("mounts", numbered("/Mounts", mounts), "/Mounts", _MOUNT)
    host = found.host_config
    fields.put_each("ports", _ports(host.port_bindings or {}), f"{_HOST}/PortBindings", _PORT)
    fields.put("publishAllPorts", host.publish_all_ports, f"{_HOST}/PublishAllPorts")
    networks = sorted(found.network_settings.networks or ())
    fields.put("networks", networks, "/NetworkSettings/Networks")


def _ports(bindings: Mapping[str, list[_Binding] | None]) -> Iterator[tuple[object, str]]:
    """Published ports; a container that never ran has them here, and nowhere else.

    An empty list publishes a port of the engine's choice on every address (API 1.56).
    """
    for port, found in sorted(bindings.items()):
        at = f"{_HOST}/PortBindings/{port.replace('~', '~0').replace('/', '~1')}"
        for number, each in enumerate(found or ()):
            value = {"address": each.host_ip, "hostPort": each.host_port, "containerPort": port}
            yield value, f"{at}/{number}"


def _limits(fields: Fields, host: _HostConfig) -> None:
    fields.put("memory", max(0, host.memory), f"{_HOST}/Memory")
    limited = max(host.nano_cpus, host.cpu_quota, host.cpu_shares) > 0 or bool(host.cpuset_cpus)
    fields.put("cpuLimited", limited, None)
    fields.put("pidsLimit", max(0, host.pids_limit or 0), f"{_HOST}/PidsLimit")
    fields.put("shmSize", host.shm_size, f"{_HOST}/ShmSize")
    put_ulimits(fields, host.ulimits, f"{_HOST}/Ulimits")
