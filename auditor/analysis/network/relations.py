"""Which ports to which peers: sets of connections of one pod, by ports.

A relation is a few pairs of a set of ports and a set of peers; no two pairs have a port in common::

    (TCP 80, {web, db})  (UDP 53, {dns})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from auditor.analysis.network.ports import bits

Piece: TypeAlias = tuple[int, int]
"""A set of ports, and the peers to which it goes."""


class Relation:
    """Connections of one end: a set that is joined and cut in place.

    ``_ports`` has the ports of all pairs, and perhaps more: what is new to it is no pair's.
    """

    __slots__ = ("_pieces", "_ports")

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._pieces: list[Piece] = []
        self._ports = 0
        for ports, peers in pieces:
            self.add(ports, peers)

    def __iter__(self) -> Iterator[Piece]:
        """Yield the pairs."""
        return iter(self._pieces)

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def copy(self) -> Relation:
        """Make another one of the same connections."""
        made = Relation()
        made._pieces, made._ports = list(self._pieces), self._ports
        return made

    def add(self, ports: int, peers: int) -> None:
        """Add some ports to some peers."""
        if not ports or not peers:
            return
        if not ports & self._ports:
            self._ports |= ports
            self._pieces.append((ports, peers))
            return
        self._ports |= ports
        made: list[Piece] = []
        for known, to in self._pieces:
            common = known & ports
            if not common or to | peers == to:
                made.append((known, to))
            else:
                if common != known:
                    made.append((known & ~common, to))
                made.append((common, to | peers))
            ports &= ~common
        if ports:
            made.append((ports, peers))
        self._pieces = made

    def cut(self, ports: int, peers: int) -> None:
        """Take some ports to some peers away."""
        if not ports or not peers:
            return
        made: list[Piece] = []
        for known, to in self._pieces:
            common = known & ports
            if not common or not to & peers:
                made.append((known, to))
                continue
            if common != known:
                made.append((known & ~common, to))
            if to & ~peers:
                made.append((common, to & ~peers))
        self._pieces = made

    def less(self, other: Relation) -> Relation:
        """Make one of the connections that are not in another.

        Each port is in one pair of each at most, so that all are looked at once.
        """
        owner = {bit: at for at, (ports, _) in enumerate(other._pieces) for bit in bits(ports)}
        made = Relation()
        for ports, peers in self._pieces:
            parts: dict[int, int] = {}
            for bit in bits(ports & other._ports):
                at = owner.get(bit, -1)
                parts[at] = parts.get(at, 0) | 1 << bit
            made.add(ports & ~other._ports, peers)
            for at, part in parts.items():
                made.add(part, peers & ~other._pieces[at][1] if at >= 0 else peers)
        return made

    def add_all(self, pieces: Iterable[Piece]) -> None:
        """Add what is in another one."""
        for ports, peers in pieces:
            self.add(ports, peers)

    def within(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Yield what it has in common with some pieces; these may overlap."""
        for ports, peers in pieces:
            for known, to in self._pieces:
                if known & ports and to & peers:
                    yield known & ports, to & peers

    def peers(self, ports: int) -> int:
        """The peers to which some of the ports go."""
        found = 0
        for known, to in self._pieces:
            if known & ports:
                found |= to
        return found

    def ports(self, peers: int) -> int:
        """The ports that go to some of the peers."""
        found = 0
        for known, to in self._pieces:
            if to & peers:
                found |= known
        return found

    def has_all(self, ports: int, peers: int) -> bool:
        """Whether all of the ports go to all of the peers."""
        for known, to in self._pieces:
            if known & ports and to & peers == peers:
                ports &= ~known
        return not ports or not peers
