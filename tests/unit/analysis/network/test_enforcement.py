"""What enforces the network policies of a cluster: DaemonSets, else what all of its nodes tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.analysis.network.checking import NetworkPolicies
from auditor.analysis.network.enforcement import plugins_from_table
from auditor.analysis.network.reach import NetworkReach
from auditor.analysis.protocol import Site
from auditor.errors import PolicyErrors
from auditor.model.resource import Resource
from auditor.policy import load, policies_folder
from tests.unit.analysis.network.documents import (
    FILES,
    LIVE,
    derived,
    document,
    namespace,
    of_kind,
    policy,
)
from tests.unit.policy.making import told

TABLE = yaml.load((policies_folder() / "tables/network-plugins.yaml").read_text(), yaml.CSafeLoader)
PLUGINS = plugins_from_table(TABLE)


def daemon_set(
    name: str, space: str = "kube-system", container: str = "c", image: str = "a", *args: str
) -> Resource:
    made = {"name": container, "image": image, "args": list(args)}
    body = {
        "metadata": {"name": name, "namespace": space},
        "spec": {"template": {"spec": {"containers": [made]}}},
    }
    return document("DaemonSet", name, body)


def node(name: str, *, args: object = None, reason: str = "") -> Resource:
    annotations = {} if args is None else {"k3s.io/node-args": args}
    network = {"type": "NetworkUnavailable", "status": "False", "reason": reason}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    conditions = [ready, *([network] if reason else [])]
    metadata = {"name": name, "annotations": annotations}
    return document("Node", name, {"metadata": metadata, "status": {"conditions": conditions}})


def k3s(name: str, *words: str) -> Resource:
    return node(name, args=json.dumps(words))


def enforcement(*resources: Resource, site: Site = LIVE) -> tuple[str, list[str]]:
    """What is said of a cluster with a policy, and by whom."""
    body = {"metadata": {"name": "p", "namespace": "ml"}, "spec": {"containers": []}}
    every = [namespace("ml"), policy("a", "ml"), document("Pod", "p", body), *resources]
    found = derived(every, site=site, analysis=NetworkPolicies(PLUGINS))
    (body,) = of_kind(found, "Enforcement")
    reach = NetworkReach((), {}, frozenset(), PLUGINS, ())
    (zone,) = of_kind(derived(every, site=site, analysis=reach), "Zone")
    assert zone["enforcement"] == body["state"], "both analyses say the same"
    return body["state"], list(body["by"])


OFF = ("server", "--disable-network-policy")
CASES: dict[str, tuple[list[Resource], str, list[str]]] = {
    "nothing": ([], "unknown", []),
    "Calico": (
        [daemon_set("calico-node", "calico-system")],
        "enforced",
        ["Calico (DaemonSet calico-system/calico-node)"],
    ),
    "Calico's name in a namespace of somebody": ([daemon_set("calico-node", "ml")], "unknown", []),
    "flannel": (
        [daemon_set("kube-flannel-ds", "kube-flannel", "kube-flannel")],
        "declared",
        ["flannel (DaemonSet kube-flannel/kube-flannel-ds)"],
    ),
    "flannel with a controller": (
        [daemon_set("kube-flannel-ds", "kube-flannel", "kube-network-policies")],
        "enforced",
        ["flannel with a controller of network policies (DaemonSet kube-flannel/kube-flannel-ds)"],
    ),
    "kindnet of today": (
        [daemon_set("kindnet", "kube-system", "kindnet-cni", "r/kindnetd:v20250214-acbabc1a")],
        "enforced",
        ["kindnet (DaemonSet kube-system/kindnet)"],
    ),
    "kindnet, the first that does": (
        [daemon_set("kindnet", "kube-system", "kindnet-cni", "r/kindnetd:v20240813-c6f155d6@x:y")],
        "enforced",
        ["kindnet (DaemonSet kube-system/kindnet)"],
    ),
    "kindnet, the last that does not": (
        [daemon_set("kindnet", "kube-system", "kindnet-cni", "r/kindnetd:v20240730-75a5af0c")],
        "declared",
        ["kindnet of before (DaemonSet kube-system/kindnet)"],
    ),
    "kindnet without a tag": (
        [daemon_set("kindnet", "kube-system", "kindnet-cni", "r:5000/kindnetd")],
        "declared",
        ["kindnet of before (DaemonSet kube-system/kindnet)"],
    ),
    "k3s": ([k3s("a", "server"), k3s("b", "agent")], "enforced", ["k3s (by nodes)"]),
    "k3s, turned off": (
        [k3s("a", *OFF), k3s("b", "agent")],
        "declared",
        ["k3s with its controller of network policies turned off (by nodes)"],
    ),
    "k3s, not turned off": (
        [k3s("a", *OFF, "false")],
        "enforced",
        ["k3s (by nodes)"],
    ),
    "k3s, turned off on one of two": (
        [k3s("a", *OFF), k3s("b", "server")],
        "declared",
        ["k3s (by nodes)", "k3s with its controller of network policies turned off (by nodes)"],
    ),
    "agents of k3s alone": ([k3s("a", "agent")], "unknown", []),
    "k3s beside a node of something else": ([k3s("a", "server"), node("b")], "unknown", []),
    "arguments that are none": ([node("a", args="server")], "unknown", []),
    "arguments that are a map": ([node("a", args='{"server": 1}')], "unknown", []),
    "arguments that are no text": ([node("a", args=["server"])], "unknown", []),
    "Calico by its nodes": (
        [node("a", reason="CalicoIsUp"), node("b", reason="CalicoIsUp")],
        "enforced",
        ["Calico (by nodes)"],
    ),
    "Cilium by all nodes but one": (
        [node("a", reason="CiliumIsUp"), node("b", reason="RouteCreated")],
        "unknown",
        [],
    ),
    "flannel's word is no word on policies": ([node("a", reason="FlannelIsUp")], "unknown", []),
    "a DaemonSet before nodes": (
        [daemon_set("aws-node"), node("a", reason="CalicoIsUp")],
        "declared",
        ["Amazon VPC CNI without network policies (DaemonSet kube-system/aws-node)"],
    ),
}


@pytest.mark.parametrize(("found", "state", "by"), CASES.values(), ids=CASES)
def test_what_enforces_policies(found: list[Resource], state: str, by: list[str]) -> None:
    assert enforcement(*found) == (state, by)


def test_nodes_in_files_tell_nothing_of_a_cluster() -> None:
    assert enforcement(node("a", reason="CalicoIsUp"), site=FILES) == ("unknown", [])


def test_many_nodes_are_told_once() -> None:
    nodes = [node(f"n{at}", reason="CalicoIsUp") for at in range(50)]
    assert enforcement(*nodes) == ("enforced", ["Calico (by nodes)"])


ROW: dict[str, Any] = {"name": "Ours", "enforces": True}
DAEMON = {**ROW, "daemon-sets": ["ours"], "namespaces": ["kube-system"]}
WRONG = {
    "nowhere": (ROW, "needs one of daemon-sets, node-reason, node-annotation"),
    "twice": ({**DAEMON, "node-reason": "X"}, "needs one of daemon-sets"),
    "no namespace": ({**ROW, "daemon-sets": ["ours"]}, "missing field 'namespaces'"),
    "a namespace alone": ({**ROW, "node-reason": "X", "namespaces": ["a"]}, "missing field"),
    "an annotation alone": ({**ROW, "node-annotation": "x"}, "needs an argument"),
    "a container of a node": ({**ROW, "node-reason": "X", "container": "c"}, "is of a DaemonSet"),
    "an argument without a container": ({**DAEMON, "argument": "-x"}, "needs a container"),
    "a tag without a container": ({**DAEMON, "since": "2"}, "needs a container"),
    "an argument of a reason": ({**ROW, "node-reason": "X", "argument": "a"}, "needs a container"),
    "not a choice": ({**DAEMON, "enforces": "yes"}, "must be true or false"),
}


@pytest.mark.parametrize(("row", "said"), WRONG.values(), ids=WRONG)
def test_rows_that_are_wrong(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    shipped = yaml.safe_dump(TABLE)
    for folder, text in (("ours", shipped), ("theirs", yaml.safe_dump([row]))):
        place = tmp_path / folder / "tables/network-plugins.yaml"
        place.parent.mkdir(parents=True)
        place.write_text(text)
    with pytest.raises(PolicyErrors) as caught:
        load((tmp_path / "ours", tmp_path / "theirs"))
    assert any(said in each for each in told(caught.value)), told(caught.value)


def test_a_row_of_one_s_own(tmp_path: Path) -> None:
    place = tmp_path / "tables/network-plugins.yaml"
    place.parent.mkdir()
    place.write_text(yaml.safe_dump([DAEMON, {**ROW, "node-reason": "OursIsUp"}]))
    rows = plugins_from_table(load((policies_folder(), tmp_path)).tables["network-plugins"])
    assert [each.name for each in rows[-2:]] == ["Ours", "Ours"]
    found = derived(
        [namespace("ml"), policy("a", "ml"), node("a", reason="OursIsUp")],
        site=LIVE,
        analysis=NetworkPolicies(rows),
    )
    (body,) = of_kind(found, "Enforcement")
    assert (body["state"], list(body["by"])) == ("enforced", ["Ours (by nodes)"])
