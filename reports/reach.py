"""What can reach what in the networks of clusters: workloads of a namespace, and single answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import msgspec

from auditor.model.enums import TargetState
from auditor.model.finding import Report
from auditor.model.reach import (
    AnswerFact,
    DirectionReach,
    Neighbours,
    ReachFact,
)
from reports.reach_facts import answers, enforcements, is_meant, reaches, unread
from reports.reach_words import (
    ReachRow,
    accepting,
    counted,
    enforcement_in_words,
    ports_in_words,
    step_in_words,
)
from reports.style import Style
from reports.text import safe, wrap

SHOWN_NAMES: Final = 3
_ROLES: Final = {"allowed": "high", "denied": "pass", "unknown": "unknown"}
_DEFAULTS: Final = {
    "allowed": "open by default",
    "denied": "closed by default",
    "unknown": "by default not known",
}
_ZONES: Final = {
    "namespace": "its namespace",
    "tenant": "its tenant's other namespaces",
    "platform": "the platform",
    "nodes": "nodes",
    "private": "private addresses",
    "world": "public addresses",
}
_WORLD, _TENANTS = "world", "tenants"
_INDENT: Final = " " * 8


def matrix(
    report: Report, style: Style, source: str = "", target: str = "", port: str = ""
) -> Iterator[str]:
    """Yield all workloads, or those that a source or a target names."""
    found = reaches(report)
    if not found:
        nothing = all(each.state is TargetState.UNREACHABLE for each in report.targets)
        yield "nothing was read" if nothing else "in what was read there is no workload"
        return
    wanted = [each for each in found if is_meant(each[1], source or target)]
    yield from _head(report, found, style)
    if not wanted:
        yield from nobody(report, source or target, style)
        return
    for (at, namespace), each in groupby(wanted, lambda item: (item[0], item[1].namespace)):
        facts = [fact for _, fact in each]
        several = f"  {at}" if len(report.targets) > 1 else ""
        text = f"{namespace or '(no namespace)'}  {_owner(facts[0].tenant)}{several}"
        yield ""
        yield style.paint(safe(text), "bold")
        for fact in facts:
            yield from _workloads(fact, style, _Asked(source, target, port))


def section(report: Report, style: Style) -> Iterator[str]:
    """Yield the part of the screen of a scan: how much is open by default, and who tells more."""
    found = reaches(report)
    if not found:
        return
    yield ""
    yield style.paint("Network reach", "bold")
    room = None if style.width is None else style.width - 2
    for line in _head(report, found, msgspec.structs.replace(style, width=room)):
        yield f"  {line}"
    for word, sides in (
        ("to them", [fact.ingress for _, fact in found]),
        ("from them", [fact.egress for _, fact in found]),
    ):
        counted = Counter[str]()
        for (_, fact), side in zip(found, sides, strict=True):
            counted[side.default] += len(fact.workloads) + fact.more_workloads
        parts = [
            f"{_DEFAULTS[name]} {counted[name]:,}"
            for name in ("allowed", "denied", "unknown")
            if counted[name]
        ]
        yield from wrap(f"{word}: {', '.join(parts)}", style.width, "  ")
    yield from wrap("who reaches whom, and by which rule: auditor reach TARGET", style.width, "  ")


_Through = tuple[tuple[str, ...], tuple[str, ...], str]
"""Ports for sure, ports that may be, and the rules that let them through."""


class _Asked(msgspec.Struct, frozen=True):
    """What of the matrix is shown."""

    source: str
    target: str
    port: str


def nobody(report: Report, text: str, style: Style) -> Iterator[str]:
    """Say that nothing is called so, and which namespaces there are."""
    names = sorted({fact.namespace or "(none)" for _, fact in reaches(report)})
    more = len(names) - 2 * SHOWN_NAMES
    shown = ", ".join(names[: 2 * SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
    said = f"no workload that was read is meant by {text}; there are the namespaces {shown}"
    yield from wrap(safe(said), style.width, "")


def answered(report: Report, style: Style) -> Iterator[str]:
    """Yield the answers to what was asked, rule by rule."""
    yield from _enforced(report, style)
    unasked = 0
    for target, answer in answers(report):
        yield ""
        named = f"{target}: " if len(report.targets) > 1 else ""
        text = f"{named}{answer.source} → {answer.destination}  {ports_in_words(answer.ports)}"
        if style.plain:
            text = text.replace("→", "to")
        yield from wrap(safe(text), style.width, "")
        more = f", the same for {answer.covers:,} pairs" if answer.covers > 1 else ""
        verdict = f"{style.glyph(_sign(answer.verdict))}{answer.verdict}{more}"
        yield style.paint(f"  {verdict}", _ROLES[answer.verdict])
        if answer.why:
            yield from wrap(safe(f"as {answer.why}"), style.width, "    ")
        yield from _steps(answer, style)
        yield from _also(answer, style)
        unasked = unasked or answer.unasked
    if unasked:
        text = f"{unasked:,} more pairs were not looked at: name fewer workloads"
        yield from wrap(text, style.width, style.glyph("unknown"))


def _also(answer: AnswerFact, style: Style) -> Iterator[str]:
    """Name the others of which an answer is."""
    for word, names in (("from", answer.more_sources), ("to", answer.more_destinations)):
        if names:
            shown = ", ".join(names[: 2 * SHOWN_NAMES])
            more = " and more" if len(names) > 2 * SHOWN_NAMES else ""
            yield from wrap(safe(f"also {word} {shown}{more}"), style.width, "    ")


def _sign(verdict: str) -> str:
    return {"allowed": "pass", "denied": "fail"}.get(verdict, "unknown")


def _steps(answer: AnswerFact, style: Style) -> Iterator[str]:
    for direction, where in (("egress", "out of"), ("ingress", "into")):
        mine = [each for each in answer.steps if each.direction == direction]
        if not mine:
            continue
        who = answer.source if direction == "egress" else answer.destination
        yield from wrap(safe(f"{where} {who}"), style.width, "    ")
        for each in mine:
            yield from wrap(safe(step_in_words(each)), style.width, "      ")


def _head(report: Report, found: Sequence[tuple[str, ReachFact]], style: Style) -> Iterator[str]:
    namespaces = {(target, fact.namespace) for target, fact in found}
    tenants = {(target, fact.tenant) for target, fact in found if fact.tenant}
    workloads = sum(len(fact.workloads) + fact.more_workloads for _, fact in found)
    text = (
        f"{counted(workloads, 'workload')} in {counted(len(namespaces), 'namespace')} of "
        f"{counted(len(tenants), 'tenant')}"
    )
    yield from wrap(text, style.width, "")
    yield from _enforced(report, style)


def _enforced(report: Report, style: Style) -> Iterator[str]:
    told = enforcements(report)
    blind = unread(report)
    for target, scopes in blind.items():
        text = f"{target}: {scopes} was not read, so nothing here is known for sure"
        for line in wrap(safe(text), style.width, style.glyph("unknown")):
            yield style.paint(line, "unknown")
    if not told and not blind:
        yield from wrap(
            "no network policy was read: everything reaches everything", style.width, ""
        )
    for target, fact in told:
        named = f"{target}: " if len(report.targets) > 1 else ""
        yield from wrap(safe(f"{named}{enforcement_in_words(fact)}"), style.width, "")


def _owner(tenant: str) -> str:
    return f"tenant {tenant}" if tenant else "the platform's"


def _workloads(fact: ReachFact, style: Style, asked: _Asked) -> Iterator[str]:
    """Yield what some workloads reach, and what reaches them."""
    more = len(fact.workloads) - SHOWN_NAMES + fact.more_workloads
    names = ", ".join(fact.workloads[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
    many = counted(fact.pods, "pod" if fact.live else "template")
    host = ", on the network of its node" if fact.host else ""
    serves = f"  serves {', '.join(fact.servers)}" if fact.servers else ""
    yield from wrap(safe(f"{names}  ({many}{host}){serves}"), style.width, "  ")
    for each in fact.exposed if not asked.source or asked.target else ():
        admitted = {"denied": ", which policies deny", "unknown": ", if policies let the sender in"}
        text = f"exposed at {ports_in_words(each.ports)} by {each.by} ({each.how})"
        yield from wrap(safe(text + admitted.get(each.admitted, "")), style.width, "    ")
    if fact.ungoverned:
        text = f"no NetworkPolicy is about its networks {', '.join(fact.ungoverned)}"
        yield from wrap(safe(text), style.width, "    ")
    if not asked.source or asked.target:
        yield from _direction("in", fact.ingress, style, asked.port)
    if not asked.target or asked.source:
        yield from _direction("out", fact.egress, style, asked.port)


def _direction(word: str, side: DirectionReach, style: Style, port: str) -> Iterator[str]:
    """Yield one direction: its default, and what is let through beside that."""
    role = {"allowed": "high", "unknown": "unknown"}.get(side.default, "pass")
    for line in wrap(safe(f"{word:<4}{_default(side)}"), style.width, "    "):
        yield style.paint(line, role)
    if side.default == "allowed" and not side.policies:
        names = ", ".join(each.place for each in side.places if each.of != _WORLD)
        if names:
            yield from wrap(safe(f"to everything: {names}, …"), style.width, _INDENT)
        return
    rows = list(_rows(side, part=word == "out"))
    shown = [each for each in rows if not port or each.has(port)]
    if not rows:
        yield f"{_INDENT}nothing else"
    elif not shown:
        yield f"{_INDENT}nothing at {port}"
    for (ports, perhaps, by), alike in _alike(shown).items():
        yield from wrap(safe(", ".join(alike)), style.width, _INDENT)
        text = ports_in_words(ports) if ports else ""
        if perhaps:
            text = "; ".join(filter(None, (text, f"perhaps {ports_in_words(perhaps)}")))
        yield from wrap(safe(f"{text}  {by}".rstrip()), style.width, f"{_INDENT}  ")


def _rows(side: DirectionReach, *, part: bool) -> Iterator[ReachRow]:
    """Yield zones, then places; ``part`` says that some addresses are not all of them."""
    whole = not part or any(each.of == _WORLD for each in side.places)
    for zone in side.peers:
        yield ReachRow(_zone(zone, whole=whole), zone.ports, zone.perhaps, zone.steps)
    for place in side.places:
        if place.of != _WORLD:
            yield ReachRow(place.place, place.ports, place.perhaps, place.steps)


def _alike(
    rows: Sequence[ReachRow],
) -> dict[tuple[tuple[str, ...], tuple[str, ...], str], list[str]]:
    """Put together what is let through at the same ports by the same rules."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...], str], list[str]] = {}
    for each in rows:
        found.setdefault((each.ports, each.perhaps, accepting(each.steps)), []).append(each.name)
    return found


def _default(side: DirectionReach) -> str:
    text = _DEFAULTS[side.default]
    if not side.policies:
        return f"{text}, as no policy selects it"
    more = len(side.policies) - 1
    rest = f" and {counted(more, 'more policy', 'more policies')}" if more > 0 else ""
    return f"{text}: {side.policies[0]}{rest}"


def _zone(zone: Neighbours, *, whole: bool) -> str:
    if zone.zone == _WORLD and not whole:
        return f"some {_ZONES[zone.zone]}"
    if zone.zone != _TENANTS:
        return _ZONES.get(zone.zone, zone.zone)
    more = len(zone.names) - SHOWN_NAMES + zone.more_names
    names = ", ".join(zone.names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"{'tenant' if len(zone.names) == 1 else 'tenants'} {names}"
