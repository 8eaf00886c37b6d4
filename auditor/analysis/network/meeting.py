"""Where both ends of a connection let it through: who reaches some pods, and whom they reach.

The ingress of a pod says whom it takes, and the egress of each of those whether they may go there.
Ends whose decisions are equal are one group, and of a group that lets few through only those few
ever ask it, so that no pair of pods is looked at::

    ingress of db     (TCP 5432, {web, job})
    egress of web     everything            group 0: {web, db, chat, …}
    egress of job     (UDP 53, {dns})       group 1: {job}
    db is reached by  (TCP 5432, {web})
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from auditor.analysis.network.network import Network
from auditor.analysis.network.policies import Direction
from auditor.analysis.network.ports import bits
from auditor.analysis.network.relations import Piece, Relation

_FEW: Final = 256
"""A group that lets no more than so many ends through is only asked by those."""
_REMEMBERED: Final = 256
"""Answers that are remembered: pods of one namespace come together, and have most in common."""
_OPPOSITE: Final = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}


class Met(msgspec.Struct, frozen=True):
    """Connections of an end that both ends let through: those for sure, and all that may be."""

    sure: tuple[Piece, ...]
    possible: tuple[Piece, ...]


class _Group(msgspec.Struct):
    """Ends with equal decisions in one direction."""

    sure: Relation
    possible: Relation
    members: int = 0


class Meeting:
    """Finds what both ends let through."""

    def __init__(self, network: Network, running: int) -> None:
        """``running`` are the ends that are pods of which somebody is told."""
        self._network = network
        self._running = running
        self._groups: dict[Direction, list[_Group]] = {}
        self._asking: dict[Direction, dict[int, list[int]]] = {}
        self._broad: dict[Direction, list[int]] = {}
        self._known: dict[tuple[object, ...], Met] = {}
        self._last = dict.fromkeys(Direction, (-1, Met((), ())))
        for direction in Direction:
            self._gather(direction)

    def of(self, pod: int, direction: Direction) -> Met:
        """What reaches the pods of an end (ingress), or what they reach (egress)."""
        if self._last[direction][0] != pod:
            self._last[direction] = pod, self._met(pod, direction)
        return self._last[direction][1]

    def _met(self, pod: int, direction: Direction) -> Met:
        other = _OPPOSITE[direction]
        decision = self._network.decision(pod, direction)
        groups = self._groups[other]
        asked = [*self._broad[other], *self._asking[other].get(pod, ())]
        theirs = [
            (groups[at], groups[at].sure.ports(1 << pod), groups[at].possible.ports(1 << pod))
            for at in asked
        ]
        key = (id(decision), tuple((at, *each[1:]) for at, each in zip(asked, theirs, strict=True)))
        found = self._known.get(key)
        if found is None:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            sure = self._joined(decision.sure, [(each.members, ports) for each, ports, _ in theirs])
            possible = self._joined(
                decision.possible, [(each.members, ports) for each, _, ports in theirs]
            )
            found = self._known[key] = Met(sure, possible)
        return found

    def _gather(self, direction: Direction) -> None:
        """Put ends with equal decisions together; the same decision is one object mostly."""
        by_content: dict[object, int] = {}
        by_object: dict[int, int] = {}
        groups: list[_Group] = []
        for pod in bits(self._running):
            decision = self._network.decision(pod, direction)
            at = by_object.get(id(decision))
            if at is None:
                content = tuple(sorted(decision.sure)), tuple(sorted(decision.possible))
                at = by_content.setdefault(content, len(groups))
                if at == len(groups):
                    groups.append(_Group(decision.sure, decision.possible))
                by_object[id(decision)] = at
            groups[at].members |= 1 << pod
        self._groups[direction] = groups
        self._index(direction, groups)

    def _index(self, direction: Direction, groups: Iterable[_Group]) -> None:
        broad: list[int] = []
        asking: dict[int, list[int]] = {}
        for at, group in enumerate(groups):
            peers = _peers(group.possible) & self._running
            if peers.bit_count() > _FEW:
                broad.append(at)
                continue
            for pod in bits(peers):
                asking.setdefault(pod, []).append(at)
        self._broad[direction], self._asking[direction] = broad, asking

    def _joined(self, own: Relation, theirs: list[tuple[int, int]]) -> tuple[Piece, ...]:
        outside = self._network.ends.all & ~self._network.ends.pods
        found = Relation()
        for ports, peers in own:
            found.add(ports, peers & outside)
            for members, allowed in theirs:
                found.add(ports & allowed, peers & members)
        return tuple(found)


def _peers(relation: Relation) -> int:
    found = 0
    for _, peers in relation:
        found |= peers
    return found


def ports_to(pieces: Iterable[Piece], peers: int) -> int:
    """The ports that go to some of the peers."""
    found = 0
    for ports, to in pieces:
        if to & peers:
            found |= ports
    return found


def ports_to_all(pieces: Iterable[Piece], peers: int) -> int:
    """The ports that go to all of the peers: pieces have no port in common."""
    found = 0
    for ports, to in pieces:
        if to & peers == peers:
            found |= ports
    return found


def first_of(pieces: Iterable[Piece], peers: int) -> tuple[int, int] | None:
    """The ports and the first peer of a piece that goes to some of the peers."""
    for ports, to in pieces:
        common = to & peers
        if common:
            return ports, (common & -common).bit_length() - 1
    return None


def all_bits(numbers: Iterable[int]) -> int:
    """The set of some numbers."""
    found = 0
    for each in numbers:
        found |= 1 << each
    return found
