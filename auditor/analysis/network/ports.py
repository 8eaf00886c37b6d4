"""Ports of three protocols, as sets that are quick to join and to cut.

What policies and questions name cuts the ports of each protocol into pieces; no policy tells the
ports of one piece apart. A set of ports is an integer, a bit a piece::

    named   TCP 80, TCP 8000-8100        pieces   TCP 1-79, 80, 81-7999, 8000-8100, 8101-65535,
                                                  UDP 1-65535, SCTP 1-65535
    TCP 80                               0b0000010
    TCP                                  0b0011111

Source: networking.k8s.io/v1 NetworkPolicyPort.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

import msgspec

FIRST: Final = 1
LAST: Final = 65_535


class Protocol(Enum):
    """What a policy can tell apart; ICMP is none of it."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class PortRange(msgspec.Struct, frozen=True, order=True):
    """Ports of a protocol, by its word: those from the first to the last."""

    protocol: Protocol
    first: int = FIRST
    last: int = LAST

    def __str__(self) -> str:
        """Write it as a person does: ``TCP 80``, ``UDP``, ``TCP 8000-8100``."""
        if (self.first, self.last) == (FIRST, LAST):
            return self.protocol.value
        last = f"-{self.last}" if self.last > self.first else ""
        return f"{self.protocol.value} {self.first}{last}"


class NamedPort(msgspec.Struct, frozen=True):
    """A port that goes by the name that the pod at its end gives it; of any protocol, if None."""

    name: str
    protocol: Protocol | None = None

    def __str__(self) -> str:
        """Write it as a person does: ``TCP http``."""
        return f"{self.protocol.value} {self.name}" if self.protocol is not None else self.name


PortMatch = PortRange | NamedPort


class PortSpace:
    """The ports of all protocols, cut where a range begins or ends."""

    def __init__(self, ranges: Iterable[PortRange]) -> None:
        """``ranges`` are all that will ever be asked for."""
        starts: dict[Protocol, set[int]] = {each: {FIRST} for each in Protocol}
        for each in ranges:
            starts[each.protocol] |= {each.first, each.last + 1}
        self._starts: dict[Protocol, list[int]] = {}
        self._offset: dict[Protocol, int] = {}
        self.pieces: list[PortRange] = []
        for protocol, found in starts.items():
            known = sorted(number for number in found if FIRST <= number <= LAST)
            self._starts[protocol] = known
            self._offset[protocol] = len(self.pieces)
            ends = [*(number - 1 for number in known[1:]), LAST]
            pairs = zip(known, ends, strict=True)
            self.pieces += [PortRange(protocol, first, last) for first, last in pairs]
        self.all = (1 << len(self.pieces)) - 1

    def mask(self, wanted: PortRange) -> int:
        """Find the set of a range that begins and ends where pieces do."""
        starts, offset = self._starts[wanted.protocol], self._offset[wanted.protocol]
        low = bisect_left(starts, wanted.first)
        high = bisect_right(starts, wanted.last)
        return ((1 << high) - (1 << low)) << offset if high > low else 0

    def ranges(self, mask: int) -> list[PortRange]:
        """Name the ports of a set, neighbours as one."""
        found: list[PortRange] = []
        for number, piece in enumerate(self.pieces):
            if not mask >> number & 1:
                continue
            before = found[-1] if found else None
            if (
                before is not None
                and before.protocol is piece.protocol
                and before.last + 1 == piece.first
            ):
                found[-1] = PortRange(piece.protocol, before.first, piece.last)
            else:
                found.append(piece)
        return found

    def words(self, mask: int) -> str:
        """Write a set of ports: ``TCP 80, 443; UDP 53``, ``all ports``, ``no port``."""
        if mask == self.all:
            return "all ports"
        by_protocol: dict[Protocol, list[PortRange]] = {}
        for each in self.ranges(mask):
            by_protocol.setdefault(each.protocol, []).append(each)
        return "; ".join(map(_listed, by_protocol.values())) or "no port"


def _listed(ranges: list[PortRange]) -> str:
    first, *rest = map(str, ranges)
    protocol = ranges[0].protocol.value
    return ", ".join((first, *(each.removeprefix(f"{protocol} ") for each in rest)))


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits of a set, the least first."""
    text = bin(mask)[:1:-1]
    at = text.find("1")
    while at >= 0:
        yield at
        at = text.find("1", at + 1)
