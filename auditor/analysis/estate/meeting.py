"""Whether two tenants surely meet on some GPU, though it is not known on which.

::

    llm    in vm-1, which has a part of 3b:00.0 and one of af:00.0: one of the two
    web    in vm-2, which has a part of both as well: both

Wherever llm is, web is there. It follows from every way in which the devices may be dealt out, and
is proven, as counting is (:mod:`auditor.analysis.gpu.counting`). The ways are tried out, until one
is found in which the two do not meet. There are few: a host has some GPUs, and most machines one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final

import msgspec

from auditor.analysis.estate.seats import Given

_MOST: Final = 20_000
"""Ways that are tried; of what takes more nothing is proven."""
_MOST_GPUS: Final = 10
"""GPUs of a machine of which sets are made; of one with more nothing is proven."""
Ways = Sequence[frozenset[str]]


class Placed(msgspec.Struct, frozen=True):
    """Where devices of a tenant in one machine may be: sets of GPUs, of which one is right.

    Where both tenants are on the node, each with devices of its own, ``dealt`` are the GPUs that
    each have one of its parts at least, and ``left`` is how many parts are not this tenant's.
    """

    machine: tuple[str, str]
    guest: tuple[str, str]
    ways: Ways
    devices: int
    dealt: frozenset[str] = frozenset()
    left: int = 0

    def fits(self, way: frozenset[str], other: Placed, other_way: frozenset[str]) -> bool:
        """Whether what neither has suffices for the GPUs on which neither is."""
        if (self.machine, self.guest) != (other.machine, other.guest):
            return True
        return len(self.dealt - way - other_way) <= max(self.left - other.devices, 0)


def ways_of(given: Given, devices: int, *, every: bool = False) -> Ways:
    """Find the sets of GPUs that have room for so many devices of a machine.

    Only the smallest, unless ``every`` one may matter: on more GPUs there is more to meet.
    """
    gpus = sorted(given.seats)
    if devices >= given.count:
        return (frozenset(gpus),)
    if len(gpus) > _MOST_GPUS:
        return (frozenset(),)
    found: list[frozenset[str]] = []
    for size in range(1, (min(devices, len(gpus)) if every else len(gpus)) + 1):
        for some in map(frozenset, combinations(gpus, size)):
            larger = not every and any(each <= some for each in found)
            if given.room(some) >= devices and not larger:
                found.append(some)
    return tuple(found)


def must_meet(
    ours: Sequence[Placed], theirs: Sequence[Placed], meet: Callable[[str, Placed, Placed], bool]
) -> bool:
    """Say whether the two meet whichever way is taken; ``meet`` says which meetings count.

    Within one guest they meet only where each has parts of its own: of others its target tells.
    """
    every = sorted(
        [*((each, True) for each in ours), *((each, False) for each in theirs)],
        key=lambda item: len(item[0].ways),
    )
    tried = 0

    def apart(at: int, taken: tuple[tuple[Placed, bool, frozenset[str]], ...]) -> bool | None:
        """Say whether the rest can be dealt out without a meeting; None after too many tries."""
        nonlocal tried
        if at == len(every):
            return True
        one, mine = every[at]
        for way in one.ways:
            tried += 1
            if tried > _MOST:
                return None
            against = [(other, theirs_way) for other, own, theirs_way in taken if own is not mine]
            if any(
                _meets(one, way, *other, meet) or not one.fits(way, *other) for other in against
            ):
                continue
            found = apart(at + 1, (*taken, (one, mine, way)))
            if found is None or found:
                return found
        return False

    return apart(0, ()) is False


def _meets(
    one: Placed,
    way: frozenset[str],
    other: Placed,
    other_way: frozenset[str],
    meet: Callable[[str, Placed, Placed], bool],
) -> bool:
    if (one.machine, one.guest) == (other.machine, other.guest) and not one.dealt:
        return False
    return any(meet(gpu, one, other) for gpu in way & other_way)
