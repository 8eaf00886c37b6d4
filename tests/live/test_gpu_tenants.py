"""By what tenants are told, and what they may write of it, on a real API server."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.gpu.sources import (
    AMD,
    CONFIGURATION,
    IN_PLATFORM,
    POD_MARKS,
    SOURCES,
    WITH_ADMIN_ACCESS,
    Source,
)
from tests.engines.client import Client, Request
from tests.live.cluster import Cluster, ran
from tests.live.test_gpus import gpus, made, patched, pod

__all__ = ["gpus"]

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
WHERE = ("", "gpu-a", "default")
"""Where a binding is: the whole cluster, a tenant's namespace, one of nobody with a GPU."""
GROUPS = (
    *("", "", "*", "resource.k8s.io", "nvidia.com", "node.k8s.io", "apps"),
    *("amd.com", "deviceplugin.intel.com"),
)
RESOURCES = (
    *sorted({source.resource for source in SOURCES}),
    *("*", "*/status", "pods/*", "Namespaces", "deployments"),
)
VERBS = ("get", "create", "update", "patch", "delete", "*")
MARK = {"apiGroups": ["marks.example.org"], "resources": ["marks"], "verbs": ["get"]}
"""What every role gives: how to know that a server goes by it."""
PART_OF = "app.kubernetes.io/part-of"
ADMIN_ACCESS = "resource.kubernetes.io/admin-access"
PLATFORM = "/api/v1/namespaces/gpu-operator/pods"
OWNER = "/apis/apps/v1/namespaces/gpu-operator/daemonsets"
COUNT = 45
SECONDS = 60


@pytest.fixture
def shared(gpus: Cluster) -> Iterator[Cluster]:
    """Two tenants that surely share a GPU, and whose namespaces are left as they were."""
    pod(gpus.client, "gpu-a", "x", 5)
    pod(gpus.client, "gpu-b", "y", 1)
    yield gpus
    gone = dict.fromkeys(("team", "capsule.clastix.io/tenant", PART_OF))
    for name in ("gpu-a", "gpu-b"):
        metadata = {"labels": gone, "annotations": {"owner": None}}
        patched(gpus.client, f"/api/v1/namespaces/{name}", {"metadata": metadata})


def asked(cluster: Cluster, *options: str) -> dict[str, Any]:
    done = ran(cluster, "gpus", "k8s://", "--format", "json", *options)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def tenants(found: Mapping[str, Any]) -> dict[str, list[str]]:
    (device,) = [each for each in found["devices"] if each["node"] == "shared"]
    return {each["tenant"]: each["keys"] for each in device["tenants"]}


def test_tenants_are_told_by_what_the_namespaces_have(shared: Cluster, tmp_path: Path) -> None:
    marks = {
        "gpu-a": {"labels": {"team": "web", "capsule.clastix.io/tenant": "oil"}},
        "gpu-b": {
            "labels": {PART_OF: "kubeflow-profile"},
            "annotations": {"owner": "ann@example.com"},
        },
    }
    for name, metadata in marks.items():
        patched(shared.client, f"/api/v1/namespaces/{name}", {"metadata": metadata})
    (tmp_path / "m.yaml").write_text("gpu-a: one\ngpu-b: one\nnowhere: two\n")
    assert tenants(asked(shared)) == {
        "oil": ["label capsule.clastix.io/tenant"],
        "ann@example.com": ["annotation owner"],
    }
    assert tenants(asked(shared, "--set", "tenant=label:team")) == {
        "web": ["label team"],
        "gpu-b": ["namespace"],
    }
    mapped = asked(shared, "--set", f"tenant=file:{tmp_path / 'm.yaml'}")
    assert tenants(mapped) == {"one": ["file m.yaml"]}
    assert mapped["tenancy"][0]["unseen"] == ["nowhere"]


