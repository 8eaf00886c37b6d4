"""The facts of all layers together, and the gap where it is ambiguous which machine a node is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis.estate.identities import Identities
from auditor.analysis.estate.layers import Attached, Layers, Used
from auditor.analysis.estate.machines import PROVIDER, Doubt, Guest, Links
from auditor.analysis.estate.parties import Entry, Pair, told
from auditor.analysis.estate.seats import Given
from auditor.analysis.estate.together import OnGpu
from auditor.analysis.gpu.isolation import Level
from auditor.analysis.gpu.pairs import Pair as Found
from auditor.analysis.gpu.shares import Certainty
from auditor.analysis.gpu.tenancy import SHARE, share_body
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.gpus import (
    JOIN,
    JOINED,
    Covered,
    JoinedDeviceFact,
    JoinedShare,
    JoinFact,
    Unjoined,
)
from auditor.model.resource import Gap

_SHARES: Final = 100
_SHOWN: Final = 20
_encode = msgspec.json.encode


def gap_of(doubt: Doubt) -> Gap:
    """Say that it is ambiguous which machine a node is."""
    guest = doubt.guest
    return Gap(
        target=guest.target,
        scope=SHARE,
        cause=GapCause.UNSUPPORTED,
        detail=f"which machine {guest.where} is, is ambiguous: {doubt.why}",
        hint="give each machine a UUID of its own (uuid.bios), and each node that of its machine",
    )


def join_facts(layers: Layers, links: Links) -> Iterator[Fact]:
    """Say of each target with GPUs which of its nodes are machines that another tells of."""
    whys: dict[tuple[str, str], str] = {}
    joined: dict[tuple[str, str], str] = {}
    places: dict[str, Origin] = {}
    for doubt in links.ambiguous:
        whys[doubt.guest.target, doubt.guest.name] = doubt.why
    for guest in links.missing:
        why = _not_found(guest, layers.identities)
        if why:
            whys[guest.target, guest.name] = why
    given = layers.with_gpus()
    for each in links.joined:
        place = each.guest.target, each.guest.name
        joined[place] = each.by
        if each.machine.key not in given:
            machine = f"{each.machine.path} of {each.machine.target}"
            whys[place] = f"its machine {machine} was not seen to have a GPU"
    for place, rows in layers.nodes.items():
        places.setdefault(place[0], rows[0][0])
    for target, at in sorted(places.items()):
        nodes = sorted(name for of, name in layers.nodes if of == target)
        counts: dict[str, int] = {}
        for name in nodes:
            by = joined.get((target, name))
            if by is not None:
                counts[by] = counts.get(by, 0) + 1
        unjoined = [Unjoined(name, whys[target, name]) for name in nodes if (target, name) in whys]
        if counts or unjoined:
            body = JoinFact(
                nodes=len(nodes),
                joined=dict(sorted(counts.items())),
                unjoined=tuple(unjoined[:_SHOWN]),
                more_unjoined=max(len(unjoined) - _SHOWN, 0),
            )
            yield _fact(JOIN, (), body, [at])


def _not_found(guest: Guest, known: Identities) -> str:
    """Say why a guest is no machine; "" where nothing says that it should be one."""
    uuid = guest.provider or guest.firmware
    if not uuid:
        alike = "its UUID is not known, and no machine alone is called as it is"
        return alike if known.has_machines else ""
    said = f"it says that it is {PROVIDER}{uuid}"
    if not known.has_machines:
        return f"{said}, and no vCenter was read"
    return f"{said}, and no machine that was read has this UUID"


def share_fact(pair: Pair, found: dict[Certainty, Found]) -> Fact:
    """Say what two tenants share of all GPUs that are seen from several layers."""
    one, other = pair
    tenants = one.party.shown, other.party.shown
    origins = [*one.origins(), *other.origins()]
    fact = _fact(
        SHARE,
        tuple(sorted((one.party.key, other.party.key))),
        share_body(tenants, found),
        origins,
        f"tenants {one.party.name} and {other.party.name}",
    )
    targets = dict.fromkeys((each.target, "") for each in origins)
    return msgspec.structs.replace(fact, draws_on=tuple(targets))


def device_fact(
    host: Attached, gpu: str, entries: Sequence[Entry], here: Iterable[OnGpu], notes: Iterable[str]
) -> Fact:
    """Say of a GPU which tenants of which layers are on it, and what they share."""
    order = {id(entry): number for number, entry in enumerate(entries)}
    shares = [
        JoinedShare(
            between=(order[id(each.pair[0])], order[id(each.pair[1])]),
            level=int(each.share.level),
            isolation=each.share.level.word,
            mechanism=each.share.mechanism.value,
            certainty=each.share.certainty.word,
        )
        for each in here
        if each.gpu == gpu
    ]
    shares += _inside(host, gpu, entries)
    shares.sort(key=lambda each: (each.level, each.between, each.certainty))
    level = Level(min((each.level for each in shares), default=int(Level.EXCLUSIVE)))
    body = JoinedDeviceFact(
        node=host.host.name,
        device=gpu,
        product=host.gpus[gpu],
        tenants=tuple(told(entry, host.host, gpu) for entry in entries),
        level=int(level),
        isolation=level.word,
        shares=tuple(shares[:_SHARES]),
        more_shares=max(len(shares) - _SHARES, 0),
        unknown=tuple(dict.fromkeys((*notes, *_unknown(host, gpu)))),
        covers=tuple(_covers(host, gpu)),
    )
    origins = [host.host.origin, *(at for entry in entries for at in entry.origins())]
    key = (host.host.name, gpu)
    targets = dict.fromkeys((each.target, "") for each in origins)
    return msgspec.structs.replace(_fact(JOINED, key, body, origins), draws_on=tuple(targets))


def _on(host: Attached, gpu: str) -> Iterator[tuple[Given, Used]]:
    """Yield the nodes that surely are machines that have something of a GPU.

    What a node that may be another machine tells stays in the matrix of its own target.
    """
    for given, nodes in host.machines:
        if gpu in given.seats:
            sure = (each for each in nodes if each.link.certainty is Certainty.EXACT)
            yield from ((given, each) for each in sure)


def _inside(host: Attached, gpu: str, entries: Sequence[Entry]) -> Iterator[JoinedShare]:
    """Yield what tenants share on a node, as its own target tells."""
    places = {
        (*entry.guest, entry.party.name): number
        for number, entry in enumerate(entries)
        if entry.use is not None
    }
    for given, used in _on(host, gpu):
        guest = used.link.guest.target, used.link.guest.name
        for each in used.inside:
            ends = [places.get((*guest, tenant)) for tenant in each.tenants]
            if None in ends:
                continue
            one, other = sorted(end for end in ends if end is not None)
            on = [entries[end].use for end in (one, other)]
            sure = min(use.on(gpu) for use in on if use is not None)
            certainty = min(Certainty(each.certainty), sure)
            if given.count > 1:
                certainty = Certainty.POSSIBLE
            yield JoinedShare(
                between=(one, other),
                level=each.level,
                isolation=each.isolation,
                mechanism=each.mechanism,
                certainty=certainty.word,
            )


def _unknown(host: Attached, gpu: str) -> Iterator[str]:
    """Say what is not known of the ways to a GPU, and what contradicts."""
    for given, nodes in host.machines:
        if gpu not in given.seats:
            continue
        doubt = host.doubts.get(given.machine.key)
        if doubt is not None:
            yield f"who is in machine {given.machine.path} is ambiguous: {doubt}"
        for used in nodes:
            guest = used.link.guest
            if not used.uses:
                yield f"{guest.where} is on it, and nobody was seen to have anything of its GPUs"
            for note in used.notes:
                yield f"{guest.where}: {note}"
            if given.count > 1 and used.link.certainty is Certainty.EXACT:
                yield from _somewhere(given, used)
            most = max((each.devices for _, use in used.uses for each in use.holdings), default=0)
            if most > given.count:
                yield (
                    f"{guest.where} has {most} GPUs, its machine {given.machine.path} was given "
                    f"{given.count}"
                )


def _somewhere(given: Given, used: Used) -> Iterator[str]:
    """Say what tenants share for sure on a node, though not on which GPU of its machine."""
    for each in used.inside:
        certainty = Certainty(each.certainty)
        if certainty > Certainty.POSSIBLE:
            names = " and ".join(each.tenants)
            yield (
                f"{names} share on {used.link.guest.where} ({certainty.word}, isolation "
                f"{each.isolation} by {each.mechanism}), and on which of its {given.count} GPUs is "
                "not known"
            )


def _covers(host: Attached, gpu: str) -> Iterator[Covered]:
    yield Covered(host.host.target, host.host.name, gpu)
    for _, used in _on(host, gpu):
        yield Covered(used.link.guest.target, used.link.guest.name)


def _fact(
    kind: str,
    key: tuple[str, ...],
    body: msgspec.Struct | dict[str, object],
    origins: Iterable[Origin],
    part: str = "",
) -> Fact:
    """Make a fact; what it says is concluded, and stands in no object."""
    first, *related = dict.fromkeys(origins)
    fields = tuple(body) if isinstance(body, dict) else body.__struct_encode_fields__
    return Fact(
        kind=kind,
        key=key,
        body=_encode(body),
        subject=first,
        related=tuple(related[:_SHOWN]),
        elsewhere=tuple((f"/{name}", None) for name in fields),
        draws_on=((first.target, ""),),
        part=part,
    )
