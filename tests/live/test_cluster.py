"""A real API server is scanned by the role that we print: it only reads, and misses nothing.

The server's own audit log is the witness of what was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collectors.http.patience import Patience
from collectors.kubernetes.live.discovery import discover
from collectors.kubernetes.live.unread import UNREAD
from collectors.kubernetes.resources import BUILT_IN
from tests.e2e.command import ESTATE, auditor
from tests.e2e.runs import Run
from tests.engines.kubectl import Kubectl
from tests.live import cluster as clusters
from tests.live.cluster import Cluster, ran, results
from tests.live.test_gpus import TENANTS
from tests.live.test_joined import TENANT as JOINED


@pytest.fixture(scope="module")
def whole(cluster: Cluster) -> dict[str, Any]:
    """The results of a scan of it all; what tests of this file add to it are accounts."""
    return results(ran(cluster, "scan", "k8s://", "--format", "json"))


def test_the_least_role_reads_everything_and_nothing_else(
    cluster: Cluster, whole: dict[str, Any]
) -> None:
    assert whole["gaps"] == []
    (target,) = whole["targets"]
    assert (target["uri"], target["state"]) == ("k8s://test", "complete")
    assert {item["kind"] for item in target["excluded"]} == {"k8s/ConfigMap", "k8s/Secret"}
    who = "system:serviceaccount:auditor:auditor"
    assert whole["run"]["identity"] == [{"target": "k8s://test", "principal": who}]
    requests = cluster.requests()
    posted = {asked for verb, asked in requests if verb == "create"}
    assert posted <= {"selfsubjectreviews", "selfsubjectaccessreviews"}
    assert {verb for verb, _ in requests} == {"create", "get", "list"}
    assert {asked for _, asked in requests if "secret" in asked} == set()
    assert {verb for verb, asked in requests if "configmap" in asked} == {"get"}
    assert cluster.config_maps() == {clusters.SHARING}, "the one that the device plugin mounts"
    named = {asked for verb, asked in requests if verb == "get" and not asked.startswith("/")}
    assert named == {"namespaces", "configmaps"}, "kube-system, for its uid"
    listed = {asked for verb, asked in requests if verb == "list"}
    assert {"pods", "deployments", "rayclusters", "networkpolicies", "sparkapplications"} <= listed


def test_doctor_says_that_nothing_is_missing(cluster: Cluster) -> None:
    done = ran(cluster, "doctor", "k8s://")
    assert (done.code, done.err) == (0, ""), done.out
    assert "as        system:serviceaccount:auditor:auditor in " in done.out
    assert "agrees with ours" in done.out
    found = json.loads(ran(cluster, "doctor", "k8s://test", "--json").out)
    assert found["blind"] == []
    assert len(found["uid"]) == 36


def test_collect_then_evaluate_is_scan(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    done = ran(cluster, "collect", "k8s://", "--output", folder)
    assert done.code == 0, done.err
    direct = ran(cluster, "scan", "k8s://", "--format", "json", "--workers", "2")
    moved = folder.rename(tmp_path / "elsewhere")
    later = auditor("evaluate", moved, "--format", "json", "--workers", "1", "--no-cache")
    assert (later.code, later.err) == (direct.code, "")
    assert later.out == direct.out.replace(
        results(direct)["run"]["id"], results(later)["run"]["id"]
    )
    assert results(direct)["run"]["id"] == results(later)["run"]["id"]


def test_evaluate_refuses_what_was_changed(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    assert ran(cluster, "collect", "k8s://", "--output", folder).code == 0
    body = max((folder / "bodies").iterdir(), key=lambda path: path.stat().st_size)
    data = body.read_bytes()
    body.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    done = auditor("evaluate", folder)
    assert (done.code, done.out) == (4, "")
    assert f"{body} is not what the manifest says" in done.err


def test_a_profile_that_needs_more_than_was_collected(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    few = ("--profile", "pod-security-baseline")
    assert ran(cluster, "collect", "k8s://", "--output", folder, *few).code == 0
    document = results(auditor("evaluate", folder, "--format", "json"))
    assert {gap["cause"] for gap in document["gaps"]} == {"unsupported"}
    assert "k8s/NetworkPolicy" in {gap["scope"] for gap in document["gaps"]}
    again = results(auditor("evaluate", folder, "--format", "json", *few))
    assert again["gaps"] == []


def test_live_is_as_from_files(whole: dict[str, Any]) -> None:
    """What differs is what only one side has, and each such case is here."""
    live = of_workloads(whole)
    files = of_workloads(results(auditor("scan", ESTATE, "--format", "json")))
    # An object of an API version that is gone can't be in a cluster; keys are there once.
    only_files = {"k8s-api-version-removed", "k8s-manifest-duplicate-key", "k8s-secret-committed"}
    # What is not read of a cluster at all, and what the estate has beside its cluster.
    only_files |= {"k8s-secret-in-config-map", "k8s-service-account-token-permanent"}
    kept = {item for item in files - live if not item[1].startswith("docker/")}
    assert {item for item in kept if item[0] not in only_files} == set()
    # The namespaces that are there from the start, and ours.
    own = {"default", "kube-system", "kube-public", "kube-node-lease", "auditor", "owners"}
    own |= {*TENANTS, JOINED}
    more = live - files
    # Among files a peer may stand elsewhere; this cluster has no DNS and no gateways.
    only_live = {"k8s-network-policy-peer-selects-nothing"}
    of_estate = {item for item in more if not own & {item[2], item[3]}}
    assert {item for item in of_estate if item[0] not in only_live} == set()
    assert {item[3] for item in of_estate} >= {"dns", "gateway-to-models"}


def of_workloads(document: Mapping[str, Any]) -> set[tuple[str, str, str, str, str]]:
    return {
        (
            item["rule"],
            item["resource"]["kind"],
            item["resource"]["namespace"],
            item["resource"]["name"],
            item["element"],
        )
        for item in document["findings"]
        if item["verdict"] == "fail"
    }


def test_what_kubernetes_makes_itself_is_no_finding(whole: dict[str, Any]) -> None:
    about = {
        (item["rule"], item["resource"]["name"])
        for item in whole["findings"]
        if item["rule"].startswith("k8s-rbac-")
        and (
            item["resource"]["name"].startswith("system:")
            or item["resource"]["name"] in {"cluster-admin", "admin", "edit", "view"}
        )
    }
    assert about == set()


def test_chosen_namespaces(cluster: Cluster) -> None:
    uri = "k8s://test?namespace=serving,training"
    document = results(ran(cluster, "scan", uri, "--format", "json"))
    assert document["gaps"] == []
    assert [target["uri"] for target in document["targets"]] == [uri]
    inside = {
        item["resource"]["namespace"] or item["resource"]["name"]
        for item in document["findings"]
        if not item["rule"].startswith("k8s-rbac-")
    }
    assert inside == {"serving", "training"}


NOT_DEFINED = {
    "k8s/GpuDevicePlugin.deviceplugin.intel.com",
    "k8s/Profile.kubeflow.org",
    "k8s/SecurityContextConstraints.security.openshift.io",
}
"""Kinds of the cluster that rules are about and that ours does not have."""
LEFT_OUT = re.compile(r"k8s/[A-Za-z]+(?:\.[a-z0-9-]+)*")
"""A kind, in the comments of a role: nothing else of it names one so."""


def test_a_namespace_that_is_refused_is_a_gap_for_it_alone(
    cluster: Cluster, kubectl: Kubectl
) -> None:
    """A role in one namespace: the other one is unknown, and this one is judged."""
    role = auditor("permissions", "k8s", "--namespace", "serving", "--account", "auditor/narrow")
    done = kubectl.run("apply", f"--kubeconfig={cluster.admin}", "-f", "-", stdin=role.out.encode())
    assert done.returncode == 0, done.stderr
    path = "/api/v1/namespaces/auditor/serviceaccounts/narrow/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
    status = cluster.client.post(path, request).body["status"]
    assert isinstance(status, Mapping)
    narrow = clusters.write_kubeconfig(
        cluster.least.with_name("narrow.json"), cluster.server, str(status["token"])
    )
    uri = "k8s://test?namespace=serving,training"
    document = results(ran(cluster, "scan", uri, "--format", "json", kubeconfig=narrow))
    assert {gap["cause"] for gap in document["gaps"]} == {"denied"}
    assert {gap["namespace"] for gap in document["gaps"]} == {"training", ""}
    whole = {gap["scope"] for gap in document["gaps"] if not gap["namespace"]}
    told = set(LEFT_OUT.findall(role.out)) - UNREAD.keys() - NOT_DEFINED
    assert whole == told, "what its comments say"
    places = {
        (item["resource"]["namespace"], item["verdict"])
        for item in document["findings"]
        if item["resource"]["namespace"]
    }
    assert places == {("serving", "fail"), ("serving", "unknown")}
    undecided = {item["rule"] for item in document["findings"] if item["verdict"] == "unknown"}
    assert "k8s-service-account-token-mounted" in undecided, "a binding of the cluster may use it"
    quota = document["counts"]["k8s-resource-quota-missing"]
    assert (quota["pass"] + quota["fail"], quota["unknown"] > 0) == (1, True)
    found = json.loads(ran(cluster, "doctor", uri, "--json", kubeconfig=narrow).out)
    refused = {each["kind"] for each in found["blind"]}
    assert refused == {gap["scope"] for gap in document["gaps"]}


NOT_SERVED = {
    "k8s/CompositePodGroup",
    "k8s/EvictionRequest",
    "k8s/LeaseCandidate",
    "k8s/PodGroup",
    "k8s/PodSecurityPolicy",
    "k8s/StorageVersion",
    "k8s/Workload",
}
"""Gone, or to be switched on."""


def test_names_of_built_in_kinds_are_the_servers(cluster: Cluster, tmp_path: Path) -> None:
    live = clusters.collector(cluster.admin)
    _, client = live.open(tmp_path)
    served = discover(client).served
    assert BUILT_IN.keys() - served.keys() == NOT_SERVED
    for kind in BUILT_IN.keys() & served.keys():
        named, found = BUILT_IN[kind], served[kind]
        assert (found.group, found.resource, found.namespaced) == (
            named.group,
            named.resource,
            named.namespaced,
        )
    listed = {kind for kind, found in served.items() if "list" in found.verbs}
    assert {kind for kind in listed if "." not in kind} <= BUILT_IN.keys()


def test_pages_make_no_difference(cluster: Cluster, tmp_path: Path) -> None:
    """Lists that need many pages are the same findings as in one, but for the evidence."""
    kinds = frozenset({"k8s/ClusterRole", "k8s/Deployment", "k8s/Namespace"})
    found = []
    for number, limit in enumerate((500, 7, 1)):
        live = clusters.collector(cluster.least)
        paged = type(live)(live.address, live.kubeconfig, live.clock, Patience(), limit)
        pages = clusters.read(paged, kinds, tmp_path / str(number))
        document = json.loads(Run(list_all=True).results(pages))
        found.append([{**item, "evidence": []} for item in document["findings"]])
        counts = {record.kind: 0 for record in pages.records}
        for record in pages.records:
            counts[record.kind] += record.count
        assert counts["k8s/ClusterRole"] > 60
    assert found[0] == found[1] == found[2]
