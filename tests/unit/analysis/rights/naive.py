"""Who comes to every right, found by trying every action of everybody until nothing is new.

There are no parts, no hubs and no graph here: a set of identities, and after each round those that
one of them can become by one action. An action is tried by its requests, one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed

from msgspec.structs import replace

from auditor.analysis.rights.matching import PolicyRule, Request, allows

RBAC, CERTIFICATES, ADMISSION = (
    "rbac.authorization.k8s.io",
    "certificates.k8s.io",
    "admissionregistration.k8s.io",
)
ADMIN = ("admin", "", "")
ANY = "any-name"
IMPLIED = ("bind", "escalate", "approve")
"""What a server asks of the one as whom somebody acts, who may do everything."""
Who = tuple[str, str, str]
"""Kind, namespace, name."""


@dataclass(frozen=True)
class Bound:
    """A binding: where it holds ("" everywhere), its role, whom it names."""

    namespace: str
    kind: str
    role: str
    subjects: Sequence[Who]


@dataclass(frozen=True)
class Small:
    """A small cluster: ClusterRoles have the namespace ""; ``running`` are accounts of pods.

    ``given`` and ``become`` are what was found out already: who may do what, whom one becomes.
    With a ``mode`` requests are made as somebody who may do everything, where one may do that.
    """

    roles: Mapping[tuple[str, str], Sequence[PolicyRule]]
    bindings: Sequence[Bound]
    namespaces: Sequence[str]
    running: frozenset[Who]
    given: dict[tuple[Who, str], Sequence[PolicyRule]] = field(default_factory=dict)
    mode: str = ""
    become: dict[Who, set[Who]] = field(default_factory=dict)

    def groups(self, who: Who) -> Iterator[str]:
        kind, namespace, name = who
        if kind == "ServiceAccount":
            yield from ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
            yield "system:authenticated"
        elif kind == "User":
            yield "system:authenticated"
        else:
            yield name
            if name.startswith("system:serviceaccounts:"):
                yield "system:serviceaccounts"
            if not name.startswith("system:") or name.startswith("system:serviceaccounts"):
                yield "system:authenticated"

    def held(self, who: Who) -> Iterator[Bound]:
        names = {who, *(("Group", "", each) for each in self.groups(who))}
        return (each for each in self.bindings if not names.isdisjoint(each.subjects))

    def can(self, who: Who, request: Request, namespace: str = "") -> bool:
        if (who, namespace) not in self.given:
            held = [each for each in self.held(who) if each.namespace in ("", namespace)]
            self.given[who, namespace] = [rule for each in held for rule in self.rules(each)]
        if self.mode and request.verb in IMPLIED:
            return True
        if self.mode:
            request = replace(request, verb=f"impersonate-on:{self.mode}:{request.verb}")
        return any(allows(rule, request) for rule in self.given[who, namespace])

    def rules(self, each: Bound) -> Sequence[PolicyRule]:
        space = each.namespace if each.kind == "Role" else ""
        return self.roles.get((space, each.role), ())

    def identities(self) -> set[Who]:
        named = {subject for each in self.bindings for subject in each.subjects}
        spaces = {*self.namespaces, "kube-system"}
        return named | {("ServiceAccount", space, "default") for space in spaces}


def requests(group: str, resources: str, verbs: str, name: str = ANY) -> Iterator[Request]:
    for each in resources.split():
        plural, _, part = each.partition("/")
        for verb in verbs.split():
            named = "" if verb == "create" and plural not in ("serviceaccounts", "nodes") else name
            yield Request(verb, group, plural, part, ANY if part == "exec" else named)


RUN = (
    *requests("", "pods replicationcontrollers", "create"),
    *requests("", "replicationcontrollers", "update patch"),
    *requests("apps", "daemonsets deployments replicasets statefulsets", "create update patch"),
    *requests("batch", "jobs cronjobs", "create"),
    *requests("batch", "cronjobs", "update patch"),
)
EXEC = (
    *requests("", "pods/exec", "create"),
    *requests("", "pods pods/ephemeralcontainers", "patch update"),
)
EVERYTHING = Request("a-verb", "a.group", "things", "", ANY)


def actions(small: Small, who: Who) -> set[Who]:
    """Whom an identity becomes by one action."""
    if who in small.become:
        return small.become[who]
    found: set[Who] = set()
    everybody = small.identities()
    spaces = {*small.namespaces, "kube-system"}
    for space in spaces:
        found |= _in(small, who, space, everybody)
    found |= _of_cluster(small, who, everybody)
    for mode in _modes(small, who):
        other = changed(small, mode=mode, given={}, become={})
        for space in spaces:
            found |= _in(other, who, space, everybody)
        found |= _of_cluster(other, who, everybody)
    small.become[who] = found
    return found


def _modes(small: Small, who: Who) -> Iterator[str]:
    """As whom somebody may act for some requests that may do everything."""
    everybody = {each for bound in small.bindings for each in bound.subjects}
    admins = [
        (kind, space, name)
        for kind, space, name in everybody
        if any(
            not bound.namespace
            and (kind, space, name) in bound.subjects
            and any(rule.is_everything for rule in small.rules(bound))
            for bound in small.bindings
        )
    ]

    def may(mode: str, what: str, name: str, space: str = "") -> bool:
        asked = Request(f"impersonate:{mode}", "authentication.k8s.io", what, "", name)
        return small.can(who, asked, space)

    users = {each for each in (*_names(small), ANY) if may("user-info", "users", each)}
    users = {each for each in users if not each.startswith("system:node:")}
    for kind, space, name in admins:
        as_user = kind == "User" and may("user-info", "users", name)
        as_group = kind == "Group" and bool(users) and name != "system:masters"
        # whoever may ask for four at once may ask for all
        if as_user or (
            as_group and (may("user-info", "groups", name) or may("user-info", "groups", "*"))
        ):
            yield "user-info"
        if kind == "ServiceAccount" and may("serviceaccount", "serviceaccounts", name, space):
            yield "serviceaccount"


def _any(small: Small, who: Who, asked: Iterable[Request], space: str = "") -> bool:
    return any(small.can(who, each, space) for each in asked)


def _in(small: Small, who: Who, space: str, everybody: set[Who]) -> set[Who]:
    here = {each for each in everybody if each[0] == "ServiceAccount" and each[1] == space}
    all_here = {*here, *([ADMIN] if space == "kube-system" else [])}
    found: set[Who] = set()
    token = Request("create", "", "serviceaccounts", "token", ANY)
    become = Request("impersonate", "", "serviceaccounts", "", ANY)
    made = small.can(who, Request("create", "", "secrets"), space)
    read = small.can(who, Request("get", "", "secrets", name=ANY), space) or _any(
        small, who, (Request("list", "", "secrets"), Request("watch", "", "secrets")), space
    )
    binds = small.can(who, Request("create", RBAC, "rolebindings"), space) and any(
        small.can(who, Request("bind", RBAC, "clusterroles", "", role), space)
        for (home, role), rules in [*small.roles.items(), (("", ANY), ())]
        if not home and (role == ANY or any(each.is_everything for each in rules))
    )
    if (
        _any(small, who, RUN, space)
        or small.can(who, token, space)
        or small.can(who, become, space)
        or (made and read)
        or binds
        or small.can(who, EVERYTHING, space)
        or _rewrites(small, who, space)
    ):
        found |= all_here
    for each in {*here, *(("ServiceAccount", space, name) for name in _names(small))}:
        for verb, part in (("create", "token"), ("impersonate", "")):
            if small.can(who, Request(verb, "", "serviceaccounts", part, each[2]), space):
                found.add(each)
    proxy = tuple(requests("", "nodes/proxy", "get create"))
    if _any(small, who, EXEC, space) or _any(small, who, proxy):
        found |= {each for each in small.running if each[1] == space}
    return found


def _rewrites(small: Small, who: Who, space: str) -> bool:
    """Whether somebody writes every right into a role that it holds there."""
    for each in small.held(who):
        if each.namespace not in ("", space):
            continue
        plural, at = ("roles", each.namespace) if each.kind == "Role" else ("clusterroles", "")
        if small.can(who, Request("escalate", RBAC, plural, "", each.role), at) and _any(
            small, who, requests(RBAC, plural, "update patch", each.role), at
        ):
            return True
    return False


def _of_cluster(small: Small, who: Who, everybody: set[Who]) -> set[Who]:
    found: set[Who] = set()
    binds = any(
        small.can(who, Request("bind", RBAC, "clusterroles", "", role))
        for (home, role), rules in [*small.roles.items(), (("", ANY), ())]
        if not home and (role == ANY or any(each.is_everything for each in rules))
    )
    writes = _any(small, who, requests(RBAC, "clusterrolebindings", "create update patch"))
    if small.can(who, EVERYTHING) or (binds and writes) or _rewrites(small, who, ""):
        found.add(ADMIN)
    names = {ANY, "", *_names(small)}
    asks = small.can(who, Request("create", CERTIFICATES, "certificatesigningrequests"))
    approves = any(
        small.can(who, Request(verb, CERTIFICATES, "certificatesigningrequests", "approval", name))
        for verb in ("update", "patch")
        for name in names
    )
    signs = any(
        small.can(who, Request("approve", CERTIFICATES, "signers", "", name))
        for name in ("kubernetes.io/kube-apiserver-client", "kubernetes.io/*")
    )
    if asks and approves and signs:
        found.add(ADMIN)
    hooks = "mutatingwebhookconfigurations"
    changes = any(
        _any(small, who, requests(ADMISSION, hooks, "update patch", name)) for name in names
    )
    policies = all(
        small.can(who, Request("create", ADMISSION, f"mutatingadmission{each}"))
        for each in ("policies", "policybindings")
    )
    if changes or policies or small.can(who, Request("create", ADMISSION, hooks)):
        found |= {ADMIN, *(each for each in everybody if each[0] == "ServiceAccount")}
    return found | _impersonated(small, who, everybody)


def _impersonated(small: Small, who: Who, everybody: set[Who]) -> set[Who]:
    def may(what: str, name: str, space: str = "") -> bool:
        return small.can(who, Request("impersonate", "", what, "", name), space)

    named = _names(small)
    users = {each for each in (*named, ANY) if may("users", each)}
    found: set[Who] = {("User", "", each) for each in users - {ANY}}
    found |= {each for each in everybody if each[0] == "User" and may("users", each[2])}
    if ANY in users or "system:kube-controller-manager" in users:
        found.add(ADMIN_USER)
    somebody = bool(users) or any(
        may("serviceaccounts", each, space)
        for each in (*named, ANY)
        for space in ("", *small.namespaces, "kube-system")
    )
    if somebody:
        if may("groups", ANY) or may("groups", "system:masters"):
            found.add(MASTER)
        found |= {("Group", "", each) for each in named if may("groups", each)}
    return found


ADMIN_USER: Who = ("User", "", "system:kube-controller-manager")
MASTER: Who = ("Group", "", "system:masters")


def _names(small: Small) -> set[str]:
    return {
        name for rules in small.roles.values() for rule in rules for name in rule.resource_names
    }


def distance(small: Small, start: Who) -> int | None:
    """After how many actions somebody has every right, None for never."""
    known: set[Who] = {start}
    for count in range(50):
        if ADMIN in known:
            return count
        new = {ADMIN} if known & {ADMIN_USER, MASTER} else set()
        for each in known - {ADMIN}:
            new |= actions(small, each)
        if new <= known:
            return None
        known |= new
    raise AssertionError("it never ends")
