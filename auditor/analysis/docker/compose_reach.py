"""What a service of a compose file reaches: devices, the disk of its host, networks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from auditor.analysis.docker.compose_service import Service, below, checked, items_of

_CDI: Final = re.compile(r"[A-Za-z][\w.-]*/[A-Za-z][\w-]*=[\w.:-]*\w")
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
    mounts = [
        (
            {
                "type": each.get("type", "volume"),
                "source": each.get("source", ""),
                "target": each.get("target", ""),
                "readOnly": each.get("read_only", False),
                "propagation": _propagation(each.get("bind")),
            },
            at,
        )
        for each, at in items_of(service, "volumes", dict)
    ]
    if service.body.get("use_api_socket") is True:
        socket = {"type": "bind", "source": _SOCKET, "target": _SOCKET}
        mounts.append(({**socket, "readOnly": False, "propagation": ""}, "/use_api_socket"))
    service.each("mounts", mounts, "/volumes", _MOUNT)
    service.each("ports", _ports(service), "/ports", _PORT)
    service.default("publishAllPorts", value=False, pointer="/ports")
    if service.body.get("networks") is not None:
        service.fields.put("networks", sorted(network_names(service)), "/networks")


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
