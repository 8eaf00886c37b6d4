"""Which nodes were looked at, which probes are strange, and what configurations alone say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from auditor.analysis.nodes.seen import (
    CONFIG_MAP,
    KUBELET,
    NAMESPACE,
    NODE,
    PROXY,
    NodesSeen,
)
from auditor.analysis.protocol import Site
from auditor.analysis.texts import ReadFailure
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource, Target
from auditor.platforms.kubernetes import (
    KUBELET_CONFIGURATION,
    NODE_COMPONENTS,
    NODE_FILES,
    NODE_KUBELET,
    PROXY_CONFIGURATION,
)
from auditor.runner.rows import joined
from collectors.documents.guards import Unreadable
from collectors.documents.values import value_of
from tests.unit.analysis.joining import SITE, rows_of
from tests.unit.analysis.test_selections import resource

LIVE = Site(Target("k8s://c", "c-uid"), "e" * 64, lambda *_: 0)
EVERY = "0.0.0.0"  # noqa: S104 - an address in a text
TOLD = {"config": ["/k.yaml"]}
SETTINGS = {"path": "/k.yaml", "values": {"kind": "KubeletConfiguration"}}


def configz(name: str, **settings: object) -> Resource:
    return resource(KUBELET_CONFIGURATION, name, "", **settings)


def test_what_a_kubelet_told_stands_for_its_probe() -> None:
    """But for the files of its node, and for a flag that no configuration has."""
    nodes = [
        resource(NODE, name, "", metadata={"name": name}, status={"nodeInfo": {"bootID": name}})
        for name in ("a", "b")
    ]
    facts, gaps = all_of((LIVE, [*nodes, configz("a", readOnlyPort=10255)]))
    (body,) = (msgspec.json.decode(each.body) for each in facts)
    assert (body["node"], body["source"], body["readOnlyPort"]) == ("a", "configz", 10255)
    assert "hostnameOverride" not in body
    assert {gap.scope: gap.detail for gap in gaps} == {
        NODE_FILES: "2 nodes were not looked at: a, b",
        NODE_KUBELET: "a node was not looked at: b",
    }
    ((_, of_file),) = told(configz("a"))
    assert (of_file["node"], of_file["source"]) == ("", "configuration")


def read_yaml(text: str) -> object:
    """As the program does."""
    try:
        return value_of(text)
    except Unreadable as error:
        return ReadFailure(error.detail)


def all_of(*parts: tuple[Site, Iterable[Resource]]) -> tuple[list[Fact], list[Gap]]:
    """What is derived of the resources of several targets."""
    analysis = NodesSeen(read_yaml)
    lines = sorted(line for site, part in parts for line in rows_of(analysis, part, site))
    found = [each for one, groups in joined((analysis,), lines) for each in one.derive(groups)]
    facts = [each for each in found if isinstance(each, Fact)]
    return facts, [each for each in found if isinstance(each, Gap)]


def told(*resources: Resource, site: Site = SITE) -> list[tuple[str, dict[str, Any]]]:
    facts, _ = all_of((site, resources))
    return [(each.kind, msgspec.json.decode(each.body)) for each in facts]


def node(name: str, boot: str = "b", machine: str = "m") -> Resource:
    return resource(NODE, name, "", status={"nodeInfo": {"bootID": boot, "machineID": machine}})


def probe(name: str, boot: str = "b", machine: str = "m", **body: object) -> Resource:
    about = {"boot": boot, "machine": machine}
    made = {"node": name, "flags": TOLD, "hidden": [], "settings": [SETTINGS], **body}
    return resource(NODE_KUBELET, name, "", probe=about, **made)


def test_a_node_that_nobody_looked_at_is_a_gap_of_its_cluster() -> None:
    facts, gaps = all_of(
        (LIVE, [node("gpu-7"), node("gpu-8"), node("gpu-9")]), (SITE, [probe("gpu-7")])
    )
    assert [(each.target, each.scope, each.detail) for each in gaps] == [
        ("k8s://c", NODE_FILES, "2 nodes were not looked at: gpu-8, gpu-9"),
        ("k8s://c", NODE_KUBELET, "2 nodes were not looked at: gpu-8, gpu-9"),
    ]
    assert "auditor permissions node --script" in gaps[0].hint
    assert [each.kind for each in facts] == [KUBELET]


def test_no_node_is_missing_where_all_were_looked_at_or_there_is_no_cluster() -> None:
    assert all_of((LIVE, [node("a")]), (SITE, [probe("a")]))[1] == []
    assert all_of((SITE, [node("a"), probe("b")]))[1] == [], "a Node in a file is not a cluster"


def test_a_cluster_whose_nodes_nobody_may_list_is_not_known_whole() -> None:
    """One of three may have been looked at: that it is as it should be says nothing of the rest."""
    system = resource(NAMESPACE, "kube-system", "")
    _, gaps = all_of((LIVE, [system, resource(NAMESPACE, "ml", "")]), (SITE, [probe("a")]))
    own = [each for each in gaps if each.target == "k8s://c"]
    assert [each.scope for each in own] == [NODE_FILES, NODE_KUBELET]
    assert own == gaps, "and nobody can say that a probe is of another cluster"
    assert "the cluster told of no node" in own[0].detail
    assert all_of((LIVE, [system, node("a")]), (SITE, [probe("a")]))[1] == []
    assert all_of((SITE, [system, probe("a")]))[1] == []


@pytest.mark.parametrize(
    ("one", "what"),
    [
        (probe("b"), "b is in no cluster of this run"),
        (probe("a", "b2", "m2"), "a was started or set up anew since"),
        (probe("a", "", ""), "a was started or set up anew since"),
    ],
)
def test_a_probe_of_another_machine_is_strange(one: Resource, what: str) -> None:
    _, gaps = all_of((LIVE, [node("a")]), (SITE, [one]))
    strange = [each for each in gaps if each.target == SITE.target.uri]
    assert [each.scope for each in strange] == [NODE_FILES, NODE_KUBELET]
    assert what in strange[0].detail
    assert [each.scope for each in gaps if each.target == "k8s://c"] == [NODE_FILES, NODE_KUBELET]


@pytest.mark.parametrize("one", [probe("a", "b", "other"), probe("a", "other", "m")])
def test_a_node_is_known_by_its_boot_or_its_machine(one: Resource) -> None:
    assert all_of((LIVE, [node("a")]), (SITE, [one]))[1] == []


def test_many_nodes_are_told_by_some() -> None:
    _, gaps = all_of((LIVE, [node(f"n{number}") for number in range(9)]))
    assert gaps[0].detail == "9 nodes were not looked at: n0, n1, n2, n3, n4 and 4 more"


def test_a_kubelet_by_its_probe() -> None:
    (found,) = told(probe("a", flags={**TOLD, "read-only-port": ["10255"]}))
    kind, body = found
    assert (kind, body["node"], body["source"], body["undecided"]) == (KUBELET, "a", "process", "")
    assert (body["readOnlyPort"], body["anonymous"]) == (10255, False)
    ((_, without),) = told(probe("a", flags={}, settings=[]))
    assert without["anonymous"] is True, "no file at all"


def test_a_kubelet_with_drop_ins_alone_takes_everybody() -> None:
    """As ``findings/kubelet-drop-ins-alone.sh`` shows of 1.37.2."""
    more = {"path": "/k.d/10.conf", "values": {"podPidsLimit": 4096}}
    ((_, alone),) = told(probe("a", flags={"config-dir": ["/k.d"]}, settings=[more]))
    assert (alone["anonymous"], alone["authorization"]) == (True, "AlwaysAllow")
    assert (alone["readOnlyPort"], alone["podProcesses"]) == (10255, 4096)
    ((_, beside),) = told(probe("a", settings=[SETTINGS, more]))
    assert (beside["anonymous"], beside["readOnlyPort"], beside["podProcesses"]) == (False, 0, 4096)
    nulls = [["readOnlyPort"], ["podPidsLimit"]]
    emptied = {"path": "/k.d/20.conf", "values": {}, "nulls": nulls}
    ((_, closed),) = told(probe("a", flags={"config": [""]}, settings=[more, emptied]))
    assert (closed["anonymous"], closed["readOnlyPort"], closed["podProcesses"]) == (True, 0, -1)


def test_a_drop_in_whose_names_differ_by_case_leaves_a_kubelet_unknown() -> None:
    """As ``findings/kubelet-drop-ins-any-case.sh`` shows; the file itself goes by the letter."""
    odd = {"path": "/k.d/10.conf", "values": {"ReadOnlyPort": 10255}}
    ((_, found),) = told(probe("a", settings=[SETTINGS, odd]))
    assert found["undecided"].startswith("a drop-in says ReadOnlyPort, and whether a kubelet takes")
    ((_, file),) = told(probe("a", settings=[odd]))
    assert (file["undecided"], file["readOnlyPort"]) == ("", 0)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"unread": "no kubelet runs there"}, "no kubelet runs there"),
        ({"settings": [SETTINGS, {"path": "/b", "unread": "denied"}]}, "/b: denied"),
        ({"hidden": ["anonymous-auth"]}, "the value of the flag anonymous-auth was not recorded"),
        ({"flags": {**TOLD, "pod-max-pids": ["x"]}}, "--pod-max-pids=x is no number"),
        ({"settings": [{"path": "/a", "values": {"readOnlyPort": "x"}}]}, "is not one"),
    ],
)
def test_a_kubelet_that_nobody_knows(body: dict[str, Any], why: str) -> None:
    ((_, found),) = told(probe("a", **body))
    assert why in found["undecided"]
    assert "anonymous" not in found


def test_what_is_no_body_of_a_probe_says_nothing() -> None:
    odd = {"flags": [], "hidden": 1, "settings": {"a": 1}}
    ((_, found),) = told(probe("a", **odd))
    assert found["anonymous"] is True


def test_a_configuration_in_a_file_is_judged_as_what_it_says() -> None:
    one = resource(KUBELET_CONFIGURATION, "", "", readOnlyPort=10255)
    ((kind, body),) = told(one)
    assert (kind, body["source"], body["readOnlyPort"]) == (KUBELET, "configuration", 10255)
    odd = resource(KUBELET_CONFIGURATION, "", "", readOnlyPort="x")
    ((_, found),) = told(odd)
    assert "the configuration is not one" in found["undecided"]


def config_map(name: str, key: str, text: object, namespace: str = "kube-system") -> Resource:
    return resource(CONFIG_MAP, name, namespace, data={key: text})


def test_the_configurations_that_kubeadm_keeps() -> None:
    kubelet = config_map("kubelet-config", "kubelet", "seccompDefault: true\n")
    proxy = config_map("kube-proxy", "config.conf", 'metricsBindAddress: "0.0.0.0"\n')
    (_, found), (_, other) = told(kubelet, proxy)
    seen = {each["source"]: each for each in (found, other)}
    assert seen.keys() == {"kubeadm"}
    facts = dict(told(kubelet, proxy))
    assert facts[KUBELET]["seccompDefault"] is True
    assert facts[PROXY]["metricsHost"] == EVERY
    ((_, odd),) = told(config_map("kubelet-config", "kubelet", "a: b: c"))
    assert "not valid YAML" in odd["undecided"]
    assert told(config_map("kubelet-config", "kubelet", "{}", "ml")) == []
    assert told(config_map("other", "kubelet", "{}")) == []
    assert told(config_map("kube-proxy", "config.conf", 1)) == []


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (None, "127.0.0.1"),
        ("", "127.0.0.1"),
        (f"{EVERY}:10249", EVERY),
        (EVERY, EVERY),
        (":10249", EVERY),
        ("[::]:10249", "::"),
        ("::", "::"),
        ("[::1]:10249", "::1"),
        ("::1", "::1"),
        ("127.0.0.1:10249", "127.0.0.1"),
    ],
)
def test_where_kube_proxy_serves_its_metrics(address: str | None, host: str) -> None:
    said = {} if address is None else {"metricsBindAddress": address}
    ((_, body),) = told(resource(PROXY_CONFIGURATION, "", "", **said))
    assert body["metricsHost"] == host
    flags = {} if address is None else {"metrics-bind-address": ["10.0.0.1", address]}
    components = [{"component": "kube-proxy", "flags": flags}, {"component": "etcd"}]
    ((_, process),) = told(resource(NODE_COMPONENTS, "a", "", node="a", components=components))
    assert (process["metricsHost"], process["node"]) == (host, "a")


def test_a_kube_proxy_with_a_file_is_told_by_its_config_map() -> None:
    components = [
        {"component": "kube-proxy", "flags": {"config": ["/a"]}},
        {"component": "kube-proxy", "unread": "denied"},
    ]
    found = told(resource(NODE_COMPONENTS, "a", "", node="a", components=components))
    first, second = sorted(body["undecided"] for _, body in found)
    assert first == "denied"
    assert "kube-system/kube-proxy" in second
    ((_, odd),) = told(resource(PROXY_CONFIGURATION, "", "", metricsBindAddress=1))
    assert odd["undecided"] == "metricsBindAddress is no text"
