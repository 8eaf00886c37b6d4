"""Whose an object is, on a real API server: what it says of its owner, and what is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.engines.client import Client, Request
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran, results

MADE = (
    "/api/v1/namespaces/owners/pods",
    "/apis/apps/v1/namespaces/owners/replicasets",
    "/apis/apps/v1/namespaces/owners/deployments",
    "/api/v1/nodes",
)


@pytest.fixture
def _owners(cluster: Cluster) -> Iterator[None]:
    """A namespace to make objects in; none of them is there for the tests that come later."""
    client = cluster.client
    client.post("/api/v1/namespaces", {"metadata": {"name": "owners"}})
    try:
        yield
    finally:
        gone = [Request("DELETE", f"{path}?gracePeriodSeconds=0") for path in MADE]
        assert {client.send(each).status for each in gone} == {200}
        assert [client.get(path).body["items"] for path in MADE] == [[] for _ in MADE]


@pytest.mark.usefixtures("_owners")
def test_a_finding_stands_for_the_owner_and_no_claim_is_believed(cluster: Cluster) -> None:
    create_family(cluster.client)
    document = results(ran(cluster, "scan", "k8s://", "--format", "json"))
    base = "/api/v1/namespaces/owners/pods"
    differing = {
        (item["resource"]["name"], item["element"], source(item))
        for item in document["findings"]
        if item.get("differs") and item["rule"] == "k8s-container-privileged"
    }
    assert differing == {("web", "container proxy", f"{base}/web-now-c")}
    found = privileged(document)
    del found["k8s/Deployment", "web", "container proxy"]
    assert found == {
        ("k8s/Deployment", "web", "container c"): (
            4,
            "/apis/apps/v1/namespaces/owners/deployments/web",
        ),
        ("k8s/Pod", "liar", "container c"): (1, f"{base}/liar"),
        ("k8s/Pod", "static", "container c"): (1, f"{base}/static"),
    }


@pytest.mark.usefixtures("_owners")
def test_owners_that_are_not_read_take_no_finding_away(cluster: Cluster) -> None:
    """Then a claim can't be refuted: it says where the finding is told, and not whether."""
    client = cluster.client
    create_family(client)
    rules = clusters.rules_of(client)
    (refused,) = (rule for rule in rules if rule["resources"] == ["deployments"])
    try:
        clusters.limit_to(client, [rule for rule in rules if rule != refused], refused)
        document = results(ran(cluster, "scan", "k8s://", "--format", "json"))
    finally:
        clusters.limit_to(client, rules, None)
    assert [(gap["scope"], gap["cause"]) for gap in document["gaps"]] == [
        ("k8s/Deployment", "denied")
    ]
    told = {(*place, covers) for place, (covers, _) in privileged(document).items()}
    assert told == {
        ("k8s/Deployment", "web", "container c", 5),  # its replica sets are judged as well
        ("k8s/Deployment", "web", "container proxy", 1),
        ("k8s/Deployment", "imagined", "container c", 1),
        ("k8s/Pod", "static", "container c", 1),
    }


def create_family(client: Client) -> None:
    """A deployment, a replica set that it made and one of its past, pods, and two that pretend."""
    deployment = create(client, "apps/v1", "Deployment", "web", None)
    now = create(client, "apps/v1", "ReplicaSet", "web-now", deployment)
    create(client, "apps/v1", "ReplicaSet", "web-past", deployment)
    for name in ("web-now-a", "web-now-b"):
        create(client, "v1", "Pod", name, now)
    create(client, "v1", "Pod", "web-now-c", now, injected="proxy")
    imagined = {**deployment, "metadata": {"name": "imagined", "uid": "no-such-uid"}}
    create(client, "v1", "Pod", "liar", imagined)
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "of-a-node"}}
    create(client, "v1", "Pod", "static", node)


Place = tuple[str, str, str]


def privileged(document: Mapping[str, Any]) -> dict[Place, tuple[int, str]]:
    """How many each resource with a privileged container stands for, and where it was read."""
    return {
        (item["resource"]["kind"], item["resource"]["name"], item["element"]): (
            item["covers"],
            source(item),
        )
        for item in document["findings"]
        if item["rule"] == "k8s-container-privileged" and item["resource"]["namespace"] == "owners"
    }


@pytest.mark.usefixtures("_owners")
def test_a_static_pod_is_known_by_its_node(cluster: Cluster) -> None:
    """Whoever may make pods can write a node's name into one, but not what only a kubelet does."""
    client = cluster.client
    node = client.post("/api/v1/nodes", {"metadata": {"name": "node-1"}}).body
    owner = {"apiVersion": "v1", "kind": "Node", "controller": True, **names_of(node)}
    mirror = {"annotations": {"kubernetes.io/config.mirror": "5d9"}}
    other = {**owner, "name": "node-2"}
    pods: dict[str, dict[str, Any]] = {
        "kube-proxy-node-1": {**mirror, "ownerReferences": [owner]},
        "kube-apiserver-node-1": {},
        "only-noted": mirror,
        "only-owned": {"ownerReferences": [owner]},
        "of-another-node": {**mirror, "ownerReferences": [other]},
    }
    for name, metadata in pods.items():
        spec = {"nodeName": "node-1", "containers": [{"name": "c", "image": "a"}]}
        body = {"metadata": {"name": name, **metadata}, "spec": spec}
        assert client.post("/api/v1/namespaces/owners/pods", body).status == 201
    document = results(ran(cluster, "scan", "k8s://test?namespace=owners", "--format", "json"))
    loose = {
        item["resource"]["name"]
        for item in document["findings"]
        if item["rule"] == "k8s-pod-without-controller"
    }
    assert loose & pods.keys() == pods.keys() - {"kube-proxy-node-1"}


def names_of(item: Mapping[str, Any]) -> dict[str, str]:
    return {name: item["metadata"][name] for name in ("name", "uid")}


def source(item: Mapping[str, Any]) -> str:
    return str(item["resource"]["file"])


def create(
    client: Client,
    api: str,
    kind: str,
    name: str,
    owner: Mapping[str, Any] | None,
    injected: str = "",
) -> Mapping[str, Any]:
    """An object with a privileged container, and perhaps one more, made by another."""
    containers = [
        {"name": each, "image": "a", "securityContext": {"privileged": True}}
        for each in ("c", injected)
        if each
    ]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    metadata: dict[str, Any] = {"name": name, "namespace": "owners", "labels": {"a": "b"}}
    if owner is not None:
        kinds = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
        metadata["ownerReferences"] = [{**kinds, **names_of(owner), "controller": True}]
    workload = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    spec = template["spec"] if kind == "Pod" else workload
    body = {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}
    root = "/api/v1" if api == "v1" else f"/apis/{api}"
    reply = client.post(f"{root}/namespaces/owners/{kind.lower()}s", body)
    assert reply.status == 201, reply
    return reply.body
