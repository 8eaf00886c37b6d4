"""Pods on a node as the analysis takes them, and what schedulers say of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.analysis.gpu.declared import Declared, HeldPod
from auditor.analysis.gpu.hami_grants import register_of
from auditor.analysis.gpu.nodes import NodeRow, node_row
from auditor.analysis.gpu.pods import PodUse, pod_use
from auditor.analysis.gpu.schedulers import declared
from auditor.analysis.gpu.shares import shares
from auditor.model.fact import Origin

A, B = "GPU-00000000-0000-0000-0000-00000000000a", "GPU-00000000-0000-0000-0000-00000000000b"
ALLOCATED = "hami.io/vgpu-devices-allocated"
PLANNED = "hami.io/vgpu-devices-to-allocate"
NODE = "hami.io/vgpu-node"
MODE = "nvidia.com/vgpu-mode"
MIG = "hami.io/vgpu-mig-allocations"
ONE = {"nvidia.com/gpu": "1"}
SOFT, TURNS = "software-slice", "time-slicing"
HALF = {"gpu-fraction": "0.5"}


def origin(kind: str, namespace: str, name: str) -> Origin:
    return Origin("t", "t", kind, namespace, name, f"{namespace}/{name}", "s", 1, 1, "d")


def register(*modes: str, ids: Sequence[str] = (A, B)) -> dict[str, Any]:
    """A node whose devices HAMi divides, a mode for each."""
    entries = [
        {"id": uuid, "count": 10, "mode": mode, "type": "NVIDIA-Example H100", "health": True}
        for uuid, mode in zip(ids, modes, strict=False)
    ]
    return {"metadata": {"annotations": {"hami.io/node-nvidia-register": json.dumps(entries)}}}


def row_of(node: dict[str, Any]) -> NodeRow | None:
    return node_row(json.dumps(node).encode())


def use_of(pod: dict[str, Any]) -> PodUse:
    found = pod_use(json.dumps(pod).encode())
    assert found is not None
    return found[1]


def pod(
    *,
    annotations: Mapping[str, str] = {},
    labels: Mapping[str, str] = {},
    limits: Mapping[str, str] = {},
    env: Sequence[Mapping[str, object]] = (),
    given: Sequence[str] = (),
    init: Sequence[Mapping[str, object]] = (),
    node: str = "n",
) -> dict[str, Any]:
    """A pod that runs on a node; ``given`` are the ids by which the kubelet says what it has."""
    status = [{"name": "nvidia.com/gpu", "resources": [{"resourceID": each} for each in given]}]
    return {
        "metadata": {"annotations": dict(annotations), "labels": dict(labels)},
        "spec": {
            "nodeName": node,
            "initContainers": list(init),
            "containers": [{"name": "c", "env": list(env), "resources": {"limits": dict(limits)}}],
        },
        "status": {"containerStatuses": [{"name": "c", "allocatedResourcesStatus": status}]}
        if given
        else {},
    }


def said(
    pods: Mapping[str, dict[str, Any]], node: dict[str, Any] | None = None, name: str = "n"
) -> list[Declared]:
    """What schedulers say of pods ``namespace/name``; a namespace is a tenant."""
    held = []
    for key, body in pods.items():
        namespace, _, short = key.partition("/")
        found = origin("k8s/Pod", namespace, short)
        held.append(HeldPod(namespace, key, found, use_of(body)))
    return list(declared(name, register_of(None if node is None else row_of(node)), held))


def grants(found: Sequence[Declared]) -> list[tuple[str, str, str, str]]:
    """Device, pod, mechanism and certainty of each."""
    return sorted(
        (each.gpu, each.grant.pod, each.grant.sharing.value, each.grant.certainty.word)
        for each in found
    )


def levels(found: Sequence[Declared]) -> dict[tuple[str, str], int]:
    """The lowest level between each two tenants, over all devices and certainties."""
    lowest: dict[tuple[str, str], int] = {}
    for gpu in {each.gpu for each in found}:
        for share in shares([each.grant for each in found if each.gpu == gpu]):
            lowest[share.tenants] = min(share.level, lowest.get(share.tenants, 99))
    return lowest


def given_by_hami(uuid: str, **more: str) -> dict[str, str]:
    return {ALLOCATED: f"{uuid},NVIDIA,3000,30:;", NODE: "n", **more}


def notes(found: list[Declared], gpu: str) -> list[str]:
    return sorted({each.note for each in found if each.gpu == gpu and each.note})


def instance(uuid: str, number: int) -> str:
    entry = {
        "containerIndex": 0,
        "deviceIndex": 0,
        "gpuUUID": uuid,
        "profile": "1g.10gb",
        "placement": {"start": 0, "size": 1},
        "migUUID": f"MIG-{number}",
        "gpuInstanceID": number,
        "computeInstanceID": 0,
    }
    return json.dumps([entry])


def reservation(group: str, device: str = "", **more: Any) -> dict[str, Any]:
    annotations = {"run.ai/reserve_for_gpu_index": device} if device else {}
    return pod(annotations=annotations, labels={"runai-gpu-group": group}, limits=ONE, **more)
