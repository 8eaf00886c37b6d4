"""Who is on a GPU, as it is told over several targets: tenants, and the way from each to the GPU.

Tenants are of their target: two clusters may both have a namespace ``default``. So two of one name
in two targets may be one tenant or two, and what they share is possible and no more, unless the
user's own map of tenants names both: then they are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.analysis.estate.seats import Given, Use, mechanism_of
from auditor.analysis.gpu.shares import Certainty
from auditor.analysis.gpu.tenants import FILE
from auditor.model.fact import Origin
from auditor.model.gpus import Hop, JoinedTenant

EXACT: Final = Certainty.EXACT.word


class Party(msgspec.Struct, frozen=True, order=True):
    """A tenant of a layer, as its target calls itself; ``keys`` are by what it is one."""

    layer: str
    name: str
    target: str
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """What tells it from all others of a run, however targets are called this time."""
        return f"{self.layer}/{self.name}"

    @property
    def shown(self) -> str:
        """How people know it."""
        return f"{self.name} ({', '.join(self.keys) or 'tenant'} of {self.target})"

    @property
    def mapped(self) -> bool:
        """Whether the user's own map names it."""
        return any(key.startswith(f"{FILE} ") for key in self.keys)


Pair = tuple["Entry", "Entry"]


class Host(msgspec.Struct, frozen=True):
    """A host of machines, and where it was read; of one that was not, where a machine was."""

    target: str
    name: str
    origin: Origin


class Entry(msgspec.Struct, frozen=True):
    """A tenant on a GPU through one machine; without a ``use`` it is the tenant of the machine."""

    party: Party
    given: Given
    certainty: Certainty
    use: Use | None = None

    @property
    def guest(self) -> tuple[str, str]:
        """What tells the node in the machine from others there."""
        return (self.use.link.guest.target, self.use.link.guest.name) if self.use else ("", "")

    @property
    def reaches_all(self) -> bool:
        """Whether it reaches every GPU of its node, as its own target tells."""
        return self.use is not None and any(each.every for each in self.use.holdings)

    def has_its_own(self, other: Entry) -> bool:
        """Whether it has no device of its node in common with another tenant there."""
        return self.use is not None and other.party.name not in self.use.sharing

    @property
    def trail(self) -> str:
        """The way to the host, in words."""
        machine = f"machine {self.given.machine.path}"
        if self.use is None:
            return machine
        guest = self.use.link.guest
        what = "host" if guest.engine else "node"
        return f"{self.use.holdings[0].pod} on {what} {guest.name} in {machine}"

    def origins(self) -> Iterator[Origin]:
        """Where its node and its machine were read."""
        if self.use is not None:
            yield self.use.link.guest.origin
        yield self.given.machine.origin


def may_be_one(one: Party, other: Party) -> bool:
    """Whether two tenants may be one and the same: they have one name, in two targets."""
    return one.name == other.name


def are_one(one: Party, other: Party) -> bool:
    """Whether two tenants are one: of one target, or by the user's own map."""
    if one.name != other.name:
        return False
    return one.layer == other.layer or (one.mapped and other.mapped)


def told(entry: Entry, host: Host, gpu: str) -> JoinedTenant:
    """Say of a tenant how it comes to a GPU."""
    use = entry.use
    return JoinedTenant(
        tenant=entry.party.name,
        target=entry.party.target,
        keys=entry.party.keys,
        mechanism=mechanism_of(entry.given, gpu).value,
        inside=use.holdings[0].mechanism if use is not None else "",
        certainty=entry.certainty.word,
        pods=sum(each.pods for each in use.holdings) if use is not None else 0,
        path=tuple(_path(entry, host, gpu)),
    )


def _path(entry: Entry, host: Host, gpu: str) -> Iterator[Hop]:
    machine, use = entry.given.machine, entry.use
    if use is not None:
        guest, surest = use.link.guest, use.holdings[0]
        on = Certainty(surest.certainty).word
        yield Hop("workload", surest.pod, guest.target, EXACT)
        yield Hop("node", guest.name, guest.target, on)
        yield Hop("machine", machine.path, machine.target, use.link.certainty.word, use.link.by)
    else:
        yield Hop("machine", machine.path, machine.target, EXACT)
    yield Hop("host", host.name, host.target, EXACT)
    yield Hop("device", gpu, host.target, _step(entry, gpu).word)


def _step(entry: Entry, gpu: str) -> Certainty:
    """How sure the step from the machine to the GPU is, and for which of its GPUs a tenant has."""
    seat = entry.given.seats[gpu].certainty
    if entry.use is None:
        return seat
    surest = entry.use.holdings[0]
    sure = entry.given.must_use(gpu, entry.use.devices(surest))
    return seat if sure else Certainty.POSSIBLE
