"""What of a role helps to become somebody else, in parts that are put together for a subject.

Some powers take one right (create pods), others two or three that may come of several roles::

    Role a       bind, on clusterroles               BIND of the cluster
    Role b       create clusterrolebindings          MAKE_BINDING of the cluster
    together     who holds both becomes the administrator

Names narrow a part as they narrow the request: a token is asked for one account, a role of a name
is bound; a request to create has no name; and a certificate request is called as its maker likes,
so that a right to approve one name approves all.

Sources: kubernetes.io/docs/concepts/security/rbac-good-practices, the authorizations in
``pkg/registry/rbac``, ``pkg/registry/core/serviceaccount``, ``apiserver/pkg/endpoints/filters``
(impersonation) and ``plugin/pkg/admission/certificates`` of Kubernetes 1.37.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.rights.impersonating import Mode
from auditor.analysis.rights.matching import EVERY, Request, concerns
from auditor.analysis.rights.resolving import RuleInEffect

_RBAC: Final = "rbac.authorization.k8s.io"
_CERTIFICATES: Final = "certificates.k8s.io"
_IDENTITIES: Final = "authentication.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_CHANGE: Final = ("update", "patch")
_NAMELESS: Final = frozenset({"create", "list", "watch"})


class Part(Enum):
    """A right that is, alone or with others, a way to somebody else's."""

    EVERYTHING = "everything"
    RUN = "run pods"
    EXEC = "enter pods"
    TOKEN = "issue tokens"  # noqa: S105 - what is done, no secret
    MAKE_SECRET = "create secrets"  # noqa: S105 - what is done, no secret
    READ_SECRET = "read secrets"  # noqa: S105 - what is done, no secret
    AS_ACCOUNT = "impersonate service accounts"
    AS_USER = "impersonate users"
    AS_GROUP = "impersonate groups"
    AS_ACCOUNT_FOR = "impersonate service accounts for some requests"
    AS_USER_FOR = "impersonate users for some requests"
    AS_GROUP_FOR = "impersonate groups for some requests"
    AS_NODE_FOR = "impersonate nodes for some requests"
    BIND = "bind ClusterRoles"
    MAKE_CLUSTER_BINDING = "write ClusterRoleBindings"
    MAKE_BINDING = "create RoleBindings"
    ESCALATE = "escalate ClusterRoles"
    CHANGE = "change ClusterRoles"
    ESCALATE_ROLE = "escalate Roles"
    CHANGE_ROLE = "change Roles"
    ASK_CERTIFICATE = "request certificates"
    APPROVE = "approve certificate requests"
    SIGN = "approve for signers of users"
    HOOK = "change what admission calls"
    POLICY = "create policies that mutate"
    BIND_POLICY = "bind policies that mutate"
    NODE_PROXY = "use nodes/proxy"


class Names(Enum):
    """What names in a rule mean for a part."""

    NONE = "none"
    """It takes a right without names; the empty one allows what has no name."""
    THESE = "these"
    """It is a way to what is called so."""
    ANY = "any"
    """They narrow nothing that matters."""


class _Sought(msgspec.Struct, frozen=True):
    group: str
    requests: tuple[Request, ...]
    names: Names = Names.NONE


def _ask(group: str, resources: str, *verbs: str) -> Iterator[Request]:
    for each in resources.split():
        plural, _, part = each.partition("/")
        yield from (Request(verb, group, plural, part) for verb in verbs)


def _one(group: str, resources: str, *verbs: str, names: Names = Names.NONE) -> _Sought:
    return _Sought(group, tuple(_ask(group, resources, *verbs)), names)


