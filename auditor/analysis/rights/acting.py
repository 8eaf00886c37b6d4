"""As whom somebody acts for some requests, and what comes of it where that one may do everything.

::

    Group ops      impersonate:user-info             users eve, groups admins
                   impersonate-on:user-info:create   clusterrolebindings
    Group admins   cluster-admin

    acting         as the group admins: create clusterrolebindings, and bind any role

What the API server asks of whoever makes a request (to bind, to escalate, to sign) it asks of the
one that somebody acts as. Nobody acts as the group system:masters so. The name ``*`` is that of all
groups: it is what the server asks for where somebody would be in four of them or more. Who may be
one with fewer rights, or a node, is told of (``k8s/Rights``); where that leads is not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auditor.analysis.rights.footholds import ANYWHERE, MASTERS, Held
from auditor.analysis.rights.holdings import Own
from auditor.analysis.rights.impersonating import Mode
from auditor.analysis.rights.parts import Part
from auditor.analysis.rights.subjects import ACCOUNT, GROUP, USER

_GIVEN: Final = frozenset({Part.BIND, Part.ESCALATE, Part.ESCALATE_ROLE, Part.SIGN})
"""What is asked of the one that somebody acts as."""
_Whom = tuple[str, tuple[Held, ...]]
"""What people call the one that somebody acts as, and the rights to be that."""
_ALL: Final = "*"
_OTHERS: Final = ("system:serviceaccount:", "system:node:")
"""What users begin with that are acted as in other ways."""


class Acting(Own):
    """What one identity may do as another that has every right: ``whom``, by ``by``."""

    def __init__(self, own: Own, mode: Mode, whom: str, by: tuple[Held, ...]) -> None:
        """``by`` are the rights to be ``whom``."""
        super().__init__(own.holdings.acting(mode), own.subject, wide=True)
        self.whom = whom
        self.by = by

    def every(self, part: Part, scope: str) -> Held | None:
        """The right to do something to everything of its kind there."""
        return self.by[0] if part in _GIVEN else super().every(part, scope)

    def of(self, part: Part, scope: str, name: str) -> Held | None:
        """The right to do something to one that is called so."""
        return self.by[0] if part in _GIVEN else super().of(part, scope, name)


def actings(own: Own) -> Iterator[Acting]:
    """Yield what an identity may do as each kind of others that have every right."""
    for mode, part, find in _KINDS:
        said = part in own.holdings.given or mode in own.holdings.modes
        if said and own.every(Part.EVERYTHING, ANYWHERE) is None:
            found = find(own)
            if found is not None:
                yield Acting(own, mode, *found)


def _user(own: Own) -> _Whom | None:
    """A group of every right beside a user, or a user of every right."""
    anybody, users = own.every(Part.AS_USER_FOR, ANYWHERE), own.named(Part.AS_USER_FOR, ANYWHERE)
    plain = {name: held for name, held in users.items() if not name.startswith(_OTHERS)}
    somebody = anybody or next(iter(plain.values()), None)
    if somebody is None:
        return None
    admins = own.holdings.admins
    every = own.of(Part.AS_GROUP_FOR, ANYWHERE, _ALL)
    for group in (each for each in admins if each.kind == GROUP and each != MASTERS):
        held = every or own.of(Part.AS_GROUP_FOR, ANYWHERE, group.name)
        if held is not None:
            return f"the group {group.name}", (held, somebody)
    for user in (each for each in admins if each.kind == USER):
        held = own.of(Part.AS_USER_FOR, ANYWHERE, user.name)
        if held is not None and not user.name.startswith(_OTHERS):
            return f"the user {user.name}", (held,)
    return None


def _account(own: Own) -> _Whom | None:
    """An account of every right."""
    for account in own.holdings.admins:
        if account.kind == ACCOUNT:
            held = own.of(Part.AS_ACCOUNT_FOR, account.namespace, account.name)
            if held is not None:
                return f"the account {account.namespace}/{account.name}", (held,)
    return None


_KINDS: Final = (
    (Mode.USER, Part.AS_USER_FOR, _user),
    (Mode.ACCOUNT, Part.AS_ACCOUNT_FOR, _account),
)
