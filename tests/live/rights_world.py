"""Generated roles, bindings and questions, and how to store them in a server.

A world has its own namespaces, users, groups and labels, so that nothing of one counts in another.
Half of the questions are made of a rule and a subject that a binding has, with something changed
now and then; the others are chosen of the same small lists, in which everything meets often::

    ClusterRole agg        aggregationRule {tier In (a, b)}
    ClusterRole r3         labels {tier: a}    create */scale of apps, named x
    RoleBinding b7, in n1  of agg, to the user system:serviceaccount:n2:bot
    may n2/bot create deployments/scale x of apps in n1?
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

API = "rbac.authorization.k8s.io"
GROUPS = ("", "", "", "apps", "apps", "*", "ray.io")
RESOURCES = (
    *("pods", "pods", "pods/exec", "pods/*", "*/exec", "*/scale", "*", "deployments", "Pods"),
    *(
        "deployments/scale",
        "secrets",
        "nodes",
        "nodes/proxy",
        "namespaces",
        "namespaces",
        "*/*",
        "rayclusters",
    ),
)
VERBS = ("get", "get", "list", "create", "create", "patch", "*", "GET", "deletecollection")
NAMES = ("x", "x", "y", "", "", "*")
URLS = ("/metrics", "/healthz*", "/api/*", "*", "/a*b", "/api**", "/version/", "/")
ASKED = ("pods", "pods/exec", "deployments", "deployments/scale", "secrets", "rayclusters")
WIDE = ("nodes", "nodes/proxy", "namespaces")
MANY = ("create", "deletecollection", "list")
"""Verbs of requests that name no Namespace, and are in none."""
PATHS = ("/metrics", "/healthz", "/healthz/etcd", "/api", "/api/v1", "/a*b", "/ab", "/version/")
AUTHENTICATED = "system:authenticated"
ACCOUNTS = "system:serviceaccounts"
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: a user of some groups."""

    user: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: of a resource, or of an address where ``path`` is not ""."""

    who: Who
    verb: str
    group: str = ""
    resource: str = ""
    part: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""

    @property
    def namespaced(self) -> bool:
        return not self.path and self.resource not in WIDE


@dataclass(frozen=True, slots=True)
class World:
    """What is stored, in this order, and what is asked."""

    namespaces: Sequence[str]
    roles: Sequence[Body]
    bindings: Sequence[Body]
    questions: Sequence[Asked]

    @property
    def aggregated(self) -> list[Body]:
        return [each for each in self.roles if "aggregationRule" in each]


class Maker:
    """Makes a world: the same for the same seed."""

    def __init__(self, seed: int, *, written: bool = False) -> None:
        """``written``: aggregated roles have rules beside their selectors, too."""
        self.written = written
        self.chance = random.Random(f"rights {seed}")
        self.name = f"rw{seed}"
        self.namespaces = [f"{self.name}-n1", f"{self.name}-n2"]
        self.groups = [f"{self.name}:g1", f"{self.name}:g2"]
        self.accounts = [(space, name) for space in self.namespaces for name in ("bot", "run")]
        self.users = [f"{self.name}-u1", f"{self.name}-u2"]

    def world(self, questions: int) -> World:
        chance = self.chance
        of_cluster = [self.cluster_role(f"r{at}") for at in range(8)]
        of_cluster += [self.aggregated(f"agg{at}") for at in range(3)]
        of_namespaces = [
            self.body("Role", f"q{at}", chance.choice(self.namespaces), rules=self.rules())
            for at in range(4)
        ]
        roles = [*of_cluster, *of_namespaces]
        bindings = [self.binding(at) for at in range(14)]
        asked = [self.question(roles, bindings) for _ in range(questions)]
        return World(self.namespaces, roles, bindings, asked)

    def body(self, kind: str, name: str, namespace: str = "", **fields: object) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": f"{self.name}-{name}"}
        if namespace:
            metadata["namespace"] = namespace
        return {"apiVersion": f"{API}/v1", "kind": kind, "metadata": metadata, **fields}

    def cluster_role(self, name: str) -> dict[str, Any]:
        made = self.body("ClusterRole", name, rules=self.rules(urls=0.2))
        made["metadata"]["labels"] = self.labels()
        return made

    def labels(self) -> dict[str, str]:
        tiers = [{}, {"tier": "a"}, {"tier": "b"}, {"tier": "a", "more": "yes"}]
        return {"world": self.name, **self.chance.choice(tiers)}

    def aggregated(self, name: str) -> dict[str, Any]:
        """A role that finds others, perhaps ones that find it; what is written in it is nothing."""
        chance = self.chance
        rules = self.rules() if self.written else []
        made = self.body("ClusterRole", name, rules=rules)
        labelled = self.written or chance.random() < 0.6
        made["metadata"]["labels"] = self.labels() if labelled else {}
        found = [self.selector() for _ in range(chance.choice((1, 1, 2)))]
        made["aggregationRule"] = {"clusterRoleSelectors": found}
        return made

    def selector(self) -> dict[str, Any]:
        chance = self.chance
        more: list[dict[str, Any]] = [
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "c"]}]},
            {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["a"]}]},
            {"matchExpressions": [{"key": "more", "operator": "Exists"}]},
            {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
        ]
        chosen = chance.choice([{}, {}, *more])
        tier = {"tier": chance.choice("abc")} if not chosen else {}
        return {"matchLabels": {"world": self.name, **tier}, **chosen}

    def rules(self, urls: float = 0) -> list[Body]:
        """A few rules; ``urls`` is how many of them are about addresses."""
        return [self.rule(urls) for _ in range(self.chance.choice((1, 1, 2)))]

    def rule(self, urls: float) -> Body:
        chance = self.chance
        verbs = self.some(VERBS, 2)
        if chance.random() < urls:
            return {"verbs": verbs, "nonResourceURLs": self.some(URLS, 2)}
        if chance.random() < 0.1:
            return {"verbs": ["get", "patch"], "apiGroups": [""], "resources": ["namespaces"]}
        made = {
            "verbs": verbs,
            "apiGroups": self.some(GROUPS, 2),
            "resources": self.some(RESOURCES, 3),
        }
        return made | ({"resourceNames": self.some(NAMES, 2)} if chance.random() < 0.3 else {})

    def some(self, values: Sequence[str], most: int) -> list[str]:
        return [self.chance.choice(values) for _ in range(self.chance.randint(1, most))]

    def binding(self, at: int) -> Body:
        chance = self.chance
        namespace = chance.choice(["", *self.namespaces, *self.namespaces])
        kind = "ClusterRole" if not namespace or chance.random() < 0.6 else "Role"
        names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "agg0", "agg1", "agg2", "gone"]
        name = chance.choice(names if kind == "ClusterRole" else ["q0", "q1", "q2", "q3", "gone"])
        reference = {"apiGroup": API, "kind": kind, "name": f"{self.name}-{name}"}
        subjects = [self.subject(namespace) for _ in range(chance.choice((1, 1, 2, 0)))]
        which = "RoleBinding" if namespace else "ClusterRoleBinding"
        return self.body(which, f"b{at}", namespace, roleRef=reference, subjects=subjects)

    def subject(self, namespace: str) -> Body:
        chance = self.chance
        space, name = chance.choice(self.accounts)
        of_all = [AUTHENTICATED, ACCOUNTS, *(f"{ACCOUNTS}:{each}" for each in self.namespaces)]
        account = {"kind": "ServiceAccount", "name": name, "namespace": space}
        if namespace and chance.random() < 0.3:
            del account["namespace"]
        other = [
            {"kind": "User", "apiGroup": API, "name": chance.choice(self.users)},
            {"kind": "Group", "apiGroup": API, "name": chance.choice(self.groups)},
            {"kind": "User", "apiGroup": API, "name": f"system:serviceaccount:{space}:{name}"},
            {"kind": "Group", "apiGroup": API, "name": chance.choice(of_all)},
            # the name of one kind as another: nobody
            {"kind": "User", "apiGroup": API, "name": chance.choice(self.groups)},
        ]
        return chance.choice([account, account, *other])

    def who(self) -> Who:
        chance = self.chance
        if chance.random() < 0.5:
            return self.account(*chance.choice(self.accounts))
        more = [each for each in self.groups if chance.random() < 0.3]
        return Who(chance.choice(self.users), (*more, AUTHENTICATED))

    def account(self, space: str, name: str) -> Who:
        groups = (ACCOUNTS, f"{ACCOUNTS}:{space}", AUTHENTICATED)
        return Who(f"system:serviceaccount:{space}:{name}", groups)

    def named_by(self, binding: Body) -> Who:
        """Somebody whom a binding may mean."""
        chance = self.chance
        who = self.who()
        subjects = binding["subjects"]
        if not subjects or chance.random() < 0.15:
            return who
        subject = chance.choice(subjects)
        name = str(subject["name"])
        if subject["kind"] == "ServiceAccount":
            home = subject.get("namespace") or binding["metadata"].get("namespace")
            return self.account(str(home), name)
        if name.startswith("system:serviceaccount:"):
            return self.account(*name.split(":")[2:])
        if subject["kind"] == "User":
            return Who(name, (AUTHENTICATED,))
        return who if name.startswith("system:") else Who(who.user, (name, AUTHENTICATED))

    def question(self, roles: Sequence[Body], bindings: Sequence[Body]) -> Asked:
        chance = self.chance
        binding = chance.choice(bindings)
        who = self.named_by(binding)
        named = [each for each in roles if each["metadata"]["name"] == binding["roleRef"]["name"]]
        written = [rule for role in named for rule in role["rules"]]
        rules = written or [rule for role in roles for rule in role["rules"]]
        near: Body = chance.choice(rules) if chance.random() < 0.85 else {}
        verb = self.of(near.get("verbs"), ("get", "create", "patch", "list", "delete"))
        if chance.random() < 0.15 or "nonResourceURLs" in near:
            return Asked(who, verb, path=chance.choice(PATHS))
        resource = self.of(near.get("resources"), (*ASKED, *WIDE))
        plural, _, part = resource.partition("/")
        if plural == "*":
            plural = chance.choice(("pods", "deployments"))
        group = self.of(near.get("apiGroups"), ("", "apps", "ray.io"))
        name = self.of(near.get("resourceNames"), ("", "", "x", "y"))
        home = binding["metadata"].get("namespace", "")
        namespace = chance.choice(["", home, home, home, *self.namespaces])
        if plural in WIDE:
            group = namespace = ""
        if plural == "namespaces":
            name = chance.choice([home or "x", *self.namespaces])
            name = "" if verb in MANY else name
        return Asked(who, verb, group, plural, part, name, namespace)

    def of(self, values: Sequence[str] | None, others: Sequence[str]) -> str:
        """One of a rule's own words, most of the time; a wildcard is asked by a word of its own."""
        usual = [each for each in values or () if each != "*"]
        return self.chance.choice(usual if usual and self.chance.random() < 0.9 else others)


def worlds(first: int, count: int, questions: int, *, written: bool = False) -> Iterator[World]:
    """So many worlds with so many questions each."""
    seeds = range(first, first + count)
    return (Maker(seed, written=written).world(questions) for seed in seeds)
