"""GPUs of several makers, plugins by their configuration, and ways past all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.live.gpu_shapes import GPU, A, Pod, Shape, Share, both, turns

GKE = "cloud.google.com/gke-"


def of_gke(strategy: str, clients: str, **more: str) -> dict[str, str]:
    return {
        f"{GKE}gpu-sharing-strategy": strategy,
        f"{GKE}max-shared-clients-per-gpu": clients,
        **more,
    }


AMD, INTEL = "amd.com/", "gpu.intel.com/"
TPU, NEURON, ASCEND = "google.com/tpu", "aws.amazon.com/", "huawei.com/Ascend"
PLATFORMS = {
    "gke-time-sharing": Shape(
        (Pod("a", limits={GPU: 5}), Pod("b", limits={GPU: 1})),
        turns("proven"),
        of_gke("time-sharing", "4"),
        capacity={GPU: "8"},
    ),
    "gke-mps": Shape(
        both({GPU: 1}),
        {(GPU, "a b", "mps", "memory-soft", "possible")},
        of_gke("mps", "4"),
        capacity={GPU: "8"},
    ),
    "gke-partitions": Shape(
        both({GPU: 1}),
        {(GPU, "a b", "mig", "hardware", "possible")},
        of_gke("time-sharing", "1", **{f"{GKE}gpu-partition-size": "1g.10gb"}),
        capacity={GPU: "7"},
    ),
    "amd-memory-in-common": Shape(
        both({f"{AMD}cpx_nps1": 1}),
        {(f"{AMD}cpx_nps1", "a b", "compute-partition", "shared", "possible")},
        capacity={f"{AMD}cpx_nps1": "8"},
    ),
    "amd-memory-of-two": Shape(
        both({f"{AMD}cpx_nps4": 1}),
        {(f"{AMD}cpx_nps4", "a b", "compute-partition", "shared", "possible")},
        capacity={f"{AMD}cpx_nps4": "8"},
    ),
    "amd-memory-of-their-own": Shape(
        both({f"{AMD}qpx_nps4": 1}),
        {(f"{AMD}qpx_nps4", "a b", "partition", "hardware", "possible")},
        capacity={f"{AMD}qpx_nps4": "4"},
    ),
    "amd-called-a-gpu": Shape(
        both({f"{AMD}gpu": 1}),
        {(f"{AMD}gpu", "a b", "compute-partition", "shared", "possible")},
        {f"{AMD}compute-memory-partition": "cpx_nps1"},
        capacity={f"{AMD}gpu": "64"},
    ),
    "amd-named": Shape(
        tuple(
            Pod(tenant, limits={f"{AMD}gpu": 1}, given={f"{AMD}gpu": [text]})
            for tenant, text in (("a", "0000:19:00.0"), ("b", "amdgpu_xcp_3"))
        ),
        {(f"{AMD}gpu", "a b", "compute-partition", "shared", "possible")},
        capacity={f"{AMD}gpu": "64"},
        unknown="amd-smi list",
    ),
    "amd-whole": Shape(both({f"{AMD}gpu": 1}), set(), capacity={f"{AMD}gpu": "8"}),
    "intel-i915": Shape(
        both({f"{INTEL}i915": 1}), turns("possible", f"{INTEL}i915"), capacity={f"{INTEL}i915": "6"}
    ),
    "intel-xe": Shape(
        both({f"{INTEL}xe": 1}), turns("possible", f"{INTEL}xe"), capacity={f"{INTEL}xe": "6"}
    ),
    "intel-named": Shape(
        tuple(
            Pod(tenant, limits={f"{INTEL}i915": 1}, given={f"{INTEL}i915": [text]})
            for tenant, text in (("a", "card0-0"), ("b", "card0-2"), ("c", "card1-0"))
        ),
        {("card0", "a b", "time-slicing", "shared", "exact")},
        capacity={f"{INTEL}i915": "6"},
    ),
    "kubevirt-vgpus": Shape(
        both({"nvidia.com/GRID_T4-2Q": 1}),
        {("nvidia.com/GRID_T4-2Q", "a b", "vgpu-time-sliced", "memory", "possible")},
        capacity={"nvidia.com/GRID_T4-2Q": "8"},
    ),
    "intel-monitoring": Shape(
        (Pod("a", limits={f"{INTEL}i915": 1}), Pod("b", limits={f"{INTEL}monitoring": 1})),
        {(f"{INTEL}i915", "a b", "bypass", "none", "exact")},
        capacity={f"{INTEL}i915": "6", f"{INTEL}monitoring": "1"},
    ),
    "intel-monitoring-of-a-driver": Shape(
        (
            Pod("a", limits={f"{INTEL}i915": 1}),
            Pod("b", limits={f"{INTEL}xe": 1}),
            Pod("c", limits={f"{INTEL}xe_monitoring": 1}),
        ),
        {(f"{INTEL}xe", "b c", "bypass", "none", "exact")},
        capacity={f"{INTEL}i915": "6", f"{INTEL}xe": "6", f"{INTEL}xe_monitoring": "1"},
    ),
    "intel-monitoring-not-offered": Shape(
        (Pod("a", limits={f"{INTEL}xe": 1}), Pod("b", limits={f"{INTEL}xe_monitoring": 1})),
        {(f"{INTEL}xe", "a b", "bypass", "none", "possible")},
        capacity={f"{INTEL}xe": "6"},
    ),
    "tpus": Shape(both({TPU: 2}), set(), capacity={TPU: "4"}),
    "neuron-cores": Shape(
        both({f"{NEURON}neuroncore": 2}),
        {(f"{NEURON}neuroncore", "a b", "compute-partition", "shared", "possible")},
        capacity={f"{NEURON}neuron": "6", f"{NEURON}neuroncore": "12"},
    ),
    "neuron-whole": Shape(both({f"{NEURON}neuron": 1}), set(), capacity={f"{NEURON}neuron": "6"}),
    "ascend-whole": Shape(
        both({f"{ASCEND}910": 1}),
        set(),
        capacity={f"{ASCEND}910": "8"},
        unknown="-shareDevCount of ascend-device-plugin",
    ),
    "ascend-virtual": Shape(
        both({f"{ASCEND}910-2c": 1}),
        {(f"{ASCEND}910-2c", "a b", "unknown", "none", "possible")},
        capacity={f"{ASCEND}910-2c": "16"},
    ),
    "ascend-mounted": Shape(
        both({f"{ASCEND}910": 1}, annotations={"huawei.com/AscendReal": "Ascend910-3"}),
        {("Ascend910-3", "a b", "unknown", "none", "declared")},
        capacity={f"{ASCEND}910": "8"},
    ),
    "hami-cards": Shape(
        both({"cambricon.com/vmlu": 1, "cambricon.com/mlu.smlu.vmemory": 20}),
        {("cambricon.com/vmlu", "a b", "software-slice", "soft-quota", "possible")},
        capacity={"cambricon.com/vmlu": "20", "cambricon.com/mlu.smlu.vmemory": "100"},
    ),
    "nobody-knows": Shape(
        both({"acme.example/npu": 1}),
        set(),
        capacity={"acme.example/npu": "2", "acme.example/fpga": "2"},
        unknown="how acme.example/npu is given out",
    ),
}

SELECTED = "nvidia.com/device-plugin.config"


def _section(strategy: str, **more: object) -> str:
    section = {"resources": [{"name": GPU, "replicas": 4}], **more}
    return json.dumps({"version": "v1", "sharing": {strategy: section}})


CONFIGURATION = {
    "plain": json.dumps({"version": "v1", "flags": {"migStrategy": "none"}}),
    "turns": _section("timeSlicing"),
    "mps": _section("mps"),
    "renamed": _section("timeSlicing", renameByDefault=True),
    "refused": json.dumps({"version": "v7"}),
}
"""The ConfigMap that ClusterPolicy names, with ``plain`` for nodes that select nothing."""


def _configured(key: str, share: set[Share], name: str = GPU) -> Shape:
    return Shape(both({name: 1}), share, {SELECTED: key}, capacity={name: "8"})


CONFIGURED = {
    "configured-time-slicing": _configured("turns", turns("possible")),
    "configured-mps": _configured("mps", {(GPU, "a b", "mps", "memory-soft", "possible")}),
    "configured-renamed": _configured(
        "renamed", turns("possible", f"{GPU}.shared"), f"{GPU}.shared"
    ),
    "configured-refused": _configured("refused", set()),
    "configured-by-a-key-that-is-not-there": _configured("gone", set()),
}


def beside(container: Mapping[str, object], name: str, **spec: object) -> tuple[Pod, Pod]:
    """One tenant that was given a GPU, and one that comes to it another way."""
    given = {GPU: [A.format(name)]}
    return Pod("a", limits={GPU: 1}, given=given), Pod("b", container=container, spec=spec)


def reached(number: str, certainty: str) -> set[Share]:
    """The GPU that the other was given, and whatever else the node has of them."""
    return {(name, "a b", "bypass", "none", certainty) for name in (A.format(number), GPU)}


ALL = {"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}
ADMIN = {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}
DEV = {"volumes": [{"name": "d", "hostPath": {"path": "/dev"}}]}
MOUNT = "/var/run/nvidia-container-devices/all"
MOUNTED = {"volumeMounts": [{"name": "d", "mountPath": MOUNT}]}
NULL = {"volumes": [{"name": "d", "hostPath": {"path": "/opt/null"}}]}
BYPASSES = {
    "privileged": Shape(
        beside({"securityContext": {"privileged": True}}, "20"), reached("20", "exact")
    ),
    "device-folder": Shape(beside({}, "21", **DEV), reached("21", "possible")),
    "environment": Shape(beside(ALL, "22"), reached("22", "possible")),
    "environment-of-the-runtime": Shape(
        beside(ALL, "23", runtimeClassName="nvidia"), reached("23", "possible")
    ),
    "environment-and-admin": Shape(
        beside({**ALL, **ADMIN}, "24", runtimeClassName="nvidia"), reached("24", "exact")
    ),
    "annotation": Shape(
        (
            Pod("a", limits={GPU: 1}, given={GPU: [A.format("25")]}),
            Pod("b", annotations={"cdi.k8s.io/x": "nvidia.com/gpu=all"}),
        ),
        reached("25", "possible"),
    ),
    "device-mount": Shape(beside(MOUNTED, "26", **NULL), reached("26", "possible")),
    "void": Shape(
        beside({"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}]}, "27"), set()
    ),
    "in-a-machine": Shape(
        beside({"securityContext": {"privileged": True}}, "28", runtimeClassName="kata"),
        reached("28", "possible"),
    ),
}
