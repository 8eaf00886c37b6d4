"""Services of compose files read as workloads: what Compose will ask an engine for.

::

    cap_add: [cap_net_raw]                    addedCapabilities: [NET_RAW]
    security_opt: [no-new-privileges:true]    noNewPrivileges: true
    gpus: all                                 deviceRequests: [{count: -1, …}]
    deploy: {resources:
      {limits: {memory: 2g}}}                 memory: 2147483648

What is not written has the value that Compose or every engine gives it, as ``privileged: false``;
what the image decides (a user, a health check) is absent. A log driver that is not written is "",
the engine's own, which is judged where the engine is. Of a service that only changes another one,
nothing is said but what is written. A value that depends on a variable which no file gives stays
the text that it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from auditor.analysis.docker.compose_limits import limits
from auditor.analysis.docker.compose_reach import devices, network_names, reach
from auditor.analysis.docker.compose_service import (
    Service,
    UnexpectedError,
    below,
    checked,
    is_open,
    items_of,
)
from auditor.analysis.docker.workload import VARIABLE, capability, security_of
from auditor.analysis.protocol import Feeds, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.pointers import token
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import COMPOSE_SERVICE, WORKLOAD

_CONTAINER: Final = "container:"
_CONDITIONS: Final = {"none": "no", "any": "always"}


class ComposeServices:
    """The workload of each service of a compose file."""

    id = "docker-compose"
    stage = Stage.OBJECT
    kinds = frozenset({COMPOSE_SERVICE})
    feeds: Feeds = MappingProxyType(
        {WORKLOAD: MappingProxyType({"": frozenset({COMPOSE_SERVICE})})}
    )

    def __init__(self, tables: Tables) -> None:
        del tables

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the workload of a service; a gap where it is not one as Compose takes it."""
        if resource.kind != COMPOSE_SERVICE:
            return
        service = Service(resource)
        try:
            for part in (_process, _build, _separation, devices, reach, limits):
                part(service)
        except UnexpectedError as error:
            detail = f"{resource.name}: {error}"
            line = resource.line
            yield Gap(
                "", resource.source, GapCause.MALFORMED, detail, "does Compose take it?", line
            )
            return
        yield service.fields.fact(resource, "compose")
        yield from _of_others(service, resource)


def _of_others(service: Service, resource: Resource) -> Iterator[Gap]:
    """A gap for each container that no file starts, and of which a service has the mounts."""
    for name in service.fields.body.get("mountsFrom", ()):
        if name.startswith(_CONTAINER):
            where = f"{resource.source}:{resource.line}: {resource.name}"
            detail = f"{where}: volumes_from {name}: no file says what that one mounts"
            hint = "audit the engine that runs it: auditor scan docker://"
            yield Gap("", COMPOSE_SERVICE, GapCause.UNSUPPORTED, detail, hint)


def _process(service: Service) -> None:
    """Who runs in it, from what, and how long."""
    fields = service.fields
    service.put("image", "image", str)
    user = service.body.get("user")
    if user not in (None, ""):
        fields.put("user", str(user), "/user")
    if not service.partial:
        fields.put("base", "", None)  # what it is built on, if its Dockerfile is read as well
    labels = service.get("labels", dict) or {}
    fields.put(
        "labels", {**(labels if isinstance(labels, dict) else {}), **service.labels}, "/labels"
    )
    environment = service.get("environment", dict) or {}
    entries = (
        ({"name": name, "value": value}, f"/environment/{token(name)}")
        for name, value in (environment.items() if isinstance(environment, dict) else ())
    )
    service.each("environment", entries, "/environment", VARIABLE)
    _command(service)
    _healthcheck(service)
    _restart(service)
    driver = below(service, "logging", "driver")
    written = driver if isinstance(driver, str) else None
    service.found("logDriver", written, "", "/logging/driver")
    service.put("runtime", "runtime", str)


def _build(service: Service) -> None:
    """What the build of its image is given; of what a variable gives, the name alone."""
    arguments = below(service, "build", "args")
    if isinstance(arguments, dict):
        entries = (
            ({"name": name, **_written(value)}, f"/build/args/{token(name)}")
            for name, value in arguments.items()
        )
        service.each("buildArguments", entries, "/build/args", VARIABLE)
    _build_rights(service)


