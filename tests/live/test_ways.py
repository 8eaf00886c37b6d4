"""The steps by which somebody becomes more, taken on a real server: what we say it can, it can.

An account gets a few rights, and does with them what a step of ours says, by a token of its own.
The server lets it or refuses; our way to every right is there or is not, and it is the same. Each
step is tried with one of its rights missing, or narrowed by a name, as well.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from auditor.analysis.rights.escalation import Population, Ways
from auditor.analysis.rights.subjects import Subject
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Request
from tests.live.steps import (
    API,
    CERTIFICATES,
    RBAC,
    SIGNER,
    Actor,
    acts_as,
    approves,
    binds,
    binds_as,
    binds_here,
    rewrites,
    rewrites_here,
    runs_another_image,
    token_of,
)
from tests.unit.analysis.rights.test_escalation import rights
from tests.unit.analysis.rights.worlds import binding, role, rule

SECONDS = 60.0
_numbers = itertools.count()
OPERATOR = ("kube-system", "operator")
BIND = rule("bind", "clusterroles", RBAC)
MAKE = rule("create", "clusterrolebindings", RBAC)
MAKE_HERE = rule("create", "rolebindings", RBAC)
ASK = rule("create", "certificatesigningrequests", CERTIFICATES)
APPROVE = rule("update", "certificatesigningrequests/approval", CERTIFICATES)
SIGN = rule("approve", "signers", CERTIFICATES, SIGNER)
USERS = rule("impersonate", "users")
MANAGER = "system:kube-controller-manager"
MASTERS = "system:masters"
ADMINS = "way-admins"
"""A group of every right."""
IDENTITIES, BE, ON = "authentication.k8s.io", "impersonate:user-info", "impersonate-on:user-info:"
BE_ADMIN = rule(BE, "users groups", IDENTITIES, "eve", ADMINS)
MAKE_AS = rule(f"{ON}create", "clusterrolebindings", RBAC)
BE_OPERATOR = rule("impersonate:serviceaccount", "serviceaccounts", IDENTITIES, "operator")
MAKE_AS_ACCOUNT = rule("impersonate-on:serviceaccount:create", "clusterrolebindings", RBAC)
AS_OPERATOR = "system:serviceaccount:kube-system:operator"
OWN = "THE-ROLE-ITSELF"
"""Stands for the name of the account's own role."""
Case = tuple[str, Sequence[Mapping[str, Sequence[str]]], Callable[[Actor], bool], bool]

