"""Which tenants share a device, by the grants on it: where two paths part decides.

::

    vision/train   (mig 7)                      exact
    llm/chat       (mig 9), time-slicing        exact
    web/rank       (mig 9), time-slicing        declared
    ops/exporter   a bypass                     exact

    llm and vision   part at the MIG instance            hardware    exact
    llm and web      have mig 9 in common, by turns      shared      declared
    ops and each     a bypass reaches every part         none        exact

A part whose id is not known may be the same for both: then the weakest of the step and of what
comes below it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from functools import reduce
from itertools import combinations_with_replacement

import msgspec
from msgspec.structs import replace

from auditor.analysis.gpu.isolation import (
    ISOLATION,
    Isolation,
    Kernel,
    Level,
    Mechanism,
    level_of,
    weakest_of,
)


class Certainty(IntEnum):
    """How sure it is that a grant, or a share, is as it is told."""

    POSSIBLE = 0
    """Nothing excludes it."""
    DECLARED = 1
    """Somebody wrote it down who does not hand out devices: a scheduler, in an annotation."""
    PROVEN = 2
    """It follows from counts, whichever device it is."""
    EXACT = 3
    """The API says so, in a field that only the system writes that hands out devices."""

    @property
    def word(self) -> str:
        """How it is written: ``exact``."""
        return self.name.lower()


class Step(msgspec.Struct, frozen=True, order=True):
    """A part of a device, among the others that a mechanism divides it into.

    ``id`` tells the parts apart; "" is a part that is not known.
    """

    mechanism: Mechanism
    id: str


class Grant(msgspec.Struct, frozen=True):
    """A pod has a device, or a part of it.

    ``path`` leads to the part, from the outside in; () is the whole device. ``sharing`` is how the
    part is given to several pods, EXCLUSIVE where it is not, BYPASS where nothing gave it.
    ``observer``: it looks at devices in use by others, and may not use them (adminAccess).
    ``machine``: it runs in a virtual machine, on a kernel of its own.
    """

    tenant: str
    pod: str
    certainty: Certainty
    sharing: Mechanism
    path: tuple[Step, ...] = ()
    observer: bool = False
    machine: bool = False


class Share(msgspec.Struct, frozen=True):
    """Two tenants on one device: the weakest that separates any two of their pods.

    ``mechanism`` is the one that makes it so weak; ``pods`` are two for which it is so.
    """

    tenants: tuple[str, str]
    certainty: Certainty
    isolation: Isolation
    mechanism: Mechanism
    pods: tuple[str, str]

    @property
    def level(self) -> Level:
        """The level of the isolation."""
        return level_of(self.isolation)


def separation(one: Grant, other: Grant) -> tuple[Isolation, Mechanism]:
    """Say what separates two grants on one device, and by which mechanism it is so weak."""
    isolation, mechanism = _separation(one, other)
    if one.machine and other.machine:
        isolation = replace(isolation, kernel=Kernel.OWN)
    return isolation, mechanism


def _separation(one: Grant, other: Grant) -> tuple[Isolation, Mechanism]:
    if one.sharing is other.sharing and not one.path and not other.path:
        mechanism = _given(one)
        return ISOLATION[mechanism], mechanism
    found = _parting(one, other, one.path, other.path)
    if Mechanism.BYPASS in (one.sharing, other.sharing):
        found = [Mechanism.BYPASS]
    isolation = reduce(Isolation.weakest, (ISOLATION[each] for each in found))
    return isolation, weakest_of(found)


def _parting(
    one: Grant, other: Grant, ours: Sequence[Step], theirs: Sequence[Step]
) -> list[Mechanism]:
    """Find the mechanisms of which one separates the two, from here on inwards."""
    if not ours and not theirs:
        return [_given(one), _given(other)]
    if not ours:
        return [_given(one), theirs[0].mechanism]
    if not theirs:
        return [ours[0].mechanism, _given(other)]
    if ours[0].mechanism is not theirs[0].mechanism:
        return [ours[0].mechanism, theirs[0].mechanism]
    if not ours[0].id or not theirs[0].id:
        return [ours[0].mechanism, *_parting(one, other, ours[1:], theirs[1:])]
    if ours[0].id != theirs[0].id:
        return [ours[0].mechanism]
    return _parting(one, other, ours[1:], theirs[1:])


def _given(grant: Grant) -> Mechanism:
    """How a part is given out that two pods have: what was to be exclusive is not, and no more."""
    return Mechanism.UNKNOWN if grant.sharing is Mechanism.EXCLUSIVE else grant.sharing


def shares(grants: Iterable[Grant]) -> Iterator[Share]:
    """Yield what each two tenants have in common of a device, the weakest of each certainty.

    Observers use nothing, so they share nothing. Grants that look the same are compared once, so
    that a device with thousands of pods costs no more than one with as many tenants.
    """
    alike: dict[tuple[object, ...], dict[str, str]] = {}
    shape_of: dict[tuple[object, ...], Grant] = {}
    for grant in grants:
        if not grant.observer:
            shape = (grant.path, grant.sharing, grant.certainty, grant.machine)
            shape_of.setdefault(shape, grant)
            pods = alike.setdefault(shape, {})
            pods[grant.tenant] = min(grant.pod, pods.get(grant.tenant, grant.pod))
    if len({tenant for pods in alike.values() for tenant in pods}) < 2:
        return
    found: dict[tuple[tuple[str, str], Certainty], Share] = {}
    for ours, theirs in combinations_with_replacement(alike, 2):
        isolation, mechanism = separation(shape_of[ours], shape_of[theirs])
        certainty = min(shape_of[ours].certainty, shape_of[theirs].certainty)
        for one, other in _pairs(alike[ours], alike[theirs]):
            tenants = one[0], other[0]
            share = Share(tenants, certainty, isolation, mechanism, (one[1], other[1]))
            known = found.get((tenants, certainty))
            if known is None or _order(share) < _order(known):
                found[tenants, certainty] = share
    yield from sorted(found.values(), key=lambda share: (share.tenants, -share.certainty))


def _pairs(
    ours: dict[str, str], theirs: dict[str, str]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yield each two tenants, with a pod of each, in the order of their names."""
    for one in ours.items():
        for other in theirs.items():
            if one[0] < other[0]:
                yield one, other
            elif one[0] > other[0] and ours is not theirs:
                yield other, one


def _order(share: Share) -> tuple[object, ...]:
    return share.level, share.isolation, share.mechanism.value, share.pods
