"""What a service of a compose file reaches: devices, the disk of its host, networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from auditor.analysis.docker.compose_service import Service, below, checked, items_of
from auditor.late import late

_CDI: Final = late(r"[A-Za-z][\w.-]*/[A-Za-z][\w-]*=[\w.:-]*\w")
_RESERVED: Final = "/deploy/resources/reservations/devices"
_SOCKET: Final = "/var/run/docker.sock"
_DEVICE: Final = MappingProxyType(
    {"source": "source", "target": "target", "permissions": "permissions"}
)
_REQUEST: Final = MappingProxyType(
    {"driver": "driver", "count": "count", "ids": "device_ids", "capabilities": "capabilities"}
)
_MOUNT: Final = MappingProxyType(
    {
        "type": "type",
        "source": "source",
        "target": "target",
        "readOnly": "read_only",
        "propagation": "bind/propagation",
    }
)
_PORT: Final = MappingProxyType(
    {"address": "host_ip", "hostPort": "published", "containerPort": "target"}
)


def devices(service: Service) -> None:
    """Read what devices it gets: by path, by request for GPUs, by rules of its control group."""
    devices: list[tuple[object, str]] = []
    requests: list[tuple[object, str]] = []
    for device, at in items_of(service, "devices", dict):
        source, target = str(device.get("source", "")), str(device.get("target", ""))
        if source == target and _CDI.fullmatch(source):
            requests.append(
                ({"driver": "cdi", "count": 0, "ids": [source], "capabilities": []}, at)
            )
        else:
            found = {name: device.get(key, "") for name, key in _DEVICE.items()}
            devices.append((found, at))
    service.each("devices", devices, "/devices", _DEVICE)
    gpus = ((_request(each, "gpu"), at) for each, at in items_of(service, "gpus", dict))
    service.each("deviceRequests", [*gpus, *_reserved(service), *requests], "/gpus", _REQUEST)
    rules = list(items_of(service, "device_cgroup_rules", str))
    service.each("deviceCgroupRules", rules, "/device_cgroup_rules")


def _reserved(service: Service) -> Iterator[tuple[object, str]]:
    found = below(service, "deploy", "resources", "reservations", "devices")
    for number, each in enumerate(found if isinstance(found, list) else ()):
        yield _request(checked(each, "devices", dict)), f"{_RESERVED}/{number}"


def _request(each: Mapping[str, Any], *more: str) -> dict[str, object]:
    asked = each.get("capabilities")
    capabilities = [*(asked if isinstance(asked, list) else ()), *more]
    return {
        "driver": each.get("driver", ""),
        "count": each.get("count", 0),
        "ids": each.get("device_ids") or [],
        "capabilities": [capabilities] if capabilities else [],
    }


def reach(service: Service) -> None:
    """What of the host, and who outside of it, it is connected with."""
    mounts = [*_volumes(service), *_files(service), *_temporary(service)]
    if service.body.get("use_api_socket") is True:
        mounts.append((_mount("bind", _SOCKET, _SOCKET), "/use_api_socket"))
    service.each("mounts", mounts, "/volumes", _MOUNT)
    others = list(items_of(service, "volumes_from", str))
    if others:
        service.fields.put_each("mountsFrom", others, "/volumes_from")
    service.each("ports", _ports(service), "/ports", _PORT)
    service.default("publishAllPorts", value=False, pointer="/ports")
    if service.body.get("networks") is not None:
        service.fields.put("networks", sorted(network_names(service)), "/networks")


def _mount(kind: object, source: object, target: object, **more: object) -> dict[str, object]:
    found = {"type": kind, "source": source, "target": target}
    return {**found, "readOnly": False, "propagation": "", **more}


def _volumes(service: Service) -> Iterator[tuple[object, str]]:
    """Its volumes; one that is a folder of the host by its options is mounted as that."""
    for number, (each, at) in enumerate(items_of(service, "volumes", dict)):
        kind, source = each.get("type", "volume"), each.get("source", "")
        if "device" in each:
            kind, source = "bind", each["device"]
            service.fields.locate(f"/mounts/{number}/source", f"{at}/device")
        more = {"readOnly": each.get("read_only", False)}
        propagation = _propagation(each.get("bind"))
        yield _mount(kind, source, each.get("target", ""), **more, propagation=propagation), at


def _files(service: Service) -> Iterator[tuple[object, str]]:
    """Its secrets and configs that are files of the host, which Compose mounts to be read."""
    number = sum(1 for _ in items_of(service, "volumes", dict))
    for key, folder in (("secrets", "/run/secrets/"), ("configs", "/")):
        for each, at in items_of(service, key, dict):
            if "file" not in each:
                continue
            target = str(each.get("target") or each.get("source", ""))
            target = target if target.startswith("/") else f"{folder}{target}"
            service.fields.locate(f"/mounts/{number}/source", f"{at}/file")
            yield _mount("bind", each["file"], target, readOnly=True), at
            number += 1


def _temporary(service: Service) -> Iterator[tuple[object, str]]:
    """What it has in memory, of which options follow the path."""
    for each, at in items_of(service, "tmpfs", str):
        yield _mount("tmpfs", "", each.partition(":")[0]), at


def network_names(service: Service) -> list[str]:
    """Name the networks of a service as the engine will know them, in their order."""
    found = service.get("networks", dict)
    each = found.items() if isinstance(found, dict) else ()
    return [
        str(network.get("name", key)) if isinstance(network, dict) else key for key, network in each
    ]


def _propagation(bind: object) -> object:
    return bind.get("propagation", "") if isinstance(bind, dict) else ""


def _ports(service: Service) -> Iterator[tuple[object, str]]:
    for each, at in items_of(service, "ports", dict):
        container = f"{each.get('target', '')}/{each.get('protocol', 'tcp')}"
        address, host = each.get("host_ip", ""), str(each.get("published", ""))
        yield {"address": address, "hostPort": host, "containerPort": container}, at
