"""What somebody may do to others: one fact for each subject that a binding names.

``k8s/Rights`` has its powers, each with where it holds, and what it may change of what separates
tenants (:mod:`auditor.analysis.rights.isolating`)::

    ClusterRoleBinding l   of labeller, which patches nodes, to the account llm/launcher

    k8s/Rights             ServiceAccount llm/launcher: isolation nodes, everywhere. It is a tenant

A tenant is an account of a namespace that is not the platform's, and a user or a group that a
RoleBinding names there; of others nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.protocol import Feeds, Groups, Tables
from auditor.analysis.rights.isolating import Changed, changed_by
from auditor.analysis.rights.parts import OF_CLUSTER, Part, parts_of_role
from auditor.analysis.rights.resolving import RoleKey
from auditor.analysis.rights.scenes import READS, AboutSubjects, Scene, named, platform_of
from auditor.analysis.rights.subjects import ACCOUNT, Subject
from auditor.model.fact import Fact

KIND: Final = "k8s/Rights"
_GUARDS: Final = "isolation"


class GuardOfRights(msgspec.Struct, frozen=True):
    """Something that a subject may change: which, of what name, where, by what."""

    name: str
    what: str
    where: str
    names: tuple[str, ...]
    by: str


class RightsFact(msgspec.Struct, frozen=True):
    """The body of the fact; ``users`` are workloads whose pods have the token of an account."""

    who: str
    kind: str
    name: str
    namespace: str
    users: tuple[str, ...]
    platform: bool
    tenant: bool
    exists: bool
    powers: tuple[str, ...]
    isolation: tuple[GuardOfRights, ...]
    live: bool


class SubjectRights(AboutSubjects):
    """Joins roles, bindings, accounts and pods to what each subject may do."""

    id = "subject-rights"
    feeds: Feeds = MappingProxyType(
        {KIND: MappingProxyType(dict.fromkeys(("", *RightsFact.__struct_encode_fields__), READS))}
    )

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each subject that a binding names, in the order of subjects."""
        scene = self._scene(groups)
        roles = _Roles(scene)
        for subject in sorted(scene.bound):
            yield _fact(scene, roles, subject)


def make(tables: Tables) -> SubjectRights:
    """Make the analysis for the tables of a policy."""
    return SubjectRights(platform_of(tables))


class _Roles:
    """What roles give, each looked at once."""

    def __init__(self, scene: Scene) -> None:
        self._roles = scene.rights.roles
        self._changed: dict[RoleKey, Mapping[str, Changed]] = {}
        self._powers: dict[RoleKey, tuple[tuple[Part, str], ...]] = {}

    def shown(self, key: RoleKey) -> str:
        """A role as people name it."""
        return str(self._roles[key])

    def powers(self, key: RoleKey) -> tuple[tuple[Part, str], ...]:
        """The parts that a role gives, each with what people call it."""
        found = self._powers.get(key)
        if found is None:
            parts = parts_of_role(self._roles[key].rules).items()
            shown = ((part, _power(part, whole=bool(right.every))) for part, right in parts)
            found = self._powers[key] = tuple(shown)
        return found

    def changed(self, key: RoleKey) -> Mapping[str, Changed]:
        """What a role lets somebody change of what separates tenants."""
        found = self._changed.get(key)
        if found is None:
            found = self._changed[key] = changed_by(self._roles[key].rules)
        return found


def _power(part: Part, *, whole: bool) -> str:
    return part.value if whole else f"{part.value} of some names"


def _fact(scene: Scene, roles: _Roles, subject: Subject) -> Fact:
    bindings = scene.bound[subject]
    body = RightsFact(
        who=str(subject),
        kind=subject.kind,
        name=subject.name,
        namespace=subject.namespace,
        users=scene.known.users(subject.namespace, subject.name),
        platform=scene.is_platform(subject),
        tenant=_is_tenant(scene, subject),
        exists=(subject.namespace, subject.name) in scene.known.declared,
        powers=tuple(dict.fromkeys(_powers(scene, roles, subject))),
        isolation=tuple(_guards(scene, roles, subject)),
        live=scene.rights.live,
    )
    return scene.fact(KIND, subject, [bindings[0].origin], body, _GUARDS)


def _is_tenant(scene: Scene, subject: Subject) -> bool:
    """Whether a subject belongs to a namespace that is not the platform's."""
    if subject.kind == ACCOUNT:
        return subject.namespace not in scene.platform
    spaces = {each.namespace for each in scene.bound[subject]}
    return bool(spaces - {""} - scene.platform)


def _powers(scene: Scene, roles: _Roles, subject: Subject) -> Iterator[str]:
    for binding in scene.bound[subject]:
        for part, shown in roles.powers(binding.role):
            if not binding.namespace or part not in OF_CLUSTER:
                yield f"{shown} {_where(binding.namespace)}"


def _guards(scene: Scene, roles: _Roles, subject: Subject) -> Iterator[GuardOfRights]:
    """What of what separates tenants a subject may change; the widest right to each."""
    found: dict[str, GuardOfRights] = {}
    for binding in sorted(scene.bound[subject], key=lambda each: bool(each.namespace)):
        for name, each in roles.changed(binding.role).items():
            known = found.get(name)
            wider = known is None or (known.names and not each.names)
            if wider and _counts(scene, each, binding.namespace):
                by = f"{named(binding.origin)}, {roles.shown(binding.role)}"
                where = _where(binding.namespace)
                found[name] = GuardOfRights(name, each.guard.what, where, each.names, by)
    yield from found.values()


def _where(namespace: str) -> str:
    return f"in {namespace}" if namespace else "everywhere"


def _counts(scene: Scene, each: Changed, namespace: str) -> bool:
    """Whether a right counts where a binding gives it; "" is everywhere."""
    guard, admin = each.guard, scene.known.admin
    if namespace and not guard.inside:
        return False
    if guard.platform:
        return not namespace or namespace in scene.platform
    if guard.admin:
        return namespace in admin if namespace else bool(admin)
    return True
