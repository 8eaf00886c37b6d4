"""IP addresses, as the API server has them (kubernetes/apiserver ``pkg/cel/library/ip.go``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Function
from auditor.cel.library.addresses import BITS_4, Address, parse_address
from auditor.cel.library.define import LINEAR, function, member, plain
from auditor.cel.types import BOOL, INT, IP, STRING

_SINCE: Final = "1.30"


def ip(text: object) -> Address:
    """``ip(text)``.

    Raises:
        CelEvalError: ``text`` is not an address.
    """
    return parse_address(text) if text.__class__ is str else no_overload("ip", text)


def is_ip(text: object) -> bool:
    """``isIP(text)``."""
    if text.__class__ is not str:
        return no_overload("isIP", text)
    try:
        parse_address(text)
    except CelEvalError:
        return False
    return True


def is_canonical(text: object) -> bool:
    """``ip.isCanonical(text)``: whether an address is written as RFC 5952 wants it.

    Raises:
        CelEvalError: ``text`` is not an address.
    """
    if text.__class__ is not str:
        return no_overload("ip.isCanonical", text)
    return str(parse_address(text)) == text


def family(address: object) -> int:
    """``address.family()``: 4 or 6."""
    if address.__class__ is not Address:
        return no_overload("family", address)
    return 4 if address.bits == BITS_4 else 6


def to_string(address: object) -> str:
    """``string(address)``."""
    return str(address) if address.__class__ is Address else no_overload("string", address)


def _is_unspecified(address: Address) -> bool:
    return address.value == 0


def _is_loopback(address: Address) -> bool:
    return address.within(127 << 24, 8) if address.bits == BITS_4 else address.value == 1


def _is_multicast(address: Address) -> bool:
    return address.within(*((224 << 24, 4) if address.bits == BITS_4 else (0xFF << 120, 8)))


def _is_link_local_multicast(address: Address) -> bool:
    if address.bits == BITS_4:
        return address.within(224 << 24, 24)
    return address.value >> 112 & 0xFF0F == 0xFF02


def _is_link_local_unicast(address: Address) -> bool:
    return address.within(*((0xA9FE << 16, 16) if address.bits == BITS_4 else (0xFE80 << 112, 10)))


def _is_global_unicast(address: Address) -> bool:
    broadcast = address.bits == BITS_4 and address.value == 2**32 - 1
    others = (_is_unspecified, _is_loopback, _is_multicast, _is_link_local_unicast)
    return not broadcast and not any(test(address) for test in others)


def _test(name: str, holds: Callable[[Address], bool]) -> Function:
    def test(address: object) -> bool:
        return holds(address) if address.__class__ is Address else no_overload(name, address)

    return _define(name, test, member(IP, result=BOOL, since=_SINCE))


_define = partial(function, "ip")

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("ip", ip, plain(STRING, result=IP, since=_SINCE), cost=LINEAR),
    _define("isIP", is_ip, plain(STRING, result=BOOL, since=_SINCE), cost=LINEAR),
    _define("ip.isCanonical", is_canonical, plain(STRING, result=BOOL, since=_SINCE), cost=LINEAR),
    _define("family", family, member(IP, result=INT, since=_SINCE)),
    _define("string", to_string, plain(IP, result=STRING, since=_SINCE)),
    _test("isUnspecified", _is_unspecified),
    _test("isLoopback", _is_loopback),
    _test("isLinkLocalMulticast", _is_link_local_multicast),
    _test("isLinkLocalUnicast", _is_link_local_unicast),
    _test("isGlobalUnicast", _is_global_unicast),
)
"""The functions of this module."""
