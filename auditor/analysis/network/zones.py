"""The facts of namespaces: what their workloads reach, and what reaches them.

Workloads of a namespace whose summaries are equal are told as one, ``network/Reach``; the
namespace as a whole, with the pod that comes there next, is ``network/Zone``. Its ``ingress``
and ``egress`` say of each direction the ``default`` of that pod, and which workloads are ``open``
in spite of it, or perhaps (``unsure``). Why something is not sure is ``undecided``: policies of
Cilium, Calico or Antrea, which are not evaluated, are named there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

import msgspec

from auditor.analysis.network.gathering import Gathered, Kind, Written
from auditor.analysis.network.network import Verdict
from auditor.analysis.network.places import port_in
from auditor.analysis.network.policies import Direction
from auditor.analysis.network.ports import PortRange
from auditor.analysis.network.rows import OF_CLUSTERS, POLICY
from auditor.analysis.network.servers import Server
from auditor.analysis.network.summaries import Summaries, Summary
from auditor.analysis.network.telling import SHOWN, Telling
from auditor.model.fact import Fact, Origin
from auditor.model.reach import (
    TENANTS,
    WORLD,
    DirectionReach,
    Exposure,
    Neighbours,
    PlaceReached,
    PolicyStep,
    ReachFact,
)
from auditor.platforms.kubernetes import PREFIX
from auditor.platforms.network import REACH, ZONE

EVALUATED: Final = frozenset(each.removeprefix(PREFIX) for each in OF_CLUSTERS | {POLICY})
"""The kinds of policies whose rules are evaluated; of any other kind anything may be decided."""

_SHOWN_FOUND: Final = 20
_NAMED: Final = 3
"""Names that a message has room for."""
_UNSURE: Final = (
    "policies that can't be evaluated, or labels, senders and addresses that are not known, "
    "decide it"
)
_encode = msgspec.json.encode


class _Alike(msgspec.Struct):
    """Kinds of pods with one summary."""

    first: Kind
    summary: Summary
    pods: int = 0
    live: bool = False
    workloads: dict[str, Origin] = {}


def facts_of(
    gathered: Gathered,
    summaries: Summaries,
    servers: Sequence[Server],
    enforcement: str,
    *,
    live: bool,
) -> Iterator[Fact]:
    """Yield the facts of each namespace; ``enforcement`` is whether policies are enforced."""
    known_servers = {each.name: each for each in servers}
    telling = Telling(summaries, gathered.kinds)
    running = sorted(
        (each for each in gathered.kinds if each.running and each.workloads),
        key=lambda each: each.namespace,
    )
    known = {name: list(each) for name, each in groupby(running, lambda each: each.namespace)}
    for name in sorted({*gathered.namespaces, *known}):
        alike = _alike(summaries, known.get(name, ()))
        told = [_told(each, telling, summaries, name) for each in alike]
        for number, (body, each) in enumerate(zip(told, alike, strict=True)):
            yield _reach(body, each, number)
        subject = gathered.namespaces.get(name) or next(iter(alike[0].workloads.values()))
        more = {
            "enforcement": enforcement,
            "servers": list(_servers(told, known_servers)),
            "undecided": _undecided(gathered.policies, name),
        }
        yield _zone(name, summaries, told, subject, more, live=live)


def _undecided(policies: Iterable[Written], namespace: str) -> str:
    """Say why what a policy decides in a namespace is not known, where it is not."""
    found = sorted(
        f"{each.kind.partition('.')[0]} {each.origin.name}"
        for each in policies
        if each.kind not in EVALUATED and each.origin.namespace in {namespace, ""}
    )
    if not found:
        return _UNSURE
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"policies of a kind that is not evaluated decide it: {', '.join(found[:_NAMED])}{more}"


def _alike(summaries: Summaries, kinds: Sequence[Kind]) -> list[_Alike]:
    """Put kinds of pods together that have the same summary, in the order of their workloads."""
    found: dict[object, _Alike] = {}
    for kind in sorted(kinds, key=lambda each: (min(each.workloads), each.number)):
        summary = summaries.of(kind.number, kind.namespace)
        host = summaries.network.cluster.pods[kind.number].host
        key = (summary, host, kind.networks, kind.servers)
        each = found.setdefault(key, _Alike(kind, summary, workloads={}))
        each.pods += kind.told
        each.live = each.live or kind.live
        for workload, origin in kind.workloads.items():
            each.workloads.setdefault(workload, origin)
    return list(found.values())


def _told(alike: _Alike, telling: Telling, summaries: Summaries, namespace: str) -> ReachFact:
    names = sorted(alike.workloads)
    pod = alike.first.number
    return ReachFact(
        namespace=namespace,
        tenant=summaries.tenant_of.get(namespace, ""),
        workloads=tuple(names[:SHOWN]),
        more_workloads=max(len(names) - SHOWN, 0),
        pods=alike.pods,
        live=alike.live,
        host=summaries.network.cluster.pods[pod].host,
        ingress=telling.direction(pod, Direction.INGRESS),
        egress=telling.direction(pod, Direction.EGRESS),
        exposed=tuple(
            Exposure(each.by, each.how, telling.ports(each.ports), each.admitted.value)
            for each in alike.summary.exposed[:SHOWN]
        ),
        servers=alike.first.servers,
        ungoverned=alike.first.networks[:SHOWN],
    )


def _reach(body: ReachFact, alike: _Alike, number: int) -> Fact:
    first = min(alike.workloads)
    subject = alike.workloads[first]
    return Fact(
        kind=REACH,
        key=(body.namespace, first, str(number)),
        body=_encode(body),
        subject=subject,
        elsewhere=tuple((f"/{name}", None) for name in body.__struct_encode_fields__),
        draws_on=((subject.target, ""),),
        heuristic=not body.live,
        part="network reach",
    )


def _zone(
    name: str,
    summaries: Summaries,
    told: Sequence[ReachFact],
    subject: Origin,
    more: Mapping[str, object],
    *,
    live: bool,
) -> Fact:
    """The fact of a namespace: rules judge it."""
    body: dict[str, object] = {
        "name": name,
        "tenant": summaries.tenant_of.get(name, ""),
        "live": live,
        **more,
        "workloads": sum(len(each.workloads) + each.more_workloads for each in told),
        "ingress": _direction(name, summaries, told, Direction.INGRESS),
        "egress": _direction(name, summaries, told, Direction.EGRESS),
        "reachedBy": list(_reached_by(told, sure=True)),
        "perhapsReachedBy": list(_reached_by(told, sure=False)),
        "places": list(_places(told)),
    }
    return Fact(
        kind=ZONE,
        key=(name,),
        body=_encode(body),
        subject=msgspec.structs.replace(subject, kind="k8s/Namespace", namespace="", name=name),
        elsewhere=tuple((f"/{field}", None) for field in body),
        draws_on=((subject.target, ""),),
        heuristic=not live,
        part="network",
    )


def _direction(
    name: str, summaries: Summaries, told: Sequence[ReachFact], direction: Direction
) -> dict[str, object]:
    """What is open of a direction: the next pod, and workloads that there are."""
    found: dict[str, list[str]] = {each.value: [] for each in Verdict}
    for each in told:
        side = _side(each, direction)
        found[side.default] += each.workloads
    return {
        "default": summaries.default(summaries.blank[name], direction).value,
        "open": found[Verdict.ALLOWED.value],
        "unsure": found[Verdict.UNKNOWN.value],
    }


def _side(told: ReachFact, direction: Direction) -> DirectionReach:
    return told.ingress if direction is Direction.INGRESS else told.egress


def _reached_by(told: Sequence[ReachFact], *, sure: bool) -> Iterator[dict[str, object]]:
    """Which other tenants reach which workloads, by which rules."""
    found = [
        (each, peer)
        for each in told
        for peer in each.ingress.peers
        if peer.zone == TENANTS and bool(peer.ports) is sure
    ]
    for each, peer in sorted(found, key=lambda item: not item[1].anyone)[:_SHOWN_FOUND]:
        yield {
            "workloads": list(each.workloads[:_NAMED]),
            "more": len(each.workloads[_NAMED:]) + each.more_workloads,
            "tenants": list(peer.names[:_NAMED]),
            "moreTenants": len(peer.names[_NAMED:]) + peer.more_names,
            "ports": list(peer.ports or peer.perhaps),
            "anyone": bool(peer.anyone),
            "example": peer.example,
            "by": _rules(peer.steps, "ingress"),
        }


def _servers(
    told: Sequence[ReachFact], servers: Mapping[str, Server]
) -> Iterator[dict[str, object]]:
    """Which servers others reach where they listen: tenants, the public network, and by a way."""
    for each in told:
        for name in each.servers:
            server = servers[name]
            head = {
                "server": name,
                "of": server.of,
                "workloads": list(each.workloads[:_NAMED]),
                "more": len(each.workloads[_NAMED:]) + each.more_workloads,
            }
            for other in _reaching(each, server):
                yield {**head, **other}


def _reaching(told: ReachFact, server: Server) -> Iterator[dict[str, object]]:
    for peer in told.ingress.peers:
        sure = [str(port) for port in server.ports if _meets(port, peer.ports)]
        perhaps = [str(port) for port in server.ports if _meets(port, peer.perhaps)]
        if peer.zone in {TENANTS, WORLD} and (sure or perhaps):
            anyone = any(_meets(port, peer.anyone) for port in server.ports)
            yield {
                "others": _others(peer),
                "ports": sure or perhaps,
                "sure": bool(sure),
                "anyone": peer.zone == WORLD or anyone,
                "by": _rules(peer.steps, "ingress"),
            }
    for way in told.exposed:
        ports = [str(port) for port in server.ports if _meets(port, way.ports)]
        if ports and way.admitted != Verdict.DENIED.value:
            yield {
                "others": f"what comes in by {way.by} ({way.how})",
                "ports": ports,
                "sure": way.admitted == Verdict.ALLOWED.value,
                "anyone": True,
                "by": [],
            }


def _others(peer: Neighbours) -> str:
    if peer.zone == WORLD:
        return "the public network"
    more = len(peer.names[_NAMED:]) + peer.more_names
    rest = f" and {more} more" if more else ""
    return f"tenants {', '.join(peer.names[:_NAMED])}{rest}"


def _meets(port: PortRange, texts: Iterable[str]) -> bool:
    """Whether ports, as they are written, have one of a range."""
    for text in texts:
        found = port_in(text)
        if found is None and text == port.protocol.value:
            return True
        if (
            found is not None
            and found.protocol is port.protocol
            and found.first <= port.last
            and port.first <= found.last
        ):
            return True
    return False


def _places(told: Sequence[ReachFact]) -> Iterator[dict[str, object]]:
    """Which kinds of places are reached, for sure or perhaps, and by which workloads."""
    found: dict[tuple[str, bool], list[tuple[ReachFact, PlaceReached]]] = {}
    for each in told:
        for place in each.egress.places:
            found.setdefault((place.of, bool(place.ports)), []).append((each, place))
    for (of, sure), every in found.items():
        names = list(dict.fromkeys(name for each, _ in every for name in each.workloads))
        uncounted = {id(each): each.more_workloads for each, _ in every}
        ports = dict.fromkeys(port for _, x in every for port in x.ports or x.perhaps)
        yield {
            "of": of,
            "sure": sure,
            "places": list(dict.fromkeys(place.place for _, place in every)),
            "workloads": names[:_NAMED],
            "more": len(names[_NAMED:]) + sum(uncounted.values()),
            "ports": list(ports),
            "by": list(dict.fromkeys(x for _, y in every for x in _rules(y.steps, "egress"))),
        }


def _rules(steps: Sequence[PolicyStep], direction: str) -> list[str]:
    """The rules that accept, at the end of a direction; none: no policy selects it."""
    return [
        f"{step.policy} {step.rule}".strip()
        for step in steps
        if step.direction == direction and step.says in {"accepts", "anything"}
    ]
