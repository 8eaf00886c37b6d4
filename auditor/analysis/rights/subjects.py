"""Whom a binding names, and who that is when it comes to a request.

A service account is also a user, and in three groups without being named::

    ServiceAccount bot, of ml    user    system:serviceaccount:ml:bot
                                 groups  system:serviceaccounts, system:serviceaccounts:ml,
                                         system:authenticated

so a binding of the user ``system:serviceaccount:ml:bot`` is one of the account. A subject without a
namespace is in that of its RoleBinding; in a ClusterRoleBinding it is nobody.

Source: ``appliesToUser`` of ``pkg/registry/rbac/validation/rule.go``, Kubernetes 1.37.
"""

from __future__ import annotations

from typing import Final

import msgspec

ACCOUNT: Final = "ServiceAccount"
USER: Final = "User"
GROUP: Final = "Group"
KINDS: Final = (USER, GROUP, ACCOUNT)

MASTERS: Final = "system:masters"
"""The group that the API server lets do everything before it asks any role."""
ACCOUNTS: Final = "system:serviceaccounts"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
ANONYMOUS: Final = "system:anonymous"
_AS_USER: Final = "system:serviceaccount:"


class Subject(msgspec.Struct, frozen=True, order=True, gc=False):
    """A user, a group or a service account; ``namespace`` is that of an account."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        """Write it as people do: ``ServiceAccount ml/bot``, ``Group ml-platform``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else self._plain

    @property
    def _plain(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def user(self) -> str:
        """The name of the user that it is, "" for a group."""
        match self.kind:
            case kind if kind == ACCOUNT:
                return f"{_AS_USER}{self.namespace}:{self.name}"
            case kind if kind == USER:
                return self.name
            case _:
                return ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that it is in without anybody saying so; a group is in itself."""
        match self.kind:
            case kind if kind == ACCOUNT:
                return (ACCOUNTS, f"{ACCOUNTS}:{self.namespace}", AUTHENTICATED)
            case kind if kind == GROUP:
                return (self.name,)
            case _:
                return (UNAUTHENTICATED if self.name == ANONYMOUS else AUTHENTICATED,)


def subject_of(kind: str, name: str, namespace: str, binding_namespace: str) -> Subject | None:
    """Say whom a binding names; None where that is nobody.

    ``binding_namespace`` is "" for a binding of the cluster. A user that is an account is told as
    the account.
    """
    if kind == ACCOUNT:
        home = namespace or binding_namespace
        return Subject(ACCOUNT, name, home) if home else None
    if kind == USER and name.startswith(_AS_USER):
        home, _, account = name.removeprefix(_AS_USER).partition(":")
        if home and account and ":" not in account:
            return Subject(ACCOUNT, account, home)
    return Subject(kind, name) if kind in KINDS else None