_APPS: Final = "daemonsets deployments replicasets statefulsets"
_HOOKS: Final = "mutatingwebhookconfigurations"
SOUGHT: Final[Mapping[Part, tuple[_Sought, ...]]] = MappingProxyType(
    {
        Part.RUN: (
            _one("", "pods replicationcontrollers", "create"),
            _one("", "replicationcontrollers", *_CHANGE),
            _one("apps", _APPS, "create", *_CHANGE),
            _one("batch", "jobs cronjobs", "create"),
            _one("batch", "cronjobs", *_CHANGE),
        ),
        Part.EXEC: (
            _one("", "pods/exec", "create"),
            _one("", "pods pods/ephemeralcontainers", *_CHANGE),  # the image of a pod can change
        ),
        Part.TOKEN: (_one("", "serviceaccounts/token", "create", names=Names.THESE),),
        Part.MAKE_SECRET: (_one("", "secrets", "create"),),
        Part.READ_SECRET: (_one("", "secrets", "get", "list", "watch"),),
        Part.AS_ACCOUNT: (_one("", "serviceaccounts", "impersonate", names=Names.THESE),),
        Part.AS_USER: (_one("", "users", "impersonate", names=Names.THESE),),
        Part.AS_GROUP: (_one("", "groups", "impersonate", names=Names.THESE),),
        Part.AS_ACCOUNT_FOR: (
            _one(_IDENTITIES, "serviceaccounts", Mode.ACCOUNT.to_be, names=Names.THESE),
        ),
        Part.AS_USER_FOR: (_one(_IDENTITIES, "users", Mode.USER.to_be, names=Names.THESE),),
        Part.AS_GROUP_FOR: (_one(_IDENTITIES, "groups", Mode.USER.to_be, names=Names.THESE),),
        Part.AS_NODE_FOR: (
            _one(_IDENTITIES, "nodes", "impersonate:arbitrary-node", names=Names.THESE),
        ),
        Part.BIND: (_one(_RBAC, "clusterroles", "bind", names=Names.THESE),),
        Part.MAKE_CLUSTER_BINDING: (_one(_RBAC, "clusterrolebindings", "create", *_CHANGE),),
        Part.MAKE_BINDING: (_one(_RBAC, "rolebindings", "create"),),
        Part.ESCALATE: (_one(_RBAC, "clusterroles", "escalate", names=Names.THESE),),
        Part.CHANGE: (_one(_RBAC, "clusterroles", *_CHANGE, names=Names.THESE),),
        Part.ESCALATE_ROLE: (_one(_RBAC, "roles", "escalate", names=Names.THESE),),
        Part.CHANGE_ROLE: (_one(_RBAC, "roles", *_CHANGE, names=Names.THESE),),
        Part.ASK_CERTIFICATE: (_one(_CERTIFICATES, "certificatesigningrequests", "create"),),
        Part.APPROVE: (
            _one(_CERTIFICATES, "certificatesigningrequests/approval", *_CHANGE, names=Names.ANY),
        ),
        Part.SIGN: (_one(_CERTIFICATES, "signers", "approve", names=Names.THESE),),
        Part.HOOK: (
            _one(_ADMISSION, _HOOKS, "create"),
            _one(_ADMISSION, _HOOKS, *_CHANGE, names=Names.ANY),
        ),
        Part.POLICY: (_one(_ADMISSION, "mutatingadmissionpolicies", "create"),),
        Part.BIND_POLICY: (_one(_ADMISSION, "mutatingadmissionpolicybindings", "create"),),
        Part.NODE_PROXY: (_one("", "nodes/proxy", "get", "create"),),
    }
)
"""The requests one of which is a part; everything is told by its rule."""

OF_CLUSTER: Final = frozenset(
    {
        *(Part.AS_USER, Part.AS_GROUP, Part.MAKE_CLUSTER_BINDING, Part.ESCALATE, Part.CHANGE),
        *(Part.ASK_CERTIFICATE, Part.APPROVE, Part.SIGN, Part.HOOK, Part.POLICY),
        *(Part.BIND_POLICY, Part.NODE_PROXY, Part.AS_USER_FOR, Part.AS_GROUP_FOR),
        Part.AS_NODE_FOR,
    }
)
"""What is about things in no namespace: a RoleBinding does not give it."""


class Right(msgspec.Struct, frozen=True):
    """A part that a role gives: by which rule for everything, and by which for some names."""

    every: RuleInEffect | None = None
    names: Mapping[str, RuleInEffect] = MappingProxyType({})

    def of(self, name: str) -> RuleInEffect | None:
        """The rule that gives it for a name."""
        return self.every or self.names.get(name)


_OF_ALL: Final = tuple((part, one) for part, sought in SOUGHT.items() for one in sought)


def _of(groups: Iterable[str]) -> Iterator[tuple[Part, _Sought]]:
    """What is sought of resources of some groups."""
    for group in dict.fromkeys(groups):
        yield from _BY_GROUP.get(group, ())


_BY_GROUP: Final = MappingProxyType(
    {
        group: tuple((part, one) for part, one in _OF_ALL if one.group == group)
        for group in {one.group for _, one in _OF_ALL}
    }
)
"""The same by the group of what is asked for: most rules are about none of it."""


def parts_of_role(rules: Iterable[RuleInEffect]) -> dict[Part, Right]:
    """Say which parts rules give; what is not settled gives none."""
    found: dict[Part, Right] = {}
    for each in rules:
        if not each.settled:
            continue
        if each.rule.is_everything:
            found.setdefault(Part.EVERYTHING, Right(each))
        groups = each.rule.api_groups
        for part, one in _OF_ALL if EVERY in groups else _of(groups):
            known = found.get(part) or Right()
            if known.every is None and any(concerns(each.rule, ask) for ask in one.requests):
                known = _with(known, each, one)
                if known.every is not None or known.names:
                    found[part] = known
    return {part: found[part] for part in Part if part in found}


def _with(known: Right, each: RuleInEffect, sought: _Sought) -> Right:
    names = each.rule.resource_names
    if not names or sought.names is Names.ANY:
        return Right(each, known.names)
    if sought.names is Names.THESE:
        more = {name: each for name in names if name not in known.names}
        return Right(known.every, {**known.names, **more})
    # a request that may have no name is allowed by the empty one
    nameless = [r for r in sought.requests if r.verb in _NAMELESS and not r.subresource]
    if "" in names and any(concerns(each.rule, request) for request in nameless):
        return Right(each, known.names)
    return known
