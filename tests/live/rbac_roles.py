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

CERTIFICATES, ADMISSION, DEVICES = (
    "certificates.k8s.io",
    "admissionregistration.k8s.io",
    "resource.k8s.io",
)
GROUPS = (
    *("", "", "", "*", "apps", API, API, "authentication.k8s.io", "example.com"),
    *("apps", "batch", CERTIFICATES, CERTIFICATES, ADMISSION, DEVICES),
)
RESOURCES = (
    *("*", "*", "secrets", "pods", "configmaps", "Secrets", "secrets/*"),
    *("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers"),
    *("*/exec", "*/attach", "*/portforward", "*/proxy", "*/ephemeralcontainers", "*/token"),
    *("pods/*", "nodes/proxy", "nodes", "nodes/*", "serviceaccounts/token", "serviceaccounts/*"),
    *("roles", "clusterroles", "rolebindings", "users", "groups", "serviceaccounts", "uids"),
    *("userextras", "userextras/scopes", "userextras/*", "deployments", "daemonsets", "jobs"),
    *("cronjobs", "replicasets", "statefulsets", "replicationcontrollers", "persistentvolumes"),
    *("certificatesigningrequests/approval", "*/approval", "signers", "signers", "namespaces"),
    *("mutatingwebhookconfigurations", "validatingwebhookconfigurations", "nodes/status"),
    *("mutatingadmissionpolicies", "mutatingadmissionpolicybindings", "*/status"),
    *("resourceslices", "deviceclasses", "resourceclaims/status", "resourceclaims"),
)
VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*", "*"),
    *("escalate", "bind", "impersonate", "impersonate", "GET", "Impersonate", "proxy"),
    *("approve", "approve"),
)
WORKLOADS: Mapping[str, Sequence[str]] = {
    "": ("pods", "replicationcontrollers"),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("jobs", "cronjobs"),
}
HOOKS = (
    *("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
    *("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
)
APPROVAL, SIGNER = "approval of requests", "approval by a signer"
WRITING = ("create", "update", "patch", "get", "delete")
NEAR: Sequence[tuple[Sequence[str], Sequence[str], Sequence[str]]] = (
    (("apps",), ("deployments", "daemonsets", "replicasets", "statefulsets"), WRITING),
    (("batch",), ("jobs", "cronjobs"), WRITING),
    (("",), ("pods", "replicationcontrollers", "persistentvolumes", "nodes/status"), WRITING),
    (("",), ("nodes", "namespaces", "secrets", "nodes/proxy", "pods/exec"), WRITING),
    ((ADMISSION,), ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"), WRITING),
    ((ADMISSION,), ("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"), WRITING),
    ((DEVICES,), ("resourceslices", "deviceclasses", "resourceclaims/status"), WRITING),
    (
        (CERTIFICATES,),
        ("certificatesigningrequests/approval", "signers", "signers"),
        ("approve", "approve", "update"),
    ),
)
"""Groups, resources and verbs of what our rules are about."""
POWERFUL: Mapping[str, str] = {
    "groups": "system:masters",
    "users": "system:kube-controller-manager",
    "serviceaccounts": "clusterrole-aggregation-controller",
}
SIGNERS = (
    "kubernetes.io/kube-apiserver-client",
    "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/*",
)
"""Whose certificates are users; the last stands for all signers of its domain."""
NAMES = ("a", "", "robot", *POWERFUL.values(), *SIGNERS, "example.com/*")


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
    if chance.random() < 0.5:
        return _near(chance)
    rule = {
        "apiGroups": _some(chance, GROUPS, 2),
        "resources": _some(chance, RESOURCES, 3),
        "verbs": _some(chance, VERBS, 3),
    }
    return rule | _narrowed(chance)


def _near(chance: random.Random) -> Mapping[str, Sequence[str]]:
    """A rule about what one of ours is about, which is rare among all groups and resources."""
    groups, resources, verbs = chance.choice(NEAR)
    rule = {
        "apiGroups": [*groups, *_some(chance, GROUPS, 1)][: chance.choice((1, 1, 2))],
        "resources": [*_some(chance, resources, 2), *_some(chance, RESOURCES, 1)],
        "verbs": [*_some(chance, verbs, 2), chance.choice(VERBS)],
    }
    return rule | _narrowed(chance)


def _narrowed(chance: random.Random) -> Mapping[str, Sequence[str]]:
    return {"resourceNames": _some(chance, NAMES, 2)} if chance.random() < 0.35 else {}


def _some(chance: random.Random, values: Sequence[str], most: int) -> list[str]:
    return [chance.choice(values) for _ in range(chance.randint(1, most))]


def dangers(role: Role) -> Iterator[tuple[str, Ask]]:
    """Each rule with the requests one of which is allowed exactly to those whom it warns of."""
    yield "everything-allowed", Ask("a-verb", "a.group.example", "things", ANY)
    secrets = "namespace-secrets-readable" if role.namespace else "secrets-readable"
    yield secrets, Ask("list", "", "secrets")
    yield secrets, Ask("watch", "", "secrets")
    yield secrets, Ask("get", "", "secrets", ANY)
    yield from _writes(role)
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


def _writes(role: Role) -> Iterator[tuple[str, Ask]]:
    """What changes objects that others trust."""
    for verb in ("update", "patch"):
        yield "namespaces-writable", Ask(verb, "", "namespaces", ANY)
    for kind in ("resourceslices", "deviceclasses", "resourceclaims/status"):
        yield from (("devices-writable", ask) for ask in _changes(DEVICES, kind))
    if role.namespace:
        return
    for group, kinds in WORKLOADS.items():
        for kind in kinds:
            yield "workload-creation", Ask("create", group, kind)
    for kind in WORKLOADS["apps"]:
        for verb in ("update", "patch"):
            yield "workload-creation", Ask(verb, "apps", kind, ANY)
    yield "persistent-volume-creation", Ask("create", "", "persistentvolumes")
    for kind in ("nodes", "nodes/status"):
        yield from (("nodes-writable", ask) for ask in _changes("", kind))
    yield from _admissions(role)


def _admissions(role: Role) -> Iterator[tuple[str, Ask]]:
    """What is let in, as an object and as a user."""
    for kind in HOOKS:
        yield from (("webhooks-writable", ask) for ask in _changes(ADMISSION, kind))
        for name in role.names():
            for verb in ("update", "patch"):
                yield "named-webhook-writable", Ask(verb, ADMISSION, kind, name)
    for name in role.names():
        for verb in ("update", "patch"):
            yield APPROVAL, Ask(verb, CERTIFICATES, "certificatesigningrequests/approval", name)
    for signer in SIGNERS:
        yield SIGNER, Ask("approve", CERTIFICATES, "signers", signer)


def _changes(group: str, resource: str) -> Iterator[Ask]:
    for verb in ("create", "update", "patch"):
        yield Ask(verb, group, resource, ANY)


def together(found: set[str]) -> set[str]:
    """What takes two requests is allowed to whom both are."""
    both = {APPROVAL, SIGNER}
    named = {"named-webhook-writable"} if "webhooks-writable" in found else set()
    return found - both - named | ({"certificate-approval"} if both <= found else set())


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
