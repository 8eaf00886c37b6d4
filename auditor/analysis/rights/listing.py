"""Every role with the rules in effect and whoever holds it: one fact each, ``k8s/RoleGrants``.

::

    ClusterRole ml-dev         create pods                       row  key (ClusterRole, "", ml-dev)
    RoleBinding ml/developers  of it, to the group data-science  row  key (RoleBinding, ml, …)

makes one fact of ``ml-dev``: its rule, and the binding with its namespace and its subjects. What a
binding names and nobody declares has a fact as well, ``declared`` false. ``auditor who-can``
answers of these facts, and results list them, so that it answers of a bundle the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.rights.reading import BINDINGS, ROLES, rows_of, split
from auditor.analysis.rights.resolving import (
    BindingInEffect,
    RoleInEffect,
    RoleKey,
    RuleInEffect,
    resolve,
)
from auditor.analysis.rights.subjects import Subject
from auditor.model.fact import Fact, Origin
from auditor.model.resource import Resource
from auditor.model.rights import KIND, BindingOfRole, NamedSubject, RoleGrantsFact, RuleOfRole
from auditor.platforms.kubernetes import PREFIX

_encode = msgspec.json.encode
_FIELDS: Final = RoleGrantsFact.__struct_encode_fields__


class RoleGrants(Uncombined):
    """Joins roles with the bindings that give them."""

    id = "role-grants"
    stage = Stage.TARGET
    reads = ROLES | BINDINGS
    feeds: Feeds = MappingProxyType(
        {
            KIND: MappingProxyType(
                {
                    "": ROLES | BINDINGS,
                    "bindings": BINDINGS,
                    **dict.fromkeys(("declared", "known", "rules", "aggregatedBy"), ROLES),
                }
            )
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the rules of a role, and whom a binding names."""
        return rows_of(resource, site)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each role, in the order of their keys."""
        rights = resolve(*split(groups))
        held: dict[RoleKey, list[BindingInEffect]] = {}
        for binding in rights.bindings:
            held.setdefault(binding.role, []).append(binding)
        for key, role in sorted(rights.roles.items()):
            bindings = held.get(key, [])
            if role.declared or bindings:
                yield _fact(role, bindings, live=rights.live)


def make(tables: Tables) -> RoleGrants:
    """Make the analysis; it needs no table."""
    del tables
    return RoleGrants()


def place_of(origin: Origin | None, pointer: str = "") -> str:
    """The file and line of an object, or of a field of it; "" where it is of no file."""
    if origin is None or not origin.line:
        return ""
    return f"{origin.source}:{origin.line_of(pointer)}"


def _fact(role: RoleInEffect, bindings: list[BindingInEffect], *, live: bool) -> Fact:
    kind, namespace, name = role.key
    origins = role.origins or (bindings[0].origin,)
    body = RoleGrantsFact(
        kind=kind,
        name=name,
        namespace=namespace,
        declared=role.declared,
        known=role.known,
        live=live,
        rules=tuple(map(_rule, role.rules)),
        bindings=tuple(map(_binding, bindings)),
        place=place_of(role.origins[0]) if role.origins else "",
        trouble=role.trouble,
        own=role.own,
        aggregated_by=role.aggregated_by,
    )
    return Fact(
        kind=KIND,
        key=role.key,
        body=_encode(body),
        subject=_subject(origins[0], role),
        related=tuple(each.origin for each in bindings[:1]) if role.declared else (),
        elsewhere=tuple((f"/{field}", None) for field in _FIELDS),
        draws_on=((origins[0].target, ""),),
    )


def _subject(origin: Origin, role: RoleInEffect) -> Origin:
    """The role; one that nobody declares stands where a binding names it."""
    if role.declared:
        return origin
    kind, namespace, name = role.key
    named = f"{PREFIX}{kind}" if kind in ("Role", "ClusterRole") else origin.kind
    return msgspec.structs.replace(origin, kind=named, namespace=namespace, name=name, uid="")


def _rule(each: RuleInEffect) -> RuleOfRole:
    rule = each.rule
    return RuleOfRole(
        verbs=rule.verbs,
        written_in=each.written_in,
        number=each.number + 1,
        place=place_of(each.origin, f"/rules/{each.number}"),
        api_groups=rule.api_groups,
        resources=rule.resources,
        resource_names=rule.resource_names,
        non_resource_urls=rule.non_resource_urls,
        settled=each.settled,
    )


def _binding(each: BindingInEffect) -> BindingOfRole:
    origin = each.origin
    return BindingOfRole(
        kind=origin.kind.removeprefix(PREFIX),
        name=origin.name,
        namespace=each.namespace,
        subjects=tuple(map(named, each.row.subjects)),
        place=place_of(origin),
        nobody=each.row.nobody,
        trouble=each.row.trouble,
    )


def named(subject: Subject) -> NamedSubject:
    """A subject as facts list it."""
    return NamedSubject(subject.kind, subject.name, subject.namespace)
