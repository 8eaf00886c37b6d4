"""What a server says that it serves, and what is asked and kept of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.evidence.blocks import read_block
from auditor.model.enums import Answered
from tests.e2e.runs import Run
from tests.faults import server as fake
from tests.faults.clusters import KINDS, PODS, collector, on, scanned
from tests.faults.server import Asked, Handler, Reply, healthy, page, pod, serving
from tests.live.cluster import read
from tests.sweeps import sweep


def test_a_custom_kind_can_not_pose_as_a_built_in_one(tmp_path: Path) -> None:
    posing = ("evil.example", "v1", (("Pod", "pods", True), ("Namespace", "namespaces", True)))
    handler = on("/apis", fake.discovery(posing))
    document = scanned(tmp_path, handler, KINDS)
    assert [gap for gap in document["gaps"] if gap["scope"] in KINDS] == []
    assert {record.request.partition("?")[0] for record in document["records"]} == {
        "GET /api",
        "GET /apis",
        "GET /api/v1/pods",
        "GET /api/v1/namespaces",
    }


def test_a_group_that_the_server_knows_nothing_of(tmp_path: Path) -> None:
    stale = fake.discovery(("ray.io", "v1", ()))
    value = json.loads(stale.body)
    value["items"][0]["versions"][0]["freshness"] = "Stale"
    with serving(on("/apis", fake.json_reply(value))) as server:
        kinds = frozenset({"k8s/RayCluster.ray.io", "k8s/JobSet.jobset.x-k8s.io", "k8s/Pod"})
        pages = read(collector(tmp_path, server), kinds, tmp_path)
    (gap,) = pages.entry.gaps
    assert (gap.scope, gap.cause.value) == ("k8s/RayCluster.ray.io", "unreachable")
    assert "ray.io/v1" in gap.detail


ODD_RESOURCES = ("secrets", "..", "pods?watch=1", "namespaces/a/status", "a b", "pöds", "pods#", "")


@pytest.mark.parametrize("resource", ODD_RESOURCES)
def test_a_resource_by_a_name_that_may_not_be_asked_for(tmp_path: Path, resource: str) -> None:
    """It is a gap of that kind, and the others are read."""
    core = ("", "v1", (("Pod", resource, True), ("Namespace", "namespaces", False)))
    with serving(on("/api", fake.discovery(core))) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
        listed = {asked.path for asked in server.asked if "limit" in asked.query}
    (gap,) = pages.entry.gaps
    assert (gap.scope, gap.cause.value) == ("k8s/Pod", "malformed")
    assert listed == {"/api/v1/namespaces"}


def test_old_discovery_is_understood(tmp_path: Path) -> None:
    """Before 1.26 a server answers with lists of groups and of resources."""
    groups = {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "apps",
                "versions": [{"groupVersion": "apps/v1beta1"}, {"groupVersion": "apps/v1"}],
                "preferredVersion": {"groupVersion": "apps/v1"},
            }
        ],
    }
    verbs = ["list"]
    pods = {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": verbs}
    exec_ = {"name": "pods/exec", "kind": "PodExecOptions", "namespaced": True, "verbs": ["get"]}
    deployments = {"name": "deployments", "kind": "Deployment", "namespaced": True, "verbs": verbs}
    answers = {
        "/api": fake.json_reply({"kind": "APIVersions", "versions": ["v1"]}),
        "/api/v1": fake.json_reply({"kind": "APIResourceList", "resources": [pods, exec_]}),
        "/apis": fake.json_reply(groups),
        "/apis/apps/v1": fake.json_reply({"kind": "APIResourceList", "resources": [deployments]}),
        "/apis/apps/v1beta1": fake.json_reply(
            {"kind": "APIResourceList", "resources": [deployments]}
        ),
        "/apis/apps/v1/deployments": fake.page_of("apps/v1", [], "Deployment"),
    }
    with serving(lambda asked: answers.get(asked.path)) as server:
        kinds = frozenset({"k8s/Pod", "k8s/Deployment"})
        pages = read(collector(tmp_path, server), kinds, tmp_path)
    assert pages.entry.gaps == ()
    assert [record.request.partition("?")[0] for record in pages.records] == [
        "GET /api",
        "GET /api/v1",
        "GET /apis",
        "GET /apis/apps/v1",
        "GET /apis/apps/v1beta1",
        "GET /apis/apps/v1/deployments",
        "GET /api/v1/pods",
    ]


def test_nothing_secret_is_kept(tmp_path: Path) -> None:
    """Neither our token, nor what objects carry; managed fields and applied copies go as well."""
    secret = "AKIA" + "Z7" * 8
    found = pod("bad", privileged=True)
    found["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    found["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": '{"password": "canary-applied"}',
        "kept": "yes",
    }
    found["spec"]["containers"][0]["env"] = [
        {"name": "DB_PASSWORD", "value": "canary-by-name"},
        {"name": "KEY", "value": secret},
    ]
    scanned(tmp_path, on(PODS, page([found])))
    kept = b"".join(map(read_block, (tmp_path / "bodies").iterdir()))
    records = b"".join(path.read_bytes() for path in (tmp_path / "evidence").rglob("*.jsonl"))
    assert b"/api/v1/pods" in records
    kept += records
    for gone in ("canary", secret, "managedFields", "last-applied"):
        assert gone.encode() not in kept, gone
    assert b'"kept":"yes"' in kept


def test_what_was_found_then_is_not_what_is_found_now(tmp_path: Path) -> None:
    """Whose a pod is depends on what else there is: no result of a page is remembered."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "later"}
    made = pod("bad", privileged=True)
    made["metadata"]["ownerReferences"] = [{**reference, "controller": True}]
    metadata = {"name": "web", "namespace": "ml", "uid": "later"}
    apps = ("apps", "v1", (("Deployment", "deployments", True),))
    answers = {"/apis": fake.discovery(apps), PODS: page([made])}
    kinds = KINDS | {"k8s/Deployment"}
    found = []
    for number, deployments in enumerate(([], [{"metadata": metadata}])):
        listed = fake.page_of("apps/v1", deployments, "Deployment")
        path = "/apis/apps/v1/deployments"
        with serving(_of({**answers, path: listed})) as server:
            pages = read(collector(tmp_path, server), kinds, tmp_path / str(number))
            document = json.loads(Run(cache=tmp_path / "cache").results(pages))
        found += [
            (item["resource"]["kind"], item["resource"]["name"])
            for item in document["findings"]
            if item["rule"] == "k8s-container-privileged"
        ]
    assert found == [("k8s/Pod", "bad"), ("k8s/Deployment", "web")]


