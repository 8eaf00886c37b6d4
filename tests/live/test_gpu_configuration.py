"""How GPUs are shared, read by the name of its ConfigMap from a real API server, and refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.client import Client, Request
from tests.engines.kubectl import Kubectl
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran, results
from tests.live.test_gpus import CLUSTER_WIDE, made, patched

NAMESPACE, _, NAME = clusters.SHARING.partition("/")
BINDINGS = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings"
BINDING = f"{BINDINGS}/auditor-gpu-configuration"
SLICED = "gpu-time-slicing-configured"
COMMAND = f"auditor permissions k8s --config-map {clusters.SHARING} | kubectl apply -f -"


def allowed(client: Client) -> bool:
    attributes = {"resource": "configmaps", "verb": "get", "namespace": NAMESPACE, "name": NAME}
    user = "system:serviceaccount:auditor:auditor"
    spec = {"user": user, "groups": ["system:authenticated"], "resourceAttributes": attributes}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    status = client.post(clusters.REVIEWS, body).body["status"]
    assert isinstance(status, Mapping)
    return status["allowed"] is True


def wait_until(client: Client, expected: bool) -> None:  # noqa: FBT001 - what is waited for
    deadline = time.monotonic() + clusters.SECONDS
    while allowed(client) is not expected:
        assert time.monotonic() < deadline, "the server does not go by the binding"
        time.sleep(0.02)


@pytest.fixture
def refused(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster that does not let us have the ConfigMap, and all else."""
    client = cluster.client
    binding = client.get(BINDING).body
    kept = {each: binding[each] for each in ("roleRef", "subjects")}
    assert client.send(Request("DELETE", BINDING)).status == 200
    try:
        wait_until(client, expected=False)
        yield cluster
    finally:
        body = {"metadata": {"name": "auditor-gpu-configuration"}, **kept}
        assert client.post(BINDINGS, body).status == 201
        wait_until(client, expected=True)


def of(document: Mapping[str, Any], rule: str) -> Mapping[str, int]:
    found: Mapping[str, int] = document["counts"][rule]
    return found


def test_the_one_that_the_plugin_mounts_is_read(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    done = ran(cluster, "collect", "k8s://", "--output", folder)
    assert done.code == 0, done.err
    document = results(auditor("evaluate", folder, "--format", "json"))
    assert (of(document, SLICED)["fail"], of(document, SLICED)["unknown"]) == (1, 0)
    (found,) = [each for each in document["findings"] if each["rule"] == SLICED]
    assert found["resource"]["name"] == NAME
    assert "nvidia.com/gpu.shared x 4" in found["message"]


def test_one_that_is_refused_is_a_gap_and_no_pass(refused: Cluster) -> None:
    document = results(ran(refused, "scan", "k8s://", "--format", "json"))
    (gap,) = document["gaps"]
    assert (gap["scope"], gap["cause"]) == ("k8s/ConfigMap", "denied")
    assert f"{NAME}, which DaemonSet nvidia-device-plugin names" in gap["detail"]
    assert COMMAND in gap["hint"]
    assert of(document, SLICED)["fail"] == 0
    assert of(document, SLICED)["unknown"] >= 1
    assert of(document, "gpu-sharing-configuration-not-read")["fail"] == 1
    assert document["gate"]["decision"] != "pass"


@pytest.mark.parametrize("command", ["scan", "gpus"])
def test_the_screen_says_what_to_run_and_that_is_enough(
    refused: Cluster, kubectl: Kubectl, command: str
) -> None:
    """What the screen says is run as it stands there, and the next run has read it all."""
    done = ran(refused, command, "k8s://")
    assert done.code in {1, 3}
    shown = " ".join(done.out.split())
    assert COMMAND in shown
    role = auditor(*COMMAND.partition(" | ")[0].split()[1:])
    assert role.code == 0
    applied = kubectl.run(
        "apply", f"--kubeconfig={refused.admin}", "-f", "-", stdin=role.out.encode()
    )
    assert applied.returncode == 0, applied.stderr
    try:
        wait_until(refused.client, expected=True)
        again = ran(refused, "gpus", "k8s://", "--format", "json")
        assert again.code == 0
        assert json.loads(again.out)["gaps"] == []
    finally:
        assert refused.client.send(Request("DELETE", BINDING)).status == 200


RESOURCE = "nvidia.com/gpu.shared"
HOLDERS = ("team-llm", "training")


@pytest.fixture
def unlabelled(cluster: Cluster) -> Iterator[str]:
    """A node of which no label says what it shares, and two tenants on it."""
    client, node = cluster.client, "unlabelled"
    nodes = CLUSTER_WIDE[0]
    made(client, nodes, {"metadata": {"name": node}})
    patched(client, f"{nodes}/{node}/status", {"status": {"capacity": {RESOURCE: "8"}}})
    limits = {"limits": {RESOURCE: 1}}
    container = {"name": "c", "image": "r.io/a:1", "resources": limits}
    spec = {"nodeName": node, "containers": [container]}
    pods = [f"/api/v1/namespaces/{name}/pods" for name in HOLDERS]
    for path in pods:
        made(client, path, {"metadata": {"name": "holder"}, "spec": spec})
    try:
        yield node
    finally:
        gone = [f"{nodes}/{node}", *(f"{path}/holder" for path in pods)]
        sent = [client.send(Request("DELETE", f"{path}?gracePeriodSeconds=0")) for path in gone]
        assert {each.status for each in sent} == {200}


def on(cluster: Cluster, node: str, code: int) -> tuple[list[dict[str, Any]], list[str]]:
    """The shares of a node, and what is not known of it."""
    done = ran(cluster, "gpus", "k8s://", "--format", "json")
    assert done.code == code, done.err
    found = [each for each in json.loads(done.out)["devices"] if each["node"] == node]
    return (
        [share for each in found for share in each["shares"]],
        [text for each in found for text in each["unknown"]],
    )


def test_a_configuration_stands_in_for_labels(cluster: Cluster, unlabelled: str) -> None:
    shares, unknown = on(cluster, unlabelled, 0)
    assert [(each["tenants"], each["mechanism"], each["certainty"]) for each in shares] == [
        (list(HOLDERS), "time-slicing", "possible")
    ]
    assert any("each is given out 4 times" in text for text in unknown)


def test_one_that_is_refused_is_named_in_the_matrix(refused: Cluster, unlabelled: str) -> None:
    shares, unknown = on(refused, unlabelled, 3)
    assert [(each["tenants"], each["mechanism"], each["certainty"]) for each in shares] == [
        (list(HOLDERS), "unknown", "possible")
    ], "the name of the resource says that it is shared, and no more"
    assert any(
        f"{clusters.SHARING}, which says how it is shared, was not read" in text for text in unknown
    )
