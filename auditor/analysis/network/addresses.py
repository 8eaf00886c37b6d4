"""Addresses of IPv4 and IPv6, cut where something that is named begins or ends.

No policy tells the addresses of one piece apart, so a piece stands for all of them::

    named    0.0.0.0/0, 169.254.169.254/32
    pieces   0.0.0.0-169.254.169.253, 169.254.169.254, 169.254.169.255-255.255.255.255, all of IPv6

A set of addresses is an integer, a bit a piece.

Source: networking.k8s.io/v1 IPBlock, policy.networking.k8s.io CIDR.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

_ENDS: Final = {4: (1 << 32) - 1, 6: (1 << 128) - 1}
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


class Block(msgspec.Struct, frozen=True, order=True):
    """Addresses of a family (4 or 6), from the first to the last, as numbers."""

    family: int
    first: int
    last: int

    def __str__(self) -> str:
        """Write it as a network where it is one, else by its ends."""
        kind = ipaddress.IPv4Address if self.family == 4 else ipaddress.IPv6Address
        first, last = kind(self.first), kind(self.last)
        (network, *more) = ipaddress.summarize_address_range(first, last)
        if more:
            return f"{first}-{last}"
        return str(first) if self.first == self.last else str(network)


def whole(family: int) -> Block:
    """All addresses of a family."""
    return Block(family, 0, _ENDS[family])


EVERYTHING: Final = (whole(4), whole(6))


def block_of(text: object) -> Block | None:
    """Read an address or a network, None for what is neither.

    Bits behind the prefix are left out, as plugins do: older API servers took them. An IPv4 address
    in IPv6 is nobody's: some take it for one, some for the other.
    """
    if not isinstance(text, str) or "%" in text:
        return None
    plain = _of_ipv4(text)
    if plain is not None:
        return plain
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        return None
    return Block(found.version, int(found.network_address), int(found.broadcast_address))


def _of_ipv4(text: str) -> Block | None:
    """Read an address of IPv4 as most are written, None for anything else."""
    parts = text.split(".")
    if len(parts) != 4 or not text.isascii():
        return None
    number = 0
    for part in parts:
        if not part.isdecimal() or (len(part) > 1 and part[0] == "0") or len(part) > 3:
            return None
        if int(part) > 255:
            return None
        number = number << 8 | int(part)
    return Block(4, number, number)


class AddressSpace:
    """All addresses, cut where a block begins or ends."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        """``blocks`` are all that will ever be asked for."""
        starts: dict[int, set[int]] = {4: {0}, 6: {0}}
        for each in blocks:
            starts[each.family] |= {each.first, each.last + 1}
        self.pieces: list[Block] = []
        self._starts: dict[int, list[int]] = {}
        self._offset: dict[int, int] = {}
        for family, found in starts.items():
            known = sorted(number for number in found if number <= _ENDS[family])
            self._starts[family] = known
            self._offset[family] = len(self.pieces)
            ends = [*(number - 1 for number in known[1:]), _ENDS[family]]
            pairs = zip(known, ends, strict=True)
            self.pieces += [Block(family, first, last) for first, last in pairs]
        self.all = (1 << len(self.pieces)) - 1

    def mask(self, wanted: Block, but: Sequence[Block] = ()) -> int:
        """Find the set of a block, less some others; all begin and end where pieces do."""
        found = self._mask(wanted)
        for each in but:
            found &= ~self._mask(each)
        return found

    def piece_of(self, wanted: Block) -> int:
        """Find the number of the piece in which a block begins."""
        return self._offset[wanted.family] + self._at(wanted)

    def _at(self, wanted: Block) -> int:
        return bisect_right(self._starts[wanted.family], wanted.first) - 1

    def _mask(self, wanted: Block) -> int:
        starts = self._starts[wanted.family]
        low, high = bisect_left(starts, wanted.first), bisect_right(starts, wanted.last)
        return ((1 << high) - (1 << low)) << self._offset[wanted.family] if high > low else 0
