"""Which node of a cluster, and which host of an engine, is which virtual machine.

::

    Node gpu-1 of k8s://a    providerID vsphere://42344765-…   machine vm-1          exact
    Node gpu-2 of k8s://a    systemUUID 65473442-…, turned     machine vm-1: both    ambiguous
    host of docker+ssh://h   product UUID 4234ab02-…           vm-7 of one vCenter,  ambiguous
                                                               vm-9 of another
    Node gpu-3 of k8s://b    none, for it was not read         machine gpu-3, by     possible
                                                               its name alone

A name only suggests; so does nothing else. What is ambiguous is no machine's node: whoever picked
one would tell two tenants that they share, or that they do not, without knowing it. Machines that
do not run are nobody's node. A machine that two targets tell of (a vCenter, and the host itself) is
one where its host has the same hardware.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from auditor.analysis.estate.uuids import turned, uuid_of
from auditor.analysis.gpu.shares import Certainty
from auditor.model.fact import Origin

PROVIDER: Final = "vsphere://"
"""How the providerID of a node begins that the cloud provider of vSphere wrote."""
BY_PROVIDER: Final = "providerID"
BY_SYSTEM: Final = "systemUUID"
BY_PRODUCT: Final = "product UUID"
BY_NAME: Final = "name"
_SHOWN: Final = 3


class Guest(msgspec.Struct, frozen=True):
    """What may run in a machine: a node of a cluster, or the host of an engine.

    ``identity`` is that of its target, ``provider`` and ``firmware`` are the UUIDs that it tells,
    "" for none; ``engine``: it is the host of an engine. ``of_vsphere``: it says that it is a
    machine of vSphere.
    """

    target: str
    identity: str
    name: str
    origin: Origin
    provider: str = ""
    firmware: str = ""
    engine: bool = False
    of_vsphere: bool = False

    @property
    def layer(self) -> str:
        """What tells its tenants from those of others: files may have both nodes and engines."""
        return f"engine of {self.identity}" if self.engine else self.identity

    @property
    def where(self) -> str:
        """How people find it."""
        return f"{'the host' if self.engine else 'node'} {self.name} of {self.target}"


class Machine(msgspec.Struct, frozen=True):
    """A virtual machine that runs; ``hardware`` is the UUID of the host that it is on."""

    target: str
    moid: str
    uuid: str
    instance: str
    path: str
    name: str
    host: str
    hostname: str
    origin: Origin
    hardware: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.target, self.moid


class Link(msgspec.Struct, frozen=True):
    """A guest is a machine: by what, and how sure that is."""

    guest: Guest
    machine: Machine
    by: str
    certainty: Certainty


class Doubt(msgspec.Struct, frozen=True):
    """Which machine a guest is, is ambiguous: why, and which it may be."""

    guest: Guest
    why: str
    machines: tuple[Machine, ...] = ()


class Links(msgspec.Struct, frozen=True):
    """What came of all guests: joined, ambiguous, or missing.

    Missing is what says that it is a machine of vSphere, or tells no UUID, and was not found. What
    tells the UUID of no machine is none.
    """

    joined: tuple[Link, ...]
    ambiguous: tuple[Doubt, ...]
    missing: tuple[Guest, ...]


def provider_uuid(text: object) -> tuple[str, bool]:
    """Read a providerID: the UUID that it names, and whether it says that it is of vSphere."""
    if not isinstance(text, str) or not text.startswith(PROVIDER):
        return "", False
    return uuid_of(text.removeprefix(PROVIDER).strip("/").rpartition("/")[2]), True


class _Known:
    """The machines, by what guests may name them by."""

    def __init__(self, machines: Iterable[Machine]) -> None:
        self.by_uuid: dict[str, list[Machine]] = {}
        self.by_name: dict[str, list[Machine]] = {}
        for machine in machines:
            self.by_uuid.setdefault(machine.uuid, []).append(machine)
            for name in {_short(machine.name), _short(machine.hostname)} - {""}:
                self.by_name.setdefault(name, []).append(machine)

    def either(self, uuid: str) -> list[Machine]:
        """Those with a UUID, in either order of bytes."""
        return [each for way in {uuid, turned(uuid)} for each in self.by_uuid.get(way, ())]


def one_of_each(machines: Sequence[Machine]) -> dict[tuple[str, str], Machine]:
    """Map each machine to the one that stands for it: the first of those that are the same."""
    first: dict[tuple[str, str, str], Machine] = {}
    found: dict[tuple[str, str], Machine] = {}
    for each in sorted(machines, key=lambda machine: machine.key):
        same = (each.uuid, each.instance, each.hardware)
        found[each.key] = first.setdefault(same, each) if all(same) else each
    return found


def link(guests: Iterable[Guest], machines: Iterable[Machine]) -> Links:
    """Find the machine of each guest; ``machines`` are one of each."""
    known = _Known(machines)
    links: list[Link] = []
    ambiguous: list[Doubt] = []
    nameless: list[Guest] = []
    missing: list[Guest] = []
    for guest in sorted(guests, key=lambda each: (each.target, each.name)):
        if not guest.provider and not guest.firmware:
            nameless.append(guest)
            continue
        found = _named(guest, known)
        if isinstance(found, Doubt):
            ambiguous.append(found)
        elif found is not None:
            links.append(found)
        elif guest.of_vsphere:
            missing.append(guest)
    taken = {each.machine.key for each in links}
    for guest in nameless:
        alike = known.by_name.get(_short(guest.name), [])
        if len(alike) == 1 and alike[0].key not in taken:
            links.append(Link(guest, alike[0], BY_NAME, Certainty.POSSIBLE))
        else:
            missing.append(guest)
    joined, claimed = _apart(links)
    return Links(tuple(joined), (*ambiguous, *claimed), tuple(missing))


def _named(guest: Guest, known: _Known) -> Link | Doubt | None:
    """Find the machine that a guest names by its UUIDs."""
    by_system = known.either(guest.firmware) if guest.firmware else []
    found, by = by_system, BY_PRODUCT if guest.engine else BY_SYSTEM
    if guest.provider:
        if guest.firmware and guest.firmware not in (guest.provider, turned(guest.provider)):
            either = (*known.either(guest.provider), *by_system)
            why = f"its providerID names {guest.provider}, its systemUUID {guest.firmware}"
            return Doubt(guest, why, either)
        found = known.by_uuid.get(guest.provider) or known.either(guest.provider)
        by = BY_PROVIDER
    if len(found) > 1:
        uuid = guest.provider or guest.firmware
        return Doubt(guest, f"{_several(found)} have the UUID {uuid} that it tells", tuple(found))
    return Link(guest, found[0], by, Certainty.EXACT) if found else None


def _several(machines: Sequence[Machine]) -> str:
    shown = sorted(f"{each.path} of {each.target}" for each in machines)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"{len(shown)} machines ({', '.join(shown[:_SHOWN])}{more})"


def _apart(links: Sequence[Link]) -> tuple[list[Link], list[Doubt]]:
    """Take out those that claim one machine: two nodes, or two hosts of different names."""
    claims: dict[tuple[str, str], list[Link]] = {}
    for each in links:
        claims.setdefault(each.machine.key, []).append(each)
    joined: list[Link] = []
    ambiguous: list[Doubt] = []
    for found in claims.values():
        who = Counter(engine for engine, _ in {_claimant(each.guest) for each in found})
        if max(who.values()) == 1:
            joined += found
            continue
        claimed = ", ".join(sorted(each.guest.where for each in found)[:_SHOWN])
        path = f"{found[0].machine.path} of {found[0].machine.target}"
        why = f"{len(found)} guests are the machine {path} by what they tell: {claimed}"
        ambiguous += [Doubt(each.guest, why, (each.machine,)) for each in found]
    return joined, ambiguous


def _claimant(guest: Guest) -> tuple[bool, str]:
    """What two guests that are one have in common: a node its cluster, an engine its host."""
    return guest.engine, guest.name if guest.engine else f"{guest.identity}\0{guest.name}"


def _short(name: str) -> str:
    """The first label of a name, as names of hosts are compared."""
    return name.partition(".")[0].lower()
