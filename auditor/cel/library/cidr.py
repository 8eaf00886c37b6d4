"""Networks, as the API server has them (kubernetes/apiserver ``pkg/cel/library/cidr.go``)."""

from __future__ import annotations

from functools import partial
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Function
from auditor.cel.library.addresses import Address, Network, parse_address, parse_network
from auditor.cel.library.define import LINEAR, function, member, plain
from auditor.cel.types import BOOL, CIDR, INT, IP, STRING

_SINCE: Final = "1.30"


def cidr(text: object) -> Network:
    """``cidr(text)``.

    Raises:
        CelEvalError: ``text`` is not a network.
    """
    return parse_network(text) if text.__class__ is str else no_overload("cidr", text)


def is_cidr(text: object) -> bool:
    """``isCIDR(text)``."""
    if text.__class__ is not str:
        return no_overload("isCIDR", text)
    try:
        parse_network(text)
    except CelEvalError:
        return False
    return True


def contains_ip(network: object, address: object) -> bool:
    """``network.containsIP(address)``, of an address or its text.

    Raises:
        CelEvalError: the text is not an address.
    """
    wanted = parse_address(address) if address.__class__ is str else address
    if network.__class__ is not Network or wanted.__class__ is not Address:
        return no_overload("containsIP", network, address)
    return network.contains(wanted)


def contains_cidr(network: object, other: object) -> bool:
    """``network.containsCIDR(other)``, of a network or its text.

    Raises:
        CelEvalError: the text is not a network.
    """
    wanted = parse_network(other) if other.__class__ is str else other
    if network.__class__ is not Network or wanted.__class__ is not Network:
        return no_overload("containsCIDR", network, other)
    return network.length <= wanted.length and network.contains(wanted.address)


def ip(network: object) -> Address:
    """``network.ip()``: the address that it was written with."""
    return network.address if network.__class__ is Network else no_overload("ip", network)


def masked(network: object) -> Network:
    """``network.masked()``: with the first address of the network."""
    return network.masked() if network.__class__ is Network else no_overload("masked", network)


def prefix_length(network: object) -> int:
    """``network.prefixLength()``: in bits."""
    if network.__class__ is not Network:
        return no_overload("prefixLength", network)
    return network.length


def to_string(network: object) -> str:
    """``string(network)``."""
    return str(network) if network.__class__ is Network else no_overload("string", network)


_define = partial(function, "cidr")

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("cidr", cidr, plain(STRING, result=CIDR, since=_SINCE), cost=LINEAR),
    _define("isCIDR", is_cidr, plain(STRING, result=BOOL, since=_SINCE), cost=LINEAR),
    _define(
        "containsIP",
        contains_ip,
        member(CIDR, IP, result=BOOL, since=_SINCE),
        member(CIDR, STRING, result=BOOL, since=_SINCE),
    ),
    _define(
        "containsCIDR",
        contains_cidr,
        member(CIDR, CIDR, result=BOOL, since=_SINCE),
        member(CIDR, STRING, result=BOOL, since=_SINCE),
    ),
    _define("ip", ip, member(CIDR, result=IP, since=_SINCE)),
    _define("masked", masked, member(CIDR, result=CIDR, since=_SINCE)),
    _define("prefixLength", prefix_length, member(CIDR, result=INT, since=_SINCE)),
    _define("string", to_string, plain(CIDR, result=STRING, since=_SINCE)),
)
"""The functions of this module."""
