"""Each source of the matrix in several shapes, created on a real API server and read back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.engines.apiserver import ApiServer
from tests.engines.client import Client
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran
from tests.live.gpu_shapes import KUBELET, LABELLED, Pod, Shape
from tests.live.gpu_shapes_platforms import BYPASSES, CONFIGURATION, CONFIGURED, PLATFORMS
from tests.live.gpu_shapes_schedulers import RESERVED, SCHEDULERS
from tests.live.test_gpus import CLASSES, made, patched

NODES = "/api/v1/nodes"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POLICY, INTEL = (
    "/apis/nvidia.com/v1/clusterpolicies",
    "/apis/deviceplugin.intel.com/v1/gpudeviceplugins",
)
OPERATOR = "gpu-operator"
SHAPES: Mapping[str, Shape] = {
    **LABELLED,
    **KUBELET,
    **SCHEDULERS,
    **PLATFORMS,
    **CONFIGURED,
    **BYPASSES,
}
Rows = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def matrix(plain: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What the matrix says, by node; one server has all shapes, a node each."""
    folder = tmp_path_factory.mktemp("shapes")
    with clusters.emptied(plain) as server, server.client() as client:
        _platform(client)
        for name, shape in SHAPES.items():
            _fill(client, name, shape)
        admin = clusters.write_kubeconfig(folder / "admin.json", server, server.token)
        cluster = Cluster(server, client, folder / "log", admin, admin)
        done = ran(cluster, "gpus", "k8s://", "--format", "json")
        assert done.code == 0, done.err
    rows: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(done.out)["devices"]:
        rows.setdefault(each["node"], []).append(each)
    return rows


def _platform(client: Client) -> None:
    """What is of the whole cluster: namespaces, classes, and how the plugins are configured."""
    for name in ("a", "b", "c", RESERVED, OPERATOR):
        made(client, "/api/v1/namespaces", {"metadata": {"name": name}})
    for handler in ("nvidia", "kata"):
        made(client, CLASSES, {"metadata": {"name": handler}, "handler": handler})
    data = {"metadata": {"name": "plugin"}, "data": CONFIGURATION}
    made(client, f"/api/v1/namespaces/{OPERATOR}/configmaps", data)
    config = {"name": "plugin", "default": "plain"}
    policy = {"spec": {"devicePlugin": {"config": config}}, "status": {"namespace": OPERATOR}}
    _custom(client, POLICY, "ClusterPolicy", policy)
    _custom(client, INTEL, "GpuDevicePlugin", {"spec": {"sharedDevNum": 3}})


def _custom(client: Client, path: str, kind: str, body: Mapping[str, object]) -> None:
    """Define a kind, and create an object of it as soon as it is served."""
    _, _, group, version, _ = path.split("/")
    made(client, CRDS, clusters.definition(group, kind, version, "Cluster"))
    whole = {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {"name": "p"}, **body}
    clusters.wait_for(lambda: client.post(path, whole).status == 201, f"{kind} is not served")


def _fill(client: Client, name: str, shape: Shape) -> None:
    metadata = {"name": name, "labels": shape.labels, "annotations": shape.annotations}
    made(client, NODES, {"metadata": metadata, "spec": {"unschedulable": shape.cordoned}})
    patched(client, f"{NODES}/{name}/status", {"status": {"capacity": shape.capacity}})
    for pod in shape.pods:
        _pod(client, name, pod)


def _pod(client: Client, node: str, pod: Pod) -> None:
    inside = {"name": "c", "image": "r.io/a:1", "resources": {"limits": pod.limits}}
    called = f"{node}-{pod.name}"
    metadata = {"name": called, "labels": pod.labels, "annotations": pod.annotations}
    spec = {"nodeName": node, "containers": [{**inside, **pod.container}], **pod.spec}
    path = f"/api/v1/namespaces/{pod.tenant}/pods"
    made(client, path, {"metadata": metadata, "spec": spec})
    status: dict[str, Any] = {"phase": pod.phase}
    allocated = [
        {"name": name, "resources": [{"resourceID": each, "health": "Healthy"} for each in ids]}
        for name, ids in pod.given.items()
        if ids
    ]
    if allocated:
        known = {"name": "c", "image": "r", "imageID": "", "ready": True, "restartCount": 0}
        status["containerStatuses"] = [{**known, "allocatedResourcesStatus": allocated}]
    patched(client, f"{path}/{called}/status", {"status": status})


@pytest.mark.parametrize("name", list(SHAPES))
def test_what_the_matrix_says_of_a_shape(matrix: Rows, name: str) -> None:
    shape, rows = SHAPES[name], matrix.get(name, [])
    assert {
        (
            row["device"],
            " ".join(share["tenants"]),
            share["mechanism"],
            share["isolation"],
            share["certainty"],
        )
        for row in rows
        for share in row["shares"]
    } == shape.shares
    assert shape.unknown in " ".join(text for row in rows for text in row["unknown"])


def test_each_source_has_three_shapes() -> None:
    kinds = Counter(name.partition("-")[0] for name in SHAPES)
    of_one = (
        "labels",
        "mig",
        "kubelet",
        "hami",
        "volcano",
        "kai",
        "gke",
        "amd",
        "intel",
        "configured",
    )
    assert {name for name in of_one if kinds[name] < 3} == set()
    assert len(BYPASSES) >= 3
