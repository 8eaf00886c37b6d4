"""Who shares a GPU with whom, of objects of clusters with HAMi, Volcano and KAI."""

from __future__ import annotations

import json
from typing import Any

from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import bodies, devices, resource, shared
from tests.unit.analysis.gpu.placed import A, B, pod, register

ONE = {"nvidia.com/gpu": "1"}


def running(path: str, body: dict[str, Any], node: str = "n") -> Resource:
    namespace, _, name = path.partition("/")
    body["spec"]["nodeName"] = node
    return resource("Pod", name, namespace, **body)


def sliced(
    path: str, uuid: str, *, node: str = "n", extra: dict[str, str] | None = None, **more: Any
) -> Resource:
    annotations = {
        "hami.io/vgpu-devices-allocated": f"{uuid},NVIDIA,3000,30:;",
        "hami.io/vgpu-node": node,
        **(extra or {}),
    }
    return running(path, pod(annotations=annotations, limits=ONE, **more), node)


def node(*modes: str, name: str = "n") -> Resource:
    return resource("Node", name, **register(*modes))


def test_hami_tenants_on_one_gpu_share_by_a_soft_quota() -> None:
    objects = [
        node("hami-core", "hami-core"),
        sliced("llm/chat", A, given=[f"{A}-1"]),
        sliced("web/rank", A, given=[f"{A}-0"]),
        sliced("vision/train", B, given=[f"{B}-0"]),
    ]
    assert shared(*objects) == [("llm web", "software-slice", "soft-quota", "exact")]
    found = {each.device: [tenant.tenant for tenant in each.tenants] for each in devices(*objects)}
    assert (found[A], found[B]) == (["llm", "web"], ["vision"])
    assert not [device for device in found if device.startswith(f"{A}-")]


def test_hami_without_the_kubelets_word_is_declared_and_else_possible() -> None:
    objects = [node("hami-core", "hami-core"), sliced("llm/chat", A), sliced("web/rank", A)]
    assert shared(*objects) == [
        ("llm web", "software-slice", "soft-quota", "declared"),
        ("llm web", "software-slice", "soft-quota", "possible"),
    ]


def test_limit_that_a_tenant_switches_off_is_seen_between_it_and_each_other() -> None:
    off = [{"name": "CUDA_DISABLE_CONTROL", "value": "1"}]
    objects = [
        node("hami-core"),
        sliced("llm/chat", A, env=off, given=[f"{A}-1"]),
        sliced("web/rank", A, given=[f"{A}-2"]),
        sliced("vision/x", A, given=[f"{A}-3"]),
    ]
    assert shared(*objects) == [
        ("llm vision", "time-slicing", "shared", "exact"),
        ("llm web", "time-slicing", "shared", "exact"),
        ("vision web", "software-slice", "soft-quota", "exact"),
    ]
    (device,) = [each for each in devices(*objects) if each.device == A]
    why = "no limit holds pod llm/chat: container c sets CUDA_DISABLE_CONTROL"
    assert why in device.unknown


def test_mig_of_hami_divides_in_hardware() -> None:
    objects = [
        node("mig"),
        sliced("llm/chat", A, extra={"nvidia.com/vgpu-mode": "mig"}, given=[f"{A}-1"]),
        sliced("web/rank", A, given=[f"{A}-2"]),
    ]
    assert shared(*objects) == [("llm web", "mig", "hardware", "exact")]


def test_volcano_is_read_alike() -> None:
    text = f"{A},10,81559,NVIDIA-H100,true,hami-core:"
    at = resource("Node", "n", metadata={"annotations": {"volcano.sh/node-vgpu-register": text}})
    written = {"volcano.sh/vgpu-ids-new": f"{A},NVIDIA,1126,0:;", "volcano.sh/vgpu-node": "n"}
    limits = {"volcano.sh/vgpu-number": "1"}
    pods = [running(f"{name}/x", pod(annotations=written, limits=limits)) for name in "ab"]
    assert ("a b", "software-slice", "soft-quota", "declared") in shared(at, *pods)


def test_one_gpu_said_to_be_on_two_nodes() -> None:
    objects = [
        node("hami-core", name="n"),
        node("hami-core", name="m"),
        sliced("llm/chat", A),
        sliced("web/rank", A),
        sliced("llm/more", A, node="m"),
        sliced("web/more", A, node="m"),
    ]
    assert {found[3] for found in shared(*objects)} == {"possible"}
    said = [each for each in devices(*objects) if each.device == A]
    assert {each.node for each in said} == {"n", "m"}
    note = "pods of another node are said to have this device as well"
    assert all(note in each.unknown for each in said)


def test_pod_elsewhere_can_not_cast_doubt_on_what_a_node_registers() -> None:
    empty = resource("Node", "m", status={"capacity": {"nvidia.com/gpu": "1"}})
    objects = [
        node("hami-core"),
        empty,
        sliced("llm/chat", A, given=[f"{A}-1"]),
        sliced("web/rank", A, given=[f"{A}-2"]),
        sliced("llm/decoy", A, node="m"),
    ]
    assert ("llm web", "software-slice", "soft-quota", "exact") in shared(*objects)


def test_kai_tenants_of_one_group() -> None:
    def fraction(path: str, group: str) -> Resource:
        annotations = {"gpu-fraction": "0.5"}
        return running(path, pod(annotations=annotations, labels={"runai-gpu-group": group}))

    reserving = pod(
        annotations={"run.ai/reserve_for_gpu_index": A},
        labels={"runai-gpu-group": "g"},
        limits=ONE,
        given=[A],
    )
    labels = {"nvidia.com/gpu.count": "1", "nvidia.com/gpu.replicas": "1"}
    at = resource(
        "Node", "n", metadata={"labels": labels}, status={"capacity": {"nvidia.com/gpu": "1"}}
    )
    objects = [
        at,
        running("kai-resource-reservation/gpu-reservation-n-x", reserving),
        fraction("llm/chat", "g"),
        fraction("web/rank", "g"),
    ]
    assert shared(*objects) == [
        ("llm web", "scheduler-fraction", "shared", "declared"),
        ("llm web", "scheduler-fraction", "shared", "possible"),
    ]
    (device,) = [each for each in devices(*objects) if each.device == A]
    assert [tenant.tenant for tenant in device.tenants] == ["llm", "web"]


def test_hostile_texts_leave_facts_and_no_error() -> None:
    texts = [
        "",
        ";",
        ",,,",
        "\u0000",
        "\u202e" * 50,
        "[" * 4000,
        "9" * 100_000,
        f"{A},N,1,1:" * 999,
    ]
    pods = [
        running(
            f"t{index}/x",
            pod(
                annotations={
                    "hami.io/vgpu-devices-allocated": text,
                    "hami.io/vgpu-mig-allocations": text,
                    "gpu-fraction": text,
                    "gpu-memory": text,
                },
                labels={"runai-gpu-group": text[:63]},
                limits=ONE,
            ),
        )
        for index, text in enumerate(texts)
    ]
    at = resource("Node", "n", metadata={"annotations": {"hami.io/node-nvidia-register": "{}"}})
    found = bodies("gpu/Share", at, *pods)
    assert len(found) == len(texts) * (len(texts) - 1) // 2
    assert all(each["certainty"] == "possible" for body in found for each in body["found"])
    assert all(len(json.dumps(each.unknown)) < 20_000 for each in devices(at, *pods))
