"""Whom somebody can become, and what that separates tenants somebody can change: facts.

``k8s/EscalationPath``: one for each subject that comes to every right without having it, with a
shortest way, step by step; what comes by a group alone is told of the group. ``k8s/Rights``: one
for each subject that a binding names, with its powers and what it may change of what separates
tenants (:mod:`auditor.analysis.rights.isolating`)::

    RoleBinding ml/ds      runs pods in ml, to the group ds
    ClusterRoleBinding op  cluster-admin, to the account ml/operator

    k8s/EscalationPath     Group ds: runs pods in ml, as any account; as ml/operator, may do
                           everything. It is local: it begins with rights in one namespace

Of files nobody knows that they are applied together, so ways of files are heuristic.
A finding about an account stands at the account, any other at the binding that its way begins with.
The platform is ``kube-system``, the namespaces of the table ``gpu-components``, and whoever the API
server binds itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.components import components_from_table
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.analysis.rights import people
from auditor.analysis.rights.escalation import Ways, is_own
from auditor.analysis.rights.isolating import Changed, changed_by
from auditor.analysis.rights.listing import place_of
from auditor.analysis.rights.parts import OF_CLUSTER, Part, parts_of_role
from auditor.analysis.rights.places import ADMIN as EVERY_RIGHT
from auditor.analysis.rights.places import SYSTEM, Held, Place, Step, accounts
from auditor.analysis.rights.reading import BINDING, BINDINGS, ROLE, ROLES, rows_of
from auditor.analysis.rights.resolving import BindingInEffect, Rights, RoleKey, resolve
from auditor.analysis.rights.subjects import ACCOUNT, Subject
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import Resource
from auditor.platforms.kubernetes import PREFIX

WAY: Final = "k8s/EscalationPath"
RIGHTS: Final = "k8s/Rights"
_GUARDS: Final = "isolation"
"""The field whose elements have findings of their own, at the line of the subject."""
_ACTS: Final = frozenset({"may do everything in every namespace"})
_encode = msgspec.json.encode


class StepOfWay(msgspec.Struct, frozen=True):
    """A step, for people: who does what, by which binding and role."""

    who: str
    how: str
    by: tuple[str, ...] = ()


class WayFact(msgspec.Struct, frozen=True):
    """The body of ``k8s/EscalationPath``."""

    who: str
    kind: str
    name: str
    namespace: str
    users: tuple[str, ...]
    platform: bool
    actions: int
    local: bool
    where: str
    steps: tuple[StepOfWay, ...]
    live: bool


class GuardOfRights(msgspec.Struct, frozen=True):
    """Something that a subject may change: which, of what name, where, by what."""

    name: str
    what: str
    where: str
    names: tuple[str, ...]
    by: str


class RightsFact(msgspec.Struct, frozen=True):
    """The body of ``k8s/Rights``."""

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


_OF_WAYS: Final = WayFact.__struct_encode_fields__
_OF_RIGHTS: Final = RightsFact.__struct_encode_fields__
_ALL: Final = ROLES | BINDINGS | people.READS
"""A way that is told rests on some of it; that it is the shortest, and the only one, on all."""


class EffectiveRights:
    """Joins roles, bindings, accounts and pods to whom somebody can become."""

    id = "effective-rights"
    stage = Stage.TARGET
    reads = _ALL
    combined = people.COMBINED
    feeds: Feeds = MappingProxyType(
        {
            WAY: MappingProxyType(dict.fromkeys(("", *_OF_WAYS), _ALL)),
            RIGHTS: MappingProxyType(dict.fromkeys(("", *_OF_RIGHTS), _ALL)),
        }
    )

    def __init__(self, platform: Iterable[str]) -> None:
        """``platform`` are the namespaces where parts of it run."""
        self._platform = frozenset({SYSTEM, *platform})

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take roles and bindings, accounts, and whom pods run as."""
        if resource.kind in people.READS:
            return people.rows_of(resource, site)
        return rows_of(resource, site)

    def combine(self, one: Row, other: Row) -> Row:
        """Count the pods of one account together."""
        return people.combine(one, other)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield the facts of each subject, in the order of subjects."""
        known = people.People()
        roles: list[Row] = []
        bindings: list[Row] = []
        for _, rows in groups:
            for row in rows:
                match row.tag:
                    case tag if tag == ROLE:
                        roles.append(row)
                    case tag if tag == BINDING:
                        bindings.append(row)
                    case _:
                        known.learn(row)
        yield from _Facts(resolve(roles, bindings), known, self._platform).all()


def make(tables: Tables) -> EffectiveRights:
    """Make the analysis for the tables of a policy."""
    components = components_from_table(tables.get("gpu-components", ()))
    return EffectiveRights({name for each in components for name in each.namespaces})


class _Facts:
    """The facts of one target."""

    def __init__(self, rights: Rights, known: people.People, platform: AbstractSet[str]) -> None:
        self._rights = rights
        self._known = known
        self._platform = platform
        self._ways = Ways(rights, known.population(whole=rights.live))
        self._changed: dict[RoleKey, dict[str, Changed]] = {}
        self._powers: dict[RoleKey, tuple[tuple[Part, str], ...]] = {}
        self._bound: dict[Subject, list[BindingInEffect]] = {}
        for binding in rights.bindings:
            for subject in binding.row.subjects:
                self._bound.setdefault(subject, []).append(binding)

    def all(self) -> Iterator[Fact]:
        """Yield the facts of each subject."""
        for subject in self._ways.subjects:
            bindings = self._bound[subject]
            yield self._of_rights(subject, bindings)
            steps = self._ways.way(subject)
            if steps and self._tells(steps):
                yield self._of_way(subject, steps)

    def _tells(self, steps: Sequence[Step]) -> bool:
        """Whether a way is the subject's own, and more than having every right already."""
        first = steps[0]
        return is_own(first.start, first.edge) and first.edge.how not in _ACTS

    def _is_platform(self, subject: Subject, bindings: Sequence[BindingInEffect]) -> bool:
        if subject.kind == ACCOUNT and subject.namespace in self._platform:
            return True
        return all(each.row.own for each in bindings)

    def _of_way(self, subject: Subject, steps: Sequence[Step]) -> Fact:
        first = steps[0].edge.by
        spaces = {held.binding.namespace for held in first}
        body = WayFact(
            who=str(subject),
            kind=subject.kind,
            name=subject.name,
            namespace=subject.namespace,
            users=self._known.users(subject.namespace, subject.name),
            platform=self._is_platform(subject, self._bound[subject]),
            actions=self._ways.actions(subject) or 0,
            local="" not in spaces,
            where=", ".join(sorted(spaces - {""})),
            steps=tuple(_steps(steps)),
            live=self._rights.live,
        )
        own = [held.binding for held in first if subject in held.binding.row.subjects]
        origins = [held.binding.origin for step in steps for held in step.edge.by]
        return self._fact(WAY, subject, own[0].origin, origins, _encode(body), _OF_WAYS)

    def _of_rights(self, subject: Subject, bindings: Sequence[BindingInEffect]) -> Fact:
        guards = self._guards(bindings)
        powers: dict[str, None] = {}
        for binding in bindings:
            where = f"in {binding.namespace}" if binding.namespace else "everywhere"
            for part, shown in self._of_role(binding.role):
                if not binding.namespace or part not in OF_CLUSTER:
                    powers[f"{shown} {where}"] = None
        body = RightsFact(
            who=str(subject),
            kind=subject.kind,
            name=subject.name,
            namespace=subject.namespace,
            users=self._known.users(subject.namespace, subject.name),
            platform=self._is_platform(subject, bindings),
            tenant=self._is_tenant(subject, bindings),
            exists=(subject.namespace, subject.name) in self._known.declared,
            powers=tuple(powers),
            isolation=tuple(guards),
            live=self._rights.live,
        )
        origins = [each.origin for each in bindings[:1]]
        return self._fact(RIGHTS, subject, origins[0], origins, _encode(body), _OF_RIGHTS)

    def _is_tenant(self, subject: Subject, bindings: Sequence[BindingInEffect]) -> bool:
        """Whether a subject belongs to a namespace that is not the platform's."""
        if subject.kind == ACCOUNT:
            return subject.namespace not in self._platform
        spaces = {each.namespace for each in bindings}
        return bool(spaces - {""} - self._platform)

    def _of_role(self, key: RoleKey) -> tuple[tuple[Part, str], ...]:
        """The parts that a role gives, each with what people call it."""
        found = self._powers.get(key)
        if found is None:
            parts = parts_of_role(self._rights.roles[key].rules)
            shown = [(part, _power(part, whole=bool(right.every))) for part, right in parts.items()]
            found = self._powers[key] = tuple(shown)
        return found

    def _guards(self, bindings: Iterable[BindingInEffect]) -> Iterator[GuardOfRights]:
        """What of what separates tenants a subject may change; the widest right to each."""
        found: dict[str, GuardOfRights] = {}
        for binding in sorted(bindings, key=lambda each: bool(each.namespace)):
            changed = self._changed.get(binding.role)
            if changed is None:
                rules = self._rights.roles[binding.role].rules
                changed = self._changed[binding.role] = dict(changed_by(rules))
            for name, each in changed.items():
                known = found.get(name)
                if self._counts(each, binding.namespace) and (
                    known is None or (known.names and not each.names)
                ):
                    where = f"in {binding.namespace}" if binding.namespace else "everywhere"
                    by = f"{_named(binding.origin)}, {self._rights.roles[binding.role]}"
                    found[name] = GuardOfRights(name, each.guard.what, where, each.names, by)
        yield from found.values()

    def _counts(self, each: Changed, namespace: str) -> bool:
        guard = each.guard
        if namespace and not guard.inside:
            return False
        if guard.platform:
            return not namespace or namespace in self._platform
        if guard.admin:
            return namespace in self._known.admin if namespace else bool(self._known.admin)
        return True

    def _fact(
        self,
        kind: str,
        subject: Subject,
        place: Origin,
        origins: Iterable[Origin],
        body: bytes,
        fields: Iterable[str],
    ) -> Fact:
        related = [each for each in dict.fromkeys(origins) if each != place]
        stands, part = place, str(subject)
        if subject.kind == ACCOUNT:
            part = ""
            stands = self._known.declared.get((subject.namespace, subject.name)) or _account(
                subject, place
            )
            related = [place, *related]
        return Fact(
            kind=kind,
            key=(subject.kind, subject.namespace, subject.name),
            body=body,
            subject=stands,
            related=tuple(related),
            elsewhere=tuple(
                (f"/{field}", Spot(0, "") if field == _GUARDS else None) for field in fields
            ),
            part=part,
            heuristic=kind == WAY and not self._rights.live,
        )


