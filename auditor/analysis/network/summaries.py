"""What pods reach, and what reaches them, by zones: namespace, tenants, nodes, places, the world.

Of each direction there is a *default*: what becomes of a connection that nobody thought of. It is
asked as such, of a stranger at a port that no policy names, so that it does not matter how somebody
wrote it down::

    podSelector {}, policyTypes [Ingress]                          denied
    the same, and another policy that has ingress: [{}]            allowed
    from 0.0.0.0/1 and 128.0.0.0/1                                 allowed
    from the pods of the namespace, at port 8000                   denied
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec

from auditor.analysis.network import exposing
from auditor.analysis.network.addresses import whole
from auditor.analysis.network.exposing import Opened
from auditor.analysis.network.gathering import Gathered, is_control_plane
from auditor.analysis.network.meeting import (
    Meeting,
    all_bits,
    first_of,
    ports_to,
    ports_to_all,
)
from auditor.analysis.network.network import Network, Verdict, verdict_of
from auditor.analysis.network.places import CONTROL_PLANE, EVERY_NODE, Place
from auditor.analysis.network.policies import Direction, PodsPeer, Tier
from auditor.analysis.network.ports import PortRange, Protocol, bits
from auditor.analysis.network.public import GLOBAL, SPECIAL, coverage
from auditor.analysis.network.relations import Piece
from auditor.model.reach import NODES, PLATFORM, PRIVATE, SAME, TENANT, TENANTS, WORLD

NOWHERE: Final = "(no namespace)"
"""Whose what is that files put in no namespace."""
ELSEWHERE: Final = "(namespaces that were not read)"
"""Whose what is in other namespaces than were asked for."""


class Zone(msgspec.Struct, frozen=True):
    """The other side of connections, as sets: ports for sure, ports that may be, and the ends.

    ``anyone`` are those of the ports for sure that are open to a stranger as well.
    """

    name: str
    sure: int
    possible: int
    ends: int
    anyone: int = 0


class Reached(msgspec.Struct, frozen=True):
    """A place that is reached: at which ports for sure, at which it may be, and an end of it."""

    place: Place
    sure: int
    possible: int
    end: int


class Side(msgspec.Struct, frozen=True):
    """One direction of some pods."""

    default: Verdict
    zones: tuple[Zone, ...]
    places: tuple[Reached, ...] = ()


class Exposed(msgspec.Struct, frozen=True):
    """By what some pods are exposed, at which ports, and whether policies let that in."""

    by: str
    how: str
    ports: int
    admitted: Verdict


class Summary(msgspec.Struct, frozen=True):
    """Both directions: pods of a namespace that have the same are told as one."""

    ingress: Side
    egress: Side
    exposed: tuple[Exposed, ...] = ()


class Summaries:
    """Sums up what both ends let through, for each kind of pod."""

    def __init__(self, gathered: Gathered, asked: Iterable[PortRange] = ()) -> None:
        """``gathered`` is all that was read, ``asked`` are ports that questions name."""
        self._gathered = gathered
        cluster, self.blank, self.stranger, self.node_names = gathered.cluster()
        of_places = (port for place in gathered.places for port in place.ports)
        named = {
            (each.name, each.protocol, each.number) for pods in cluster.pods for each in pods.ports
        }
        of_services = exposing.ports_of(gathered.opened, sorted(named))
        of_hosts = (
            PortRange(Protocol(each.protocol), each.number, each.number)
            for kind in gathered.kinds
            for each in kind.host_ports
        )
        ports = [*asked, *of_places, *of_services, *of_hosts]
        self.network = Network(cluster, ports, gathered.blocks)
        self.running = all_bits(each.number for each in gathered.kinds if each.running)
        self.platform = self._of_namespaces(gathered.platform)
        nowhere = ELSEWHERE if gathered.part else NOWHERE
        self.tenant_of = {
            name: "" if name in gathered.platform else gathered.tenants.of(name, "").name or nowhere
            for name in self.blank
        }
        self._tenants = self._by_tenant()
        self._meeting = Meeting(self.network, self.running)
        self._defaults: dict[tuple[int, Direction], Verdict] = {}
        self.alternatives = [(place, tuple(self._ends_of(place))) for place in self._places]

    def of(self, pod: int, namespace: str) -> Summary:
        """Sum up the pods of an end."""
        return Summary(
            self._side(pod, namespace, Direction.INGRESS),
            self._side(pod, namespace, Direction.EGRESS),
            tuple(self._exposed(pod)),
        )

    def default(self, pod: int, direction: Direction) -> Verdict:
        """What becomes of a connection to or from strangers that nobody thought of."""
        decision = self.network.decision(pod, direction)
        key = id(decision), direction
        found = self._defaults.get(key)
        if found is None:
            verdicts = {
                verdict_of(
                    sure=decision.sure.has_all(ports, 1 << other),
                    possible=bool(decision.possible.peers(ports) >> other & 1),
                )
                for other in self._strangers
                for ports in self._common_ports
            }
            found = next(
                each
                for each in (Verdict.ALLOWED, Verdict.UNKNOWN, Verdict.DENIED)
                if each in verdicts
            )
            self._defaults[key] = found
        return found

    @cached_property
    def _ways(self) -> dict[int, list[Opened]]:
        """What leads to the pods of each end."""
        found: dict[int, list[Opened]] = {}
        for each in self._gathered.opened:
            peer = PodsPeer(None, each.requires)
            sure, possible = self.network.ends.sets(peer, each.namespace, Tier.NETWORK)
            on_hosts = possible & self.network.ends.hosts
            for pod in bits((sure | on_hosts) & self.running):
                found.setdefault(pod, []).append(each)
        return found

    def _exposed(self, pod: int) -> Iterator[Exposed]:
        called = [(x.name, x.protocol, x.number) for x in self.network.cluster.pods[pod].ports]
        for way in self._ways.get(pod, ()):
            mask = 0
            for port in way.ports:
                for protocol, number in exposing.targets(port, called):
                    mask |= self.network.ports.mask(PortRange(Protocol(protocol), number, number))
            if mask:
                senders = [self.stranger] if way.routed else self.public_strangers
                yield Exposed(way.by, way.how, mask, self._admitted(pod, mask, senders))
        for each in self._gathered.kinds[pod].host_ports:
            mask = self.network.ports.mask(
                PortRange(Protocol(each.protocol), each.number, each.number)
            )
            how = f"{each.protocol} {each.name} of its node"
            yield Exposed("hostPort", how, mask, self._admitted(pod, mask, self.public_strangers))

    def _admitted(self, pod: int, ports: int, senders: Sequence[int]) -> Verdict:
        """Whether what comes in from outside is let through; of others it may be passed on."""
        decision = self.network.decision(pod, Direction.INGRESS)
        sure = any(decision.sure.has_all(ports, 1 << each) for each in senders)
        return verdict_of(sure=sure, possible=bool(decision.possible.peers(ports)))

    def tenants_in(self, ends: int) -> list[str]:
        """Name the tenants of which some pods are in a set."""
        return [name for name, theirs in self._tenants.items() if theirs & ends]

    def met(self, pod: int, direction: Direction) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The connections of an end that both ends let through: for sure, and all that may be."""
        found = self._meeting.of(pod, direction)
        return found.sure, found.possible

    def example(self, pod: int, direction: Direction, zone: int) -> tuple[int, int] | None:
        """Ports, and an end of a zone to which they lead, the surest first."""
        sure, possible = self.met(pod, direction)
        return first_of(sure, zone) or first_of(possible, zone)

    def _side(self, pod: int, namespace: str, direction: Direction) -> Side:
        sure, possible = self.met(pod, direction)
        anyone = self.network.decision(pod, direction).sure.ports(1 << self.stranger)
        zones = tuple(
            Zone(name, ports_to(sure, mask), ports, _ends(possible, mask), anyone & ports)
            for name, mask in self._zones(namespace)
            if (ports := ports_to(possible, mask))
        )
        places = () if direction is Direction.INGRESS else tuple(self._reached(sure, possible))
        return Side(self.default(pod, direction), zones, places)

    def _reached(self, sure: Sequence[Piece], possible: Sequence[Piece]) -> Iterator[Reached]:
        for place, alternatives in self.alternatives:
            mask = self._mask(place.ports)
            for ends in alternatives:
                found = ports_to_all(possible, ends) & mask
                if found:
                    one = (ends & -ends).bit_length() - 1
                    yield Reached(place, ports_to_all(sure, ends) & mask, found, one)
                    break

    def _mask(self, ports: Sequence[PortRange]) -> int:
        found = 0 if ports else self.network.ports.all
        for each in ports:
            found |= self.network.ports.mask(each)
        return found

    # zones

    def _zones(self, namespace: str) -> Iterator[tuple[str, int]]:
        ends = self.network.ends
        own = self._of_namespaces((namespace,))
        tenant = self._tenants.get(self.tenant_of.get(namespace, ""), 0)
        yield SAME, own
        yield TENANT, tenant & ~own
        yield TENANTS, self.running & ~tenant & ~own & ~self.platform
        yield PLATFORM, self.platform & ~own
        yield NODES, ends.nodes
        yield PRIVATE, ends.outside & ~self.world
        yield WORLD, self.world

    def _of_namespaces(self, names: Iterable[str]) -> int:
        found = 0
        for name in names:
            found |= self.network.ends.of_namespace.get(name, 0)
        return found & self.running

    def _by_tenant(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for namespace, tenant in self.tenant_of.items():
            if tenant:
                found[tenant] = found.get(tenant, 0) | self._of_namespaces((namespace,))
        return dict(sorted(found.items()))

    @cached_property
    def world(self) -> int:
        """The ends that are public addresses."""
        space = self.network.addresses
        public = space.mask(whole(4), SPECIAL) | space.mask(GLOBAL)
        return self.network.ends.outside_of(public)

    # places

    @property
    def _places(self) -> Iterator[Place]:
        yield from self._gathered.places
        yield Place("the whole world", WORLD, ())

    def _ends_of(self, place: Place) -> Iterator[int]:
        """The sets of ends of which one has to be reached whole."""
        ends, space = self.network.ends, self.network.addresses
        if place.of == WORLD and not place.addresses:
            for family in (4, 6):
                yield self.world & ends.outside_of(space.mask(whole(family)))
        for block in place.addresses:
            yield ends.outside_of(space.mask(block))
        if place.at in {EVERY_NODE, CONTROL_PLANE}:
            for number, node in enumerate(self.network.cluster.nodes):
                if place.at == EVERY_NODE or is_control_plane(node):
                    yield 1 << ends.pods_count + number

    # strangers

    @property
    def _strangers(self) -> list[int]:
        """A pod that nobody thought of, and an address of each family."""
        return [self.stranger, *self.public_strangers]

    @cached_property
    def public_strangers(self) -> list[int]:
        """A public address of each family that as few policies have as any."""
        first = self.network.ends.first_outside
        public = [at - first for at in bits(self.world)]
        cover = coverage(self.network.addresses, self.network.cluster.policies)
        pieces = self.network.addresses.pieces
        found: list[int] = []
        for family in (4, 6):
            mine = [at for at in public if pieces[at].family == family]
            found.append(first + min(mine, key=lambda at: (cover[at], at)))
        return found

    @cached_property
    def _common_ports(self) -> list[int]:
        """Of TCP and of UDP the longest piece: mostly all ports that no policy names."""
        found = []
        for protocol in (Protocol.TCP, Protocol.UDP):
            mine = [each for each in self.network.ports.pieces if each.protocol is protocol]
            longest = max(mine, key=lambda each: (each.last - each.first, each.first))
            found.append(self.network.ports.mask(longest))
        return found


def _ends(pieces: Iterable[Piece], mask: int) -> int:
    found = 0
    for _, peers in pieces:
        found |= peers & mask
    return found
