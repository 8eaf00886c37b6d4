"""What schedulers write of GPUs, in several shapes (:mod:`tests.live.gpu_shapes`)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.live.gpu_shapes import GPU, A, B, Pod, Shape, Share, both


def register(*modes: str, ids: Sequence[str]) -> dict[str, str]:
    """What HAMi writes on a node of which it divides the devices."""
    entries = [
        {"id": uuid, "count": 10, "mode": mode, "type": "NVIDIA-Example H100", "health": True}
        for uuid, mode in zip(ids, modes, strict=True)
    ]
    return {"hami.io/node-nvidia-register": json.dumps(entries)}


def hami(node: str, uuid: str) -> dict[str, str]:
    """What HAMi writes on a pod."""
    return {
        "hami.io/vgpu-devices-allocated": f"{uuid},NVIDIA,3000,30:;",
        "hami.io/vgpu-node": node,
    }


def of_hami(node: str, number: str, **given: Sequence[str]) -> tuple[Pod, Pod]:
    uuid = A.format(number)
    return (
        Pod("a", limits={GPU: 1}, annotations=hami(node, uuid), given={GPU: given.get("a", [])}),
        Pod("b", limits={GPU: 1}, annotations=hami(node, uuid), given={GPU: given.get("b", [])}),
    )


def volcano(node: str, uuid: str) -> dict[str, str]:
    return {"volcano.sh/vgpu-ids-new": f"{uuid},NVIDIA,3000,30:;", "volcano.sh/vgpu-node": node}


def register_of_volcano(*uuids: str) -> dict[str, str]:
    devices = "".join(f"{each},10,80000,X,true,hami-core:" for each in uuids)
    return {"volcano.sh/node-vgpu-register": devices}


RESERVED = "kai-resource-reservation"
BY_MEMORY = "any GPU that is given out by memory"
HALF = {"gpu-fraction": "0.5"}


def reserved(group: str, uuid: str = "") -> Pod:
    """A pod that holds a GPU for the pods of a group."""
    annotations = {"run.ai/reserve_for_gpu_index": uuid} if uuid else {}
    return Pod(
        RESERVED, group, {GPU: 1}, annotations=annotations, labels={"runai-gpu-group": group}
    )


def half(tenant: str, *groups: str) -> Pod:
    if len(groups) == 1:
        return Pod(tenant, annotations=HALF, labels={"runai-gpu-group": groups[0]})
    several = {**HALF, "gpu-fraction-num-devices": str(len(groups))}
    return Pod(
        tenant, annotations=several, labels={f"runai-gpu-group/{each}": each for each in groups}
    )


OF_HAMI: Share = (
    *("any GPU that HAMi or Volcano divides", "a b"),
    *("software-slice", "soft-quota", "possible"),
)
"""What is possible beside what a scheduler wrote: nobody holds the kubelet to it."""
OF_KAI: Share = (
    *("any GPU that KAI or Run:ai shares", "a b"),
    *("scheduler-fraction", "shared", "possible"),
)
SCHEDULERS = {
    "hami-slices": Shape(
        of_hami("hami-slices", "04"),
        {(A.format("04"), "a b", "software-slice", "soft-quota", "declared"), OF_HAMI},
        annotations=register("hami-core", ids=[A.format("04")]),
    ),
    "hami-and-kubelet": Shape(
        of_hami("hami-and-kubelet", "05", a=[f"{A.format('05')}-1"], b=[f"{A.format('05')}-2"]),
        {(A.format("05"), "a b", "software-slice", "soft-quota", "exact")},
        annotations=register("hami-core", ids=[A.format("05")]),
    ),
    "hami-mps": Shape(
        of_hami("hami-mps", "06"),
        {
            (A.format("06"), "a b", "mps", "memory-soft", "declared"),
            (OF_HAMI[0], "a b", "mps", "memory-soft", "possible"),
        },
        annotations=register("mps", ids=[A.format("06")]),
    ),
    "hami-of-another-node": Shape(
        of_hami("elsewhere", "07"),
        {(A.format("07"), "a b", "software-slice", "soft-quota", "possible"), OF_HAMI},
        annotations=register("hami-core", ids=[A.format("07")]),
        unknown="annotation hami.io/vgpu-node says another node",
    ),
    "volcano-slices": Shape(
        both({"volcano.sh/vgpu-number": 1}, annotations=volcano("volcano-slices", A.format("08"))),
        {(A.format("08"), "a b", "software-slice", "soft-quota", "declared"), OF_HAMI},
        annotations=register_of_volcano(A.format("08")),
    ),
    "volcano-two-devices": Shape(
        (
            Pod(
                "a",
                limits={"volcano.sh/vgpu-number": 1},
                annotations=volcano("volcano-two-devices", A.format("09")),
            ),
            Pod(
                "b",
                limits={"volcano.sh/vgpu-number": 1},
                annotations=volcano("volcano-two-devices", B.format("09")),
            ),
        ),
        {OF_HAMI},
        annotations=register_of_volcano(A.format("09"), B.format("09")),
    ),
    "volcano-not-valid": Shape(
        both({"volcano.sh/vgpu-number": 1}, annotations={"volcano.sh/vgpu-ids-new": "[" * 50}),
        {OF_HAMI},
        annotations=register_of_volcano(A.format("10")),
    ),
    "gpushare": Shape(
        tuple(
            Pod(
                tenant,
                limits={"aliyun.com/gpu-mem": 4},
                annotations={"ALIYUN_COM_GPU_MEM_IDX": "1", "ALIYUN_COM_GPU_MEM_ASSIGNED": "true"},
            )
            for tenant in "ab"
        ),
        {
            ("index 1", "a b", "scheduler-fraction", "shared", "declared"),
            (BY_MEMORY, "a b", "scheduler-fraction", "shared", "possible"),
        },
        capacity={"aliyun.com/gpu-mem": "64"},
    ),
    "kai-group": Shape(
        (reserved("g1", A.format("11")), half("a", "g1"), half("b", "g1")),
        {(A.format("11"), "a b", "scheduler-fraction", "shared", "declared"), OF_KAI},
    ),
    "kai-several-groups": Shape(
        (
            reserved("g2", A.format("12")),
            reserved("g3", B.format("12")),
            half("a", "g2", "g3"),
            half("b", "g3"),
        ),
        {(B.format("12"), "a b", "scheduler-fraction", "shared", "declared"), OF_KAI},
    ),
    "kai-unreserved": Shape(
        (half("a", "g4"), half("b", "g4")),
        {("the GPU of group g4", "a b", "scheduler-fraction", "shared", "possible"), OF_KAI},
        unknown="no pod on the node reserves a GPU for the group",
    ),
}
