"""Addresses and networks of IPv4 and IPv6, as Go's net/netip reads and writes them."""

from __future__ import annotations

import re
from typing import ClassVar, Final

import msgspec

from auditor.cel.errors import CelEvalError

BITS_4: Final = 32
BITS_6: Final = 128
_LONGEST: Final = 64
_MAPPED: Final = 0xFFFF << 32
_LENGTH: Final = re.compile(r"[0-9]|[1-9][0-9]{1,2}")


class Address(msgspec.Struct, frozen=True):
    """An address of ``bits`` bits, which say of which family it is."""

    cel_type: ClassVar[str] = "net.IP"

    value: int
    bits: int

    def within(self, network: int, length: int) -> bool:
        """Whether the first ``length`` bits are those of ``network``."""
        return self.value >> (self.bits - length) == network >> (self.bits - length)

    def __str__(self) -> str:
        from ipaddress import IPv4Address, IPv6Address  # noqa: PLC0415 - 5 ms, rarely needed

        return str(IPv4Address(self.value) if self.bits == BITS_4 else IPv6Address(self.value))


class Network(msgspec.Struct, frozen=True):
    """An address, and how many of its first bits are those of the network."""

    cel_type: ClassVar[str] = "net.CIDR"

    address: Address
    length: int

    def contains(self, address: Address) -> bool:
        """Whether an address is in the network."""
        mine = self.address
        return mine.bits == address.bits and address.within(mine.value, self.length)

    def masked(self) -> Network:
        """The network by its first address."""
        address = self.address
        rest = address.bits - self.length
        return Network(Address(address.value >> rest << rest, address.bits), self.length)

    def __str__(self) -> str:
        return f"{self.address}/{self.length}"


def parse_address(text: str) -> Address:
    """The address that a text is.

    Raises:
        CelEvalError: it is none, or has a zone, or is one of IPv4 mapped into IPv6.
    """
    from ipaddress import AddressValueError, IPv4Address, IPv6Address  # noqa: PLC0415 - see above

    if len(text) > _LONGEST or "%" in text:
        raise CelEvalError("no IP address")
    try:
        if ":" not in text:
            return Address(int(IPv4Address(text)), BITS_4)
        value = int(IPv6Address(text))
    except AddressValueError as error:
        raise CelEvalError("no IP address") from error
    if value >> BITS_4 << BITS_4 == _MAPPED:
        raise CelEvalError("an IPv4 address mapped into IPv6")
    return Address(value, BITS_6)


def parse_network(text: str) -> Network:
    """The network that a text is, such as ``10.0.0.0/8``.

    Raises:
        CelEvalError: it is none.
    """
    start, _, length = text.rpartition("/")
    address = parse_address(start)
    if not _LENGTH.fullmatch(length) or int(length) > address.bits:
        raise CelEvalError("no length of a network")
    return Network(address, int(length))
