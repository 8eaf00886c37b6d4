"""Which audit policy is that of which API server, and what becomes of a server that has none."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.auditing.facts import CONFIG_MAP, POLICY
from auditor.analysis.auditing.facts import KIND as POLICY_FACT
from auditor.analysis.auditing.logging import AuditLogging
from auditor.analysis.auditing.openshift import KIND as OPENSHIFT
from auditor.analysis.auditing.whose import Server, Written, gaps, unshown
from auditor.analysis.controlplane.pairing import Place
from auditor.analysis.protocol import Site
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.runner.rows import joined
from tests.unit.analysis.controlplane.planes import pod, read_yaml, system
from tests.unit.analysis.controlplane.test_pairing import cluster
from tests.unit.analysis.joining import SITE, rows_of
from tests.unit.analysis.test_selections import resource

PATH = "/etc/kubernetes/audit.yaml"
A, B = Place("k8s://a", frozenset({"cp1"})), Place("k8s://b", frozenset({"cp2"}))


def server(target: str, path: str = PATH, source: str = "/api/v1/pods") -> Server:
    return Server(target, source, "kube-apiserver", path)


def saved(source: str, target: str = "files") -> Written:
    return Written(target, source, source.rpartition("/")[2], live=False)


def live(target: str, key: str = "policy.yaml") -> Written:
    return Written(target, "/api/v1/configmaps", key, live=True)


OF_A, OF_B = server("k8s://a"), server("k8s://b", "/etc/k8s/edge.yaml")
CASES = {
    "the only one": ([OF_A], [saved("x.yaml")], set()),
    "the only one, of two clusters": ([OF_A, OF_B], [saved("x.yaml")], {"k8s://a", "k8s://b"}),
    "two for one": ([OF_A], [saved("x.yaml"), saved("y.yaml")], {"k8s://a"}),
    "named after the cluster": ([OF_A, OF_B], [saved("a.yaml"), saved("b.audit.yaml")], set()),
    "named after a node": ([OF_A, OF_B], [saved("cp1.yaml")], {"k8s://b"}),
    "one is named after another": ([OF_A], [saved("a.yaml"), saved("b.yaml")], set()),
    "two are named after it": ([OF_A], [saved("a.yaml"), saved("a.old.yaml")], {"k8s://a"}),
    "called as the file": ([OF_A, OF_B], [saved("etc/audit.yaml"), saved("edge.yaml")], set()),
    "called as two files": (
        [OF_A, server("k8s://b")],
        [saved("audit.yaml")],
        {"k8s://a", "k8s://b"},
    ),
    "two files are called so": (
        [OF_A],
        [saved("1/audit.yaml"), saved("2/audit.yaml")],
        {"k8s://a"},
    ),
    "in the cluster": ([OF_A, OF_B], [live("k8s://a"), live("k8s://b")], set()),
    "in another cluster": ([OF_A], [live("k8s://b")], {"k8s://a"}),
    "two in the cluster": ([OF_A], [live("k8s://a"), live("k8s://a", "x")], {"k8s://a"}),
    "two in the cluster, one called so": (
        [OF_A],
        [live("k8s://a"), live("k8s://a", "audit.yaml")],
        set(),
    ),
    "servers of one cluster": ([OF_A, OF_A], [saved("x.yaml")], set()),
    "beside its manifest": (
        [server("files", source="1/api.yaml"), server("files", source="2/api.yaml")],
        [saved("1/p.yaml"), saved("2/p.yaml")],
        set(),
    ),
    "beside another manifest": (
        [server("files", source="1/api.yaml"), server("files", source="2/api.yaml")],
        [saved("1/p.yaml"), saved("1/q.yaml")],
        {"files"},
    ),
    "no server": ([], [saved("x.yaml")], set()),
}


@pytest.mark.parametrize(("servers", "written", "lost"), CASES.values(), ids=CASES)
def test_whose_a_policy_is(servers: list[Server], written: list[Written], lost: set[str]) -> None:
    assert {each.target for each in unshown(servers, written, (A, B))} == lost


def test_without_any_policy_there_is_no_gap() -> None:
    """Rules on policies say nothing then, so nothing is passed."""
    assert list(gaps([OF_A], [], (A, B), POLICY_FACT)) == []


NAMES = st.sampled_from(["a.yaml", "b.yaml", "audit.yaml", "edge.yaml", "x.yaml"])
POLICIES = st.lists(
    st.one_of(NAMES.map(saved), st.sampled_from([live("k8s://a"), live("k8s://b")]))
)


@given(POLICIES, st.randoms(use_true_random=False))
def test_no_order_decides(written: list[Written], chance: Any) -> None:
    """Nor does a policy that is not there decide anything of one that is."""
    before = unshown([OF_A, OF_B], written, (A, B))
    moved = list(written)
    chance.shuffle(moved)
    after = unshown([OF_B, OF_A], moved, (B, A))
    assert set(after) == set(before)
    if not written:
        assert set(before) == {OF_A, OF_B}


def policy(source: str) -> Resource:
    found = resource(POLICY, "", "", apiVersion="audit.k8s.io/v1", rules=[{"level": "Metadata"}])
    return msgspec.structs.replace(found, source=source)


def found_gaps(*sites: tuple[Site, list[Resource]]) -> list[Gap]:
    analysis = AuditLogging(read_yaml)
    lines = sorted(line for site, each in sites for line in rows_of(analysis, each, site))
    (found,) = (list(each.derive(groups)) for each, groups in joined((analysis,), lines))
    return [each for each in found if isinstance(each, Gap)]


def test_a_cluster_whose_policy_nobody_gave() -> None:
    started = pod("kube-apiserver", f"--audit-policy-file={PATH}", "--audit-log-path=/a")
    both = [(cluster(name), [system(), started]) for name in "ab"]
    assert found_gaps(*both) == []
    (gap,) = found_gaps(*both, (SITE, [policy("b.yaml")]))
    assert (gap.target, gap.scope, gap.cause) == ("k8s://a", POLICY_FACT, GapCause.UNSUPPORTED)
    assert gap.detail == (
        "which of the audit policies that were read is that of "
        f"kube-apiserver-cp1 ({PATH}) is not known"
    )
    assert found_gaps(*both, (SITE, [policy("b.yaml"), policy("a.yaml")])) == []


def test_what_a_cluster_holds() -> None:
    """OpenShift makes its policy of a resource; a ConfigMap may hold that of a server."""
    started = pod("kube-apiserver", f"--audit-policy-file={PATH}", "--audit-log-path=/a")
    profile = resource(OPENSHIFT, "cluster", "", spec={"audit": {"profile": "Default"}})
    files = (SITE, [policy("x.yaml"), policy("y.yaml")])
    assert found_gaps((cluster("a"), [system(), started, profile]), files) == []
    text = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"
    held = resource(CONFIG_MAP, "audit", "kube-system", data={"audit.yaml": text, "b": text})
    assert found_gaps((cluster("a"), [system(), started, held]), files) == []
    assert len(found_gaps((cluster("a"), [system(), started]), files)) == 1


def test_a_server_that_is_the_providers() -> None:
    """Its policy is the provider's, and none of those in files."""
    node = resource("k8s/Node", "n", "", metadata={})
    labels = (("eks.amazonaws.com/nodegroup", "a"),)
    live_part = [system(), msgspec.structs.replace(node, labels=labels)]
    assert found_gaps((cluster("a"), live_part), (SITE, [policy("x.yaml")])) == []
