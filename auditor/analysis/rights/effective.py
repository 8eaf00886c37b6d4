"""Whom somebody can become: one fact for each subject that comes to every right.

``k8s/EscalationPath`` has a shortest way, step by step. Who has every right already is left out,
and what comes by a group alone is told of the group::

    RoleBinding ml/ds      runs pods in ml, to the group ds
    ClusterRoleBinding op  cluster-admin, to the account ml/operator

    k8s/EscalationPath     Group ds: runs pods in ml, as any account; ml/operator may do everything.
                           It is local: it begins with rights in one namespace

Of files nobody knows that they are applied together, so ways of files are heuristic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.protocol import Feeds, Groups, Tables
from auditor.analysis.rights import places
from auditor.analysis.rights.escalation import Ways, is_own
from auditor.analysis.rights.parts import Part
from auditor.analysis.rights.places import SYSTEM, Held, Place, Step, accounts
from auditor.analysis.rights.scenes import READS, AboutSubjects, Scene, named, platform_of
from auditor.analysis.rights.subjects import Subject
from auditor.model.fact import Fact

KIND: Final = "k8s/EscalationPath"


class StepOfWay(msgspec.Struct, frozen=True):
    """A step, for people: who does what, by which binding and role."""

    who: str
    how: str
    by: tuple[str, ...] = ()


class WayFact(msgspec.Struct, frozen=True):
    """The body of the fact; ``users`` are workloads whose pods have the token of an account."""

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


class EscalationPaths(AboutSubjects):
    """Joins roles, bindings, accounts and pods to whom somebody can become."""

    id = "escalation-path"
    # A way that is told rests on some of it; that it is the shortest, and the only one, on all.
    feeds: Feeds = MappingProxyType(
        {KIND: MappingProxyType(dict.fromkeys(("", *WayFact.__struct_encode_fields__), READS))}
    )

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each subject with a way of its own, in the order of subjects."""
        scene = self._scene(groups)
        ways = Ways(scene.rights, scene.known.population(whole=scene.rights.live))
        for subject in ways.subjects:
            steps = ways.way(subject)
            if steps and _tells(steps):
                yield _fact(scene, subject, steps, ways.actions(subject) or 0)


def make(tables: Tables) -> EscalationPaths:
    """Make the analysis for the tables of a policy."""
    return EscalationPaths(platform_of(tables))


def _tells(steps: Sequence[Step]) -> bool:
    """Whether a way is the subject's own, and more than having every right already."""
    first = steps[0]
    has_all = first.edge.to == places.ADMIN and first.edge.part is Part.EVERYTHING
    return is_own(first.start, first.edge) and not has_all


def _fact(scene: Scene, subject: Subject, steps: Sequence[Step], actions: int) -> Fact:
    first = steps[0].edge.by
    spaces = {held.binding.namespace for held in first}
    body = WayFact(
        who=str(subject),
        kind=subject.kind,
        name=subject.name,
        namespace=subject.namespace,
        users=scene.known.users(subject.namespace, subject.name),
        platform=scene.is_platform(subject),
        actions=actions,
        local="" not in spaces,
        where=", ".join(sorted(spaces - {""})),
        steps=tuple(_steps(steps)),
        live=scene.rights.live,
    )
    own = [held.binding.origin for held in first if subject in held.binding.row.subjects]
    every = [held.binding.origin for step in steps for held in step.edge.by]
    found = scene.fact(KIND, subject, [*own, *every], body)
    return msgspec.structs.replace(found, heuristic=not scene.rights.live)


def _steps(steps: Sequence[Step]) -> Iterator[StepOfWay]:
    """Leave out what is so by itself: who has all accounts acts as one of them."""
    for step in steps:
        if step.edge.by:
            by = dict.fromkeys(map(_by, step.edge.by))
            yield StepOfWay(_place(step.start), step.edge.how, tuple(by))
        elif step.start == accounts(SYSTEM) and step.edge.to == places.ADMIN:
            yield StepOfWay(SYSTEM, step.edge.how)


def _by(held: Held) -> str:
    rule = held.rule
    return f"{named(held.binding.origin)}, rule {rule.number + 1} of {rule.written_in}"


def _place(place: Place) -> str:
    return str(Subject(place.kind, place.name, place.namespace))