def roles(seed: int) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Roles with where each is bound, and their rules."""
    chance = random.Random(seed)
    for number in range(COUNT):
        rules = [
            {
                "apiGroups": chance.sample(GROUPS, chance.randint(1, 3)),
                "resources": chance.sample(RESOURCES, chance.randint(1, 4)),
                "verbs": chance.sample(VERBS, chance.randint(1, 3)),
            }
            for _ in range(chance.randint(1, 2))
        ]
        yield f"writer-{seed}-{number}", WHERE[number % len(WHERE)], rules


def review(name: str, where: str, group: str, resource: str, verb: str) -> Request:
    """Ask whether the account of a role may do something where it is bound."""
    kind, _, part = resource.partition("/")
    attributes = {
        "namespace": where,
        "verb": verb,
        "group": group,
        "resource": kind,
        "subresource": part,
    }
    user = f"system:serviceaccount:gpu-a:{name}"
    spec = {"user": user, "resourceAttributes": attributes}
    kinds = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    return Request("POST", REVIEWS, {**kinds, "spec": spec})


def allowed(client: Client, asks: Sequence[Request]) -> list[bool]:
    replies = client.send_all(asks)
    return [bool(reply.body["status"]["allowed"]) for reply in replies]


def bind(client: Client, found: Sequence[tuple[str, str, list[dict[str, Any]]]]) -> list[str]:
    """Create roles and bindings, and wait until the server goes by them; what to delete."""
    paths = []
    for name, where, rules in found:
        inside = f"namespaces/{where}/" if where else ""
        kind = "rolebindings" if where else "clusterrolebindings"
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": "gpu-a"}
        metadata = {"metadata": {"name": name}}
        made(client, f"{RBAC}/clusterroles", {**metadata, "rules": [*rules, MARK]})
        body = {**metadata, "roleRef": reference, "subjects": [subject]}
        made(client, f"{RBAC}/{inside}{kind}", body)
        paths += [f"{RBAC}/clusterroles/{name}", f"{RBAC}/{inside}{kind}/{name}"]
    deadline = time.monotonic() + SECONDS
    marks = [review(name, where, "marks.example.org", "marks", "get") for name, where, _ in found]
    while not all(allowed(client, marks)):
        assert time.monotonic() < deadline, "the server does not go by the roles"
        time.sleep(0.05)
    return paths


@pytest.fixture
def watched(shared: Cluster) -> Iterator[Cluster]:
    """The plugin of the platform runs, and claims of one namespace may have admin access."""
    client = shared.client
    found = client.get(f"{OWNER}/nvidia-device-plugin").body["metadata"]
    owner = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "controller": True,
        **{name: found[name] for name in ("name", "uid")},
    }
    metadata = {"name": "plugin", "ownerReferences": [owner]}
    container = {
        "name": "c",
        "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.4",
        "securityContext": {"privileged": True},
    }
    spec = {"nodeName": "shared", "containers": [container]}
    made(client, PLATFORM, {"metadata": metadata, "spec": spec})
    labels: dict[str, str | None] = {ADMIN_ACCESS: "true"}
    try:
        patched(client, "/api/v1/namespaces/default", {"metadata": {"labels": labels}})
        yield shared
    finally:
        patched(
            client, "/api/v1/namespaces/default", {"metadata": {"labels": {ADMIN_ACCESS: None}}}
        )
        gone = Request("DELETE", f"{PLATFORM}/plugin?gracePeriodSeconds=0")
        assert client.send(gone).status == 200


def counts(source: Source, where: str) -> bool:
    """Whether a right on a source counts where it is given; no scheduler wrote anything here."""
    if source.name == POD_MARKS:
        return False
    if source.name in IN_PLATFORM:
        return not where
    if source.name in WITH_ADMIN_ACCESS:
        return where in ("", "default")
    if source.name in (CONFIGURATION, AMD):
        return where != "gpu-a"
    return source.inside or not where


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_writers_are_those_whom_the_server_lets(watched: Cluster, seed: int) -> None:
    found = list(roles(seed))
    client = watched.client
    patched(client, "/api/v1/namespaces/gpu-a", {"metadata": {"labels": {"team": "a"}}})
    paths = bind(client, found)
    try:
        asks = [
            (name, source.name, review(name, where, source.group, source.resource, verb))
            for name, where, _ in found
            for source in SOURCES
            if counts(source, where)
            for verb in source.verbs
            if verb != "*"
        ]
        lets = allowed(client, [ask for _, _, ask in asks])
        wanted: dict[str, set[str]] = {}
        for (name, source, _), each in zip(asks, lets, strict=True):
            if each:
                wanted.setdefault(name, set()).add(source)
        told = {
            each["binding"].rpartition(" ")[2].rpartition("/")[2]: {
                source["name"] for source in each["sources"]
            }
            for each in asked(watched, "--set", "tenant=label:team")["writers"]
        }
    finally:
        replies = client.send_all([Request("DELETE", path) for path in paths])
        assert {reply.status for reply in replies} == {200}
    assert {name: told[name] for name in told if name.startswith(f"writer-{seed}-")} == wanted
    assert 5 < len(wanted) < COUNT, "both are met"