def _of(answers: dict[str, Reply]) -> Handler:
    return lambda asked: answers.get(asked.path)


@sweep(some=1_000, whole=10_000)
def test_many_namespaces(tmp_path: Path, size: int) -> None:
    def handle(asked: Asked) -> Reply:
        start, limit = int(asked.query.get("continue", "0")), int(asked.query["limit"])
        names = range(start, min(size, start + limit))
        items = [{"metadata": {"name": f"n{number:05}", "uid": str(number)}} for number in names]
        more = {"continue": str(start + limit)} if start + limit < size else {}
        return page(items, "Namespace", **more)

    document = scanned(tmp_path, on("/api/v1/namespaces", handle))
    assert document["gaps"] == []
    assert document["coverage"]["resources"]["k8s/Namespace"]["seen"] == size
    assert document["counts"]["k8s-pod-security-label-missing"]["fail"] == size


def test_what_was_asked_of_the_server(tmp_path: Path) -> None:
    with serving(healthy) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
    assert {asked.method for asked in server.asked} == {"GET", "POST"}
    posted = {asked.path for asked in server.asked if asked.method == "POST"}
    assert posted == {"/apis/authentication.k8s.io/v1/selfsubjectreviews"}
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer canary-token"}
    assert all(record.answered is Answered.OK for record in pages.records)
