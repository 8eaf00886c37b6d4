"""What the facts about subjects have in common: what is read, who is who, where a finding stands.

A finding about an account stands at the account, any other at the binding that it is about. The
platform is ``kube-system``, the namespaces of the table ``gpu-components``, and whoever the API
server binds itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from auditor.analysis.gpu.components import components_from_table
from auditor.analysis.protocol import Groups, Row, Site, Stage, Tables
from auditor.analysis.rights import people
from auditor.analysis.rights.footholds import SYSTEM
from auditor.analysis.rights.listing import place_of
from auditor.analysis.rights.reading import BINDING, BINDINGS, ROLE, ROLES, rows_of
from auditor.analysis.rights.resolving import BindingInEffect, Rights, resolve
from auditor.analysis.rights.subjects import ACCOUNT, Subject
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import Resource
from auditor.platforms.kubernetes import PREFIX

READS: Final = ROLES | BINDINGS | people.READS


class AboutSubjects:
    """The part of the analyses of subjects that reads."""

    stage = Stage.TARGET
    reads = READS
    combined = people.COMBINED

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

    def _scene(self, groups: Groups) -> Scene:
        """Put the rows of a target together."""
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
        return Scene(resolve(roles, bindings), known, self._platform)


def platform_of(tables: Tables) -> frozenset[str]:
    """The namespaces where parts of a platform run, by the tables of a policy."""
    components = components_from_table(tables.get("gpu-components", ()))
    return frozenset(name for each in components for name in each.namespaces)


class Scene:
    """The roles, the bindings and the people of one target."""

    def __init__(self, rights: Rights, known: people.People, platform: AbstractSet[str]) -> None:
        """``platform`` are namespaces of no tenant."""
        self.rights = rights
        self.known = known
        self.platform = platform
        found: dict[Subject, list[BindingInEffect]] = {}
        for binding in rights.bindings:
            for subject in binding.row.subjects:
                found.setdefault(subject, []).append(binding)
        self.bound: Mapping[Subject, Sequence[BindingInEffect]] = found

    def is_platform(self, subject: Subject) -> bool:
        """Whether a subject is a part of the platform."""
        if subject.kind == ACCOUNT and subject.namespace in self.platform:
            return True
        return all(each.row.own for each in self.bound[subject])

    def fact(
        self,
        kind: str,
        subject: Subject,
        origins: Sequence[Origin],
        body: msgspec.Struct,
        listed: str = "",
    ) -> Fact:
        """Make a fact about a subject, of a binding of its own first, and others.

        The elements of the field ``listed`` have findings of their own, at the subject.
        """
        place, *others = dict.fromkeys(origins)
        stands, part = place, str(subject)
        if subject.kind == ACCOUNT:
            part = ""
            declared = self.known.declared.get((subject.namespace, subject.name))
            stands, others = declared or _account(subject, place), [place, *others]
        return Fact(
            kind=kind,
            key=(subject.kind, subject.namespace, subject.name),
            body=msgspec.json.encode(body),
            subject=stands,
            related=tuple(others),
            elsewhere=tuple(_elsewhere(body, listed)),
            draws_on=((place.target, ""),),
            part=part,
        )


def _elsewhere(body: msgspec.Struct, listed: str) -> Iterator[tuple[str, Spot | None]]:
    """Nothing of a body stands anywhere; an element of a list is found where the subject is."""
    for number, element in enumerate(getattr(body, listed) if listed else ()):
        for name in element.__struct_encode_fields__:
            yield f"/{listed}/{number}/{name}", None
    for name in body.__struct_encode_fields__:
        yield f"/{name}", Spot(0, "") if name == listed else None


def _account(subject: Subject, place: Origin) -> Origin:
    """An account that nobody declares stands where a binding names it."""
    return msgspec.structs.replace(
        place, kind=people.ACCOUNT, namespace=subject.namespace, name=subject.name, uid=""
    )


def named(origin: Origin) -> str:
    """Name an object as people do, with its file and line."""
    name = f"{origin.namespace}/{origin.name}" if origin.namespace else origin.name
    text, place = f"{origin.kind.removeprefix(PREFIX)} {name}", place_of(origin)
    return f"{text} ({place})" if place else text
