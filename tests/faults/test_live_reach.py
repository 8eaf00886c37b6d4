"""What of a cluster is not read leaves open what can reach what: with the cause, never a pass."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from auditor.model.finding import Report
from reports.reach import matrix
from reports.reach_facts import reaches
from reports.style import Style
from tests.e2e.runs import Run
from tests.faults.clusters import collector
from tests.faults.server import (
    Asked,
    Handler,
    Reply,
    apis,
    healthy,
    page_of,
    serving,
    status,
)
from tests.live.cluster import read

POLICY_API = "policy.networking.k8s.io"
KINDS = {
    "k8s/NetworkPolicy": "/apis/networking.k8s.io/v1/networkpolicies",
    f"k8s/ClusterNetworkPolicy.{POLICY_API}": f"/apis/{POLICY_API}/v1alpha2/clusternetworkpolicies",
    "k8s/Pod": "/api/v1/pods",
    "k8s/Namespace": "/api/v1/namespaces",
    "k8s/Node": "/api/v1/nodes",
    "k8s/DaemonSet": "/apis/apps/v1/daemonsets",
    "k8s/Deployment": "/apis/apps/v1/deployments",
    "k8s/Service": "/api/v1/services",
    "k8s/Ingress": "/apis/networking.k8s.io/v1/ingresses",
}
"""Each kind that the reach rests on, and where a server lists it."""
ZONES = {
    *("k8s-zone-ingress-open", "k8s-zone-egress-open", "k8s-tenant-reached-by-others"),
    *("k8s-zone-metadata-reached", "k8s-zone-kubelet-reached", "k8s-zone-etcd-reached"),
    *("k8s-zone-api-server-reached", "k8s-zone-world-reached"),
    "k8s-server-reached-by-others",
}
EXPOSING = {"k8s/Service", "k8s/Ingress"}
"""What only says by what a server is reached from outside."""
CALICO = {
    "metadata": {"name": "calico-node", "namespace": "kube-system", "uid": "c"},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}},
}
DENY = {
    "metadata": {"name": "deny", "namespace": "ml", "uid": "p"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
}
POD = {
    "metadata": {"name": "a", "namespace": "ml", "uid": "a", "labels": {"app": "a"}},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
    "status": {"phase": "Running", "podIP": "10.1.2.3", "podIPs": [{"ip": "10.1.2.3"}]},
}


def closed(asked: Asked) -> Reply | None:
    """A namespace with one pod, from which and to which nothing leads, by a policy in force."""
    match asked.path:
        case "/apis/apps/v1/daemonsets":
            return page_of("apps/v1", [CALICO], "DaemonSet")
        case "/apis/networking.k8s.io/v1/networkpolicies":
            return page_of("networking.k8s.io/v1", [DENY], "NetworkPolicy")
        case "/api/v1/pods":
            return page_of("v1", [POD], "Pod")
        case "/apis":
            kinds = (("ClusterNetworkPolicy", "clusternetworkpolicies", False),)
            return apis((POLICY_API, "v1alpha2", kinds))
        case path if path == KINDS[f"k8s/ClusterNetworkPolicy.{POLICY_API}"]:
            return page_of(f"{POLICY_API}/v1alpha2", [], "ClusterNetworkPolicy")
        case _:
            return healthy(asked)


def refusing(path: str) -> Handler:
    """The same, with one list refused, in the whole cluster and in each namespace."""
    resource = path.rpartition("/")[2]

    def handle(asked: Asked) -> Reply | None:
        lists = asked.method == "GET" and asked.path.rpartition("/")[2] == resource
        return status(403, "no right") if lists else closed(asked)

    return handle


def report_of(folder: Path, handler: Handler) -> Report:
    run = Run(profile="network-reach", list_all=True)
    with serving(handler) as server, tempfile.TemporaryDirectory() as spool:
        pages = read(collector(folder, server), run.wanted("k8s://fake"), folder)
        return run.report(pages, spool=Path(spool))


def verdicts(folder: Path, handler: Handler) -> dict[str, Any]:
    run = Run(profile="network-reach", list_all=True)
    with serving(handler) as server:
        pages = read(collector(folder, server), run.wanted("k8s://fake"), folder)
        counts: dict[str, Any] = json.loads(run.results(pages))["counts"]
    return counts


def test_what_is_closed_passes_where_all_was_read(tmp_path: Path) -> None:
    counts = verdicts(tmp_path, closed)
    assert {rule for rule in ZONES if counts[rule]["pass"] == 1} == ZONES
    (tmp_path / "again").mkdir()
    report = report_of(tmp_path / "again", closed)
    text = "\n".join(matrix(report, Style(plain=True)))
    assert "1 network policy, enforced by Calico (DaemonSet kube-system/calico-node)" in text
    assert text.count("closed by default: NetworkPolicy ml/deny") == 2


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_that_is_refused_leaves_all_open(tmp_path: Path, kind: str) -> None:
    counts = verdicts(tmp_path, refusing(KINDS[kind]))
    passed = {rule for rule in ZONES if counts[rule]["pass"]}
    rest = ZONES - {"k8s-server-reached-by-others"} if kind in EXPOSING else set()
    assert passed == rest, "what rests on all that was asked for is not known"
    (tmp_path / "again").mkdir()
    report = report_of(tmp_path / "again", refusing(KINDS[kind]))
    assert kind in {each.gap.scope for each in report.gaps}
    text = "\n".join(matrix(report, Style(plain=True)))
    for _, fact in reaches(report):
        for side in (fact.ingress, fact.egress):
            assert side.default == "unknown"
            assert not any(each.ports for each in side.peers)
            assert not any(each.ports for each in side.places)
    if reaches(report):
        assert f"{kind} was not read, so nothing here is known for sure" in text
    assert "closed by default" not in text
    assert "everything reaches everything" not in text