def _build_rights(service: Service) -> None:
    """What the steps of its build may do; ``privileged`` is an entitlement by another name.

    Compose grants the builder ``security.insecure`` for it (docker/compose, ``build_buildkit.go``).
    """
    build = service.get("build", dict)
    if not isinstance(build, dict):
        return
    for name, key, kind, default in (
        ("buildPrivileged", "privileged", bool, False),
        ("buildNetwork", "network", str, ""),
        ("buildEntitlements", "entitlements", list, []),
    ):
        service.found(name, checked(build.get(key), key, kind), default, f"/build/{key}")


def _written(value: object) -> dict[str, object]:
    return {} if value is None or is_open(value) else {"value": value}


def _command(service: Service) -> None:
    """What is written of it; the rest is the image's, which is judged by itself."""
    words: list[object] = []
    written = [key for key in ("entrypoint", "command") if service.body.get(key) is not None]
    for key in written:
        found = service.get(key, list)
        words += found if isinstance(found, list) else [found]
    last = written[-1] if written else "command"
    service.found("command", words if written else None, [], f"/{last}")


def _healthcheck(service: Service) -> None:
    found = service.get("healthcheck", dict)
    if not isinstance(found, dict):
        return
    test = found.get("test")
    if found.get("disable") is True or (isinstance(test, list) and test[:1] == ["NONE"]):
        service.fields.put("healthcheck", "disabled", "/healthcheck")
    elif is_open(found.get("disable")):
        service.fields.put("healthcheck", found["disable"], "/healthcheck/disable")
    elif test:
        service.fields.put("healthcheck", "set", "/healthcheck")


def _restart(service: Service) -> None:
    policy = below(service, "deploy", "restart_policy")
    if isinstance(policy, dict):
        condition = str(policy.get("condition", "any"))
        at = "/deploy/restart_policy"
        service.fields.put(
            "restartPolicy", _CONDITIONS.get(condition, condition), f"{at}/condition"
        )
        service.fields.put("restartRetries", policy.get("max_attempts", 0), f"{at}/max_attempts")
        return
    written = service.body.get("restart")
    if written is None or written == "":
        service.default("restartPolicy", "no", "/restart")
        service.default("restartRetries", 0, "/restart")
        return
    name, _, number = str(written).partition(":")
    service.fields.put("restartPolicy", _CONDITIONS.get(name, name), "/restart")
    retries = int(number) if number.isdecimal() else 0
    service.fields.put("restartRetries", retries, "/restart")


def _separation(service: Service) -> None:
    """What separates it from the host: rights, namespaces, confinement."""
    service.put("privileged", "privileged", bool, default=False)
    for name, key in (("addedCapabilities", "cap_add"), ("droppedCapabilities", "cap_drop")):
        found = ((capability(each), at) for each, at in items_of(service, key, str))
        service.each(name, found, f"/{key}")
    _network_mode(service)
    for name, key in (
        ("pidMode", "pid"),
        ("ipcMode", "ipc"),
        ("utsMode", "uts"),
        ("userNamespaceMode", "userns_mode"),
        ("cgroupNamespaceMode", "cgroup"),
        ("cgroupParent", "cgroup_parent"),
    ):
        service.put(name, key, str, default="")
    _security(service)
    service.put("readOnlyRootFilesystem", "read_only", bool, default=False)


def _network_mode(service: Service) -> None:
    """How it is written; else the first of its networks, as the engine calls it."""
    if service.body.get("network_mode"):
        service.put("networkMode", "network_mode", str)
        return
    first = next(iter(network_names(service)), None)
    service.default("networkMode", first, "/networks")


def _security(service: Service) -> None:
    options = [each for each, _ in items_of(service, "security_opt", str)]
    at = "/security_opt"
    if any(map(is_open, options)):
        unknown = next(each for each in options if is_open(each))
        for name in ("seccomp", "noNewPrivileges", "systemPathsUnconfined", "appArmor"):
            service.fields.put(name, unknown, at)
        return
    found = security_of(options)
    for name, value in (
        ("seccomp", found.seccomp),
        ("noNewPrivileges", bool(found.no_new_privileges)),
        ("systemPathsUnconfined", found.paths_unconfined),
        ("selinux", list(found.selinux)),
        ("appArmor", found.apparmor),
    ):
        if options:
            service.fields.put(name, value, at)
        else:
            service.default(name, value, at)
