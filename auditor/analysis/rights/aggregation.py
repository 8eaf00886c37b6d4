"""What an aggregated ClusterRole allows: the rules of the roles that its selectors find.

A controller of the cluster copies them, again and again, until nothing changes; on a server that
was read this has been done, and its roles are taken as they are. In files it has not::

    monitoring     aggregationRule {for: monitoring}          its own rules are overwritten
    monitor-pods   labels {for: monitoring}   get pods        counts for monitoring
    monitor-all    labels {for: monitoring}, aggregationRule {for: monitor-all}
    monitor-gpus   labels {for: monitor-all}  get gpus        counts for both

A role never finds itself. One whose selectors find no rule at all keeps what is written beside
them: the controller applies an empty list, which owns nothing. In a cycle, what was written beside
the selectors of a role in it, or of one that it comes to, may be overwritten or copied around for
ever, by which role the controller comes to first: such rules are *unsettled*.

Source: ``pkg/controller/clusterroleaggregation`` of Kubernetes 1.37. Each role is visited once for
each role that aggregates it; labels that are equal are compared once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.label_selectors import PodClass, PodClasses, Requirements


class Labelled(msgspec.Struct, frozen=True):
    """A ClusterRole of a file: its labels, and what it aggregates; None is a role without.

    ``empty``: it has no rules of its own.
    """

    labels: Mapping[str, str]
    selectors: tuple[Requirements, ...] | None = None
    empty: bool = False


MOST: Final = 100_000
"""So many roles are found by selectors in all, of all roles together; no cluster comes near."""


class Parts(msgspec.Struct, frozen=True):
    """The roles whose written rules are in effect for a role, and those whose rules may be.

    ``followed``: false where too many roles aggregate one another, and nobody looked.
    """

    settled: tuple[str, ...]
    unsettled: tuple[str, ...] = ()
    followed: bool = True


def parts_of(roles: Mapping[str, Labelled]) -> dict[str, Parts]:
    """Say of each role, by its name, whose written rules it comes to."""
    found = _filling(roles, _found_by(roles))
    inside: dict[str, set[str]] = {}
    room = MOST
    for name in found:
        if room > 0:
            inside[name] = _within(name, found)
            room -= len(inside[name])
    parts: dict[str, Parts] = {}
    for name in roles:
        if name not in found:
            parts[name] = Parts((name,))
            continue
        if room <= 0:
            parts[name] = Parts((), followed=False)
            continue
        members = inside[name]
        plain = tuple(sorted(members - found.keys()))
        parts[name] = Parts(plain, _unsettled({name, *members}, inside))
    return parts


def _filling(
    roles: Mapping[str, Labelled], found: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[str]]:
    """Leave out the aggregated roles that find no rule, now or ever: they keep their own."""
    back: dict[str, list[str]] = {}
    for name, others in found.items():
        for other in others:
            back.setdefault(other, []).append(name)
    filled = {name for name, role in roles.items() if not role.empty}
    waiting = list(filled)
    while waiting:
        for each in back.get(waiting.pop(), ()):
            if each not in filled:
                filled.add(each)
                waiting.append(each)
    return {name: others for name, others in found.items() if not filled.isdisjoint(others)}


def _unsettled(names: set[str], inside: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Aggregated roles whose own rules may be copied around: those that a cycle comes to."""
    loops = {each for each in names if each in inside.get(each, ())}
    reached = loops.union(*(inside[each] for each in loops))
    return tuple(sorted(each for each in reached if each in inside))


def _found_by(roles: Mapping[str, Labelled]) -> dict[str, Sequence[str]]:
    """The roles that the selectors of each aggregated role find, other than itself."""
    classes: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, role in roles.items():
        classes.setdefault(tuple(sorted(role.labels.items())), []).append(name)
    members = list(classes.values())
    known = PodClasses(PodClass(dict(labels)) for labels in classes)
    return {
        name: sorted(other for other in _selected(known, role.selectors, members) if other != name)
        for name, role in roles.items()
        if role.selectors is not None
    }


def _selected(
    known: PodClasses, selectors: Iterable[Requirements], members: Sequence[Sequence[str]]
) -> set[str]:
    found: set[str] = set()
    for selector in selectors:
        bits, _ = known.sets(selector)
        while bits:
            lowest = bits & -bits
            found.update(members[lowest.bit_length() - 1])
            bits ^= lowest
    return found


def _within(name: str, found: Mapping[str, Sequence[str]]) -> set[str]:
    """Every role that one comes to; the role itself is among them where it is in a cycle."""
    seen: set[str] = set()
    waiting = list(found[name])
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting.extend(found.get(each, ()))
    return seen
