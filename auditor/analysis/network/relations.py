"""Which ports to which peers: sets of connections of one pod, by ports.

A relation is a few pairs of a set of ports and a set of peers; no two pairs have a port in common::

    (TCP 80, {web, db})  (UDP 53, {dns})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Piece: TypeAlias = tuple[int, int]
"""A set of ports, and the peers to which it goes."""


class Relation:
    """Connections of one end: a set that is joined and cut in place."""

    __slots__ = ("_pieces",)

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._pieces: list[Piece] = []
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
        made._pieces = list(self._pieces)
        return made

    def add(self, ports: int, peers: int) -> None:
        """Add some ports to some peers."""
        if not ports or not peers:
            return
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
