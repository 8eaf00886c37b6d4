"""Counts of verdicts by rule, as one integer with a 32-bit lane for each (rule, verdict).

Adding two tallies is adding two integers: a resource with a hundred rules is counted in a fraction
of a microsecond, and a tally is a few bytes in a cache.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Sequence

from auditor.model.enums import Verdict

LANE_BITS = 32
_MASK = (1 << LANE_BITS) - 1
_ORDER = {verdict: index for index, verdict in enumerate(Verdict)}
_VERDICTS = tuple(Verdict)
_WIDTH = LANE_BITS * len(_VERDICTS)
_RULE_MASK = (1 << _WIDTH) - 1


def lane(rule: int, verdict: Verdict) -> int:
    """The tally of a single verdict of a rule (an index into the profile's rules)."""
    return 1 << (LANE_BITS * (rule * len(_VERDICTS) + _ORDER[verdict]))


def mark(rule: int, verdict: Verdict) -> int:
    """A small number for a verdict of a rule; see :func:`change`."""
    return rule * len(_VERDICTS) + _ORDER[verdict]


def change(marked: int) -> int:
    """What a tally changes by when a rule has the marked verdict and not a pass."""
    rule, order = divmod(marked, len(_VERDICTS))
    return lane(rule, _VERDICTS[order]) - lane(rule, Verdict.PASS)


def count(tally: int, rule: int, verdict: Verdict) -> int:
    """How many elements got ``verdict`` from ``rule``."""
    return (tally >> (LANE_BITS * (rule * len(_VERDICTS) + _ORDER[verdict]))) & _MASK


def counts(tally: int) -> Iterator[tuple[int, Verdict, int]]:
    """Yield every (rule, verdict, count) that is not zero."""
    size = -(-tally.bit_length() // LANE_BITS)
    lanes = struct.unpack(f"<{size}I", tally.to_bytes(size * LANE_BITS // 8, "little"))
    for position, number in enumerate(lanes):
        if number:
            rule, order = divmod(position, len(_VERDICTS))
            yield rule, _VERDICTS[order], number


def lanes(rules: Iterable[int]) -> int:
    """Give every lane of some rules, full: a mask for their part of a tally."""
    return sum(_RULE_MASK << (_WIDTH * rule) for rule in frozenset(rules))


def gathered(tally: int, rules: Sequence[int]) -> int:
    """Put the lanes of some rules one after the other, as if there were no other rules."""
    return sum(
        (tally >> (_WIDTH * rule) & _RULE_MASK) << (_WIDTH * place)
        for place, rule in enumerate(rules)
    )


def scattered(tally: int, rules: Sequence[int]) -> int:
    """Put the lanes of some rules where they are in a whole tally: undo :func:`gathered`."""
    return sum(
        (tally >> (_WIDTH * place) & _RULE_MASK) << (_WIDTH * rule)
        for place, rule in enumerate(rules)
    )


def blinded(tally: int, blind: Collection[int]) -> int:
    """A tally in which every verdict of some rules is unknown."""
    if not blind:
        return tally
    return sum(
        number * lane(rule, Verdict.UNKNOWN if rule in blind else verdict)
        for rule, verdict, number in counts(tally)
    )


def to_bytes(tally: int) -> bytes:
    """Little-endian bytes without trailing zeros."""
    return tally.to_bytes((tally.bit_length() + 7) // 8, "little")


def from_bytes(data: bytes) -> int:
    """The inverse of :func:`to_bytes`."""
    return int.from_bytes(data, "little")