CASES: dict[str, Case] = {
    "binds": ("", (BIND, MAKE), binds, True),
    "binds, with no right to bind": ("", (MAKE,), binds, False),
    "binds, with no right to make a binding": ("", (BIND,), binds, False),
    "binds the one": ("", (rule("bind", "clusterroles", RBAC, "cluster-admin"), MAKE), binds, True),
    "binds another": ("", (rule("bind", "clusterroles", RBAC, "view"), MAKE), binds, False),
    "binds, in a namespace alone": ("here", (BIND, MAKE), binds, False),
    "binds here": ("here", (BIND, MAKE_HERE), binds_here, True),
    "binds here, with no right to bind": ("here", (MAKE_HERE,), binds_here, False),
    "binds here, by rights everywhere": ("", (BIND, MAKE_HERE), binds_here, True),
    "rewrites its role": (
        "",
        (rule("escalate", "clusterroles", RBAC), rule("patch", "clusterroles", RBAC)),
        rewrites,
        True,
    ),
    "rewrites its role by name": (
        "",
        (rule("escalate patch", "clusterroles", RBAC, OWN),),
        rewrites,
        True,
    ),
    "rewrites another": (
        "",
        (rule("escalate patch", "clusterroles", RBAC, "other"),),
        rewrites,
        False,
    ),
    "rewrites, and may not escalate": ("", (rule("patch", "clusterroles", RBAC),), rewrites, False),
    "escalates, and may not write": (
        "",
        (rule("escalate", "clusterroles", RBAC),),
        rewrites,
        False,
    ),
    "rewrites its role here": (
        "here",
        (rule("escalate patch", "roles", RBAC),),
        rewrites_here,
        True,
    ),
    "rewrites here, and may not escalate": (
        "here",
        (rule("patch", "roles", RBAC),),
        rewrites_here,
        False,
    ),
    "asks for a token": ("", (rule("create", "serviceaccounts/token"),), token_of(*OPERATOR), True),
    "asks for a token by name": (
        "",
        (rule("create", "serviceaccounts/token", "", "operator"),),
        token_of(*OPERATOR),
        True,
    ),
    "asks for another's token": (
        "",
        (rule("create", "serviceaccounts/token", "", "other"),),
        token_of(*OPERATOR),
        False,
    ),
    "asks for accounts": ("", (rule("create get", "serviceaccounts"),), token_of(*OPERATOR), False),
    "impersonates a user": ("", (USERS,), acts_as(MANAGER), True),
    "impersonates a user by name": (
        "",
        (rule("impersonate", "users", "", MANAGER),),
        acts_as(MANAGER),
        True,
    ),
    "impersonates another": (
        "",
        (rule("impersonate", "users", "", "eve"),),
        acts_as(MANAGER),
        False,
    ),
    "impersonates a group": (
        "",
        (rule("impersonate", "groups users", "", "eve", MASTERS),),
        acts_as("eve", MASTERS),
        True,
    ),
    "impersonates a group without a user": (
        "",
        (rule("impersonate", "groups"),),
        acts_as("", MASTERS),
        False,
    ),
    "impersonates an account": (
        "",
        (rule("impersonate", "serviceaccounts", "", "operator"),),
        acts_as("system:serviceaccount:kube-system:operator"),
        True,
    ),
    "binds as a group": ("", (BE_ADMIN, MAKE_AS), binds_as("eve", ADMINS), True),
    "binds as anybody": (
        "",
        (rule(BE, "users groups", IDENTITIES), MAKE_AS),
        binds_as("anybody", ADMINS),
        True,
    ),
    "binds as a group by every verb": (
        "",
        (BE_ADMIN, rule("*", "clusterrolebindings", RBAC)),
        binds_as("eve", ADMINS),
        True,
    ),
    "binds as a group, with no right to do so": ("", (BE_ADMIN,), binds_as("eve", ADMINS), False),
    "binds as a group, with a right to something else": (
        "",
        (BE_ADMIN, rule(f"{ON}create", "clusterroles", RBAC)),
        binds_as("eve", ADMINS),
        False,
    ),
    "binds as a group, with what is no wildcard": (
        "",
        (BE_ADMIN, rule(f"{ON}*", "*", "*")),
        binds_as("eve", ADMINS),
        False,
    ),
    "binds as a group, with no right to be in it": (
        "",
        (rule(BE, "users", IDENTITIES), MAKE_AS),
        binds_as("eve", ADMINS),
        False,
    ),
    "binds as a group, by the rights of another way": (
        "",
        (BE_ADMIN, MAKE_AS_ACCOUNT),
        binds_as("eve", ADMINS),
        False,
    ),
    "binds as four groups by the name of all": (
        "",
        (rule(BE, "users groups", IDENTITIES, "eve", "*"), MAKE_AS),
        binds_as("eve", ADMINS, "a", "b", "c"),
        True,
    ),
    "binds as a master": (
        "",
        (rule(BE, "users groups", IDENTITIES, "eve", MASTERS), MAKE_AS),
        binds_as("eve", MASTERS),
        False,
    ),
    "binds as an account": ("", (BE_OPERATOR, MAKE_AS_ACCOUNT), binds_as(AS_OPERATOR), True),
    "binds as an account, by what is for users": (
        "",
        (BE_ADMIN, rule(BE, "*", IDENTITIES, AS_OPERATOR, "operator"), MAKE_AS_ACCOUNT),
        binds_as(AS_OPERATOR),
        False,
    ),
    "runs another image": ("here", (rule("patch", "pods"),), runs_another_image, True),
    "looks at pods": ("here", (rule("get list", "pods"),), runs_another_image, False),
    "approves a certificate": ("", (ASK, APPROVE, SIGN), approves, True),
    "approves with no right to sign": ("", (ASK, APPROVE), approves, False),
    "signs with no right to approve": ("", (ASK, SIGN), approves, False),
    "signs for all of a domain": (
        "",
        (ASK, APPROVE, rule("approve", "signers", CERTIFICATES, "kubernetes.io/*")),
        approves,
        True,
    ),
    "signs for others": (
        "",
        (ASK, APPROVE, rule("approve", "signers", CERTIFICATES, "example.com/mine")),
        approves,
        False,
    ),
}


