"""Nodes with GPUs and pods on them, each source of the matrix in several shapes.

A shape is a node, what is on it, and what the matrix has to say: who shares what of which device,
by which mechanism, how surely; and words of what is not known. Nodes are called as their shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GPU = "nvidia.com/gpu"
A, B = "GPU-00000000-0000-0000-0000-0000000000{}a", "GPU-00000000-0000-0000-0000-0000000000{}b"
Share = tuple[str, str, str, str, str]
"""Device, two tenants in one word, mechanism, isolation, certainty."""


@dataclass(frozen=True)
class Pod:
    """A pod on the node of its shape; ``given`` are ids by the resource that the kubelet names."""

    tenant: str
    name: str = "p"
    limits: Mapping[str, object] = field(default_factory=dict)
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    container: Mapping[str, object] = field(default_factory=dict)
    spec: Mapping[str, object] = field(default_factory=dict)
    phase: str = "Running"


@dataclass(frozen=True)
class Shape:
    """A node, its pods, and what the matrix says of it."""

    pods: Sequence[Pod]
    shares: frozenset[Share] | set[Share]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    capacity: Mapping[str, str] = field(default_factory=dict)
    cordoned: bool = False
    unknown: str = ""


def both(limits: Mapping[str, object], **more: Any) -> tuple[Pod, Pod]:
    """The same of two tenants."""
    return Pod("a", limits=limits, **more), Pod("b", limits=limits, **more)


def counted(
    count: int, replicas: int = 1, strategy: str = "none", name: str = GPU, **more: str
) -> dict[str, str]:
    """Labels of GPU feature discovery."""
    return {
        f"{name}.count": str(count),
        f"{name}.replicas": str(replicas),
        f"{name}.sharing-strategy": strategy,
        **more,
    }


def turns(certainty: str, name: str = GPU) -> set[Share]:
    return {(name, "a b", "time-slicing", "shared", certainty)}


MIG = "nvidia.com/mig-1g.10gb"
LABELLED = {
    "labels-time-slicing": Shape(
        (Pod("a", limits={GPU: 5}), Pod("b", limits={GPU: 1})),
        turns("proven"),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8"},
    ),
    "labels-mps": Shape(
        both({GPU: 1}),
        {(GPU, "a b", "mps", "memory-soft", "possible")},
        counted(2, 4, "mps"),
        capacity={GPU: "8"},
    ),
    "labels-exclusive": Shape(both({GPU: 1}), set(), counted(2), capacity={GPU: "2"}),
    "labels-renamed": Shape(
        both({f"{GPU}.shared": 1}),
        turns("possible", f"{GPU}.shared"),
        counted(2, 4, "time-slicing"),
        capacity={f"{GPU}.shared": "8"},
    ),
    "labels-missing": Shape(
        both({GPU: 1}), set(), capacity={GPU: "8"}, unknown="has no label nvidia.com/gpu.count"
    ),
    "labels-of-another-plugin": Shape(
        both({GPU: 5}),
        turns("possible"),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "16"},
        unknown="another plugin, or labels of an earlier configuration",
    ),
    "mig-none": Shape(
        both({GPU: 1}),
        set(),
        counted(2, **{"nvidia.com/mig.strategy": "none"}),
        capacity={GPU: "2"},
    ),
    "mig-single": Shape(
        both({GPU: 1}),
        {(GPU, "a b", "mig", "hardware", "possible")},
        counted(
            7, **{"nvidia.com/mig.strategy": "single", f"{GPU}.product": "NVIDIA-H100-MIG-1g.10gb"}
        ),
        capacity={GPU: "7"},
    ),
    "mig-mixed": Shape(
        (*both({MIG: 1}), Pod("a", "w", {GPU: 1}), Pod("b", "w", {GPU: 1})),
        {(MIG, "a b", "mig", "hardware", "possible")},
        {**counted(3), **counted(7, name=MIG), "nvidia.com/mig.strategy": "mixed"},
        capacity={GPU: "2", MIG: "7"},
    ),
    "mig-mixed-time-sliced": Shape(
        (Pod("a", limits={MIG: 8}), Pod("b", limits={MIG: 6}), Pod("c", limits={GPU: 1})),
        {(MIG, "a b", "time-slicing", "shared", "possible")},
        {
            **counted(3),
            **counted(7, 2, "time-slicing", MIG),
            "nvidia.com/mig.strategy": "mixed",
        },
        capacity={GPU: "2", MIG: "14"},
    ),
    "two-plugins": Shape(
        (*both({GPU: 1}), Pod("a", "amd", {"amd.com/gpu": 1}), Pod("c", "amd", {"amd.com/gpu": 1})),
        turns("possible"),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8", "amd.com/gpu": "4"},
    ),
    "init-container": Shape(
        (
            Pod(
                "a",
                spec={
                    "initContainers": [
                        {"name": "i", "image": "r.io/a:1", "resources": {"limits": {GPU: 5}}}
                    ]
                },
            ),
            Pod("b", limits={GPU: 1}),
        ),
        turns("proven"),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8"},
    ),
    "init-container-that-goes-on": Shape(
        (
            Pod(
                "a",
                limits={GPU: 2},
                spec={
                    "initContainers": [
                        {
                            "name": "i",
                            "image": "r.io/a:1",
                            "restartPolicy": "Always",
                            "resources": {"limits": {GPU: 3}},
                        }
                    ]
                },
            ),
            Pod("b", limits={GPU: 1}),
        ),
        turns("proven"),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8"},
    ),
    "completed": Shape(
        (
            Pod("a", limits={GPU: 5}, phase="Succeeded"),
            Pod("b", limits={GPU: 1}),
            Pod("c", limits={GPU: 5}, phase="Failed"),
        ),
        set(),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8"},
    ),
    "cordoned": Shape(
        (Pod("a", limits={GPU: 5}), Pod("b", limits={GPU: 1})),
        turns("proven"),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8"},
        cordoned=True,
    ),
    "a-limit-of-none": Shape(
        (Pod("a", limits={GPU: 0}), Pod("b", limits={GPU: 5})),
        set(),
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8"},
    ),
}

ONE, TWO = A.format("01"), B.format("01")
KUBELET = {
    "kubelet-replicas": Shape(
        (
            Pod("a", limits={GPU: 1}, given={GPU: [f"{ONE}::0"]}),
            Pod("b", limits={GPU: 1}, given={GPU: [f"{ONE}::3"]}),
            Pod("c", limits={GPU: 1}, given={GPU: [f"{TWO}::0"]}),
        ),
        {(ONE, "a b", "time-slicing", "shared", "exact")},
        counted(2, 4, "time-slicing"),
        capacity={GPU: "8"},
    ),
    "kubelet-whole-gpus": Shape(
        (
            Pod("a", limits={GPU: 1}, given={GPU: [A.format("02")]}),
            Pod("b", limits={GPU: 1}, given={GPU: [B.format("02")]}),
        ),
        set(),
        counted(2),
        capacity={GPU: "2"},
    ),
    "kubelet-old-instances": Shape(
        (
            Pod("a", limits={MIG: 1}, given={MIG: [f"MIG-{A.format('03')}/7/0"]}),
            Pod("b", limits={MIG: 1}, given={MIG: [f"MIG-{A.format('03')}/9/0"]}),
        ),
        {(A.format("03"), "a b", "mig", "hardware", "exact")},
        counted(7, name=MIG),
        capacity={MIG: "7"},
    ),
    "kubelet-new-instances": Shape(
        (
            Pod("a", limits={MIG: 1}, given={MIG: ["MIG-0000-a"]}),
            Pod("b", limits={MIG: 1}, given={MIG: ["MIG-0000-b"]}),
        ),
        {(MIG, "a b", "mig", "hardware", "possible")},
        counted(7, name=MIG),
        capacity={MIG: "7"},
        unknown="which GPU this part is of is not in the API",
    ),
}
