"""What a tenant writes on its own pods makes no edge surer, and none better isolated.

Of every source there is a cluster in which llm and web share a GPU. Then llm writes what it likes
into the labels and annotations of its pods: the words that schedulers look for among it, with the
values that they write, and any others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.analysis.gpu.tenancy import Tenancies
from auditor.analysis.gpu.tenants import TenantKey
from auditor.model.resource import Resource
from tests.unit.analysis.gpu.objects import (
    CAPSULE,
    PROFILE,
    SHARED,
    claim,
    device,
    node,
    resource,
    slices,
)
from tests.unit.analysis.gpu.placed import A, B, pod, register
from tests.unit.analysis.joining import derived

Marks = Mapping[str, Mapping[str, str]]
GPU = "nvidia.com/gpu"
ONE = {GPU: "1"}
NOTHING: Final[Marks] = MappingProxyType({"annotations": {}, "labels": {}})
HAMI = {"hami.io/vgpu-devices-allocated": f"{A},NVIDIA,3000,30:;", "hami.io/vgpu-node": "n"}
SURE = ("exact", "proven")


def running(path: str, body: dict[str, Any], marks: Marks = NOTHING) -> Resource:
    """A pod with marks of its own, besides those that a scheduler wrote."""
    namespace, _, name = path.partition("/")
    metadata = body.setdefault("metadata", {})
    for kind, found in marks.items():
        metadata[kind] = {**metadata.get(kind, {}), **found}
    body.setdefault("spec", {})["nodeName"] = "n"
    return resource("Pod", name, namespace, **body)


def by_kubelet(marks: Marks) -> list[Resource]:
    return [
        node(labels=SHARED, nvidia_com__gpu="8"),
        running("llm/x", pod(limits=ONE, given=[f"{A}::1"]), marks),
        running("web/y", pod(limits=ONE, given=[f"{A}::2"])),
    ]


def by_counts(marks: Marks) -> list[Resource]:
    return [
        node(labels=SHARED, nvidia_com__gpu="8"),
        running("llm/x", pod(limits={GPU: "5"}), marks),
        running("web/y", pod(limits=ONE)),
    ]


def by_chance(marks: Marks) -> list[Resource]:
    return [
        node(labels=SHARED, nvidia_com__gpu="8"),
        running("llm/x", pod(limits=ONE), marks),
        running("web/y", pod(limits=ONE)),
    ]


def by_claims(marks: Marks) -> list[Resource]:
    return [
        slices(device("gpu-0", uuid=A)),
        claim("llm/c", "gpu-0", pods=("x",)),
        claim("web/c", "gpu-0", pods=("y",)),
        running("llm/x", pod(), marks),
        running("web/y", pod()),
    ]


def by_hami(marks: Marks) -> list[Resource]:
    return [
        resource("Node", "n", **register("hami-core", "hami-core")),
        running("llm/x", pod(limits=ONE, given=[f"{A}-1"], annotations=HAMI), marks),
        running("web/y", pod(limits=ONE, given=[f"{A}-2"], annotations=HAMI)),
    ]


def by_privilege(marks: Marks) -> list[Resource]:
    body = pod()
    body["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    return [
        node(labels=SHARED, nvidia_com__gpu="8"),
        running("llm/x", body, marks),
        running("web/y", pod(limits=ONE, given=[f"{A}::2"])),
    ]


CLUSTERS: Sequence[Callable[[Marks], list[Resource]]] = (
    *(by_kubelet, by_counts, by_chance, by_claims, by_hami, by_privilege),
)
NAMES = st.sampled_from(
    [
        *("hami.io/vgpu-devices-allocated", "hami.io/vgpu-node", "hami.io/bind-phase"),
        *("nvidia.com/vgpu-mode", "volcano.sh/vgpu-ids-new", "volcano.sh/vgpu-node"),
        *("gpu-fraction", "gpu-memory", "gpu-fraction-num-devices", "received-resource-type"),
        *("run.ai/reserve_for_gpu_index", "runai-gpu-group", "runai-gpu", "mps"),
        *("capsule.clastix.io/tenant", "owner", "app.kubernetes.io/part-of", "runai/queue"),
        *("nvidia.com/mig.config", "nvidia.com/gpu.sharing-strategy", "nvidia.com/gpu.replicas"),
        *("cdi.k8s.io/gpu", "team"),
    ]
)
VALUES = st.sampled_from(
    [
        *("", "n", "m", "mig", "hami-core", "mps", "web", "llm", "kubeflow-profile", "0.5", "1"),
        *("0", "g", "none", "nvidia.com/gpu=0", A, B, f"{A}[0-1]", "all-1g.10gb"),
        *(f"{A},NVIDIA,3000,30:;", f"{B},NVIDIA,3000,30:;", f"{B},NVIDIA,3000,0:;"),
    ]
) | st.text(max_size=30)
MARKS = st.dictionaries(NAMES | st.text(max_size=10), VALUES, max_size=5)


def told(objects: Sequence[Resource]) -> dict[str, int]:
    """What llm and web share for sure, and at all: the levels of both; nothing is 99."""
    found = {"sure": 99, "at all": 99}
    for fact in derived(Tenancies((CAPSULE, PROFILE, TenantKey("label", "team")), ()), objects):
        body = msgspec.json.decode(fact.body)
        if fact.kind != "gpu/Share" or body["tenants"] != ["llm", "web"]:
            continue
        for each in body["found"]:
            found["at all"] = min(found["at all"], each["level"])
            if each["certainty"] in SURE:
                found["sure"] = min(found["sure"], each["level"])
    return found


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda each: each.__name__)
@given(annotations=MARKS, labels=MARKS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_tenant_writes_on_its_pods(
    cluster: Callable[[Marks], list[Resource]],
    annotations: dict[str, str],
    labels: dict[str, str],
) -> None:
    without = told(cluster(NOTHING))
    written = told(cluster({"annotations": annotations, "labels": labels}))
    assert written["at all"] <= without["at all"], "it is told better apart than without"
    assert written["sure"] >= without["sure"], "it is told surer than without"


def test_every_cluster_has_something_to_lose() -> None:
    found = {cluster.__name__: told(cluster(NOTHING)) for cluster in CLUSTERS}
    assert found == {
        "by_kubelet": {"sure": 1, "at all": 1},
        "by_counts": {"sure": 1, "at all": 1},
        "by_chance": {"sure": 99, "at all": 1},
        "by_claims": {"sure": 0, "at all": 0},
        "by_hami": {"sure": 2, "at all": 2},
        "by_privilege": {"sure": 0, "at all": 0},
    }
