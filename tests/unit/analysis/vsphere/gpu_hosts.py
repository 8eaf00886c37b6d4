"""Hosts with GPUs and the machines on them, and what is derived of these."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from auditor.analysis.protocol import Row, Site
from auditor.analysis.vsphere.gpus import VsphereGpus
from auditor.model.fact import Fact
from auditor.model.resource import Resource, Target

SITE = Site(Target("vsphere://vc/", "id"), "sha256:0", lambda _, __: 0)
ANALYSIS = VsphereGpus({})
PCI = "0000:3b:00.0"
OTHER = "0000:af:00.0"
NVIDIA = 0x10DE


def resource(kind: str, name: str, path: str, body: dict[str, Any]) -> Resource:
    return Resource(
        kind=kind,
        api_version="",
        name=name,
        namespace="",
        uid="",
        source=path,
        document=0,
        line=0,
        body=json.dumps({"path": path, "name": name, **body}, separators=(",", ":")).encode(),
    )


def gpu(pci: str = PCI, kind: str = "sharedDirect", mode: str = "sameSize", *machines: str) -> Any:
    return {
        "pciId": pci, "deviceName": "A100", "graphicsType": kind, "vgpuMode": mode,
        "vm": list(machines),
    }  # fmt: skip


def host(*gpus: Any) -> Resource:
    inner = {"moid": "host-1", "parent": "domain-c1", "config": {"graphicsInfo": [*gpus]}}
    return resource("vsphere/Host", "h1", "/A/host/h1", inner)


def profiles(cluster: str = "domain-c1", **sharing: str) -> Resource:
    """How the profiles of a cluster are shared; their names have no dashes here."""
    told = [{"profileName": name, "profileSharing": each} for name, each in sharing.items()]
    inner = {"moid": cluster, "vgpuProfileInfo": told}
    return resource("vsphere/GpuProfiles", "gpu", "/A/host/gpu", inner)


def machine(
    moid: str, folder: str, *backings: dict[str, Any], power: str = "poweredOn"
) -> Resource:
    devices = [
        {"type": "VirtualDisk"},
        *({"type": "VirtualPCIPassthrough", "backing": each} for each in backings),
    ]
    inner = {
        "moid": moid,
        "config": {"hardware": {"device": devices}},
        "runtime": {"powerState": power, "host": "host-1"},
    }
    name = moid.removeprefix("vm-")
    return resource("vsphere/VirtualMachine", name, f"/A/vm{folder}/{name}", inner)


def vgpu(profile: str) -> dict[str, Any]:
    return {"type": "VirtualPCIPassthroughVmiopBackingInfo", "vgpu": profile}


def whole(pci: str, vendor: int = NVIDIA) -> dict[str, Any]:
    kind = "VirtualPCIPassthroughDeviceBackingInfo"
    return {"type": kind, "id": pci, "vendorId": vendor, "allowedDevice": []}


def dynamic(pci: str, vendor: int = NVIDIA) -> dict[str, Any]:
    kind = "VirtualPCIPassthroughDynamicBackingInfo"
    return {"type": kind, "assignedId": pci, "allowedDevice": [{"vendorId": vendor, "deviceId": 1}]}


def derived(*resources: Resource, analysis: VsphereGpus = ANALYSIS) -> list[Fact]:
    """The facts of a vCenter with these things."""
    rows: dict[tuple[str, ...], list[Row]] = {}
    for each in resources:
        for row in analysis.extract(each, SITE):
            rows.setdefault(row.key, []).append(row)
    found = analysis.derive((key, iter(rows[key])) for key in sorted(rows))
    return [each for each in found if isinstance(each, Fact)]


def of_kind(facts: Iterable[Fact], kind: str) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in facts if each.kind == kind]


def held(*resources: Resource) -> dict[str, list[tuple[str, str, str]]]:
    """Of each GPU its tenants, each with the mechanism and the certainty."""
    return {
        each["device"]: [
            (tenant["tenant"], tenant["mechanism"], tenant["certainty"])
            for tenant in each["tenants"]
        ]
        for each in of_kind(derived(*resources), "gpu/Device")
    }


def shares(*resources: Resource) -> list[tuple[str, ...]]:
    """Pairs of tenants, with the mechanism, the isolation and the certainty."""
    return [
        (*share["tenants"], share["mechanism"], share["isolation"], share["certainty"])
        for each in of_kind(derived(*resources), "gpu/Device")
        for share in each["shares"]
    ]
