"""Our verdicts on generated roles are those of a real API server.

Each role is stored and bound to a group of its own, the server reviews the requests that our rules
warn of for a member of that group, and the command judges the same roles from a file.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from auditor.policy import load, policies_folder
from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Reply, Request
from tests.live.rbac_roles import API, HOME, MARK, Ask, Role, dangers, roles, together
from tests.sweeps import sweep

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
SECONDS = 60.0
ANYWHERE = (
    *("pod-exec", "token-creation", "privilege-escalation"),
    *("namespaces-writable", "devices-writable"),
)
OF_THE_CLUSTER = (
    *("secrets-readable", "node-proxy", "workload-creation", "persistent-volume-creation"),
    *("nodes-writable", "webhooks-writable", "certificate-approval"),
)
OF_A_NAMESPACE = ("namespace-secrets-readable",)
RULES = (
    *(*ANYWHERE, *OF_THE_CLUSTER, *OF_A_NAMESPACE),
    *("named-webhook-writable", "everything-allowed"),
)
RBAC = "k8s-rbac-"

Verdicts = frozenset[str]
NARROWED = {"node-proxy", "privilege-escalation"}
"""Rules that names narrow."""
Reviewer = tuple[str, Sequence[str], str]
"""User, groups and the namespace that is asked about."""


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> Iterator[Client]:
    with apiserver.client() as client:
        yield client


@sweep(some=40, whole=240)
def test_verdicts_are_those_of_the_api_server(size: int, server: Client, tmp_path: Path) -> None:
    _compare(roles(size, size), server, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_verdicts_on_many_roles(seed: int, server: Client, tmp_path: Path) -> None:
    _compare(roles(seed, 250), server, tmp_path)


def _compare(made: Sequence[Role], server: Client, folder: Path) -> None:
    _store(made, server)
    theirs, ours = _allowed(made, server), _judged(made, folder)
    differences = [
        f"{sorted(allowed)} by the server, {sorted(found)} by us: {role.kind} {list(role.rules)}"
        for role, allowed, (found, undecided) in zip(made, theirs, ours, strict=True)
        if allowed - undecided != found or not undecided <= allowed
    ]
    assert not differences, "\n".join([f"{len(differences)} of {len(made)}:", *differences[:10]])
    reached = Counter(rule for allowed in theirs for rule in allowed)
    assert all(0 < reached[rule] < len(made) for rule in RULES), reached


def _store(made: Sequence[Role], server: Client) -> None:
    """Create the roles with their bindings, and wait until the server goes by them."""
    bodies = [body for role in made for body in (role.itself(), role.binding())]
    for reply in server.send_all(Request("POST", _path(body), body) for body in bodies):
        assert reply.status == 201, reply.message
    deadline = time.monotonic() + SECONDS
    waiting = list(made)
    while waiting:
        assert time.monotonic() < deadline, "the server does not go by the roles"
        mark = Ask("get", MARK, "marks")
        replies = server.send_all(_review(_member(role), mark) for role in waiting)
        waiting = [
            role for role, reply in zip(waiting, replies, strict=True) if not _is_allowed(reply)
        ]
        time.sleep(0.05 if waiting else 0)


def _path(body: Mapping[str, object]) -> str:
    metadata, kind = body["metadata"], str(body["kind"])
    assert isinstance(metadata, Mapping)
    where = f"namespaces/{metadata['namespace']}/" if "namespace" in metadata else ""
    return f"/apis/{API}/v1/{where}{kind.lower()}s"


def _allowed(made: Sequence[Role], server: Client) -> list[Verdicts]:
    """For each role the rules that warn of something that the server allows."""
    asked = [(at, *each) for at, role in enumerate(made) for each in dangers(role)]
    replies = server.send_all(_review(_member(made[at]), ask) for at, _, ask in asked)
    found: list[set[str]] = [set() for _ in made]
    for (at, rule, _), reply in zip(asked, replies, strict=True):
        if _is_allowed(reply):
            found[at].add(rule)
    return [frozenset(together(each)) for each in found]


def _member(role: Role) -> Reviewer:
    """Somebody in the group that holds the role, asking where it reaches."""
    return "somebody", [role.name], role.namespace or HOME


def _review(who: Reviewer, ask: Ask) -> Request:
    user, groups, namespace = who
    resource, _, part = ask.resource.partition("/")
    attributes = {
        "namespace": namespace,
        "verb": ask.verb,
        "group": ask.group,
        "resource": resource,
        "subresource": part,
        "name": ask.name,
    }
    spec = {"user": user, "groups": groups, "resourceAttributes": attributes}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return Request("POST", REVIEWS, body)


def _is_allowed(reply: Reply) -> bool:
    status = reply.body.get("status")
    assert isinstance(status, Mapping), reply.message
    return status["allowed"] is True


def _judged(made: Sequence[Role], folder: Path) -> list[tuple[Verdicts, Verdicts]]:
    """For each role the rules that fail; what allows everything allows what others warn of.

    Then those without a verdict: what a right that is narrowed by names comes to depends on what is
    called so, which a file of roles does not tell.
    """
    items = [role.itself() for role in made]
    path = folder / "roles.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    done = auditor("scan", path, "--format", "json")
    assert done.code in {0, 1, 3}, done.err
    results = json.loads(done.out)
    assert results["gaps"] == []
    failed: dict[str, set[str]] = {role.name: set() for role in made}
    undecided: dict[str, set[str]] = {role.name: set() for role in made}
    for finding in results["findings"]:
        rule = finding["rule"].removeprefix(RBAC)
        if finding["rule"].startswith(RBAC):
            assert finding["verdict"] == "fail" or rule in NARROWED, finding
            kept = failed if finding["verdict"] == "fail" else undecided
            kept[finding["resource"]["name"]].add(rule)
    return [
        (found := _with_contained(role, failed[role.name]), frozenset(undecided[role.name] - found))
        for role in made
    ]


def _with_contained(role: Role, failed: set[str]) -> Verdicts:
    found = failed & set(RULES)
    if "everything-allowed" in found:
        found |= {*ANYWHERE, *(OF_A_NAMESPACE if role.namespace else OF_THE_CLUSTER)}
    if "webhooks-writable" in found:
        found.discard("named-webhook-writable")
    return frozenset(found)


POWERS = (
    Ask("list", "", "secrets"),
    Ask("create", "", "pods"),
    Ask("create", "apps", "replicasets"),
    Ask("create", "batch", "jobs"),
    Ask("create", "", "pods/exec", "any"),
    Ask("create", "", "serviceaccounts/token", "any"),
    Ask("escalate", API, "clusterroles", "any"),
    Ask("bind", API, "clusterroles", "any"),
    Ask("impersonate", "", "users", "any"),
)
"""With one of these in every namespace one comes to all others."""

OF_OTHERS = {"kubeadm:cluster-admins", "system:cluster-admins", "system:admin"}
"""Subjects that kubeadm and OpenShift make all-powerful, no server by itself."""


@pytest.mark.parametrize(
    ("rule", "parameter", "kind"),
    [
        ("privilege-escalation", "powerful_groups", "Group"),
        ("privilege-escalation", "powerful_users", "User"),
        ("privilege-escalation", "powerful_accounts", "ServiceAccount"),
        ("token-creation", "powerful_accounts", "ServiceAccount"),
    ],
)
def test_powerful_are_those_whom_the_server_lets(
    rule: str, parameter: str, kind: str, server: Client
) -> None:
    """Of all subjects that a server binds by itself."""
    known = load((policies_folder(),)).rules[RBAC + rule].parameters
    default = next(each.default for each in known if each.name == parameter)
    assert isinstance(default, (list, tuple))
    found = {
        name
        for each, name in _own_subjects(server)
        if each == kind and _has_power(server, each, name)
    }
    assert set(default) - OF_OTHERS == found


def _own_subjects(server: Client) -> set[tuple[str, str]]:
    path = f"/apis/{API}/v1/clusterrolebindings?labelSelector=kubernetes.io/bootstrapping"
    bindings = server.get(path).body["items"]
    assert isinstance(bindings, list)
    return {(each["kind"], each["name"]) for one in bindings for each in one.get("subjects") or ()}


def _has_power(server: Client, kind: str, name: str) -> bool:
    """Whether a subject has one of the powers in every namespace."""
    names = {"User": (name, []), "Group": ("somebody", [name])}
    user, groups = names.get(kind, (f"system:serviceaccount:{HOME}:{name}", []))
    replies = server.send_all(_review((user, groups, ""), ask) for ask in POWERS)
    return any(map(_is_allowed, replies))
