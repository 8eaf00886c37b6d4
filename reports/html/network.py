"""What can reach what as a picture: rows are workloads, columns who reaches them and whom they do.

A cell is empty where nothing is let through; else its colour and its glyph say how much: a number
of ranges of ports, or a filled dot for all ports. Its colour is a warning where the other side is
not the tenant's own. Hatching says that it may be so, and that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from auditor.model.finding import Report
from auditor.model.reach import DirectionReach, Exposure, Neighbours, PlaceReached, ReachFact
from reports.html.findings import Groups
from reports.html.pictures import LEFT, narrowed
from reports.html.words import count, drawn_targets, room_for, sentence, short
from reports.reach_facts import enforcements, reaches, unread
from reports.reach_words import enforcement_in_words, ports_in_words
from reports.text import safe

MOST_ROWS: Final = 60
MOST_WORDS: Final = 200
_CELL, _LINE = 34, 26
_GAP: Final = 26
"""Between those who reach and those who are reached."""
_LONGEST: Final = 42
_GROUPS: Final = 22
"""The height of the line that says which part is which."""
_ZONES: Final = {
    "namespace": "its namespace",
    "tenant": "its tenant's other namespaces",
    "tenants": "other tenants",
    "platform": "the platform",
    "nodes": "nodes",
    "private": "private addresses",
    "world": "public addresses",
}
_PLACES: Final = {
    "metadata": "instance metadata",
    "kubelet": "kubelets",
    "api-server": "the API server",
    "etcd": "etcd",
}
_OWN: Final = frozenset({"namespace", "tenant", "platform", "api-server"})
"""Those of whom it is no warning that they are let through."""
_DEFAULTS: Final = {"allowed": "open", "denied": "closed", "unknown": "not known"}
_ALL: Final = "●"
_OPEN: Final = 1_000
"""Counts as more than any number of ranges of ports."""


class _Through(NamedTuple):
    """What is let through: for sure, and perhaps."""

    ports: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()


def made(report: Report, _: Groups) -> dict[str, Any] | None:
    """Draw the workloads, those that strangers reach first; None where there is none."""
    found = reaches(report)
    if not found:
        return None
    ordered = sorted(found, key=_openest_first)
    shown = ordered[:MOST_ROWS]
    several = len(report.targets) > 1
    drawn = drawn_targets(report)
    columns = [*_columns()]
    top = _GROUPS + room_for([each.title for each in columns])
    opened = sum(1 for _, each in found if each.ingress.default == "allowed")
    left = len(found) - MOST_WORDS
    picture = {
        "id": "network-matrix",
        "title": "Workloads by who reaches them and whom they reach; the words below say the same",
        "summary": f"{count(len(found), 'group')} of workloads that reach the same, {opened:,} of "
        "them open to strangers."
        + (f" The first {MOST_ROWS} are drawn." if len(found) > MOST_ROWS else ""),
        "notes": [*_notes(report)],
        "groups": [
            {"x": LEFT, "y": 14, "text": "Reached by"},
            {"x": LEFT + _CELL * (len(_ZONES) + 1) + _GAP, "y": 14, "text": "Reaches"},
        ],
        "width": columns[-1].x + 130,
        "height": top + _LINE * len(shown) + 10,
        "heads": [{"x": each.x + 14, "y": top - 8, "text": each.title} for each in columns],
        "rows": [
            _row(top + _LINE * number, drawn.get(target, target), fact, columns)
            for number, (target, fact) in enumerate(shown)
        ],
        "legend": "A dot: all ports; a number: so many ranges of ports; empty: nothing. Red and "
        "orange: to or from others than its own tenant and the platform. Hatched: perhaps.",
        "words": [_words(target if several else "", each) for target, each in ordered[:MOST_WORDS]],
        "more": f"and {left:,} more: auditor reach" if left > 0 else "",
    }
    return narrowed(picture)


def _notes(report: Report) -> Iterator[str]:
    """Say what the picture rests on: whether policies are enforced, and what was not read."""
    several = len(report.targets) > 1
    for target, scopes in unread(report).items():
        yield safe(f"{target}: {scopes} was not read, so nothing here is known for sure.")
    for target, fact in enforcements(report):
        said = enforcement_in_words(fact)
        yield safe(f"{target}: {said}." if several else sentence(f"{said}."))


class _Column(NamedTuple):
    """A place in the picture: whose, in which direction, and where."""

    direction: str
    key: str
    title: str
    x: int


def _columns() -> Iterator[_Column]:
    x = LEFT
    for key, title in _ZONES.items():
        yield _Column("ingress", key, title, x)
        x += _CELL
    yield _Column("exposed", "exposed", "from outside", x)
    x += _CELL + _GAP
    for key, title in (_ZONES | _PLACES).items():
        yield _Column("egress", key, title, x)
        x += _CELL


def _through(fact: ReachFact, column: _Column) -> _Through:
    if column.direction == "exposed":
        ways = [each for each in fact.exposed if each.admitted != "denied"]
        sure = [each for each in ways if each.admitted != "unknown"]
        return _Through(_ports(sure), _ports(ways) if not sure else ())
    side = fact.ingress if column.direction == "ingress" else fact.egress
    zones = [each for each in side.peers if each.zone == column.key]
    places = [each for each in side.places if each.of == column.key]
    both: list[Neighbours | PlaceReached] = [*zones, *places]
    return _Through(
        tuple(dict.fromkeys(port for each in both for port in each.ports)),
        tuple(dict.fromkeys(port for each in both for port in each.perhaps)),
    )


def _ports(ways: list[Exposure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(port for each in ways for port in each.ports or ("a port",)))


def _amount(ports: tuple[str, ...]) -> int:
    return _OPEN if "TCP" in ports else len(ports)


def _openest_first(item: tuple[str, ReachFact]) -> tuple[object, ...]:
    target, fact = item
    amounts = {
        column.key: _through(fact, column) for column in _columns() if column.direction != "egress"
    }
    strangers = sum(
        _amount(each.ports) * 2 + _amount(each.perhaps)
        for key, each in amounts.items()
        if key not in _OWN
    )
    return -strangers, target, fact.namespace, fact.workloads


def _named(target: str, fact: ReachFact) -> str:
    more = len(fact.workloads) - 3 + fact.more_workloads
    who = ", ".join(fact.workloads[:3]) + (f" and {more} more" if more > 0 else "")
    return " ".join(filter(None, (target, f"{fact.namespace}:", who)))


def _row(top: int, target: str, fact: ReachFact, columns: list[_Column]) -> dict[str, Any]:
    return {
        "y": top + 16,
        "text": short(safe(_named(target, fact)), _LONGEST),
        "cells": [_cell(top, fact, column) for column in columns],
    }


def _cell(top: int, fact: ReachFact, column: _Column) -> dict[str, Any]:
    through = _through(fact, column)
    sure, most = _amount(through.ports), max(_amount(through.ports), _amount(through.perhaps))
    whose = "near" if column.key in _OWN else "far"
    doubt = "" if sure or not most else "perhaps "
    way = {"ingress": "reached by", "egress": "reaches", "exposed": "reached"}[column.direction]
    said = ports_in_words(through.ports or through.perhaps) if most else "nothing"
    return {
        "x": column.x,
        "y": top,
        "kind": f"{whose}-{'all' if most == _OPEN else 'some'}" if most else "none",
        "glyph": "" if not most else (_ALL if most == _OPEN else str(most)),
        "hatched": most > sure,
        "told": safe(f"{_named('', fact)} {way} {column.title}: {doubt}{said}"),
    }


def _words(target: str, fact: ReachFact) -> dict[str, str]:
    return {
        "who": safe(_named(target, fact)),
        "tenant": safe(fact.tenant) or "the platform's",
        "default": _DEFAULTS.get(fact.ingress.default, fact.ingress.default)
        + (", on the network of its node" if fact.host else ""),
        "reached": safe(_peers(fact.ingress)) or "nobody",
        "reaches": safe(_peers(fact.egress)) or "nothing",
        "exposed": safe("; ".join(f"{each.by} ({each.how})" for each in fact.exposed)) or "no",
    }


def _peers(side: DirectionReach) -> str:
    parts = [
        f"{_ZONES.get(each.zone, each.zone)}{' ' + ', '.join(each.names[:3]) if each.names else ''}"
        f"{' (perhaps)' if not each.ports else ''}"
        for each in side.peers
        if each.ports or each.perhaps
    ]
    parts += [
        f"{each.place}{' (perhaps)' if not each.ports else ''}"
        for each in side.places
        if each.ports or each.perhaps
    ]
    return ", ".join(parts)
