"""Objects of a cluster with GPUs, as the API server has them."""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.analysis.gpu.components import Component
from auditor.analysis.gpu.tenancy import Tenancies
from auditor.analysis.gpu.tenants import TenantKey
from auditor.model.fact import Fact
from auditor.model.gpus import KIND, DeviceFact
from auditor.model.resource import Owner, Resource
from tests.unit.analysis.joining import derived

CAPSULE = TenantKey("label", "capsule.clastix.io/tenant")
PROFILE = TenantKey("annotation", "owner", (("app.kubernetes.io/part-of", "kubeflow-profile"),))
PLUGIN = Component(
    frozenset({"gpu-operator"}),
    frozenset({"DaemonSet"}),
    frozenset({"nvidia-device-plugin"}),
    ("nvcr.io/nvidia/k8s-device-plugin",),
)
SHARED = {
    "nvidia.com/gpu.count": "2",
    "nvidia.com/gpu.replicas": "4",
    "nvidia.com/gpu.sharing-strategy": "time-slicing",
    "nvidia.com/gpu.product": "NVIDIA-A100-SHARED",
}


def resource(
    kind: str,
    name: str,
    namespace: str = "",
    controller: Owner | None = None,
    **body: Any,
) -> Resource:
    return Resource(
        kind=f"k8s/{kind}",
        api_version="v1",
        name=name,
        namespace=namespace,
        uid=f"a.yaml#{kind}/{namespace}/{name}",
        source="a.yaml",
        document=0,
        line=1,
        body=msgspec.json.encode(body),
        controller=controller,
        clean=True,
    )


def node(name: str = "n", labels: dict[str, str] | None = None, **capacity: object) -> Resource:
    named = {name.replace("__", "/").replace("_", "."): value for name, value in capacity.items()}
    return resource("Node", name, metadata={"labels": labels or {}}, status={"capacity": named})


def pod(
    path: str,
    limits: dict[str, object] | None = None,
    *,
    on: str = "n",
    given: dict[str, list[str]] | None = None,
    phase: str = "Running",
    owner: str = "",
    container: dict[str, object] | None = None,
    **spec: object,
) -> Resource:
    namespace, _, name = path.partition("/")
    status: dict[str, object] = {"phase": phase}
    if given is not None:
        status["containerStatuses"] = [
            {
                "name": "c",
                "allocatedResourcesStatus": [
                    {"name": each, "resources": [{"resourceID": text} for text in ids]}
                    for each, ids in given.items()
                ],
            }
        ]
    inside = {"name": "c", "image": "r.io/a:1", "resources": {"limits": limits or {}}}
    controller = Owner("apps/v1", owner, namespace, name) if owner else None
    return resource(
        "Pod",
        name,
        namespace,
        controller,
        metadata={"annotations": spec.pop("annotations", {})},
        spec={"nodeName": on, "containers": [{**inside, **(container or {})}], **spec},
        status=status,
    )


def slices(
    *devices: dict[str, Any], pool: str = "n", generation: int = 1, count: int = 1, name: str = "s"
) -> Resource:
    spec = {
        "driver": "gpu.nvidia.com",
        "nodeName": pool,
        "pool": {"name": pool, "generation": generation, "resourceSliceCount": count},
        "devices": list(devices),
    }
    return resource("ResourceSlice", name, spec=spec)


def device(name: str, **texts: str) -> dict[str, Any]:
    return {"name": name, "attributes": {key: {"string": value} for key, value in texts.items()}}


def claim(
    path: str, *devices: str, pods: tuple[str, ...] = ("p",), pool: str = "n", **more: Any
) -> Resource:
    namespace, _, name = path.partition("/")
    results = [
        {
            "request": "r",
            "driver": "gpu.nvidia.com",
            "pool": pool,
            "device": each,
            **more.get("result", {}),
        }
        for each in devices
    ]
    status = {
        "allocation": {"devices": {"results": results, "config": more.get("config", [])}},
        "reservedFor": [{"resource": "pods", "name": each, "uid": each} for each in pods],
    }
    return resource("ResourceClaim", name, namespace, status=status)


def facts(*resources: Resource) -> list[Fact]:
    return derived(Tenancies((CAPSULE, PROFILE), (PLUGIN,)), resources)


def devices(*resources: Resource) -> list[DeviceFact]:
    return [
        msgspec.json.decode(fact.body, type=DeviceFact)
        for fact in facts(*resources)
        if fact.kind == KIND
    ]


def bodies(kind: str, *resources: Resource) -> list[dict[str, Any]]:
    return [msgspec.json.decode(fact.body) for fact in facts(*resources) if fact.kind == kind]


def shared(*resources: Resource) -> list[tuple[str, str, str, str]]:
    """What each two tenants share: their names, the mechanism, the isolation, how certain."""
    return [
        (" ".join(body["tenants"]), each["mechanism"], each["isolation"], each["certainty"])
        for body in bodies("gpu/Share", *resources)
        for each in body["found"]
    ]
