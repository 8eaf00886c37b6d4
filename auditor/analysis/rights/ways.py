"""The steps that somebody can take, by the rights that one identity has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auditor.analysis.rights.acting import actings
from auditor.analysis.rights.footholds import (
    ADMIN,
    ANYWHERE,
    CONTROLLERS,
    MASTERS,
    SIGNERS,
    Edge,
    Foothold,
    Held,
    accounts,
    admin_of,
    called,
    running,
)
from auditor.analysis.rights.holdings import Own
from auditor.analysis.rights.parts import Part
from auditor.analysis.rights.subjects import ACCOUNT, GROUP, USER

_OF_USERS: Final = "system:serviceaccount:"


def edges(own: Own) -> Iterator[Edge]:
    """Yield what an identity can become at once, as itself or as another for some requests."""
    yield from _edges(own)
    for acting in actings(own):
        for edge in _edges(acting):
            by = tuple(dict.fromkeys((*acting.by, *edge.by)))
            yield Edge(edge.to, f"as {acting.whom} {edge.how}", by)


def _edges(own: Own) -> Iterator[Edge]:
    for scope in own.scopes:
        yield from _in(own, scope)
        if scope == ANYWHERE:
            yield from _anywhere(own)
    yield from _escalations(own)


def _in(own: Own, scope: str) -> Iterator[Edge]:
    """What rights in a namespace, or in all of them, lead to."""
    where = f"in {scope}" if scope else "in every namespace"
    if held := own.every(Part.EVERYTHING, scope):
        to = admin_of(scope) if scope else ADMIN
        yield Edge(to, f"may do everything {where}", (held,), Part.EVERYTHING)
    if held := own.every(Part.RUN, scope):
        yield Edge(accounts(scope), f"runs pods {where}, as any account", (held,))
    if held := own.every(Part.TOKEN, scope):
        yield Edge(accounts(scope), f"issues tokens of any account {where}", (held,))
    if held := own.every(Part.AS_ACCOUNT, scope):
        yield Edge(accounts(scope), f"impersonates any account {where}", (held,))
    if both := _both(own.every(Part.MAKE_SECRET, scope), own.every(Part.READ_SECRET, scope)):
        yield Edge(accounts(scope), f"has a secret filled with a token {where}", both)
    if held := own.every(Part.EXEC, scope):
        yield Edge(running(scope), f"enters pods {where}", (held,))
    yield from _named(own, scope)
    yield from _binds(own, scope)


def _named(own: Own, scope: str) -> Iterator[Edge]:
    """Accounts that rights name; a right everywhere that names them is one in each namespace."""
    for part, how in ((Part.TOKEN, "issues tokens of"), (Part.AS_ACCOUNT, "impersonates")):
        for name, held in own.named(part, scope).items():
            to = Foothold(ACCOUNT, scope, name) if scope else called(name)
            shown = f"{scope}/{name}" if scope else f"any account called {name}"
            yield Edge(to, f"{how} {shown}", (held,))


def _binds(own: Own, scope: str) -> Iterator[Edge]:
    """Binding a role that allows everything."""
    if both := _both(own.binds(scope), own.every(Part.MAKE_BINDING, scope)):
        where = f"in {scope}" if scope else "in every namespace"
        yield Edge(admin_of(scope), f"binds a role that allows everything {where}", both)


def _anywhere(own: Own) -> Iterator[Edge]:
    """What takes rights of the whole cluster."""
    made = own.every(Part.MAKE_CLUSTER_BINDING, ANYWHERE)
    if both := _both(own.binds(ANYWHERE), made):
        yield Edge(ADMIN, "binds a role that allows everything", both)
    approves = _both(own.every(Part.ASK_CERTIFICATE, ANYWHERE), own.every(Part.APPROVE, ANYWHERE))
    signs = [found for each in SIGNERS if (found := own.of(Part.SIGN, ANYWHERE, each))]
    if approves and signs:
        yield Edge(ADMIN, "approves a certificate for any user", (*approves, signs[0]))
    if held := own.every(Part.HOOK, ANYWHERE):
        yield Edge(accounts(ANYWHERE), "has admission change every pod", (held,))
    if both := _both(own.every(Part.POLICY, ANYWHERE), own.every(Part.BIND_POLICY, ANYWHERE)):
        yield Edge(accounts(ANYWHERE), "has admission change every pod", both)
    if held := own.every(Part.NODE_PROXY, ANYWHERE):
        yield Edge(running(ANYWHERE), "enters every pod through its kubelet", (held,))
    yield from _impersonates(own)


def _impersonates(own: Own) -> Iterator[Edge]:
    every = own.every(Part.AS_USER, ANYWHERE)
    users = own.named(Part.AS_USER, ANYWHERE)
    if every:
        yield Edge(Foothold.of(CONTROLLERS), "impersonates any user", (every,))
    for name, held in users.items():
        if not name.startswith(_OF_USERS):
            yield Edge(Foothold(USER, "", name), f"impersonates the user {name}", (held,))
    any_group, groups = own.every(Part.AS_GROUP, ANYWHERE), own.named(Part.AS_GROUP, ANYWHERE)
    if not (any_group or groups):
        return
    somebody = every or next(iter(users.values()), None) or own.account()
    if somebody is None:
        return  # a group is impersonated together with a user
    if any_group:
        yield Edge(Foothold.of(MASTERS), "impersonates any group", (any_group, somebody))
    for name, held in groups.items():
        yield Edge(Foothold(GROUP, "", name), f"impersonates the group {name}", (held, somebody))


def _escalations(own: Own) -> Iterator[Edge]:
    """Writing every right into a role that one holds."""
    for binding in own.bindings():
        kind, _, name = binding.role
        scope = binding.namespace
        if kind == "ClusterRole":
            parts, at = (Part.ESCALATE, Part.CHANGE), ANYWHERE
        else:
            parts, at = (Part.ESCALATE_ROLE, Part.CHANGE_ROLE), scope
        escalates, changes = (own.of(part, at, name) for part in parts)
        if both := _both(escalates, changes):
            how = f"writes every right into {kind} {name}, which it holds"
            yield Edge(admin_of(scope) if scope else ADMIN, how, both)


def _both(one: Held | None, other: Held | None) -> tuple[Held, Held] | None:
    return (one, other) if one is not None and other is not None else None
