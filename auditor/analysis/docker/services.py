"""Services of a swarm, as ``GET /services`` shows them, read as workloads.

Only what a service asks for is there: what it leaves to the image (user, health check) or to the
engine that runs it (log driver, runtime) is not known, and its field is absent. What a service
can't ask for, it has not: it is never privileged, and never in another process namespace. In which
networks it is stands there by their ids, of which the host's own is one.
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
    variables,
)
from auditor.analysis.protocol import Feeds, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.model.volumes import LOCAL, OfHost, of_host
from auditor.platforms.docker import SERVICE, WORKLOAD

_TASK: Final = "/Spec/TaskTemplate"
_CONTAINER: Final = f"{_TASK}/ContainerSpec"
_PRIVILEGES: Final = f"{_CONTAINER}/Privileges"
_LIMITS: Final = f"{_TASK}/Resources/Limits"
_PORTS: Final = "/Spec/EndpointSpec/Ports"
_INGRESS: Final = "ingress"
_POLICIES: Final = MappingProxyType({"none": "no", "on-failure": "on-failure", "any": "always"})
_ANY: Final = "any"
_Names: TypeAlias = list[str] | None


class _Mode(msgspec.Struct, frozen=True, rename="pascal"):
    mode: str = ""


class _Label(msgspec.Struct, frozen=True, rename="pascal"):
    disable: bool = False
    user: str = ""
    role: str = ""
    type: str = ""
    level: str = ""


class _Privileges(msgspec.Struct, frozen=True):
    label: _Label | None = msgspec.field(default=None, name="SELinuxContext")
    seccomp: _Mode | None = msgspec.field(default=None, name="Seccomp")
    apparmor: _Mode | None = msgspec.field(default=None, name="AppArmor")
    no_new: bool = msgspec.field(default=False, name="NoNewPrivileges")


class _Bind(msgspec.Struct, frozen=True, rename="pascal"):
    propagation: str = ""


class _VolumeDriver(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""
    options: dict[str, str] | None = None


class _Volume(msgspec.Struct, frozen=True, rename="pascal"):
    driver_config: _VolumeDriver | None = None


class _Mount(msgspec.Struct, frozen=True, rename="pascal"):
    type: str = ""
    source: str = ""
    target: str = ""
    read_only: bool = False
    bind_options: _Bind | None = None
    volume_options: _Volume | None = None

    @property
    def of_host(self) -> OfHost | None:
        """What of the host its volume is, where the service says how to make it."""
        driver = self.volume_options.driver_config if self.volume_options is not None else None
        if self.type != "volume" or driver is None or driver.name not in {"", LOCAL}:
            return None
        return of_host(driver.options or {})


class _Healthcheck(msgspec.Struct, frozen=True, rename="pascal"):
    test: _Names = None


class _Container(msgspec.Struct, frozen=True, rename="pascal"):
    image: str = ""
    user: str = ""
    labels: dict[str, str] | None = None
    env: _Names = None
    command: _Names = None
    args: _Names = None
    read_only: bool = False
    mounts: list[_Mount] | None = None
    healthcheck: _Healthcheck | None = None
    privileges: _Privileges | None = None
    capability_add: _Names = None
    capability_drop: _Names = None
    ulimits: list[Ulimit] | None = None


class _Limits(msgspec.Struct, frozen=True):
    cpus: int = msgspec.field(default=0, name="NanoCPUs")
    memory: int = msgspec.field(default=0, name="MemoryBytes")
    pids: int = msgspec.field(default=0, name="Pids")


class _Resources(msgspec.Struct, frozen=True, rename="pascal"):
    limits: _Limits | None = None


class _Restart(msgspec.Struct, frozen=True, rename="pascal"):
    condition: str = ""
    max_attempts: int = 0


class _Named(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""


class _Network(msgspec.Struct, frozen=True, rename="pascal"):
    target: str = ""


class _Task(msgspec.Struct, frozen=True, rename="pascal"):
    container_spec: _Container | None = None
    resources: _Resources | None = None
    restart_policy: _Restart | None = None
    log_driver: _Named | None = None
    networks: list[_Network] | None = None


class _Port(msgspec.Struct, frozen=True, rename="pascal"):
    protocol: str = "tcp"
    target_port: int = 0
    published_port: int = 0
    publish_mode: str = _INGRESS


class _Endpoint(msgspec.Struct, frozen=True, rename="pascal"):
    ports: list[_Port] | None = None


class _Spec(msgspec.Struct, frozen=True, rename="pascal"):
    task_template: _Task
    endpoint_spec: _Endpoint | None = None


class _Service(msgspec.Struct, frozen=True, rename="pascal"):
    spec: _Spec


_decode = msgspec.json.Decoder(_Service).decode


class Services:
    """The workload of each service of a swarm."""

    id = "docker-services"
    stage = Stage.OBJECT
    kinds = frozenset({SERVICE})
    feeds: Feeds = MappingProxyType({WORKLOAD: MappingProxyType({"": frozenset({SERVICE})})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the workload of a service; a gap where it is not one as the engine writes it.

        A service that runs a plugin is none.
        """
        if resource.kind != SERVICE:
            return
        try:
            spec = _decode(resource.body).spec
        except msgspec.ValidationError as error:
            detail = f"{resource.name}: {error}"
            yield Gap("", SERVICE, GapCause.MALFORMED, detail, "is it a Docker Engine?")
            return
        task, container = spec.task_template, spec.task_template.container_spec
        if container is None:
            return
        fields = Fields()
        _process(fields, container)
        _supervision(fields, task)
        _separation(fields, container)
        _reach(fields, container)
        _network(fields, spec)
        _limits(fields, task, container)
        yield fields.fact(resource, "service")