@pytest.fixture(scope="module")
def admin(apiserver: ApiServer) -> Iterator[Client]:
    with apiserver.client() as client:
        account(client, *OPERATOR)
        subjects = [
            {"kind": "Group", "name": ADMINS},
            {"kind": "ServiceAccount", "name": OPERATOR[1], "namespace": OPERATOR[0]},
        ]
        body = {
            "metadata": {"name": ADMINS},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": subjects,
        }
        assert client.post(f"{API}/clusterrolebindings", body).status == 201
        yield client
        client.send(Request("DELETE", f"{API}/clusterrolebindings/{ADMINS}"))


def account(client: Client, space: str, name: str) -> str:
    """Make an account, and a token of it."""
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name},
    }
    path = f"/api/v1/namespaces/{space}/serviceaccounts"
    assert client.post(path, body).status in {201, 409}
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    status: Any = client.post(f"{path}/{name}/token", asked).body["status"]
    return str(status["token"])


@pytest.mark.parametrize("case", CASES)
def test_a_step_is_what_the_server_lets(case: str, apiserver: ApiServer, admin: Client) -> None:
    scope, rules, act, expected = CASES[case]
    space = name = f"way-{next(_numbers)}"
    rules = [_named(each, name) for each in rules]
    assert admin.post("/api/v1/namespaces", {"metadata": {"name": space}}).status == 201
    actor = Actor(apiserver, admin, name, space, account(admin, space, name))
    made = _stored(admin, name, space if scope else "", rules)
    try:
        _wait(admin, actor)
        assert act(actor) is expected
    finally:
        for path in (*made, f"{API}/clusterrolebindings/{name}-more"):
            admin.send(Request("DELETE", path))
    assert bool(_way(name, space if scope else "", rules)) is expected


def _named(each: Mapping[str, Sequence[str]], name: str) -> Mapping[str, Sequence[str]]:
    names = each.get("resourceNames")
    return (
        each
        if names is None
        else {**each, "resourceNames": [name if one == OWN else one for one in names]}
    )


MARK = {"verbs": ["get"], "apiGroups": ["marks.example.org"], "resources": ["marks"]}


def _stored(
    admin: Client, name: str, space: str, rules: Sequence[Mapping[str, Sequence[str]]]
) -> list[str]:
    kind = "Role" if space else "ClusterRole"
    below = f"{API}/namespaces/{space}" if space else API
    head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": name}}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": space or name}
    reference = {"apiGroup": RBAC, "kind": kind, "name": name}
    bound = {**head, "kind": f"{kind}Binding", "roleRef": reference, "subjects": [subject]}
    paths = [f"{below}/{kind.lower()}s", f"{below}/{kind.lower()}bindings"]
    for path, body in zip(
        paths, [{**head, "kind": kind, "rules": [*rules, MARK]}, bound], strict=True
    ):
        reply = admin.post(path, body)
        assert reply.status == 201, reply.message
    return [f"{path}/{name}" for path in paths]


def _wait(admin: Client, actor: Actor) -> None:
    attributes = {
        "verb": "get",
        "group": "marks.example.org",
        "resource": "marks",
        "namespace": actor.space,
    }
    user = f"system:serviceaccount:{actor.space}:{actor.name}"
    body = {"kind": "SubjectAccessReview", "spec": {"user": user, "resourceAttributes": attributes}}
    deadline = time.monotonic() + SECONDS
    allowed: Any = None
    while not allowed:
        assert time.monotonic() < deadline, "the server does not go by the role"
        status: Any = admin.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", body).body
        allowed = status["status"]["allowed"]


def _way(name: str, space: str, rules: Sequence[object]) -> Sequence[object]:
    """Our way; who has every right: an account of kube-system, one in each namespace, a group."""
    kind = "Role" if space else "ClusterRole"
    objects = [
        role(name, *rules, namespace=space),
        binding("own", name, f"{name}/{name}", namespace=space, kind=kind),
        binding("op", "cluster-admin", "kube-system/operator", f"{name}/strong"),
        binding("ad", "cluster-admin", f"Group {ADMINS}"),
    ]
    ways = Ways(rights(*objects), Population({}, {name: frozenset({"strong"})}))
    return ways.way(Subject("ServiceAccount", name, name))
