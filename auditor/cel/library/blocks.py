"""Address blocks taken together, as a set of addresses: how much of some ranges they hold.

``blocks.share(["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"])`` is 1.0: all of IPv4, in two pieces. A
block is a text, or the ``ipBlock`` of a network policy, from whose ``cidr`` each ``except`` is
taken away: ``{"cidr": "10.0.0.0/8", "except": ["10.128.0.0/9"]}`` is half of ``10.0.0.0/8``. Lists
may stand in lists. No API server has this, so that no rule that calls it can be exported.

Blocks are read as API servers read those that they stored long ago (``ParseCIDRSloppy`` of
k8s.io/utils/net): bits behind the prefix and zeros before a number mean nothing, and an IPv4 block
mapped into IPv6 is one of IPv4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import NEVER, Function
from auditor.cel.library.addresses import BITS_4, BITS_6
from auditor.cel.library.define import LINEAR, function, plain
from auditor.cel.types import DOUBLE, DYN, STRING, list_of

_BLOCK: Final = re.compile(r"(?P<address>[0-9A-Fa-f:.]+)/(?P<length>[0-9]{1,3})")
_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")
_MAPPED: Final = 0xFFFF << BITS_4
_MAPPED_LENGTH: Final = BITS_6 - BITS_4
_SHOWN: Final = 64

_Span = tuple[int, int]
"""The first address and the last; those of IPv6 come after all of IPv4, as higher numbers."""
_IPV6: Final = 1 << BITS_4


def share(blocks: object, ranges: object) -> float:
    """``blocks.share(blocks, ranges)``: how much of the ranges the blocks hold, from 0.0 to 1.0.

    Raises:
        CelEvalError: a text is not an address block, or there is no range.
    """
    if blocks.__class__ is not list or ranges.__class__ is not list:
        return no_overload("blocks.share", blocks, ranges)
    wanted = _wanted(*ranges) if all(map(_is_text, ranges)) else _merged(_spans(ranges))
    whole = _count(wanted)
    if not whole:
        raise CelEvalError("no range to hold a share of")
    return _count(_both(_merged(_spans(blocks)), wanted)) / whole


def _is_text(value: object) -> bool:
    return value.__class__ is str


@lru_cache(64)
def _wanted(*ranges: str) -> Sequence[_Span]:
    """The ranges that a rule names: the same for every object."""
    return _merged(map(_span, ranges))


def _spans(blocks: object) -> Iterator[_Span]:
    match blocks:
        case list():
            for each in blocks:
                yield from _spans(each)
        case str():
            yield _span(blocks)
        case {"cidr": str(cidr), **rest}:
            yield from _without(_span(cidr), _merged(_spans(rest.get("except", []))))
        case _:
            raise CelEvalError("no address block")


@lru_cache(4096)
def _span(text: str) -> _Span:
    found = _BLOCK.fullmatch(text)
    start, bits = _address(found["address"]) if found is not None else (0, -1)
    length = int(found["length"]) if found is not None else 0
    if length > bits:
        raise _no_block(text)
    if bits == BITS_6 and length >= _MAPPED_LENGTH and start >> BITS_4 << BITS_4 == _MAPPED:
        start, bits, length = start - _MAPPED, BITS_4, length - _MAPPED_LENGTH
    rest = bits - length
    first = (start >> rest << rest) + (_IPV6 if bits == BITS_6 else 0)
    return first, first + (1 << rest) - 1


def _address(text: str) -> tuple[int, int]:
    """The number of an address, and its bits: -1 for what is none."""
    from ipaddress import AddressValueError, IPv4Address, IPv6Address  # noqa: PLC0415 - 5 ms

    try:
        if ":" in text:
            return int(IPv6Address(text)), BITS_6
        return int(IPv4Address(_ZEROS.sub("", text))), BITS_4
    except AddressValueError:
        return 0, -1


def _no_block(text: str) -> CelEvalError:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return CelEvalError(f"{shown!r} is not an address block")


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """The same addresses in order, each once."""
    found: list[_Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def _without(span: _Span, taken: Iterable[_Span]) -> Iterator[_Span]:
    """What is left of a span; ``taken`` is merged."""
    start, end = span
    for first, last in taken:
        if first > end:
            break
        if first > start:
            yield start, first - 1
        start = max(start, last + 1)
    if start <= end:
        yield start, end


def _both(one: Sequence[_Span], other: Sequence[_Span]) -> Iterator[_Span]:
    """The addresses that are in both of two merged lists."""
    left, right = iter(one), iter(other)
    a, b = next(left, None), next(right, None)
    while a is not None and b is not None:
        first, last = max(a[0], b[0]), min(a[1], b[1])
        if first <= last:
            yield first, last
        if a[1] < b[1]:
            a = next(left, None)
        else:
            b = next(right, None)


def _count(spans: Iterable[_Span]) -> int:
    return sum(last - first + 1 for first, last in spans)


_define = partial(function, "blocks", cost=LINEAR)

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define(
        "blocks.share",
        share,
        plain(list_of(DYN), list_of(STRING), result=DOUBLE, since=NEVER),
    ),
)
"""The functions of this module."""