def _process(fields: Fields, found: _Container) -> None:
    """Who runs in it, and from what."""
    fields.put("image", found.image, f"{_CONTAINER}/Image")
    if found.user:
        fields.put("user", found.user, f"{_CONTAINER}/User")
    fields.put("labels", found.labels or {}, f"{_CONTAINER}/Labels")
    at = f"{_CONTAINER}/Env"
    fields.put_each("environment", variables(found.env or (), at), at, VARIABLE)
    command = [*(found.command or ()), *(found.args or ())]
    fields.put("command", command, f"{_CONTAINER}/Args")
    test = found.healthcheck.test if found.healthcheck is not None else None
    if test:
        checked = "disabled" if test[0] == "NONE" else "set"
        fields.put("healthcheck", checked, None)


def _supervision(fields: Fields, task: _Task) -> None:
    """How long it runs, and where its output goes."""
    restart = task.restart_policy or _Restart()
    policy = _POLICIES.get(restart.condition or _ANY, restart.condition)
    fields.put("restartPolicy", policy, f"{_TASK}/RestartPolicy/Condition")
    fields.put("restartRetries", restart.max_attempts, f"{_TASK}/RestartPolicy/MaxAttempts")
    if task.log_driver is not None and task.log_driver.name:
        fields.put("logDriver", task.log_driver.name, f"{_TASK}/LogDriver/Name")


_NEVER: Final[Mapping[str, object]] = MappingProxyType(
    {
        "privileged": False,
        "pidMode": "",
        "ipcMode": "",
        "utsMode": "",
        "userNamespaceMode": "",
        "cgroupParent": "",
        "systemPathsUnconfined": False,
        "devices": [],
        "deviceRequests": [],
        "deviceCgroupRules": [],
        "publishAllPorts": False,
    }
)
"""What a service can't ask for."""


def _separation(fields: Fields, found: _Container) -> None:
    """What separates it from the host: rights and confinement."""
    for name, value in _NEVER.items():
        fields.put(name, value, None)
    for name, key, values in (
        ("addedCapabilities", "CapabilityAdd", found.capability_add),
        ("droppedCapabilities", "CapabilityDrop", found.capability_drop),
    ):
        fields.put(name, [capability(each) for each in values or ()], f"{_CONTAINER}/{key}")
    rights = found.privileges or _Privileges()
    seccomp = rights.seccomp.mode if rights.seccomp is not None else ""
    shown = seccomp if seccomp in {"unconfined", "custom"} else ""
    fields.put("seccomp", shown, f"{_PRIVILEGES}/Seccomp/Mode")
    off = rights.apparmor is not None and rights.apparmor.mode == "disabled"
    fields.put("appArmor", "unconfined" if off else "", f"{_PRIVILEGES}/AppArmor/Mode")
    fields.put("noNewPrivileges", rights.no_new, f"{_PRIVILEGES}/NoNewPrivileges")
    fields.put("selinux", _label(rights.label), f"{_PRIVILEGES}/SELinuxContext")
    fields.put("readOnlyRootFilesystem", found.read_only, f"{_CONTAINER}/ReadOnly")


def _label(found: _Label | None) -> list[str]:
    """The parts of a label, as ``--security-opt label=`` takes them."""
    if found is None:
        return []
    if found.disable:
        return ["disable"]
    parts = (("user", found.user), ("role", found.role), ("type", found.type))
    return [f"{name}:{value}" for name, value in (*parts, ("level", found.level)) if value]


_MOUNT: Final = MappingProxyType(
    {
        "type": "Type",
        "source": "Source",
        "target": "Target",
        "readOnly": "ReadOnly",
        "propagation": "BindOptions/Propagation",
    }
)
_PUBLISHED: Final = MappingProxyType(
    {"address": "PublishMode", "hostPort": "PublishedPort", "containerPort": "TargetPort"}
)


def _reach(fields: Fields, found: _Container) -> None:
    """What of the hosts it is connected with."""
    at = f"{_CONTAINER}/Mounts"
    of_host = [each.of_host for each in found.mounts or ()]
    for number, of in enumerate(of_host):
        if of is not None:
            said = f"{at}/{number}/VolumeOptions/DriverConfig/Options/{of.said}"
            fields.locate(f"/mounts/{number}/source", said)
    mounts = (
        {
            "type": each.type if of is None else "bind",
            "source": each.source if of is None else of.path,
            "target": each.target,
            "readOnly": each.read_only,
            "propagation": each.bind_options.propagation if each.bind_options else "",
        }
        for each, of in zip(found.mounts or (), of_host, strict=True)
    )
    fields.put_each("mounts", numbered(at, mounts), at, _MOUNT)


def _network(fields: Fields, spec: _Spec) -> None:
    """Who reaches it: what is published is, on every address of each host."""
    ports = (spec.endpoint_spec.ports if spec.endpoint_spec is not None else None) or []
    shown = (
        {
            "address": "",
            "hostPort": str(each.published_port) if each.published_port else "",
            "containerPort": f"{each.target_port}/{each.protocol}",
        }
        for each in ports
    )
    fields.put_each("ports", numbered(_PORTS, shown), _PORTS, _PUBLISHED)
    if not spec.task_template.networks and any(each.publish_mode == _INGRESS for each in ports):
        fields.put("networkMode", _INGRESS, _PORTS)


def _limits(fields: Fields, task: _Task, container: _Container) -> None:
    resources = task.resources or _Resources()
    limits = resources.limits or _Limits()
    fields.put("memory", max(0, limits.memory), f"{_LIMITS}/MemoryBytes")
    fields.put("cpuLimited", limits.cpus > 0, None)
    fields.put("pidsLimit", max(0, limits.pids), f"{_LIMITS}/Pids")
    put_ulimits(fields, container.ulimits, f"{_CONTAINER}/Ulimits")
