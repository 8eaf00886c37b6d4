"""Public addresses, and addresses that policies have least to do with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from auditor.analysis.network.addresses import AddressSpace, Block, block_of, whole
from auditor.analysis.network.policies import BlocksPeer, Policy
from auditor.analysis.network.ports import bits

SPECIAL: Final = tuple(
    found
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
    )
    if (found := block_of(text)) is not None
)
"""Addresses of IPv4 that are not of the public network (RFC 6890)."""
GLOBAL: Final = block_of("2000::/3") or whole(6)
"""Addresses of IPv6 that are (RFC 4291)."""
ASKED: Final = (*SPECIAL, GLOBAL)
"""Where public addresses begin and end."""


def coverage(space: AddressSpace, policies: Iterable[Policy]) -> list[int]:
    """Count for each piece of the addresses how many blocks of policies have it."""
    change = [0] * (len(space.pieces) + 1)
    for policy in policies:
        for rule in (*(policy.ingress or ()), *(policy.egress or ())):
            for peer in rule.peers:
                if isinstance(peer, BlocksPeer):
                    for block in peer.blocks:
                        _count(change, space, block, 1)
                    for block in peer.but:
                        _count(change, space, block, -1)
    found, level = [], 0
    for each in change[:-1]:
        level += each
        found.append(level)
    return found


def least_covered(
    space: AddressSpace, policies: Iterable[Policy], within: Sequence[Block]
) -> tuple[Block, ...]:
    """An address that as few blocks of policies have as any, of those within some blocks."""
    cover = coverage(space, policies)
    wanted = 0
    for each in within:
        wanted |= space.mask(each)
    at = min(bits(wanted), key=lambda piece: (cover[piece], piece))
    first = space.pieces[at]
    return (Block(first.family, first.first, first.first),)


def _count(change: list[int], space: AddressSpace, block: Block, by: int) -> None:
    change[space.piece_of(block)] += by
    change[space.piece_of(Block(block.family, block.last, block.last)) + 1] -= by
