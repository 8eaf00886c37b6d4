"""Each source that CIS Kubernetes rests on, lost in turn: nothing is better for it.

A cluster of kubeadm's kind is read whole, and once for each path that was asked, with that path
refused, broken off or absurd. What passed then passed before, each control that is satisfied was,
and a verdict that is gone stands in a gap that names its rule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runs import Run
from tests.faults.clusters import collector
from tests.faults.server import Asked, Handler, Reply, page, page_of, serving, status
from tests.live.cluster import read
from tests.sweeps import sweep

RBAC = "rbac.authorization.k8s.io/v1"
FLAGZ = b"apiserver flagz\n\naudit-log-path=/a\naudit-policy-file=/p\nprofiling=false\n"
METRICS = b"# TYPE apiserver_audit_event_total counter\napiserver_audit_event_total 12\n"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
CALLER = ("/version", "/api", "/apis", "/api/v1/namespaces/kube-system")
"""What tells which cluster it is and what it serves: without it nothing is read at all."""
LOST: dict[str, Reply] = {
    "refused": status(403, "forbidden: no such right"),
    "broken off": Reply(b'{"items": [', length=99, then="close"),
    "absurd": Reply(b'{"kind": "List", "items": 7}'),
}
FEW = ("/api/v1/pods", "/api/v1/nodes", "/flagz", "/api/v1/namespaces")
"""Those that a run without the long part loses one after the other."""


def _mirror(component: str) -> dict[str, Any]:
    owner = {"apiVersion": "v1", "kind": "Node", "name": "cp1", "uid": "n-1", "controller": True}
    metadata = {
        "name": f"{component}-cp1",
        "namespace": "kube-system",
        "uid": component,
        "annotations": {"kubernetes.io/config.mirror": "5f"},
        "ownerReferences": [owner],
    }
    container = {
        "name": component,
        "image": "a:v1.35.0",
        "command": [component, "--profiling=false"],
    }
    return {"metadata": metadata, "spec": {"nodeName": "cp1", "containers": [container]}}


def _answers(*components: str) -> Mapping[str, Reply]:
    """A cluster whose control plane is shown in part, with objects of several kinds."""
    named = [{"metadata": {"name": name, "uid": name}} for name in ("kube-system", "ml")]
    account = {"metadata": {"name": "default", "namespace": "ml", "uid": "a"}}
    role = {"metadata": {"name": "r", "uid": "r"}, "rules": []}
    deny = {
        "metadata": {"name": "deny", "namespace": "ml", "uid": "p"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    secured = {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "a"}]}
    pod = {"metadata": {"name": "p", "namespace": "ml", "uid": "u"}, "spec": secured}
    text = "text/plain; version=0.0.4"
    return {
        "/api/v1/namespaces": page(named, "Namespace"),
        "/api/v1/nodes": page([{"metadata": {"name": "cp1", "uid": "n-1"}}], "Node"),
        "/api/v1/pods": page([pod, *map(_mirror, components)]),
        "/api/v1/serviceaccounts": page(
            [{**account, "automountServiceAccountToken": False}], "ServiceAccount"
        ),
        f"/apis/{RBAC}/clusterroles": page_of(RBAC, [role], "ClusterRole"),
        "/apis/networking.k8s.io/v1/networkpolicies": page_of(
            "networking.k8s.io/v1", [deny], "NetworkPolicy"
        ),
        "/flagz": Reply(FLAGZ, media=text),
        "/metrics": Reply(METRICS, media=text),
    }


def _cluster(answers: Mapping[str, Reply], path: str = "", reply: Reply | None = None) -> Handler:
    def handle(asked: Asked) -> Reply | None:
        return reply if asked.path == path else answers.get(asked.path)

    return handle


def _scanned(folder: Path, handler: Handler) -> tuple[dict[str, Any], list[str]]:
    """The results, and what was asked."""
    run = Run(profile="cis-kubernetes", list_all=True)
    folder.mkdir()
    with serving(handler) as server:
        pages = read(collector(folder, server), run.wanted("k8s://fake"), folder)
        asked = [each.path for each in server.asked if each.method == "GET"]
    document: dict[str, Any] = json.loads(run.results(pages))
    return document, asked


def _passed(document: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (each["rule"], each["resource"]["name"], str(each.get("element")))
        for each in document["findings"]
        if each["verdict"] == "pass"
    }


def _satisfied(document: Mapping[str, Any]) -> set[str]:
    return {each["id"] for each in document["controls"] if each["state"] == "satisfied"}


def _rules(document: Mapping[str, Any], verdict: str) -> set[str]:
    return {each["rule"] for each in document["findings"] if each["verdict"] == verdict}


def _compare(whole: Mapping[str, Any], less: Mapping[str, Any], path: str) -> None:
    of_another = [each for each in _passed(less) - _passed(whole) if path != "/api/v1/pods"]
    assert of_another == [], "what was not decided is, for what was lost"
    assert _satisfied(less) <= _satisfied(whole)
    assert less["gaps"], "what was lost is told"
    blinded = {rule for gap in less["gaps"] for rule in gap["rules"]}
    gone = (_rules(whole, "pass") | _rules(whole, "fail")) - (
        _rules(less, "pass") | _rules(less, "fail")
    )
    assert gone <= blinded | _rules(less, "unknown"), "nothing is silently no longer judged"
    assert less["gate"]["exit"] != 0


@pytest.mark.parametrize("components", [COMPONENTS, ()], ids=["shown", "not shown"])
@sweep(some=len(FEW), whole=999)
def test_what_is_lost_makes_nothing_better(
    tmp_path: Path, components: tuple[str, ...], size: int
) -> None:
    answers = _answers(*components)
    whole, asked = _scanned(tmp_path / "whole", _cluster(answers))
    assert whole["gaps"] == [] or {gap["cause"] for gap in whole["gaps"]} == {"unsupported"}
    assert _satisfied(whole)
    assert set(FEW) <= set(asked)
    paths = [each for each in dict.fromkeys([*FEW, *asked]) if each not in CALLER][:size]
    for number, path in enumerate(paths):
        kinds = LOST if size > len(FEW) else dict([list(LOST.items())[number % len(LOST)]])
        for name, reply in kinds.items():
            handler = _cluster(answers, path, reply)
            less, _ = _scanned(tmp_path / f"{number}-{name}", handler)
            _compare(whole, less, path)
