"""Nodes of a real API server, and probes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer
from tests.engines.client import Request
from tests.live.cluster import emptied, write_kubeconfig
from tests.unit.collectors.kubernetes.node.trees import node, printed

MACHINE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def server(plain: ApiServer) -> Iterator[ApiServer]:
    with emptied(plain):
        yield plain


def test_a_cluster_says_which_of_its_nodes_nobody_looked_at(
    server: ApiServer, tmp_path: Path
) -> None:
    root = node(tmp_path / "root")
    (root / "proc/700/cmdline").write_bytes(b"kubelet\0--hostname-override=gpu-7\0--config=/a\0")
    file = tmp_path / "gpu-7.node-probe"
    file.write_bytes(printed(root))
    with server.client() as client:
        for name, machine in (("gpu-7", MACHINE), ("gpu-8", "f" * 32)):
            info = {"machineID": machine, "bootID": "b", "systemUUID": "s", "kernelVersion": "k"}
            client.post("/api/v1/nodes", {"metadata": {"name": name}, "status": {"nodeInfo": info}})
        config = write_kubeconfig(tmp_path / "config", server, server.token)
        asked = ("--kubeconfig", config, "--profile", "cis-kubernetes", "--format", "json")
        alone = auditor("scan", "k8s://", *asked).results()
        both = auditor("scan", "k8s://", file, *asked).results()
    kinds = ["k8s/NodeFiles", "k8s/NodeKubelet"]
    assert told(alone) == [(kind, "2 nodes were not looked at: gpu-7, gpu-8") for kind in kinds]
    assert told(both) == [(kind, "a node was not looked at: gpu-8") for kind in kinds]
    assert state(alone, "4.1.5") == state(both, "4.1.5") == "undetermined"
    assert state(both, "1.1.12") == "not-satisfied"
    assert state(alone, "1.2.1") == "not-satisfied", "the API server prints its flags"
    for control in ("1.4.1", "2.2"):
        assert state(alone, control) == "undetermined", "no mirror pod is there"


RBAC = "rbac.authorization.k8s.io"
CONFIG_MAPS = "/api/v1/namespaces/kube-system/configmaps"
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles"
READS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
ROLE = {
    "metadata": {"name": "kubeadm:kubelet-config"},
    "rules": [{**READS, "resourceNames": ["kubelet-config"]}],
}
PROXY = {
    "metadata": {"name": "kube-proxy"},
    "spec": {
        "selector": {"matchLabels": {"k8s-app": "kube-proxy"}},
        "template": {
            "metadata": {"labels": {"k8s-app": "kube-proxy"}},
            "spec": {
                "containers": [{"name": "kube-proxy", "image": "r/kube-proxy:v1.37.2"}],
                "volumes": [{"name": "kube-proxy", "configMap": {"name": "kube-proxy"}}],
            },
        },
    },
}


def test_what_kubeadm_keeps_is_read_by_its_name_where_rules_rest_on_it(
    server: ApiServer, tmp_path: Path
) -> None:
    kept = {
        "kubelet-config": ("kubelet", "authentication: {anonymous: {enabled: true}}\n"),
        "kube-proxy": ("config.conf", 'metricsBindAddress: "0.0.0.0:10249"\n'),
    }
    with server.client() as client:
        for name, (key, text) in kept.items():
            client.post(CONFIG_MAPS, {"metadata": {"name": name}, "data": {key: text}})
        made = client.post(ROLES, ROLE)
        assert made.status == 201, made.message
        made = client.post("/apis/apps/v1/namespaces/kube-system/daemonsets", PROXY)
        assert made.status == 201, made.message
        config = write_kubeconfig(tmp_path / "config", server, server.token)
        asked = ("scan", "k8s://", "--kubeconfig", config, "--format", "json", "--profile")
        whole = auditor(*asked, "cis-kubernetes").results()
        default = auditor(*asked, "ai-platform").results()
        client.send(Request("DELETE", f"{CONFIG_MAPS}/kubelet-config"))
        gone = auditor(*asked, "cis-kubernetes").results()
    assert (state(whole, "4.2.1"), state(whole, "4.3.1")) == ("not-satisfied", "not-satisfied")
    sources = {
        each["rule"]: each["resource"]["name"]
        for each in whole["findings"]
        if each["rule"] in {"k8s-kubelet-anonymous-allowed", "k8s-kube-proxy-metrics-open"}
    }
    assert sources == {
        "k8s-kubelet-anonymous-allowed": "kubelet-config",
        "k8s-kube-proxy-metrics-open": "kube-proxy",
    }
    assert not [gap for gap in default["gaps"] if gap["scope"] == "k8s/ConfigMap"]
    assert "k8s/ConfigMap" not in default["coverage"]["resources"]
    (missing,) = (gap for gap in gone["gaps"] if gap["scope"] == "k8s/ConfigMap")
    assert "kubelet-config, which Role kubeadm:kubelet-config names" in missing["detail"]
    assert state(gone, "4.2.1") == "undetermined"


def test_a_cluster_whose_nodes_nobody_may_list_is_not_known_whole(
    server: ApiServer, tmp_path: Path
) -> None:
    """One of its nodes was looked at, and is as it should be: that is no answer for the cluster."""
    root = node(tmp_path / "root")
    file = tmp_path / "gpu-7.node-probe"
    file.write_bytes(printed(root))
    alone = auditor("scan", file, "--profile", "cis-kubernetes", "--format", "json").results()
    with server.client() as client:
        client.post("/api/v1/nodes", {"metadata": {"name": "gpu-8"}})
        rules = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]
        user = {"kind": "User", "name": "looker", "apiGroup": RBAC}
        role = {"kind": "ClusterRole", "name": "looker", "apiGroup": RBAC}
        base = f"/apis/{RBAC}/v1"
        client.post(f"{base}/clusterroles", {"metadata": {"name": "looker"}, "rules": rules})
        binding = {"metadata": {"name": "looker"}, "roleRef": role, "subjects": [user]}
        client.post(f"{base}/clusterrolebindings", binding)
        config = write_kubeconfig(tmp_path / "config", server, server.token)
        said = json.loads(config.read_text())
        said["users"][0]["user"]["as"] = "looker"
        config.write_text(json.dumps(said))
        asked = ("--kubeconfig", config, "--profile", "cis-kubernetes", "--format", "json")
        both = auditor("scan", "k8s://", file, *asked).results()
    assert (state(alone, "4.1.5"), state(both, "4.1.5")) == ("satisfied", "undetermined")
    for control in ("1.2.1", "2.2", "4.2.1", "4.3.1", "5.2.2"):
        assert state(both, control) == "undetermined", control
    details = {gap["detail"] for gap in both["gaps"] if gap["scope"] == "k8s/NodeFiles"}
    assert details == {"the cluster told of no node, so nobody knows whether all were looked at"}


def told(results: dict[str, Any]) -> list[tuple[str, str]]:
    return [(gap["scope"], gap["detail"]) for gap in results["gaps"] if "looked" in gap["detail"]]


def state(results: dict[str, Any], control: str) -> str:
    (found,) = (
        each["state"]
        for each in results["controls"]
        if (each["framework"], each["id"]) == ("cis-kubernetes", control)
    )
    return str(found)
