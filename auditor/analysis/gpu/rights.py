"""Which tenants may write what the matrix rests on, by bindings of roles.

::

    ClusterRole labeller    patches namespaces               row  key (5, ClusterRole, "", labeller)
    ClusterRoleBinding x    of it, to the account llm/bot    row  key (5, ClusterRole, "", labeller)

and pods of ``llm`` have a GPU: then a tenant may write who is a tenant. An account belongs to the
tenants of its namespace; whom a RoleBinding in a tenant's namespace names, other than a part of
Kubernetes, works for that tenant; every account is also meant by the groups of all accounts and of
everybody who has a name. Users and groups that a ClusterRoleBinding names may be anybody's: of
them nothing is said. The control plane's own namespace is no tenant's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from auditor.analysis.gpu.sources import (
    AMD,
    CONFIGURATION,
    IN_PLATFORM,
    NAMESPACE_MARKS,
    POD_MARKS,
    SOURCES,
    WITH_ADMIN_ACCESS,
    RoleRule,
    Source,
    writable,
)
from auditor.analysis.protocol import Row
from auditor.model.fact import Origin
from auditor.model.gpus import WriterFact, WrittenSource

ROLES: Final = frozenset({"k8s/Role", "k8s/ClusterRole"})
BINDINGS: Final = frozenset({"k8s/RoleBinding", "k8s/ClusterRoleBinding"})
KINDS: Final = ROLES | BINDINGS
ROLE: Final = "a-role"
"""The tag of the rows of roles, which come before those of bindings."""
BINDING: Final = "binding"

_SHOWN: Final = 20
_SYSTEM: Final = "kube-system"
_ACCOUNT: Final = "system:serviceaccount:"
_ACCOUNTS: Final = "system:serviceaccounts"
_EVERYBODY: Final = frozenset({_ACCOUNTS, "system:authenticated"})
_BY_NAME: Final = {each.name: each for each in SOURCES}


class _Role(msgspec.Struct, gc=False):
    rules: list[RoleRule] | None = None


class _Reference(msgspec.Struct, gc=False):
    kind: str = ""
    name: str = ""


class Bound(msgspec.Struct, frozen=True, gc=False):
    """Whom a binding names: a kind, a namespace and a name, as the API has them."""

    kind: str = ""
    name: str = ""
    namespace: str | None = None


class _Binding(msgspec.Struct, gc=False):
    subjects: list[Bound] | None = None
    roleRef: _Reference | None = None  # noqa: N815 - the field's name in the API


_role = msgspec.json.Decoder(_Role).decode
_binding = msgspec.json.Decoder(_Binding).decode
_sources = msgspec.json.Decoder(list[str]).decode
_bound = msgspec.json.Decoder(list[Bound]).decode


def role_row(body: bytes) -> list[str] | None:
    """Take what a role lets somebody write; None where that is nothing.

    Raises:
        msgspec.DecodeError: a field that says so is of another type.
    """
    return writable(_role(body).rules or ()) or None


def binding_row(body: bytes, namespace: str) -> tuple[tuple[str, str, str], list[Bound]] | None:
    """Take the role that a binding names, and whom of those who may be tenants.

    ``namespace`` is that of the binding, "" for the whole cluster.

    Raises:
        msgspec.DecodeError: a field that says so is of another type.
    """
    found = _binding(body)
    role = found.roleRef or _Reference()
    named = [each for each in map(_as_account, found.subjects or ()) if _perhaps(each, namespace)]
    if not named:
        return None
    return (role.kind, namespace if role.kind == "Role" else "", role.name), named


def _as_account(subject: Bound) -> Bound:
    """A user that is an account is told as the account."""
    if subject.kind == "User" and subject.name.startswith(_ACCOUNT):
        namespace, _, name = subject.name.removeprefix(_ACCOUNT).partition(":")
        return Bound("ServiceAccount", name, namespace)
    return subject


def _perhaps(subject: Bound, namespace: str) -> bool:
    if subject.kind == "ServiceAccount":
        return True
    if subject.name.startswith("system:"):
        return subject.kind == "Group" and subject.name.startswith((_ACCOUNTS, *_EVERYBODY))
    return bool(namespace)


class Scene(msgspec.Struct, frozen=True):
    """Where rights count: the tenants that have a GPU by namespace, and namespaces that matter.

    ``by_marks``: marks of namespaces name tenants. ``said`` are the namespaces of whose pods a
    scheduler wrote something, ``platform`` those where parts of the platform run, ``admin`` those
    whose claims may have admin access.
    """

    tenants: Mapping[str, AbstractSet[str]]
    by_marks: bool
    said: AbstractSet[str]
    platform: AbstractSet[str] = frozenset()
    admin: AbstractSet[str] = frozenset()


class Rights:
    """Collects roles and bindings, and says then which tenants may write what."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._found: list[tuple[Origin, Origin, list[str], list[Bound]]] = []

    def learn(self, rows: Iterable[Row]) -> None:
        """Learn the roles of one name, and the bindings of them."""
        role: Origin | None = None
        names: dict[str, None] = {}
        for row in rows:
            if row.tag == ROLE:
                role = role or row.read_at
                names.update(dict.fromkeys(_sources(row.body)))
            elif role is not None:
                self._found.append((row.read_at, role, list(names), _bound(row.body)))

    def writers(self, scene: Scene) -> Iterator[tuple[Origin, Origin, WriterFact]]:
        """Yield each binding with its role, and what tenants may write by it."""
        tenants = {name: found for name, found in scene.tenants.items() if name != _SYSTEM}
        scene = msgspec.structs.replace(scene, tenants=tenants)
        for binding, role, names, subjects in self._found:
            theirs = [(each, _namespaces(each, binding, tenants)) for each in subjects]
            theirs = [(each, found) for each, found in theirs if found]
            sources = [
                source
                for source in (_BY_NAME[name] for name in names)
                if _matters(source, binding.namespace, scene)
            ]
            if theirs and sources:
                concerned = {name for _, found in theirs for name in found}
                named = {each for name in concerned for each in tenants[name]}
                yield (
                    binding,
                    role,
                    WriterFact(
                        binding=_named(binding),
                        role=_named(role),
                        subjects=tuple(_subject(each, binding) for each, _ in theirs)[:_SHOWN],
                        tenants=tuple(sorted(named)[:_SHOWN]),
                        sources=tuple(
                            WrittenSource(each.name, each.what, each.written_by) for each in sources
                        ),
                    ),
                )


