"""Who shares a GPU with whom, on a real API server: objects of GPUs, without a GPU."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.engines.client import Client, Request
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran, results

GPU = "nvidia.com/gpu"
DRA = "/apis/resource.k8s.io/v1"
TENANTS = ("gpu-a", "gpu-b", "gpu-c")
MERGE = "application/merge-patch+json"
SHARED = {
    "nvidia.com/gpu.count": "2",
    "nvidia.com/gpu.replicas": "4",
    "nvidia.com/gpu.sharing-strategy": "time-slicing",
}
CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"
CLUSTER_WIDE = ("/api/v1/nodes", f"{DRA}/resourceslices", CLASSES)
KINDS = ("/api/v1/namespaces/{}/pods", DRA + "/namespaces/{}/resourceclaims")


@pytest.fixture
def gpus(cluster: Cluster) -> Iterator[Cluster]:
    """Three namespaces, a node with shared GPUs, and one whose GPUs are claimed."""
    client = cluster.client
    for name in TENANTS:
        client.post("/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        _node(client, "shared", SHARED, {GPU: "8"})
        _node(client, "claimed", {}, {})
        yield cluster
    finally:
        paths = [kind.format(name) for kind in KINDS for name in TENANTS]
        gone = [
            Request("DELETE", f"{path}?gracePeriodSeconds=0") for path in (*CLUSTER_WIDE, *paths)
        ]
        assert {client.send(each).status for each in gone} == {200}


def made(client: Client, path: str, body: Mapping[str, Any]) -> None:
    reply = client.post(path, body)
    assert reply.status == 201, reply


def patched(client: Client, path: str, body: Mapping[str, Any]) -> None:
    reply = client.send(Request("PATCH", path, body, MERGE))
    assert reply.status == 200, reply


def _node(
    client: Client, name: str, labels: Mapping[str, str], capacity: Mapping[str, str]
) -> None:
    made(client, "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
    patched(client, f"/api/v1/nodes/{name}/status", {"status": {"capacity": capacity}})


def pod(
    client: Client, namespace: str, name: str, count: int, given: list[str] | None = None
) -> None:
    container = {"name": "c", "image": "r.io/a:1", "resources": {"limits": {GPU: count}}}
    spec = {"nodeName": "shared", "containers": [container]}
    path = f"/api/v1/namespaces/{namespace}/pods"
    made(client, path, {"metadata": {"name": name}, "spec": spec})
    status: dict[str, Any] = {"phase": "Running"}
    if given is not None:
        allocated = {
            "name": GPU,
            "resources": [{"resourceID": text, "health": "Healthy"} for text in given],
        }
        status["containerStatuses"] = [
            {
                "name": "c",
                "image": "r.io/a:1",
                "imageID": "",
                "ready": True,
                "restartCount": 0,
                "allocatedResourcesStatus": [allocated],
            }
        ]
    patched(client, f"{path}/{name}/status", {"status": status})


def _slice(client: Client, devices: list[dict[str, Any]]) -> None:
    spec = {
        "driver": "gpu.nvidia.com",
        "nodeName": "claimed",
        "pool": {"name": "claimed", "generation": 1, "resourceSliceCount": 1},
        "devices": devices,
    }
    made(client, f"{DRA}/resourceslices", {"metadata": {"name": "claimed"}, "spec": spec})


def _claim(client: Client, namespace: str, device: str) -> None:
    path = f"{DRA}/namespaces/{namespace}/resourceclaims"
    exactly = {"deviceClassName": "gpu.nvidia.com"}
    spec = {"devices": {"requests": [{"name": "r", "exactly": exactly}]}}
    made(client, path, {"metadata": {"name": "c"}, "spec": spec})
    result = {"request": "r", "driver": "gpu.nvidia.com", "pool": "claimed", "device": device}
    status = {
        "allocation": {"devices": {"results": [result]}},
        "reservedFor": [{"resource": "pods", "name": "p", "uid": f"uid-{namespace}"}],
    }
    patched(client, f"{path}/c/status", {"status": status})


def whole(cluster: Cluster, *, code: int = 0) -> dict[str, Any]:
    """The matrix, with what could not be read."""
    done = ran(cluster, "gpus", "k8s://", "--format", "json")
    assert done.code == code, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def matrix(cluster: Cluster, *, code: int = 0) -> list[dict[str, Any]]:
    """The GPUs of our two nodes."""
    found = whole(cluster, code=code)["devices"]
    return [each for each in found if each["node"] in {"shared", "claimed"}]


def shares(found: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return {
        (device["device"], *share["tenants"], share["isolation"], share["certainty"])
        for device in found
        for share in device["shares"]
    }


def test_what_counting_proves(gpus: Cluster) -> None:
    pod(gpus.client, "gpu-a", "x", 5)
    pod(gpus.client, "gpu-b", "y", 1)
    assert shares(matrix(gpus)) == {(GPU, "gpu-a", "gpu-b", "shared", "proven")}


def test_what_the_kubelet_says(gpus: Cluster) -> None:
    pod(gpus.client, "gpu-a", "x", 1, ["GPU-1::0"])
    pod(gpus.client, "gpu-b", "y", 1, ["GPU-1::1"])
    pod(gpus.client, "gpu-c", "z", 1, ["GPU-2::0"])
    assert shares(matrix(gpus)) == {("GPU-1", "gpu-a", "gpu-b", "shared", "exact")}


def test_what_was_allocated_to_claims(gpus: Cluster) -> None:
    parent = {"parentUUID": {"string": "GPU-7"}}
    _slice(
        gpus.client,
        [
            {"name": "m-1", "attributes": {**parent, "uuid": {"string": "MIG-1"}}},
            {"name": "m-2", "attributes": {**parent, "uuid": {"string": "MIG-2"}}},
        ],
    )
    _claim(gpus.client, "gpu-a", "m-1")
    _claim(gpus.client, "gpu-b", "m-2")
    assert shares(matrix(gpus)) == {("GPU-7", "gpu-a", "gpu-b", "hardware", "exact")}


@contextlib.contextmanager
def without(client: Client, resource: str) -> Iterator[None]:
    """Take the right to list a resource from our role, for a while."""
    rules = clusters.rules_of(client)
    (refused,) = (rule for rule in rules if resource in rule["resources"])
    rest = [
        {**rule, "resources": [each for each in rule["resources"] if each != resource]}
        for rule in rules
    ]
    try:
        clusters.limit_to(
            client,
            [rule for rule in rest if rule["resources"]],
            {**refused, "resources": [resource]},
        )
        yield
    finally:
        clusters.limit_to(client, rules, None)


@pytest.mark.parametrize(
    ("resource", "scope", "left"),
    [
        ("nodes", "k8s/Node", {("GPU-7", "gpu-a", "gpu-b", "hardware", "exact")}),
        (
            "resourceslices",
            "k8s/ResourceSlice",
            {(GPU, "gpu-a", "gpu-b", "shared", "proven")},
        ),
        (
            "resourceclaims",
            "k8s/ResourceClaim",
            {(GPU, "gpu-a", "gpu-b", "shared", "proven")},
        ),
        ("pods", "k8s/Pod", {("GPU-7", "gpu-a", "gpu-b", "hardware", "exact")}),
    ],
)
def test_a_kind_that_is_refused_takes_certainty_and_makes_no_pass(
    gpus: Cluster, resource: str, scope: str, left: set[tuple[str, ...]]
) -> None:
    client = gpus.client
    pod(client, "gpu-a", "x", 5)
    pod(client, "gpu-b", "y", 1)
    parent = {"parentUUID": {"string": "GPU-7"}}
    instances = [
        {"name": f"m-{n}", "attributes": {**parent, "uuid": {"string": f"MIG-{n}"}}} for n in (1, 2)
    ]
    _slice(client, instances)
    _claim(client, "gpu-a", "m-1")
    _claim(client, "gpu-b", "m-2")
    with without(client, resource):
        found = whole(gpus, code=3)
        options = ("--profile", "gpu-tenancy", "--set", "isolation_floor=hardware")
        document = results(ran(gpus, "scan", "k8s://", *options, "--format", "json"))
    ours = [each for each in found["devices"] if each["node"] in {"shared", "claimed"}]
    assert shares(ours) == left
    for gaps in (document["gaps"], found["gaps"]):
        assert (scope, "denied") in {(gap["scope"], gap["cause"]) for gap in gaps}
    counts = document["counts"]["gpu-tenants-share"]
    assert counts["unknown"] >= 1, "what was refused could have shown more"
    assert document["gate"]["decision"] != "pass"


def test_what_runs_a_pod_is_not_known_where_its_class_is_refused(gpus: Cluster) -> None:
    """A privileged pod of the NVIDIA runtime reaches what another tenant was given."""
    client = gpus.client
    pod(client, "gpu-a", "x", 1, ["GPU-1"])
    made(client, CLASSES, {"metadata": {"name": "gpu-class"}, "handler": "nvidia"})
    container = {"name": "c", "image": "r.io/a:1", "securityContext": {"privileged": True}}
    spec = {"nodeName": "shared", "containers": [container], "runtimeClassName": "gpu-class"}
    made(client, "/api/v1/namespaces/gpu-b/pods", {"metadata": {"name": "y"}, "spec": spec})
    exact = ("GPU-1", "gpu-a", "gpu-b", "none", "exact")
    assert exact in shares(matrix(gpus))
    with without(client, "runtimeclasses"):
        found = whole(gpus, code=3)
    ours = [each for each in found["devices"] if each["node"] == "shared"]
    assert (*exact[:-1], "possible") in shares(ours)
    assert "exact" not in {share[-1] for share in shares(ours)}
    assert any("RuntimeClass gpu-class was not read" in " ".join(each["unknown"]) for each in ours)
    assert ("k8s/RuntimeClass", "denied") in {(gap["scope"], gap["cause"]) for gap in found["gaps"]}
