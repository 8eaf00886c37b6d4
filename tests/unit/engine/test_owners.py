"""One finding per root cause: what a controller made is told once, at the controller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runs import Run, collector_of

BAD = {"hostPID": True, "containers": [{"name": "main", "image": "r.io/a"}]}


def item(
    kind: str, version: str, name: str, spec: object, owner: tuple[str, str, str] | None = None
) -> dict[str, Any]:
    """An object as a cluster gives it."""
    metadata: dict[str, Any] = {"name": name, "namespace": "ml", "uid": f"uid-{kind}-{name}"}
    if owner is not None:
        reference = dict(zip(("kind", "apiVersion", "name"), owner, strict=True))
        metadata["ownerReferences"] = [{**reference, "uid": "u", "controller": True}]
        metadata["labels"] = {"pod-template-hash": "5d9"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def findings(tmp_path: Path, rule: str, *items: dict[str, Any]) -> list[dict[str, Any]]:
    """What a rule finds in a dump, with the memo and without, whatever the order of objects."""
    told = []
    for number, (memo, order) in enumerate(((True, items), (False, items), (True, items[::-1]))):
        folder = tmp_path / str(number)
        folder.mkdir()
        dump = {"apiVersion": "v1", "kind": "List", "items": order}
        (folder / "dump.json").write_text(json.dumps(dump))
        results = json.loads(Run(memo=memo).results(collector_of(folder)))
        told.append([found for found in results["findings"] if found["rule"] == rule])
    assert told[0] == told[1], "the memo changes nothing"
    prints = [[(found["fingerprint"], found["covers"]) for found in each] for each in told]
    assert prints[0] == prints[2], "nor does the order"
    return told[0]


def place(found: dict[str, Any]) -> tuple[str, str, str, int]:
    resource = found["resource"]
    return resource["kind"], resource["name"], found["element"], found["covers"]


DEPLOYMENT = item("Deployment", "apps/v1", "web", {"template": {"spec": BAD}})
REPLICAS = item(
    "ReplicaSet",
    "apps/v1",
    "web-5d9",
    {"template": {"spec": BAD}},
    ("Deployment", "apps/v1", "web"),
)
PODS = [
    item("Pod", "v1", f"web-5d9-{number}", BAD, ("ReplicaSet", "apps/v1", "web-5d9"))
    for number in range(3)
]


@pytest.mark.bulk
@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param([DEPLOYMENT], [("k8s/Deployment", "web", "", 1)], id="deployment"),
        pytest.param([DEPLOYMENT, REPLICAS, *PODS], [("k8s/Deployment", "web", "", 5)], id="dump"),
        pytest.param(PODS, [("k8s/Deployment", "web", "", 3)], id="only its pods"),
        pytest.param(
            [item("Pod", "v1", "a", BAD), item("Pod", "v1", "b", BAD)],
            [("k8s/Pod", "a", "", 1), ("k8s/Pod", "b", "", 1)],
            id="pods of nobody",
        ),
        pytest.param(
            [
                item("Pod", "v1", "a", BAD, ("Job", "batch/v1", "j")),
                item("Pod", "v1", "b", BAD, ("Job", "batch.volcano.sh/v1alpha1", "j")),
            ],
            [("k8s/Job", "j", "", 1), ("k8s/Job.batch.volcano.sh", "j", "", 1)],
            id="owners of two groups",
        ),
        pytest.param(
            [
                item(
                    "RayCluster",
                    "ray.io/v1",
                    "r",
                    {
                        "headGroupSpec": {"template": {"spec": BAD}},
                        "workerGroupSpecs": [{"groupName": "gpu", "template": {"spec": BAD}}],
                    },
                    ("RayJob", "ray.io/v1", "job"),
                )
            ],
            [
                ("k8s/RayJob.ray.io", "job", "headGroupSpec", 1),
                ("k8s/RayJob.ray.io", "job", "workerGroupSpecs/gpu", 1),
            ],
            id="equal templates of one object",
        ),
    ],
)
def test_findings_about_pods(
    tmp_path: Path, items: list[dict[str, Any]], expected: list[tuple[str, str, str, int]]
) -> None:
    found = findings(tmp_path, "k8s-pod-host-process-namespace", *items)
    assert [place(each) for each in found] == expected


def test_a_container_is_named_once(tmp_path: Path) -> None:
    found = findings(tmp_path, "k8s-container-privilege-escalation", DEPLOYMENT, REPLICAS, *PODS)
    assert [place(each) for each in found] == [("k8s/Deployment", "web", "container main", 5)]


def test_pods_that_were_changed_are_told_apart_by_verdict(tmp_path: Path) -> None:
    """One pod of three is right: the finding covers the other two."""
    right = {**PODS[0], "spec": {**BAD, "hostPID": False}}
    found = findings(tmp_path, "k8s-pod-host-process-namespace", right, *PODS[1:])
    assert [place(each) for each in found] == [("k8s/Deployment", "web", "", 2)]


MIRROR = "kubernetes.io/config.mirror"
REPLICA_SET = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u"}
NODE = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u"}
LOOSE = {
    # annotations, controller, node, and whether nothing runs the pod
    "of a replica set": ({}, REPLICA_SET, "n1", False),
    "alone": ({}, None, "n1", True),
    "static": ({MIRROR: "5d9"}, NODE, "n1", False),
    "says that it is a mirror": ({MIRROR: "5d9"}, None, "n1", True),
    "says that a node made it": ({}, NODE, "n1", True),
    "of another node": ({MIRROR: "5d9"}, NODE, "n2", True),
    "of no node": ({MIRROR: "5d9"}, NODE, None, True),
    "named as static pods are": ({}, None, "kube-apiserver-n1", True),
    "odd annotations": ([MIRROR], NODE, "n1", True),
    "of a node of another group": ({}, {**NODE, "apiVersion": "metal.io/v1"}, "n1", False),
}


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_pod_that_nothing_runs(tmp_path: Path, suffix: str) -> None:
    """A static pod is known by its annotation, its owner and its node, and not by its name."""
    items = []
    for name, (noted, owner, node, _) in LOOSE.items():
        metadata: dict[str, Any] = {"name": name, "namespace": "ml", "annotations": noted}
        if owner is not None:
            metadata["ownerReferences"] = [{**owner, "controller": True}]
        spec = {"nodeName": node, "containers": [{"name": "main", "image": "r.io/a"}]}
        items.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    dump = {"apiVersion": "v1", "kind": "List", "items": items}
    (tmp_path / f"dump.{suffix}").write_text(json.dumps(dump))
    results = json.loads(Run().results(collector_of(tmp_path)))
    rule = "k8s-pod-without-controller"
    found = {each["resource"]["name"] for each in results["findings"] if each["rule"] == rule}
    assert found == {name for name, case in LOOSE.items() if case[-1]}
    observed = [each["observed"] for each in results["findings"] if each["rule"] == rule]
    derived = {"path": "/owner/controller", "fact": "k8s/PodTemplate"}
    assert all(each == [derived] for each in observed), "what is said of owners is not evidence"