def _account(subject: Subject, place: Origin) -> Origin:
    """An account that nobody declares stands where a binding names it."""
    return msgspec.structs.replace(
        place,
        kind=people.ACCOUNT,
        namespace=subject.namespace,
        name=subject.name,
        uid="",
    )


def _power(part: Part, *, whole: bool) -> str:
    return part.value if whole else f"{part.value} of some names"


def _named(origin: Origin) -> str:
    kind = origin.kind.removeprefix(PREFIX)
    named = (
        f"{kind} {origin.namespace}/{origin.name}" if origin.namespace else f"{kind} {origin.name}"
    )
    place = place_of(origin)
    return f"{named} ({place})" if place else named


def _steps(steps: Sequence[Step]) -> Iterator[StepOfWay]:
    """Put what is so by itself to the step before it: who has all accounts acts as one of them."""
    for step in steps:
        if step.edge.by:
            by = dict.fromkeys(map(_by, step.edge.by))
            yield StepOfWay(_place(step.start), step.edge.how, tuple(by))
        elif step.start == accounts(SYSTEM) and step.edge.to == EVERY_RIGHT:
            yield StepOfWay(SYSTEM, step.edge.how)


def _by(held: Held) -> str:
    rule = held.rule
    return f"{_named(held.binding.origin)}, rule {rule.number + 1} of {rule.written_in}"


def _place(place: Place) -> str:
    return str(Subject(place.kind, place.name, place.namespace))
