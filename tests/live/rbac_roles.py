"""Generated roles, and what a server is asked about each: may its holder do what a rule warns of?

A role is one to three rules, each a handful of groups, resources, verbs and names out of the lists
below. They hold what our rules look for, what contains it (``*``, ``*/exec``), what only looks like
it (``pods/*``, ``Secrets``, another group) and names that narrow it or don't::

    {apiGroups: ["", apps], resources: ["*/exec"], verbs: [create]}

lets its holder enter any pod, so that the server allows ``create pods/exec`` and
k8s-rbac-pod-exec has to fail; with ``resourceNames: [a]`` it allows that for the pod ``a`` alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

API = "rbac.authorization.k8s.io"
HOME = "kube-system"
ELSEWHERE = "default"
ANY = "any-name"
MARK = "marks.example.org"
"""A group of which every role may get the marks: how to know that a server goes by the role."""

GROUPS = ("", "", "", "*", "apps", API, API, "authentication.k8s.io", "example.com")
RESOURCES = (
    *("*", "*", "secrets", "pods", "configmaps", "Secrets", "secrets/*"),
    *("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers"),
    *("*/exec", "*/attach", "*/portforward", "*/proxy", "*/ephemeralcontainers", "*/token"),
    *("pods/*", "nodes/proxy", "nodes", "nodes/*", "serviceaccounts/token", "serviceaccounts/*"),
    *("roles", "clusterroles", "rolebindings", "users", "groups", "serviceaccounts", "uids"),
    *("userextras", "userextras/scopes", "userextras/*"),
)
VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*", "*"),
    *("escalate", "bind", "impersonate", "impersonate", "GET", "Impersonate", "proxy"),
)
POWERFUL: Mapping[str, str] = {
    "groups": "system:masters",
    "users": "system:kube-controller-manager",
    "serviceaccounts": "clusterrole-aggregation-controller",
}
NAMES = ("a", "", "robot", *POWERFUL.values())


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that is sent for review; ``resource`` is ``resource`` or ``resource/part``."""

    verb: str
    group: str
    resource: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A generated role: of the cluster where ``namespace`` is "", else of that namespace."""

    name: str
    namespace: str
    rules: Sequence[Mapping[str, Sequence[str]]]

    @property
    def kind(self) -> str:
        return "Role" if self.namespace else "ClusterRole"

    def body(self, kind: str, **fields: object) -> dict[str, object]:
        """An object of the group of roles, with the name and the place of this role."""
        metadata = {"name": self.name} | ({"namespace": self.namespace} if self.namespace else {})
        return {"apiVersion": f"{API}/v1", "kind": kind, "metadata": metadata, **fields}

    def itself(self) -> dict[str, object]:
        return self.body(self.kind, rules=self.rules)

    def binding(self) -> dict[str, object]:
        """What gives the role to the group of its name."""
        role = {"apiGroup": API, "kind": self.kind, "name": self.name}
        group = {"apiGroup": API, "kind": "Group", "name": self.name}
        return self.body(f"{self.kind}Binding", roleRef=role, subjects=[group])

    def names(self) -> list[str]:
        """Each name that one of its rules is narrowed to, and one that none is."""
        named = {name for rule in self.rules for name in rule.get("resourceNames", ())}
        return [ANY, *sorted(named)]


def roles(seed: int, count: int) -> list[Role]:
    """The same roles for the same seed."""
    chance = random.Random(seed)
    places = ("", "", "", HOME, ELSEWHERE)
    made = ((chance.choice(places), _rules(chance)) for _ in range(count))
    return [Role(f"role-{seed}-{at}", *each) for at, each in enumerate(made)]


def _rules(chance: random.Random) -> list[Mapping[str, Sequence[str]]]:
    mark = {"apiGroups": [MARK], "resources": ["marks"], "verbs": ["get"]}
    return [*(_rule(chance) for _ in range(chance.choice((1, 1, 2, 3)))), mark]


def _rule(chance: random.Random) -> Mapping[str, Sequence[str]]:
    if chance.random() < 0.05:
        return {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"], **_narrowed(chance)}
    rule = {
        "apiGroups": _some(chance, GROUPS, 2),
        "resources": _some(chance, RESOURCES, 3),
        "verbs": _some(chance, VERBS, 3),
    }
    return rule | _narrowed(chance)


def _narrowed(chance: random.Random) -> Mapping[str, Sequence[str]]:
    return {"resourceNames": _some(chance, NAMES, 2)} if chance.random() < 0.35 else {}


def _some(chance: random.Random, values: Sequence[str], most: int) -> list[str]:
    return [chance.choice(values) for _ in range(chance.randint(1, most))]


def dangers(role: Role) -> Iterator[tuple[str, Ask]]:
    """Each rule with the requests one of which is allowed exactly to those whom it warns of."""
    yield "everything-allowed", Ask("a-verb", "a.group.example", "things", ANY)
    yield "secrets-readable", Ask("list", "", "secrets")
    yield "secrets-readable", Ask("watch", "", "secrets")
    yield "secrets-readable", Ask("get", "", "secrets", ANY)
    for part in ("exec", "attach", "portforward"):
        for verb in ("get", "create"):
            yield "pod-exec", Ask(verb, "", f"pods/{part}", ANY)
    for verb in ("update", "patch"):
        yield "pod-exec", Ask(verb, "", "pods/ephemeralcontainers", ANY)
    yield "token-creation", Ask("create", "", "serviceaccounts/token", ANY)
    for verb in ("get", "create", "update", "patch", "delete"):
        yield "pod-exec", Ask(verb, "", "pods/proxy", ANY)
        if not role.namespace:
            yield from (("node-proxy", Ask(verb, "", "nodes/proxy", at)) for at in role.names())
    yield from (("privilege-escalation", ask) for ask in _escalations(role))
    if role.namespace != ELSEWHERE:
        account = POWERFUL["serviceaccounts"]
        yield "token-creation", Ask("create", "", "serviceaccounts/token", account)
        yield "privilege-escalation", Ask("impersonate", "", "serviceaccounts", account)


def _escalations(role: Role) -> Iterator[Ask]:
    for name in role.names():
        for resource in ("roles", "clusterroles"):
            for verb in ("escalate", "bind"):
                yield Ask(verb, API, resource, name)
    for subject in ("users", "groups", "serviceaccounts"):
        yield Ask("impersonate", "", subject, ANY)
    yield Ask("impersonate", "", "users", POWERFUL["users"])
    yield Ask("impersonate", "", "groups", POWERFUL["groups"])
    for more in ("uids", "userextras/scopes", "userextras/*"):
        yield Ask("impersonate", "authentication.k8s.io", more, ANY)
