"""What a role or a binding is told to give, how bad that is, and which controls it breaks.

Each row is a target of one run with the default profile, so that the controls are its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from tests.e2e.runs import Run, collector_of

API = "rbac.authorization.k8s.io"
EXEC, PROXY, TOKEN = "pod-exec high", "node-proxy high", "token-creation high"
SECRETS, WILD, MORE = "secrets-readable high", "wildcard medium", "privilege-escalation critical"
PODS_MADE, VOLUMES, NODES = (
    "workload-creation medium",
    "persistent-volume-creation medium",
    "nodes-writable medium",
)
SPACES, DEVICES = "namespaces-writable medium", "devices-writable medium"
HOOKS, HOOK, SIGNED = (
    "webhooks-writable high",
    "named-webhook-writable low",
    "certificate-approval high",
)


class Row(NamedTuple):
    """Objects, the rules that fail as ``rule severity``, and CIS controls that are broken."""

    name: str
    objects: Sequence[Mapping[str, object]]
    fails: Sequence[str] = ()
    broken: Sequence[str] = ()


def role(
    name: str, rule: str, fails: Sequence[str], *broken: str, kind: str = "ClusterRole"
) -> Row:
    """A role of one rule, as ``groups; resources; verbs; names``."""
    parts = [part.split() for part in rule.split(";")]
    values = [[each.strip('"') for each in part] for part in parts]
    fields = zip(("apiGroups", "resources", "verbs", "resourceNames"), values, strict=False)
    body = {"metadata": {"name": "r"}, "rules": [dict(fields)]}
    return Row(name, [{"apiVersion": f"{API}/v1", "kind": kind, **body}], fails, broken)


def binding(
    name: str, reference: str, subject: str, fails: Sequence[str], *, namespace: str = ""
) -> Row:
    """What binds a role, as ``kind/name``, to a subject written so, too."""
    role_kind, _, role_name = reference.partition("/")
    kind, _, who = subject.partition("/")
    metadata = {"name": "b"} | ({"namespace": namespace} if namespace else {})
    body = {
        "apiVersion": f"{API}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": API, "kind": role_kind, "name": role_name},
        "subjects": [{"apiGroup": API, "kind": kind, "name": who}],
    }
    return Row(name, [body], fails)


def pod(name: str, fails: Sequence[str], *broken: str, **fields: object) -> Row:
    container = {"name": "a", **fields}
    template = {"metadata": {"name": "p", "namespace": "a"}, "spec": {"containers": [container]}}
    return Row(name, [{"apiVersion": "v1", "kind": "Pod", **template}], fails, broken)


CONTAINED = [
    role("verbs of roles", f"{API}; roles clusterroles; *", [MORE, WILD], "5.1.8", "5.1.3"),
    role("in a namespace", f"{API}; roles rolebindings; *", [MORE, WILD], "5.1.8", kind="Role"),
    role("verbs of accounts", '""; serviceaccounts; *', [MORE, WILD], "5.1.8"),
    role("accounts of one place", '""; serviceaccounts; *', [MORE, WILD], "5.1.8", kind="Role"),
    role("verbs of users", '""; users groups; *', [MORE, WILD], "5.1.8"),
    role("kinds of roles", f"{API}; *; bind escalate", [MORE, WILD], "5.1.8", "5.1.3"),
    role("reading", '""; *; get list watch', [EXEC, PROXY, SECRETS, WILD], "5.1.2", "5.1.10"),
    role("listing", '""; *; list watch', [SECRETS, WILD], "5.1.2", "5.1.3"),
    role("exec", '""; */exec; create', [EXEC, WILD], "5.1.3"),
    role("proxy", '""; */proxy; get', [EXEC, PROXY, WILD], "5.1.10", "5.1.3"),
    role("proxy in a namespace", '""; */proxy; get', [EXEC, WILD], kind="Role"),
    role("tokens", '""; */token; create', [TOKEN, WILD], "5.1.13", "5.1.3"),
    role(
        "the core group",
        '""; *; *',
        [MORE, EXEC, PROXY, SECRETS, TOKEN, WILD, PODS_MADE, VOLUMES, NODES, SPACES],
        *("5.1.2", "5.1.3", "5.1.4", "5.1.8", "5.1.9", "5.1.10", "5.1.13"),
    ),
    role(
        "everything",
        "*; *; *",
        ["everything-allowed critical"],
        *("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.8", "5.1.9", "5.1.10"),
        *("5.1.11", "5.1.12", "5.1.13"),
    ),
    role("a star that stands for nothing", '""; pods/*; *', [WILD], "5.1.3"),
    role("all groups", "*; roles; bind", [MORE, WILD], "5.1.8"),
    role("roles of others", "example.com; roles; bind escalate", []),
    role("things of others", "example.com; things; impersonate", []),
    role("secrets of others", "example.com; secrets; get list", []),
    role("in capitals", '""; Secrets; get list', []),
    role("a list of one name", '""; secrets; get list; a', []),
    role("a list of the empty name", '""; secrets; list; ""', [SECRETS], "5.1.2"),
]
CERTIFICATES = "certificates.k8s.io"
WRITTEN = [
    role("pods", '""; pods; create', [PODS_MADE], "5.1.4"),
    role("daemonsets", "apps; daemonsets; get create", [PODS_MADE], "5.1.4"),
    role("deployments, changed", "apps; deployments; patch", [PODS_MADE], "5.1.4"),
    role("one deployment", "apps; deployments; patch; a", []),
    role("pods of a namespace", '""; pods; create', [], kind="Role"),
    role("persistent volumes", '""; persistentvolumes; create', [VOLUMES], "5.1.9"),
    role("claims", '""; persistentvolumeclaims; create', []),
    role(
        "certificates",
        f"{CERTIFICATES}; certificatesigningrequests/approval signers; update approve",
        [SIGNED],
        "5.1.11",
    ),
    role(
        "certificates of a signer of their own",
        f"{CERTIFICATES}; certificatesigningrequests/approval signers; update approve; a.b/c",
        [],
    ),
    role(
        "webhooks",
        "admissionregistration.k8s.io; mutatingwebhookconfigurations; patch",
        [HOOKS],
        "5.1.12",
    ),
    role(
        "one webhook",
        "admissionregistration.k8s.io; validatingwebhookconfigurations; update; a",
        [HOOK],
        "5.1.12",
    ),
    role("nodes", '""; nodes; patch', [NODES]),
    role("status of nodes", '""; nodes/status; update', [NODES]),
    role("namespaces", '""; namespaces; patch', [SPACES]),
    role("its namespace", '""; namespaces; patch', [SPACES], kind="Role"),
    role("slices", "resource.k8s.io; resourceslices; create", [DEVICES]),
    role("classes", "resource.k8s.io; deviceclasses; patch", [DEVICES]),
    role("status of claims", "resource.k8s.io; resourceclaims/status; update", [DEVICES]),
    role("claims of devices", "resource.k8s.io; resourceclaims; create", []),
    role("secrets", '""; secrets; list', [SECRETS], "5.1.2"),
    role(
        "secrets of a namespace",
        '""; secrets; list',
        ["namespace-secrets-readable medium"],
        "5.1.2",
        kind="Role",
    ),
]
NAMED = [
    role("masters", '""; groups; impersonate; system:masters', [MORE], "5.1.8"),
    role("kubeadm", '""; groups; impersonate; kubeadm:cluster-admins', [MORE], "5.1.8"),
    role("controllers", '""; users; impersonate; system:kube-controller-manager', [MORE], "5.1.8"),
    role(
        "an account that changes roles",
        '""; serviceaccounts; impersonate; a clusterrole-aggregation-controller',
        [MORE],
        "5.1.8",
    ),
    role(
        "its token",
        '""; serviceaccounts/token; create; clusterrole-aggregation-controller',
        [TOKEN],
        "5.1.13",
    ),
    role("one robot", '""; users; impersonate; robot', []),
    role("one account", '""; serviceaccounts; impersonate; robot', []),
    role("one token", '""; serviceaccounts/token; create; robot', []),
    role("more about a user", "authentication.k8s.io; userextras/scopes; impersonate", [MORE]),
    role("an identity number", "authentication.k8s.io; uids; impersonate", [MORE]),
]
NOBODY, ANYBODY = "User/system:anonymous", "Group/system:unauthenticated"
INFO = "kubeadm:bootstrap-signer-clusterinfo"
BOUND = [
    binding("kubeadm", f"Role/{INFO}", NOBODY, [], namespace="kube-public"),
    binding("kubeadm's name", f"Role/{INFO}", NOBODY, ["anonymous-bound critical"], namespace="a"),
    binding("health", "ClusterRole/system:public-info-viewer", ANYBODY, []),
    binding("keys", "ClusterRole/system:service-account-issuer-discovery", ANYBODY, []),
    binding("discovery", "ClusterRole/system:discovery", ANYBODY, ["anonymous-discovery low"]),
    binding("view", "ClusterRole/view", NOBODY, ["anonymous-bound critical"]),
    binding("everybody", "ClusterRole/view", "Group/system:authenticated", ["everyone-bound high"]),
    binding("keys for all", "ClusterRole/system:discovery", "Group/system:authenticated", []),
    binding(
        "default account as a user",
        "ClusterRole/view",
        "User/system:serviceaccount:a:default",
        ["default-account-bound medium"],
    ),
]
EVERYBODY = "Group/system:authenticated"


def granted(name: str, rule: str, fails: Sequence[str], *, to: str = EVERYBODY) -> Row:
    """A binding of everybody in a namespace, with the role that it names, of one rule."""
    (bound,) = binding(name, "Role/r", to, ()).objects[:1]
    (made,) = role(name, rule, (), kind="Role").objects
    objects = [{**each, "metadata": {"name": "r", "namespace": "ml"}} for each in (made, bound)]
    return Row(name, [objects[0], {**objects[1], "kind": "RoleBinding"}], fails)


PUBLIC = [
    granted("a named config map", '""; configmaps; get; public', ["public-read low"]),
    granted("to nobody", '""; configmaps; get; public', ["public-read low"], to=ANYBODY),
    granted("config maps", '""; configmaps; get', ["everyone-bound high"]),
    granted(
        "config maps to nobody", '""; configmaps; get', ["anonymous-bound critical"], to=NOBODY
    ),
    granted("a named config map, listed", '""; configmaps; get list; a', ["everyone-bound high"]),
    granted("a named config map, to one", '""; configmaps; get; public', [], to="Group/team"),
]
KEY = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
PODS = [
    pod("one key", ["secret-in-environment-reference low"], "5.4.1", env=[KEY]),
    pod(
        "whole Secret",
        ["secret-exported-whole low"],
        "5.4.1",
        envFrom=[{"secretRef": {"name": "s"}}],
    ),
    pod("no Secret", [], env=[{"name": "MODE", "value": "fast"}]),
]
ROWS = [*CONTAINED, *WRITTEN, *NAMED, *BOUND, *PUBLIC, *PODS]
BOUND_TO_A_USER = binding("cluster-admin", "ClusterRole/cluster-admin", "User/eve", ())
EVERY = [*ROWS, BOUND_TO_A_USER]


class Judged(NamedTuple):
    """What came of a row: the findings, and the CIS controls that do not hold."""

    findings: Sequence[Mapping[str, Any]]
    broken: frozenset[str]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Judged]:
    """What came of each of all rows."""
    home = tmp_path_factory.mktemp("rows")
    collectors = []
    for number, row in enumerate(EVERY):
        folder = home / str(number)
        folder.mkdir()
        items = {"apiVersion": "v1", "kind": "List", "items": list(row.objects)}
        (folder / "all.json").write_text(json.dumps(items))
        collectors.append(collector_of(folder, folder.name))
    results = json.loads(Run().results(*collectors))
    assert results["gaps"] == []
    found = []
    for name in (collector.target.uri for collector in collectors):
        findings = [each for each in results["findings"] if each["resource"]["target"] == name]
        broken = {
            control["id"]
            for control in results["controls"]
            if control["framework"] == "cis-kubernetes"
            for each in control["targets"]
            if (each["target"], each["state"]) == (name, "not-satisfied")
        }
        found.append(Judged(findings, frozenset(broken)))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_given_is_told(row: Row, judged: Sequence[Judged]) -> None:
    found = judged[EVERY.index(row)]
    told = {
        f"{finding['rule'].removeprefix('k8s-').removeprefix('rbac-')} {finding['severity']}"
        for finding in found.findings
        if finding["rule"].startswith(("k8s-rbac-", "k8s-secret-"))
    }
    assert told == set(row.fails)
    assert found.broken >= set(row.broken)


OBSERVED = [
    (
        CONTAINED[0],
        "privilege-escalation",
        {"/rules/0/verbs/0": "*", "/rules/0/resources/0": "roles"},
    ),
    (CONTAINED[13], "everything-allowed", {"/rules/0/verbs/0": "*", "/rules/0/apiGroups/0": "*"}),
    (NAMED[0], "privilege-escalation", {"/rules/0/resourceNames/0": "system:masters"}),
    (CONTAINED[9], "node-proxy", {"/rules/0/resources/0": "*/proxy", "/rules/0/verbs/0": "get"}),
    (
        BOUND_TO_A_USER,
        "cluster-admin-bound",
        {"/roleRef/name": "cluster-admin", "/subjects/0/kind": "User"},
    ),
]


@pytest.mark.parametrize(
    ("row", "rule", "shown"), OBSERVED, ids=lambda each: getattr(each, "name", "")
)
def test_what_decides_is_shown(
    row: Row, rule: str, shown: Mapping[str, str], judged: Sequence[Judged]
) -> None:
    finding = next(
        each for each in judged[EVERY.index(row)].findings if each["rule"] == f"k8s-rbac-{rule}"
    )
    observed = {seen["path"]: seen.get("value") for seen in finding["observed"]}
    assert shown.items() <= observed.items()
    if rule == "cluster-admin-bound":
        assert next(iter(observed)) == "/roleRef/name"
