"""``who-can`` and the profile ``effective-rights`` on a real cluster, with rights and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran, results

KINDS = {
    "clusterroles": "k8s/ClusterRole",
    "clusterrolebindings": "k8s/ClusterRoleBinding",
    "roles": "k8s/Role",
    "rolebindings": "k8s/RoleBinding",
    "serviceaccounts": "k8s/ServiceAccount",
}
ASKED = ("who-can", "create", "serviceaccounts/token", "k8s://", "--format", "json")
SCAN = ("scan", "k8s://", "--profile", "effective-rights", "--format", "json")


def answer(cluster: Cluster) -> tuple[int, dict[str, Any]]:
    done = ran(cluster, *ASKED)
    return done.code, json.loads(done.out)


@contextmanager
def without(cluster: Cluster, resource: str) -> Iterator[None]:
    """Take the right to list a resource away."""
    rules = clusters.rules_of(cluster.client)
    (refused,) = (each for each in rules if resource in each["resources"])
    try:
        clusters.limit_to(cluster.client, [each for each in rules if each != refused], refused)
        yield
    finally:
        clusters.limit_to(cluster.client, rules, None)


def test_a_cluster_answers_by_its_own_roles(cluster: Cluster) -> None:
    code, found = answer(cluster)
    named = {(each["subject"]["kind"], each["subject"]["name"]) for each in found["grants"]}
    assert code == 0
    assert ("User", "system:kube-controller-manager") in named
    assert found["undecided"] == found["gaps"] == []
    (grant,) = [e for e in found["grants"] if e["subject"]["name"].endswith("controller-manager")]
    assert grant["binding"]["name"] == grant["role"]["name"] == "system:kube-controller-manager"
    assert grant["namespace"] == ""


def test_what_was_collected_answers_the_same(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    collected = ran(cluster, "collect", "k8s://", "--output", folder)
    assert collected.code == 0, collected.err
    _, live = answer(cluster)
    done = auditor(*ASKED[:3], folder, *ASKED[4:])
    assert done.code == 0, done.err
    kept = json.loads(done.out)
    for each in (*live["grants"], *kept["grants"]):
        del each["target"]
    assert kept["grants"] == live["grants"]


@pytest.mark.parametrize("resource", [each for each in KINDS if each != "serviceaccounts"])
def test_a_kind_that_is_refused_leaves_the_answer_open(cluster: Cluster, resource: str) -> None:
    with without(cluster, resource):
        code, found = answer(cluster)
        screen = ran(cluster, *ASKED[:-2]).out
    assert code == 3
    assert [(each["scope"], each["cause"]) for each in found["gaps"]] == [
        (KINDS[resource], "denied")
    ]
    assert f"not read: {KINDS[resource]}  denied" in screen


@pytest.mark.parametrize("resource", KINDS)
def test_ways_are_unknown_where_a_kind_was_refused(cluster: Cluster, resource: str) -> None:
    with without(cluster, resource):
        document = results(ran(cluster, *SCAN))
    (gap,) = document["gaps"]
    assert (gap["scope"], gap["cause"]) == (KINDS[resource], "denied")
    needed = {
        *("k8s-rights-account-escalates", "k8s-rights-account-missing"),
        *("k8s-rights-isolation-writable", "k8s-rights-namespace-escapes"),
        *("k8s-rights-subject-escalates", "k8s-rights-impersonation"),
    }
    assert needed <= set(gap["rules"])
    decided = [each["rule"] for each in document["findings"] if each["verdict"] == "fail"]
    assert needed.isdisjoint(decided)
    if "role" in resource:
        assert "k8s-rights-role-missing" not in decided
    assert document["gate"]["exit"] == 3


def test_a_server_by_itself_has_no_way_but_the_platforms(cluster: Cluster) -> None:
    """What the API server binds itself is told of nobody."""
    document = results(ran(cluster, *SCAN))
    named = [each["resource"]["name"] for each in document["findings"]]
    assert not [name for name in named if name.startswith("system:")]
    assert document["gaps"] == []
