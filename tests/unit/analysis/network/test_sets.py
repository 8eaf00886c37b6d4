"""Sets of ports, addresses and connections against sets of single ones."""

from __future__ import annotations

import ipaddress
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.network.addresses import AddressSpace, Block, block_of, whole
from auditor.analysis.network.ports import PortRange, PortSpace, Protocol, bits
from auditor.analysis.network.relations import Relation

PORT = st.integers(1, 65_535)


@st.composite
def ranges(draw: st.DrawFn) -> PortRange:
    first, last = sorted((draw(PORT), draw(PORT)))
    return PortRange(draw(st.sampled_from(Protocol)), first, last)


@given(st.lists(ranges(), min_size=1, max_size=6), PORT, st.sampled_from(Protocol))
def test_a_set_of_ports_has_what_its_ranges_have(
    found: list[PortRange], port: int, protocol: Protocol
) -> None:
    space = PortSpace(found)
    mask = 0
    for each in found:
        mask |= space.mask(each)
    has = any(each.protocol is protocol and each.first <= port <= each.last for each in found)
    named = space.ranges(mask)
    assert has is any(
        each.protocol is protocol and each.first <= port <= each.last for each in named
    )
    assert all(
        one.protocol is not two.protocol or one.last + 1 < two.first
        for one, two in itertools.pairwise(named)
    ), "neighbours are one"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], "no port"),
        ([PortRange(each) for each in Protocol], "all ports"),
        ([PortRange(Protocol.TCP)], "TCP"),
        (
            [
                PortRange(Protocol.TCP, 80, 80),
                PortRange(Protocol.TCP, 443, 444),
                PortRange(Protocol.UDP, 53, 53),
            ],
            "TCP 80, 443-444; UDP 53",
        ),
    ],
)
def test_ports_in_words(found: list[PortRange], expected: str) -> None:
    space = PortSpace(found)
    mask = 0
    for each in found:
        mask |= space.mask(each)
    assert space.words(mask) == expected


NETWORKS = st.one_of(
    st.builds(
        lambda number, prefix: ipaddress.IPv4Network((number, prefix), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda number, prefix: ipaddress.IPv6Network((number, prefix), strict=False),
        st.integers(0xFD00 << 112, (0xFD00 << 112) + 2**112 - 1),
        st.integers(8, 128),
    ),
)


@given(st.lists(NETWORKS, min_size=2, max_size=6))
def test_a_set_of_addresses_has_what_its_blocks_have(
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> None:
    blocks = [block for each in networks if (block := block_of(str(each))) is not None]
    assert len(blocks) == len(networks)
    space = AddressSpace(blocks)
    wanted, *but = blocks
    mask = space.mask(wanted, but)
    for block in blocks:
        kind = ipaddress.IPv4Address if block.family == 4 else ipaddress.IPv6Address
        for number in {block.first, block.last}:
            address = kind(number)
            first, *others = networks
            inside = address in first and not any(address in each for each in others)
            at = space.piece_of(Block(block.family, number, number))
            assert bool(mask >> at & 1) is inside
    assert space.mask(whole(4)) | space.mask(whole(6)) == space.all


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1/8", "10.0.0.0/8"),
        ("::/0", "::/0"),
        ("fd00::1", "fd00::1"),
    ],
)
def test_blocks_in_words(text: str, written: str) -> None:
    assert str(block_of(text)) == written
    assert str(Block(4, 1, 3)) == "0.0.0.1-0.0.0.3"


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0.0/33", "::ffff:1.2.3.4", "fe80::1%eth0", 3, None]
)
def test_what_is_no_address(text: object) -> None:
    assert block_of(text) is None


def test_relations_are_sets_of_pairs() -> None:
    chance = random.Random(7)
    for _ in range(300):
        relation, pairs = Relation(), set[tuple[int, int]]()
        for _ in range(8):
            ports, peers = chance.getrandbits(5), chance.getrandbits(5)
            square = {(port, peer) for port in bits(ports) for peer in bits(peers)}
            if chance.random() < 0.6:
                relation.add(ports, peers)
                pairs |= square
            else:
                relation.cut(ports, peers)
                pairs -= square
        assert expanded(relation) == pairs
        assert expanded(relation.copy()) == pairs
        assert bool(relation) is bool(pairs)
        other = Relation([(chance.getrandbits(5), chance.getrandbits(5)) for _ in range(3)])
        assert expanded(Relation(relation.within(other))) == pairs & expanded(other)
        assert expanded(relation.less(other)) == pairs - expanded(other)
        assert are_apart(relation)
        assert are_apart(relation.less(other))
        ports, peers = chance.getrandbits(5), chance.getrandbits(5)
        asked = {(port, peer) for port in bits(ports) for peer in bits(peers)}
        assert relation.has_all(ports, peers) is (asked <= pairs)
        assert set(bits(relation.peers(ports))) == {b for a, b in pairs if ports >> a & 1}
        assert set(bits(relation.ports(peers))) == {a for a, b in pairs if peers >> b & 1}


def expanded(relation: Relation) -> set[tuple[int, int]]:
    return {
        (port, peer) for ports, peers in relation for port in bits(ports) for peer in bits(peers)
    }


def are_apart(relation: Relation) -> bool:
    """Whether no two pairs have a port in common."""
    every = [port for ports, _ in relation for port in bits(ports)]
    return len(every) == len(set(every))


@given(st.lists(st.text("0123456789", max_size=4), min_size=1, max_size=5))
def test_an_address_is_one_where_python_takes_it(parts: list[str]) -> None:
    text = ".".join(parts)
    try:
        expected = Block(4, int(ipaddress.IPv4Address(text)), int(ipaddress.IPv4Address(text)))
    except ValueError:
        expected = None
    assert block_of(text) == expected


@pytest.mark.parametrize("text", ["1.2.3.4\n", "1.2.3.\u0664", " 1.2.3.4", "1.2.3.4%1", "1.2.3.+4"])
def test_what_only_looks_like_an_address(text: str) -> None:
    assert block_of(text) is None
