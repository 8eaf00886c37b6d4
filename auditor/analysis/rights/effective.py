"""Whom somebody can become: facts about whoever comes to every right.

``k8s/EscalationPath`` has a shortest way, step by step. Users and groups of one binding that have
the same way are told together, who has every right already is left out, and what comes by a group
alone is told of the group::

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
from auditor.analysis.rights import footholds
from auditor.analysis.rights.escalation import Ways, is_own
from auditor.analysis.rights.footholds import SYSTEM, Edge, Foothold, Held, Step, accounts
from auditor.analysis.rights.parts import Part
from auditor.analysis.rights.scenes import READS, AboutSubjects, Scene, named, platform_of
from auditor.analysis.rights.subjects import ACCOUNT, Subject
from auditor.model.fact import Fact, Origin

KIND: Final = "k8s/EscalationPath"
_SHOWN: Final = 3


class StepOfWay(msgspec.Struct, frozen=True):
    """A step, for people: who does what, by which binding and role."""

    who: str
    how: str
    by: tuple[str, ...] = ()


class WayFact(msgspec.Struct, frozen=True):
    """The body of the fact; ``users`` are workloads whose pods have the token of an account.

    ``kind``, ``name`` and ``namespace`` are of the first of those who have the way.
    """

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
        """Yield a fact for each account, and each binding, with a way, in the order of subjects."""
        scene = self._scene(groups)
        ways = Ways(scene.rights, scene.known.population(whole=scene.rights.live))
        alike: dict[_Way, list[Subject]] = {}
        for subject in ways.subjects:
            steps = ways.way(subject)
            if steps and _tells(steps):
                alike.setdefault(_Way.of(scene, subject, steps), []).append(subject)
        for way, subjects in alike.items():
            yield _fact(scene, subjects, way, ways.actions(subjects[0]) or 0)


class _Way(msgspec.Struct, frozen=True):
    """A way from a foothold: users and groups of one binding share it, accounts have their own."""

    account: Subject | None
    begins: Origin
    platform: bool
    edges: tuple[Edge, ...]
    later: tuple[Foothold, ...]

    @classmethod
    def of(cls, scene: Scene, subject: Subject, steps: Sequence[Step]) -> _Way:
        """The way of a subject."""
        first = steps[0].edge.by
        own = [held.binding.origin for held in first if subject in held.binding.row.subjects]
        return cls(
            subject if subject.kind == ACCOUNT else None,
            own[0],
            scene.is_platform(subject),
            tuple(step.edge for step in steps),
            tuple(step.start for step in steps[1:]),
        )


def make(tables: Tables) -> EscalationPaths:
    """Make the analysis for the tables of a policy."""
    return EscalationPaths(platform_of(tables))


def _tells(steps: Sequence[Step]) -> bool:
    """Whether a way is the subject's own, and more than having every right already."""
    first = steps[0]
    has_all = first.edge.to == footholds.ADMIN and first.edge.part is Part.EVERYTHING
    return is_own(first.start, first.edge) and not has_all


def _fact(scene: Scene, subjects: Sequence[Subject], way: _Way, actions: int) -> Fact:
    first, subject = way.edges[0], subjects[0]
    spaces = {held.binding.namespace for held in first.by}
    who = _listed(subjects)
    body = WayFact(
        who=who,
        kind=subject.kind,
        name=subject.name,
        namespace=subject.namespace,
        users=scene.known.users(subject.namespace, subject.name),
        platform=way.platform,
        actions=actions,
        local="" not in spaces,
        where=", ".join(sorted(spaces - {""})),
        steps=tuple(_steps(who, way)),
        live=scene.rights.live,
    )
    every = [held.binding.origin for edge in way.edges for held in edge.by]
    found = scene.fact(KIND, subject, [way.begins, *every], body)
    part = "" if way.account is not None else _part(way)
    return msgspec.structs.replace(found, part=part, heuristic=not scene.rights.live)


def _part(way: _Way) -> str:
    """What is done first, and by which other bindings: it tells ways of one binding apart."""
    first = way.edges[0]
    others = {named(held.binding.origin).partition(" (")[0] for held in first.by}
    others -= {named(way.begins).partition(" (")[0]}
    return f"{first.how}, with {', '.join(sorted(others))}" if others else first.how


def _listed(subjects: Sequence[Subject]) -> str:
    shown = ", ".join(map(str, subjects[:_SHOWN]))
    more = len(subjects) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _steps(who: str, way: _Way) -> Iterator[StepOfWay]:
    """Leave out what is so by itself: who has all accounts acts as one of them."""
    for start, edge in zip((None, *way.later), way.edges, strict=True):
        if edge.by:
            by = dict.fromkeys(map(_by, edge.by))
            shown = who if start is None else _foothold(start)
            yield StepOfWay(shown, edge.how, tuple(by))
        elif start == accounts(SYSTEM) and edge.to == footholds.ADMIN:
            yield StepOfWay(SYSTEM, edge.how)


def _by(held: Held) -> str:
    rule = held.rule
    return f"{named(held.binding.origin)}, rule {rule.number + 1} of {rule.written_in}"


def _foothold(foothold: Foothold) -> str:
    return str(Subject(foothold.kind, foothold.name, foothold.namespace))