def _namespaces(
    subject: Bound, binding: Origin, tenants: Mapping[str, AbstractSet[str]]
) -> list[str]:
    """Find the namespaces of tenants that a subject belongs to."""
    if subject.kind == "ServiceAccount":
        name = subject.namespace or binding.namespace
        return [name] if name in tenants else []
    if subject.kind == "Group" and subject.name in _EVERYBODY:
        return sorted(tenants)
    if subject.kind == "Group" and subject.name.startswith(f"{_ACCOUNTS}:"):
        name = subject.name.removeprefix(f"{_ACCOUNTS}:")
        return [name] if name in tenants else []
    return [binding.namespace] if binding.namespace in tenants else []


def _matters(source: Source, namespace: str, scene: Scene) -> bool:
    """Say whether a right counts where it is given; ``namespace`` "" is everywhere."""
    if namespace and not source.inside:
        return False
    match source.name:
        case n if n == NAMESPACE_MARKS:
            return scene.by_marks
        case n if n == POD_MARKS:
            return _within(namespace, scene.said)
        case n if n in (CONFIGURATION, AMD):
            return namespace not in scene.tenants
        case n if n in IN_PLATFORM:
            return _within(namespace, scene.platform)
        case n if n in WITH_ADMIN_ACCESS:
            return _within(namespace, scene.admin)
        case _:
            return True


def _within(namespace: str, those: AbstractSet[str]) -> bool:
    """Say whether a right reaches one of some namespaces; "" reaches all."""
    return namespace in those if namespace else bool(those)


def _named(place: Origin) -> str:
    kind = place.kind.removeprefix("k8s/")
    return f"{kind} {place.namespace}/{place.name}" if place.namespace else f"{kind} {place.name}"


def _subject(subject: Bound, binding: Origin) -> str:
    if subject.kind == "ServiceAccount":
        return f"ServiceAccount {subject.namespace or binding.namespace}/{subject.name}"
    return f"{subject.kind} {subject.name}"
