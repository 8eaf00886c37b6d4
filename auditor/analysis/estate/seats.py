"""Which GPUs of a host a tenant is on, of those that its machine was given.

A machine was given GPUs, a tenant in it has some of what the machine has. Which of them nobody
says, as a guest calls them otherwise than the host. How many is known, and decides::

    machine vm-1   3b:00.0 and af:00.0, each passed through      two GPUs
    tenant llm     two of the two GPUs in it                     surely on both
    tenant web     one of the two                                on the one or on the other

    machine vm-2   three vGPUs, and the host names it on 3b:00.0 and on af:00.0
    tenant rank    two of the three: one GPU may have two of the machine's, so perhaps both are on
                   one; three of the three would surely be on both

A tenant is surely on a GPU where the others have no room for all that it has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from auditor.analysis.estate.machines import Link, Machine
from auditor.analysis.gpu.handing import Holding
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty, Step
from auditor.analysis.vsphere.seats import Seat


class Given(msgspec.Struct, frozen=True):
    """What a machine was given of the GPUs of its host.

    ``tenant`` is whose it is, by which ``key``, to the target of that ``identity``. ``seats`` are
    by GPU; ``whole`` are those that it has to itself, of the others it has ``parts`` together.
    """

    machine: Machine
    identity: str
    tenant: str
    key: str
    seats: Mapping[str, Seat]
    whole: frozenset[str]
    parts: int

    @property
    def count(self) -> int:
        """How many devices its guest has."""
        return len(self.whole) + self.parts

    @property
    def is_named(self) -> bool:
        """Whether its host says which GPUs its parts are on."""
        parts = self.seats.keys() - self.whole
        return all(self.seats[gpu].certainty is Certainty.EXACT for gpu in parts)

    @property
    def is_dealt(self) -> bool:
        """Whether all that it has are parts, at least one on each of its GPUs."""
        return not self.whole and self.is_named and len(self.seats) <= self.parts

    def step(self, gpu: str) -> tuple[Step, ...]:
        """The part of a GPU that it has; () for all of it."""
        return self.seats[gpu].path

    def room(self, gpus: Collection[str]) -> int:
        """How many of its devices may be on some of its GPUs.

        Each GPU that its host names it on has one of them at least, if there are as many.
        """
        shared = self.seats.keys() - self.whole
        here = shared.intersection(gpus)
        parts = self.parts if here else 0
        if here and self.is_named and len(shared) <= self.parts:
            parts -= len(shared - here)
        return len(self.whole.intersection(gpus)) + parts

    def must_use(self, gpu: str, devices: int) -> bool:
        """Whether so many of its devices can't all be elsewhere."""
        if devices >= self.count:
            return True
        return self.room(self.seats.keys() - {gpu}) < devices


class Use(msgspec.Struct, frozen=True):
    """What a tenant has in a machine that is its node; ``holdings`` are the surest first.

    ``sharing`` are the tenants with whom it has, or may have, a device of the node in common.
    """

    given: Given
    link: Link
    holdings: tuple[Holding, ...]
    sharing: frozenset[str] = frozenset()

    def on(self, gpu: str) -> Certainty:
        """How sure it is that the tenant has something of a GPU."""
        reached = min(self.link.certainty, self.given.seats[gpu].certainty)
        sure = (
            min(Certainty(each.certainty), reached)
            for each in self.holdings
            if self.given.must_use(gpu, self.devices(each))
        )
        return max(sure, default=Certainty.POSSIBLE)

    def devices(self, holding: Holding) -> int:
        """How many devices of the machine a holding is."""
        return self.given.count if holding.every else min(holding.devices, self.given.count)

    def least(self, certainty: Certainty) -> int:
        """How many devices the tenant has with a certainty; 0 where the way there is less sure."""
        reached = min((seat.certainty for seat in self.given.seats.values()), default=certainty)
        if min(self.link.certainty, reached) < certainty:
            return 0
        sure = [each for each in self.holdings if each.certainty >= certainty]
        return max(map(self.devices, sure), default=0)


def given_of(machine: Machine, identity: str, seats: Sequence[Seat]) -> Given:
    """Put together what a machine was given: one seat at least."""
    by_gpu: dict[str, Seat] = {}
    for seat in seats:
        by_gpu.setdefault(seat.gpu, seat)
    first = seats[0].machine
    whole = frozenset(gpu for gpu, seat in by_gpu.items() if not seat.path)
    parts = max(len(first.profiles), 1) if len(whole) < len(by_gpu) else 0
    return Given(machine, identity, first.tenant, first.key, by_gpu, whole, parts)


def mechanism_of(given: Given, gpu: str) -> Mechanism:
    """How a machine was given what it has of a GPU."""
    step = given.step(gpu)
    return step[0].mechanism if step else Mechanism.PASSTHROUGH
