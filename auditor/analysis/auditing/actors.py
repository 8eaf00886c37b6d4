"""Who an audit policy is asked about: callers of an API server, with the groups that they are in.

Beside those that every cluster has there are those that a policy names: a rule for ``bob`` or for a
group ``dev`` decides about nobody else. Names that begin with ``system:`` are components' but for
``system:anonymous`` and service accounts; those of ``kube-system`` are components', too. People
who are called so are the administrator of k3s and OpenShift by its certificate (``system:admin``),
and all who log in to OpenShift (``system:authenticated:oauth``).

A rule for ``alice`` in ``dev`` decides about nobody who is only one of both, so both are asked
about together, too: who has no more than what a rule names meets the fewest rules before it.

Groups as the API server gives them: every caller with credentials is in ``system:authenticated``,
a service account in ``system:serviceaccounts`` and in that of its namespace, a node in
``system:nodes`` (k8s.io/apiserver v0.37.2, pkg/authentication/user and serviceaccount).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import islice, product
from typing import Final

import msgspec

from auditor.analysis.auditing.policy import Policy

AUTHENTICATED: Final = "system:authenticated"
ANONYMOUS: Final = "system:anonymous"
UNAUTHENTICATED: Final = "system:unauthenticated"
MASTERS: Final = "system:masters"
NODES: Final = "system:nodes"
ACCOUNT: Final = "system:serviceaccount:"
ACCOUNTS: Final = "system:serviceaccounts"
SOMEBODY: Final = "somebody"
"""A person whom no policy names."""

_OWN: Final = "kube-system"
_ADMIN: Final = "system:admin"
_PEOPLE: Final = frozenset({"system:authenticated:oauth", "system:cluster-admins"})
"""Groups of people whose names begin as those of components do."""
_MOST: Final = 64
"""How many of those that a policy names are asked about."""


class Role(Enum):
    """What a caller is."""

    PERSON = "person"
    ACCOUNT = "account"
    COMPONENT = "component"
    ANONYMOUS = "anonymous"


class Actor(msgspec.Struct, frozen=True):
    """A caller; ``title`` says to people who it is."""

    title: str
    role: Role
    user: str
    groups: tuple[str, ...]


EVERYWHERE: Final = (
    Actor("people", Role.PERSON, SOMEBODY, (AUTHENTICATED,)),
    Actor("administrators (system:masters)", Role.PERSON, "admin", (MASTERS, AUTHENTICATED)),
    Actor(
        "service accounts",
        Role.ACCOUNT,
        f"{ACCOUNT}a-namespace:an-account",
        (ACCOUNTS, f"{ACCOUNTS}:a-namespace", AUTHENTICATED),
    ),
    Actor("nodes", Role.COMPONENT, "system:node:a-node", (NODES, AUTHENTICATED)),
    Actor(
        "kube-controller-manager",
        Role.COMPONENT,
        "system:kube-controller-manager",
        (AUTHENTICATED,),
    ),
    Actor("kube-scheduler", Role.COMPONENT, "system:kube-scheduler", (AUTHENTICATED,)),
    Actor("anonymous", Role.ANONYMOUS, ANONYMOUS, (UNAUTHENTICATED,)),
)
"""Those that every cluster has."""


def actors(policy: Policy) -> tuple[tuple[Actor, ...], int]:
    """List who is asked about, and count whom of those that the policy names is left out."""
    named = dict.fromkeys(_named(policy))
    known = {(each.user, each.groups) for each in EVERYWHERE}
    more = [each for each in named if (each.user, each.groups) not in known]
    return (*EVERYWHERE, *more[:_MOST]), max(0, len(more) - _MOST)


def of_user(user: str) -> Actor:
    """The caller of a name, in the groups that the server puts it into."""
    if user in (ANONYMOUS, ""):
        return Actor("anonymous", Role.ANONYMOUS, user, (UNAUTHENTICATED,) if user else ())
    if user.startswith(ACCOUNT):
        namespace = user.removeprefix(ACCOUNT).partition(":")[0]
        groups = (ACCOUNTS, f"{ACCOUNTS}:{namespace}", AUTHENTICATED)
        return Actor(user, Role.COMPONENT if namespace == _OWN else Role.ACCOUNT, user, groups)
    if user.startswith("system:node:"):
        return Actor(user, Role.COMPONENT, user, (NODES, AUTHENTICATED))
    if user == _ADMIN:
        return Actor(user, Role.PERSON, user, (MASTERS, AUTHENTICATED))
    role = Role.COMPONENT if user.startswith("system:") else Role.PERSON
    return Actor(user, role, user, (AUTHENTICATED,))


def of_group(group: str) -> Actor:
    """A caller that is in a group, and in as few others as can be."""
    if group.startswith(f"{ACCOUNTS}:"):
        found = of_user(f"{ACCOUNT}{group.removeprefix(f'{ACCOUNTS}:')}:an-account")
        return Actor(f"group {group}", found.role, found.user, found.groups)
    fixed = {
        UNAUTHENTICATED: EVERYWHERE[-1],
        AUTHENTICATED: EVERYWHERE[0],
        MASTERS: EVERYWHERE[1],
        ACCOUNTS: EVERYWHERE[2],
        NODES: EVERYWHERE[3],
    }
    if group in fixed:
        return fixed[group]
    own = group.startswith("system:") and group not in _PEOPLE
    role = Role.COMPONENT if own else Role.PERSON
    return Actor(f"group {group}", role, SOMEBODY, (group, AUTHENTICATED))


def _named(policy: Policy) -> Iterator[Actor]:
    for rule in policy.rules:
        yield from map(of_user, rule.users)
        yield from map(of_group, rule.groups)
        for user, group in islice(product(rule.users, rule.groups), _MOST + 1):
            yield _of_both(of_user(user), group)


def _of_both(actor: Actor, group: str) -> Actor:
    """A caller who is in a group, too."""
    if group in actor.groups:
        return actor
    title = f"{actor.title} in {group}"
    return Actor(title, actor.role, actor.user, (*actor.groups, group))
