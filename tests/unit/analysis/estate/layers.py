"""Derives what several targets come to together, as a run does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from auditor.analysis.docker.containers import Containers
from auditor.analysis.docker.gpus import DockerGpus
from auditor.analysis.estate.gpus import JoinedGpus
from auditor.analysis.gpu.tenancy import Tenancies
from auditor.analysis.gpu.tenants import TenantKey
from auditor.analysis.protocol import Handed, Site
from auditor.analysis.vsphere.gpus import VsphereGpus
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Owner, Resource, Target
from auditor.runner.rows import encoded_all, joined
from tests.unit.analysis.joining import rows_of

KEYS = (TenantKey("label", "team"), TenantKey("file", "teams.yaml"))
JOIN = JoinedGpus({})


def run(
    targets: Mapping[str, Iterable[Resource]], mapped: Mapping[str, str] | None = None
) -> list[Fact | Gap]:
    """What an estate of targets comes to, beside what each of them is by itself."""
    later: list[bytes] = []
    for uri, resources in targets.items():
        site = Site(Target(uri, f"uid of {uri}"), "e" * 64, lambda _, __: 0)
        every = [*resources]
        every += [
            fact
            for each in every
            if each.kind == "docker/Container"
            for fact in Containers({}).derive(each)
            if isinstance(fact, Resource)
        ]
        for analysis in (Tenancies(KEYS, (), mapped or {}), DockerGpus({}), VsphereGpus({})):
            for each, groups in joined((analysis,), rows_of(analysis, every, site)):
                for fact in each.derive(groups):
                    if isinstance(fact, Handed):
                        later += encoded_all([(fact.to, row) for row in fact.rows()])
        later += rows_of(JOIN, every, site)
    found: list[Fact | Gap] = []
    for each, groups in joined((JOIN,), sorted(later)):
        found += each.derive(groups)
    return found


def of_kind(found: Iterable[Fact | Gap], kind: str) -> list[dict[str, Any]]:
    """The bodies of facts of a kind."""
    return [json.loads(each.body) for each in found if isinstance(each, Fact) and each.kind == kind]


def resource(kind: str, name: str, body: Mapping[str, Any], **more: Any) -> Resource:
    """An object as it is read."""
    return Resource(
        kind=kind,
        api_version="",
        name=name,
        namespace=more.get("namespace", ""),
        uid=more.get("uid", f"{kind}/{more.get('namespace', '')}/{name}"),
        source=more.get("source", kind),
        document=0,
        line=0,
        body=msgspec.json.encode(body),
        controller=more.get("controller"),
        clean=True,
    )


def node(name: str, provider: str = "", system: str = "", gpus: int = 1, **more: Any) -> Resource:
    """A node of a cluster with whole GPUs."""
    labels = {"nvidia.com/gpu.count": str(gpus), **more.get("labels", {})}
    spec = {"providerID": provider} if provider else {}
    status = {
        "capacity": {"nvidia.com/gpu": str(more.get("capacity", gpus))},
        "nodeInfo": {"systemUUID": system},
    }
    return resource(
        "k8s/Node", name, {"metadata": {"labels": labels}, "spec": spec, "status": status}
    )


def pod(path: str, on: str, gpus: int = 1, **more: Any) -> Resource:
    """A pod that runs and holds whole GPUs; ``given`` are their UUIDs."""
    namespace, _, name = path.partition("/")
    limits = {"nvidia.com/gpu": str(gpus)}
    status: dict[str, Any] = {"phase": "Running"}
    if "given" in more:
        held = [{"resourceID": each} for each in more["given"]]
        allocated = [{"name": "nvidia.com/gpu", "resources": held}]
        status["containerStatuses"] = [{"name": "c", "allocatedResourcesStatus": allocated}]
    body = {
        "metadata": {},
        "spec": {
            "nodeName": on,
            "containers": [{"name": "c", "image": "i", "resources": {"limits": limits}}],
            **more.get("spec", {}),
        },
        "status": status,
    }
    owner = more.get("owner")
    return resource(
        "k8s/Pod",
        name,
        body,
        namespace=namespace,
        controller=Owner("apps/v1", owner, namespace, name) if owner else None,
    )


def namespace(name: str, **labels: str) -> Resource:
    """A namespace, which may say whose it is."""
    return resource("k8s/Namespace", name, {"metadata": {"labels": labels}})


def host(moid: str, *gpus: tuple[str, str, str, tuple[str, ...]], uuid: str = "") -> Resource:
    """A host; of each GPU its address, how it is shared, its mode and who is on it."""
    graphics = [
        {"pciId": pci, "deviceName": "A100", "graphicsType": kind, "vgpuMode": mode, "vm": [*vms]}
        for pci, kind, mode, vms in gpus
    ]
    body = {
        "moid": moid,
        "path": f"/DC/host/{moid}",
        "name": moid,
        "config": {"graphicsInfo": graphics},
        "hardware": {"systemInfo": {"uuid": uuid}},
    }
    return resource("vsphere/Host", moid, body)


def machine(moid: str, uuid: str, on: str, *backings: Mapping[str, Any], **more: Any) -> Resource:
    """A machine that runs, in a folder."""
    path = f"/DC/vm/{more.get('folder', 'nodes')}/{moid}"
    devices = [{"type": "VirtualPCIPassthrough", "backing": each} for each in backings]
    body = {
        "moid": moid,
        "path": path,
        "name": moid,
        "config": {
            "uuid": uuid,
            "instanceUuid": more.get("instance", ""),
            "hardware": {"device": devices},
        },
        "runtime": {"powerState": more.get("power", "poweredOn"), "host": on},
        "guest": {"hostName": more.get("hostname", "")},
    }
    return resource("vsphere/VirtualMachine", moid, body)


def vgpu(profile: str = "grid_a100-20c") -> dict[str, Any]:
    """A part of a GPU, by turns unless its profile names an instance."""
    return {"type": "VirtualPCIPassthroughVmiopBackingInfo", "vgpu": profile}


def whole(pci: str) -> dict[str, Any]:
    """A GPU that is passed through."""
    return {
        "type": "VirtualPCIPassthroughDeviceBackingInfo",
        "id": pci,
        "vendorId": 0x10DE,
        "allowedDevice": [],
    }


def info(name: str, *gpus: str) -> Resource:
    """An engine, and the GPUs that it knows of."""
    found = [{"Source": "cdi", "ID": f"nvidia.com/gpu={each}"} for each in gpus or ("0",)]
    return resource("docker/Info", name, {"Name": name, "DiscoveredDevices": found})


def product(uuid: str) -> Resource:
    """The UUID of an engine's host, as its firmware tells it."""
    return resource("docker/HostMachine", "machine", {"uuid": uuid})


def container(name: str, project: str, *gpus: str) -> Resource:
    """A container that runs, of a compose project, with some GPUs."""
    request = {"Driver": "nvidia", "DeviceIDs": list(gpus or ("0",)), "Capabilities": [["gpu"]]}
    body = {
        "Id": name,
        "Name": f"/{name}",
        "State": {"Running": True, "Status": "running"},
        "Config": {"Labels": {"com.docker.compose.project": project}, "Image": "i"},
        "HostConfig": {"DeviceRequests": [request]},
    }
    return resource("docker/Container", name, body)
