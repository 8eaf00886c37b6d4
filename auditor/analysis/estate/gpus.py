"""The analysis that joins the layers: who is on which GPU, over all targets of a run.

Here is how it is found that two clusters, of which each looks exclusive, share a GPU::

    k8s://a        Node gpu-1    llm/chat has its only GPU        exclusive
                                 providerID vsphere://42344765-…
    k8s://b        Node gpu-9    web/rank has its only GPU        exclusive
                                 systemUUID 7743ab42-…
    vsphere://vc   vm gpu-1      UUID 42344765-…                  vGPU by turns on 3b:00.0 of esx1
                   vm gpu-9      UUID 42ab4377-…                  vGPU by turns on 3b:00.0 of esx1

    together       llm of k8s://a and web of k8s://b share 3b:00.0 of esx1, by turns: exact

A machine that is nobody's node stands for itself: its tenant is whom its vCenter says. What is not
known of a layer makes a way less certain, or ends it, and is said: no node is joined with a machine
that may be another one's. The pairs are facts of the kind that each target has of its own pairs, so
that one rule judges both; a run with one layer has none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final

from auditor.analysis.estate import identities
from auditor.analysis.estate.facts import device_fact, gap_of, join_facts, share_fact
from auditor.analysis.estate.layers import Attached, Layers
from auditor.analysis.estate.parties import Entry, Party
from auditor.analysis.estate.together import Counted, OnGpu, counted, shared
from auditor.analysis.gpu.handing import JOINED
from auditor.analysis.gpu.pairs import Pairs
from auditor.analysis.gpu.shares import Certainty, Share
from auditor.analysis.gpu.tenancy import SHARE
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact
from auditor.model.gpus import JOIN
from auditor.model.gpus import JOINED as JOINED_DEVICE
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import HOST_MACHINE

_RESTS: Final = MappingProxyType({"": identities.READS - {HOST_MACHINE}})


class JoinedGpus(Uncombined):
    """Joins what targets of several platforms tell of one GPU."""

    id = JOINED
    stage = Stage.RUN
    reads = identities.READS
    beside = frozenset({HOST_MACHINE})
    feeds: Feeds = MappingProxyType({SHARE: _RESTS, JOIN: _RESTS, JOINED_DEVICE: _RESTS})

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take who a node, a host or a machine says that it is."""
        return identities.identity_row(resource, site)

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield the GPUs that several layers have, and what two tenants share of all of them."""
        layers = Layers()
        for _, rows in groups:
            for row in rows:
                layers.learn(row)
        found = layers.linked()
        yield from join_facts(layers, found)
        yield from map(gap_of, layers.that_matter(found.ambiguous))
        yield from _facts(layers.attached(found))


def _facts(attached: Iterable[Attached]) -> Iterator[Fact]:
    """Yield each GPU with its tenants, then each two tenants with all that they share."""
    pairs, at = Pairs(), dict[Share, OnGpu]()
    for host in attached:
        on = {gpu: _entries(host, gpu) for gpu in sorted(host.gpus)}
        met = {gpu: list(shared(gpu, entries)) for gpu, entries in on.items()}
        proven = list(_counted(on, chain.from_iterable(met.values())))
        for gpu, found in met.items():
            pairs.add(host.host.name, gpu, _weakest(found))
        for each in proven:
            pairs.add(host.host.name, " or ".join(each.gpus), [each.at.share])
        for place in (*chain.from_iterable(met.values()), *(each.at for each in proven)):
            at.setdefault(place.share, place)
        for gpu, entries in on.items():
            if _is_joined(host, gpu):
                notes = [_surely(each) for each in proven if gpu in each.gpus]
                yield device_fact(host, gpu, entries, met[gpu], notes)
    for _, found_by in pairs.all():
        best = at[found_by[max(found_by)].share]
        yield share_fact(best.pair, found_by)


def _is_joined(host: Attached, gpu: str) -> bool:
    """Whether a node is in a machine that has something of a GPU, or may be."""
    here = [(given, nodes) for given, nodes in host.machines if gpu in given.seats]
    return any(nodes or given.machine.key in host.doubts for given, nodes in here)


def _entries(host: Attached, gpu: str) -> list[Entry]:
    """The tenants on a GPU, machine by machine: those in its nodes, else its own."""
    entries: list[Entry] = []
    for given, nodes in host.machines:
        if gpu not in given.seats:
            continue
        for used in nodes:
            entries += (Entry(party, given, use.on(gpu), use) for party, use in used.uses)
        if not nodes:
            layer = f"machines of {given.identity}"
            party = Party(layer, given.tenant, given.machine.target, (given.key,))
            entries.append(Entry(party, given, given.seats[gpu].certainty))
    return entries


def _weakest(found: Iterable[OnGpu]) -> list[Share]:
    """Keep of each two tenants and each certainty the weakest of what they share of a GPU."""
    weakest: dict[tuple[tuple[str, str], Certainty], Share] = {}
    for each in found:
        share = each.share
        known = weakest.get((share.tenants, share.certainty))
        if known is None or _strength(share) < _strength(known):
            weakest[share.tenants, share.certainty] = share
    return list(weakest.values())


def _strength(share: Share) -> tuple[object, ...]:
    return share.level, share.isolation, share.pods


def _counted(on: Mapping[str, Sequence[Entry]], met: Iterable[OnGpu]) -> Iterator[Counted]:
    """Find the pairs of which it is sure that they share, and not which GPU."""
    by_pair: dict[tuple[str, str], list[OnGpu]] = {}
    for each in met:
        by_pair.setdefault(each.share.tenants, []).append(each)
    entries: dict[str, list[Entry]] = {}
    for entry in chain.from_iterable(on.values()):
        entries.setdefault(entry.party.shown, []).append(entry)
    for (one, other), found in sorted(by_pair.items()):
        if any(each.share.certainty < Certainty.PROVEN for each in found):
            yield from counted(entries[one], entries[other], found)


def _surely(found: Counted) -> str:
    """Say of a GPU that it is one of several of which two tenants share one."""
    names = " and ".join(found.at.share.tenants)
    return f"{names} surely share one of {', '.join(found.gpus)}, and which is not known"
