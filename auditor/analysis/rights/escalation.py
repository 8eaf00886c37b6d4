"""Who can become whom, and by which shortest way somebody comes to every right.

A subject that may run pods in a namespace is every service account there, one that may issue
tokens is whom they are for. What leads to many at once is a foothold of its own, so that there are
as many edges as rights and accounts, never as pairs of them::

    Group ds ──create pods in ml──▶ accounts of ml ──▶ ServiceAccount ml/operator ──┐
    User ci ───impersonate─────────────────────────────────────────────────────────┤
                                          every right ◀──bind, create bindings─────┘

All ways are walked once, backwards from every right: what is reached has its distance and its next
step. ``kube-system`` leads there by itself: accounts of the control plane come to every right, in
every cluster, and so does whoever may be any user.

A step is taken by one identity with all that it needs. What takes rights of two identities that
one subject can become is not followed, nor what depends on what runs in a pod.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from auditor.analysis.rights.footholds import (
    ADMIN,
    ANYWHERE,
    CONTROLLERS,
    MASTERS,
    SYSTEM,
    Edge,
    Foothold,
    Step,
    accounts,
    admin_of,
    called,
    running,
)
from auditor.analysis.rights.holdings import Holdings, Own
from auditor.analysis.rights.resolving import Rights
from auditor.analysis.rights.subjects import ACCOUNT, KINDS, Subject
from auditor.analysis.rights.ways import edges


class Population(msgspec.Struct, frozen=True):
    """The accounts that there are, by namespace, and those of them whose token a pod has.

    ``whole``: what is not declared is not there.
    """

    declared: Mapping[str, frozenset[str]]
    running: Mapping[str, frozenset[str]]
    whole: bool = False


class Ways:
    """The shortest way of everybody to every right."""

    def __init__(self, rights: Rights, population: Population) -> None:
        """Find all ways; the work grows with the edges."""
        self._holdings = Holdings(rights)
        self._population = population
        self._bound = self._bound_accounts()
        self._spaces = sorted({*self._bound, *population.declared, *population.running, SYSTEM})
        self._edges = self._all_edges()
        self._distance = self._walked()

    @property
    def subjects(self) -> Iterable[Subject]:
        """Whoever a binding names, in order."""
        return sorted(self._holdings.subjects)

    def way(self, subject: Subject) -> tuple[Step, ...]:
        """The steps of a shortest way; () for who has none, or has every right already."""
        foothold = Foothold.of(subject)
        steps: list[Step] = []
        while foothold != ADMIN and foothold in self._distance:
            edge = self._next(foothold)
            steps.append(Step(foothold, edge))
            foothold = edge.to
        return tuple(steps)

    def _next(self, foothold: Foothold) -> Edge:
        """The next edge of a shortest way, by a binding of the subject's own if there is one."""
        here = self._distance[foothold]
        found = [
            each
            for each in self._edges[foothold]
            if self._distance.get(each.to, here + 1) + _cost(foothold, each) == here
        ]
        return min(found, key=lambda each: not is_own(foothold, each))

    def actions(self, subject: Subject) -> int | None:
        """How many times somebody has to do something to come to every right; None: never."""
        return self._distance.get(Foothold.of(subject))

    def _bound_accounts(self) -> dict[str, list[Subject]]:
        found: dict[str, list[Subject]] = {}
        for each in sorted(self._holdings.subjects):
            if each.kind == ACCOUNT and self._exists(each):
                found.setdefault(each.namespace, []).append(each)
        return found

    def _exists(self, account: Subject) -> bool:
        known = self._population.declared.get(account.namespace, frozenset())
        return not self._population.whole or account.name in known

    def _all_edges(self) -> dict[Foothold, list[Edge]]:
        """The edges of all footholds that somebody comes to."""
        found: dict[Foothold, list[Edge]] = {}
        waiting = [Foothold.of(each) for each in sorted(self._holdings.subjects)]
        while waiting:
            foothold = waiting.pop()
            if foothold in found:
                continue
            found[foothold] = list(self._from(foothold))
            waiting.extend(each.to for each in found[foothold])
        return found

    def _from(self, foothold: Foothold) -> Iterator[Edge]:
        """What a foothold leads to."""
        if foothold in (Foothold.of(MASTERS), Foothold.of(CONTROLLERS)):
            yield Edge(ADMIN, "may do everything, in every cluster")
        elif foothold.kind in KINDS:
            subject = Subject(foothold.kind, foothold.name, foothold.namespace)
            yield from edges(Own(self._holdings, subject))
            for group in self._holdings.groups(subject):
                yield Edge(Foothold.of(group), f"is in {group.name}", free=True)
        elif foothold.kind == accounts("").kind:
            yield from self._accounts(foothold.namespace)
        elif foothold.kind == running("").kind:
            yield from self._running(foothold.namespace)
        elif foothold.kind == admin_of("").kind:
            yield Edge(accounts(foothold.namespace), "issues tokens of any account")
        elif foothold.kind == called("").kind:
            for each in self._spaces:
                if self._exists(Subject(ACCOUNT, foothold.name, each)):
                    yield Edge(Foothold(ACCOUNT, each, foothold.name), f"as {each}/{foothold.name}")

    def _accounts(self, namespace: str) -> Iterator[Edge]:
        if namespace == ANYWHERE:
            for each in self._spaces:
                yield Edge(accounts(each), f"in {each}")
            return
        if namespace == SYSTEM:
            yield Edge(ADMIN, "has accounts that come to every right, in every cluster")
        for account in self._bound.get(namespace, ()):
            yield Edge(Foothold.of(account), f"as {account.namespace}/{account.name}")
        # any other account has what the groups of all accounts have
        yield Edge(Foothold(ACCOUNT, namespace, "default"), f"as {namespace}/default")

    def _running(self, namespace: str) -> Iterator[Edge]:
        if namespace == ANYWHERE:
            for each in sorted(self._population.running):
                yield Edge(running(each), f"in {each}")
            return
        for name in sorted(self._population.running.get(namespace, ())):
            yield Edge(Foothold(ACCOUNT, namespace, name), f"as {namespace}/{name}")

    def _walked(self) -> dict[Foothold, int]:
        """How many actions each foothold is from every right."""
        back: dict[Foothold, list[tuple[Foothold, int]]] = {}
        for start, found in self._edges.items():
            for edge in found:
                back.setdefault(edge.to, []).append((start, _cost(start, edge)))
        distance = {ADMIN: 0}
        waiting = deque([ADMIN])
        while waiting:
            foothold = waiting.popleft()
            for each, cost in back.get(foothold, ()):
                far = distance[foothold] + cost
                if far >= distance.get(each, far + 1):
                    continue
                distance[each] = far
                if cost:
                    waiting.append(each)
                else:
                    waiting.appendleft(each)
        return distance


def _cost(foothold: Foothold, edge: Edge) -> int:
    """What a step from a foothold costs: only a subject does something."""
    return int(foothold.kind in KINDS and not edge.free)


def is_own(foothold: Foothold, edge: Edge) -> bool:
    """Whether a step is taken by a binding that names the subject, and not its groups alone."""
    return any(
        Foothold.of(subject) == foothold
        for held in edge.by
        for subject in held.binding.row.subjects
    )
