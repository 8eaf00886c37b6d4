"""What each two tenants share of a GPU, when it is seen from every layer.

What separates two tenants is the first step in which the ways to them part (ADR 0025)::

    llm/chat on gpu-1 of k8s://a in vm-1   part of 3b:00.0, by turns   kernel of vm-1
    web/rank on gpu-9 of k8s://b in vm-9   part of 3b:00.0, by turns   kernel of vm-9
                                           they part at the vGPU: memory, each with its own kernel

Two tenants on one node are told of by its own target; their shares are repeated for the matrix.
Nothing gives a GPU out to pods and containers of one machine together: what a node and an engine in
it both have, each for itself, nothing separates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.analysis.estate.meeting import Placed, must_meet, ways_of
from auditor.analysis.estate.parties import Entry, Pair, are_one, may_be_one
from auditor.analysis.estate.seats import Given, mechanism_of
from auditor.analysis.gpu.isolation import ISOLATION, Isolation, Kernel, Level, Mechanism
from auditor.analysis.gpu.shares import Certainty, Grant, Share, separation

COUNTED: Final = (Certainty.PROVEN, Certainty.DECLARED)
"""What counting may come to."""


class OnGpu(msgspec.Struct, frozen=True):
    """Two tenants on a GPU: what separates them, and who they are."""

    gpu: str
    pair: Pair
    share: Share


def shared(gpu: str, entries: Sequence[Entry]) -> Iterator[OnGpu]:
    """Yield what each two tenants share of a GPU, machine by machine."""
    for one, other in combinations(entries, 2):
        if one.use is None and other.use is None:
            continue  # their own target tells of them
        if are_one(one.party, other.party) or _of_one_owner(one, other):
            continue
        found = _separated(gpu, one, other)
        if found is None:
            continue
        isolation, mechanism, certainty = found
        if may_be_one(one.party, other.party):
            certainty = Certainty.POSSIBLE
        first, second = sorted((one, other), key=lambda each: each.party.shown)
        names = first.party.shown, second.party.shown
        share = Share(names, certainty, isolation, mechanism, (first.trail, second.trail))
        yield OnGpu(gpu, (first, second), share)


def _of_one_owner(one: Entry, other: Entry) -> bool:
    """Whether a machine is of the tenant whose machine the other's node is: no more is known."""
    if one.use is not None and other.use is not None:
        return False
    ours, theirs = one.given, other.given
    return (ours.machine.target, ours.tenant) == (theirs.machine.target, theirs.tenant)


def _separated(gpu: str, one: Entry, other: Entry) -> tuple[Isolation, Mechanism, Certainty] | None:
    """Say what separates two tenants; None for what their node itself tells."""
    certainty = min(one.certainty, other.certainty)
    if one.given.machine.key != other.given.machine.key:
        isolation, mechanism = separation(_grant(gpu, one), _grant(gpu, other))
        return isolation, mechanism, certainty
    if one.guest != other.guest:
        if one.given.count > 1:
            certainty = min(certainty, Certainty.POSSIBLE)
        return ISOLATION[Mechanism.UNKNOWN], Mechanism.UNKNOWN, certainty
    if one.reaches_all or other.reaches_all:
        return None
    return _siblings(gpu, one.given, certainty)


def _siblings(
    gpu: str, given: Given, certainty: Certainty
) -> tuple[Isolation, Mechanism, Certainty] | None:
    """Several parts of one GPU in one machine look like several GPUs to its node."""
    shared_gpus = given.seats.keys() - given.whole
    apart = len(shared_gpus) if given.is_named else 1
    if gpu not in shared_gpus or given.parts <= apart:
        return None
    if len(shared_gpus) > 1:
        certainty = Certainty.POSSIBLE
    mechanism = mechanism_of(given, gpu)
    return replace(ISOLATION[mechanism], kernel=Kernel.SHARED), mechanism, certainty


def _grant(gpu: str, entry: Entry) -> Grant:
    step = entry.given.step(gpu)
    return Grant(
        tenant=entry.party.key,
        pod=entry.trail,
        certainty=entry.certainty,
        sharing=step[0].mechanism if step else Mechanism.EXCLUSIVE,
        path=step,
        machine=True,
    )


class Counted(msgspec.Struct, frozen=True):
    """Two tenants surely share one of some GPUs; ``at`` is one way in which they may."""

    gpus: tuple[str, ...]
    at: OnGpu


def counted(
    ours: Sequence[Entry], theirs: Sequence[Entry], met: Iterable[OnGpu]
) -> Iterator[Counted]:
    """Yield what two tenants share surely, though on which GPU is not known; ``met``: perhaps.

    The weakest isolation comes first: on GPUs with no better one they may surely meet as well. What
    is sure already, or surer, is not told again.
    """
    of = [each for each in met if not may_be_one(*(entry.party for entry in each.pair))]
    levels = sorted({each.share.level for each in of})
    for certainty in COUNTED:
        sure = (each.share.level for each in of if each.share.certainty >= certainty)
        levels = [level for level in levels if level < min(sure, default=Level.CONFIDENTIAL)]
        mine, others = _placed(ours, certainty, theirs), _placed(theirs, certainty, ours)
        if not mine or not others:
            continue
        for level in levels:
            where = {_place(each): each for each in of if each.share.level <= level}
            if must_meet(mine, others, lambda *place, _in=where: _key(*place) in _in):
                best = max(
                    where.values(), key=lambda each: (each.share.level, each.share.isolation)
                )
                share = replace(best.share, certainty=certainty)
                names = sorted({each.gpu for each in where.values()})
                yield Counted(tuple(names), replace(best, share=share))
                levels = [each for each in levels if each < level]
                break


def _key(gpu: str, one: Placed, other: Placed) -> tuple[object, ...]:
    return gpu, frozenset(((one.machine, one.guest), (other.machine, other.guest)))


def _place(found: OnGpu) -> tuple[object, ...]:
    ends = ((entry.given.machine.key, entry.guest) for entry in found.pair)
    return found.gpu, frozenset(ends)


def _placed(
    entries: Iterable[Entry], certainty: Certainty, others: Iterable[Entry]
) -> list[Placed]:
    """Say of the machines of a tenant on which GPUs what it has of them may be."""
    beside = {(each.given.machine.key, each.guest): each for each in others}
    found: dict[tuple[object, ...], Placed] = {}
    for entry in entries:
        devices = entry.given.count
        if entry.use is not None:
            devices = entry.use.least(certainty)
        elif any(seat.certainty < certainty for seat in entry.given.seats.values()):
            devices = 0
        if devices:
            key, given = entry.given.machine.key, entry.given
            other = beside.get((key, entry.guest))
            apart = other is not None and entry.has_its_own(other) and given.is_dealt
            found[key, entry.guest] = Placed(
                machine=key,
                guest=entry.guest,
                ways=ways_of(given, devices, every=apart),
                devices=devices,
                dealt=frozenset(given.seats) if apart else frozenset(),
                left=given.parts - devices,
            )
    return list(found.values())
