"""What can reach what in a real cluster: pods and policies as the API server has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.client import Request
from tests.live.cluster import Cluster, ran

PODS = "/api/v1/namespaces/serving/pods"
NAME = "probe-of-reach"
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
RESTING = ("k8s-zone-ingress-open", "k8s-zone-metadata-reached", "k8s-tenant-reached-by-others")


@pytest.fixture
def pod(cluster: Cluster) -> Iterator[str]:
    """A pod that waits to be run, among those of the estate's namespace ``serving``."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "labels": {"app": "probe"}},
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "image": "i", "securityContext": RESTRICTED}],
        },
    }
    reply = cluster.client.post(PODS, body)
    assert reply.status == 201, reply.message
    yield f"serving/{NAME}"
    cluster.client.send(Request("DELETE", f"{PODS}/{NAME}?gracePeriodSeconds=0"))


def asked(cluster: Cluster, *options: str) -> dict[str, Any]:
    done = ran(cluster, "reach", "k8s://", "--format", "json", "--progress", "none", *options)
    assert done.code == 0, (done.out, done.err)
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_a_pod_and_what_decides_its_connections(cluster: Cluster, pod: str) -> None:
    found = asked(cluster)
    (row,) = [each for each in found["workloads"] if f"Pod {NAME}" in each["workloads"]]
    assert (row["namespace"], row["live"], row["pods"]) == ("serving", True, 1)
    for direction in ("ingress", "egress"):
        assert row[direction]["default"] == "denied"
        assert "NetworkPolicy serving/default-deny" in row[direction]["policies"]
    (enforcement,) = found["enforcement"]
    assert (enforcement["state"], enforcement["by"]) == ("unknown", [])
    (answer,) = asked(cluster, "--from", pod, "--to", "metadata", "--port", "80")["answers"]
    assert answer["verdict"] == "denied"
    assert {each["policy"] for each in answer["steps"]} >= {"NetworkPolicy serving/default-deny"}


def test_a_pass_on_policies_that_nothing_enforces_is_none(cluster: Cluster, pod: str) -> None:
    """No plugin runs in this cluster: what policies deny is declared, and no more."""
    done = ran(cluster, "scan", "k8s://", "--profile", "network-reach", "--format", "json", "--all")
    counts = json.loads(done.out)["counts"]
    assert pod
    for rule in RESTING:
        assert counts[rule]["pass"] == 0, rule
        assert counts[rule]["unknown"] > 0, rule
    found = counts["k8s-network-policy-not-enforced"]
    assert (found["pass"], found["fail"], found["unknown"]) == (0, 0, 1)
