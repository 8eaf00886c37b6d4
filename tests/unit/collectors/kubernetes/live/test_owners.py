"""Whose an object is: by uid, to the top, and only where it is true."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.model.resource import Owner
from collectors.kubernetes.live.owners import Owners, known_objects

READ = frozenset({"k8s/ReplicaSet", "k8s/Deployment", "k8s/Job", "k8s/CronJob"})


def made(
    api: str, kind: str, name: str, by: tuple[str, str, str] | None = None, space: str = "ml"
) -> dict[str, Any]:
    """An object whose uid is ``uid-NAME``, made by (apiVersion, kind, name)."""
    metadata: dict[str, Any] = {"name": name, "namespace": space, "uid": f"uid-{name}"}
    if by is not None:
        version, owner, its_name = by
        reference = {"apiVersion": version, "kind": owner, "name": its_name}
        metadata["ownerReferences"] = [
            {**reference, "uid": f"uid-{its_name}", "controller": True, "blockOwnerDeletion": True}
        ]
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


OBJECTS: list[Any] = [
    made("apps/v1", "Deployment", "web"),
    made("apps/v1", "ReplicaSet", "web-1", ("apps/v1", "Deployment", "web")),
    made("apps/v1", "ReplicaSet", "free"),
    made("apps/v1", "ReplicaSet", "liar", ("apps/v1", "Deployment", "gone")),
    made("apps/v1", "Deployment", "served", ("serving.kserve.io/v1", "InferenceService", "llm")),
    made("apps/v1", "ReplicaSet", "served-1", ("apps/v1", "Deployment", "served")),
    made("batch/v1", "CronJob", "nightly"),
    made("batch/v1", "Job", "nightly-28", ("batch/v1", "CronJob", "nightly")),
    made("apps/v1", "Deployment", "ring-a", ("apps/v1", "Deployment", "ring-b")),
    made("apps/v1", "Deployment", "ring-b", ("apps/v1", "Deployment", "ring-a")),
    made("apps/v1", "Deployment", "theirs", space="other"),
    {"metadata": 7},
    {"metadata": {"uid": 7}},
    3,
]

CASES = {
    "deployment above its replica set": (("ReplicaSet", "web-1"), ("Deployment", "web")),
    "replica set of its own": (("ReplicaSet", "free"), ("ReplicaSet", "free")),
    "cron job above its job": (("Job", "nightly-28"), ("CronJob", "nightly")),
    "a kind that was not read stays": (("RayCluster", "shared"), ("RayCluster", "shared")),
    "a kind that was not read, above": (("ReplicaSet", "served-1"), ("InferenceService", "llm")),
    "no such object": (("Deployment", "imagined"), None),
    "one that claims what is not there": (("ReplicaSet", "liar"), ("ReplicaSet", "liar")),
    "of another namespace": (("Deployment", "theirs"), None),
}


@pytest.fixture(scope="module")
def owners() -> Owners:
    pages = [json.dumps({"items": OBJECTS[:6]}), json.dumps({"items": OBJECTS[6:]}), "{", "[]"]
    return Owners(known_objects(page.encode() for page in pages), READ)


@pytest.mark.parametrize(("claimed", "top"), CASES.values(), ids=CASES.keys())
def test_the_top(owners: Owners, claimed: tuple[str, str], top: tuple[str, str] | None) -> None:
    kind, name = claimed
    api = {"Job": "batch/v1", "RayCluster": "ray.io/v1"}.get(kind, "apps/v1")
    found = owners.top(Owner(api, kind, "ml", name, f"uid-{name}"))
    assert (None if found is None else (found.kind, found.name)) == top


def test_a_name_is_not_believed(owners: Owners) -> None:
    found = owners.top(Owner("apps/v1", "Deployment", "ml", "innocent", "uid-web"))
    assert found is not None
    assert found.name == "web"


def test_a_ring_ends(owners: Owners) -> None:
    found = owners.top(Owner("apps/v1", "Deployment", "ml", "ring-a", "uid-ring-a"))
    assert found is not None
    assert found.name.startswith("ring-")
