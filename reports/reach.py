"""What can reach what in the networks of clusters: workloads of a namespace, and single answers."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import msgspec

from auditor.model.enums import GapCause, TargetState
from auditor.model.finding import Report
from auditor.model.reach import (
    ANSWER,
    ENFORCEMENT,
    REACH,
    UNKNOWN,
    AnswerFact,
    DirectionReach,
    EnforcementFact,
    Neighbours,
    PolicyStep,
    ReachFact,
)
from reports.style import Style
from reports.text import safe, wrap

SHOWN_NAMES: Final = 3
SHOWN_PORTS: Final = 6
_ALL: Final = ("TCP", "UDP", "SCTP")
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
_SAYS: Final = {
    "accepts": "accepts it",
    "denies": "denies it",
    "passes": "passes it on",
    "isolates": "isolates it, and accepts nothing of that",
    "anything": "may do anything",
}
_WORLD, _TENANTS = "world", "tenants"
_INDENT: Final = " " * 8
_decode = msgspec.json.Decoder(ReachFact).decode
_decode_answer = msgspec.json.Decoder(AnswerFact).decode
_decode_enforcement = msgspec.json.Decoder(EnforcementFact).decode


def reaches(report: Report) -> list[tuple[str, ReachFact]]:
    """Read the workloads of a report, each with its target, in the order of namespaces.

    What rests on what could not be read is not known.
    """
    found = [(fact.target, _decode(fact.body)) for fact in report.facts.get(REACH, ())]
    blind = unread(report)
    return [(target, _unsure(fact) if target in blind else fact) for target, fact in found]


def answers(report: Report) -> list[tuple[str, AnswerFact]]:
    """Read the answers of a report, each with its target; as :func:`reaches`."""
    found = [(fact.target, _decode_answer(fact.body)) for fact in report.facts.get(ANSWER, ())]
    blind = unread(report)
    return [
        (
            target,
            msgspec.structs.replace(fact, verdict=UNKNOWN, why=f"{blind[target]} was not read")
            if target in blind
            else fact,
        )
        for target, fact in found
    ]


def unread(report: Report) -> dict[str, str]:
    """What of live targets could not be read, by target.

    An object that is malformed is one that may be anything, and what is said takes that into
    account. Of files nobody knows whether they are all that there is.
    """
    live = {each.uri for each in report.targets if "://" in each.uri}
    found: dict[str, dict[str, None]] = {}
    for item in report.gaps:
        gap = item.gap
        if gap.target in live and gap.cause is not GapCause.MALFORMED:
            found.setdefault(gap.target, {})[gap.scope] = None
    return {target: ", ".join(scopes) for target, scopes in found.items()}


def _unsure(fact: ReachFact) -> ReachFact:
    """The same as far as it is known where something was not read: nothing is for sure."""
    return msgspec.structs.replace(
        fact, ingress=_unsure_side(fact.ingress), egress=_unsure_side(fact.egress)
    )


def _unsure_side(side: DirectionReach) -> DirectionReach:
    peers = (
        msgspec.structs.replace(
            each, ports=(), anyone=(), perhaps=tuple(dict.fromkeys((*each.ports, *each.perhaps)))
        )
        for each in side.peers
    )
    places = (
        msgspec.structs.replace(
            each, ports=(), perhaps=tuple(dict.fromkeys((*each.ports, *each.perhaps)))
        )
        for each in side.places
    )
    return msgspec.structs.replace(side, default=UNKNOWN, peers=tuple(peers), places=tuple(places))


def enforcements(report: Report) -> list[tuple[str, EnforcementFact]]:
    """Read whether policies are enforced, of each target."""
    found = report.facts.get(ENFORCEMENT, ())
    return [(fact.target, _decode_enforcement(fact.body)) for fact in found]


def matrix(
    report: Report, style: Style, source: str = "", target: str = "", port: str = ""
) -> Iterator[str]:
    """Yield all workloads, or those that a source or a target names."""
    found = reaches(report)
    if not found:
        nothing = all(each.state is TargetState.UNREACHABLE for each in report.targets)
        yield "nothing was read" if nothing else "in what was read there is no workload"
        return
    wanted = [each for each in found if _is(each[1], source or target)]
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


def means_workloads(report: Report, text: str) -> bool:
    """Whether a text means some of the workloads that were read."""
    return any(_is(fact, text) for _, fact in reaches(report))


class _Row(msgspec.Struct, frozen=True):
    """What is on the other side: a zone or a place, as it is shown, and what is let through."""

    name: str
    ports: tuple[str, ...]
    perhaps: tuple[str, ...]
    steps: tuple[PolicyStep, ...]
    more: str = ""

    def has(self, port: str) -> bool:
        """Whether a port, as it was asked for, is let through, or may be."""
        return any(_has(each, port) for each in (*self.ports, *self.perhaps))


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
        text = f"{named}{answer.source} → {answer.destination}  {_ports(answer.ports)}"
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
            yield from wrap(safe(_step(each)), style.width, "      ")


def _step(step: PolicyStep) -> str:
    if not step.policy:
        return "no policy is about it: everything is accepted"
    perhaps = "" if step.sure else "perhaps: "
    why = f" ({step.why})" if step.why else ""
    return f"{perhaps}{' '.join(filter(None, (step.policy, step.rule)))} {_SAYS[step.says]}{why}"


def _head(report: Report, found: Sequence[tuple[str, ReachFact]], style: Style) -> Iterator[str]:
    namespaces = {(target, fact.namespace) for target, fact in found}
    tenants = {(target, fact.tenant) for target, fact in found if fact.tenant}
    workloads = sum(len(fact.workloads) + fact.more_workloads for _, fact in found)
    text = (
        f"{_count(workloads, 'workload')} in {_count(len(namespaces), 'namespace')} of "
        f"{_count(len(tenants), 'tenant')}"
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
        yield from wrap(safe(f"{named}{_state(fact)}"), style.width, "")


def _state(fact: EnforcementFact) -> str:
    many = _count(fact.policies, "network policy", "network policies")
    by = ", ".join(fact.by)
    if fact.state == "enforced":
        return f"{many}, enforced by {by}"
    if fact.state == "declared":
        return f"{many}, declared only: {by} enforces none, so everything reaches everything"
    if fact.live:
        return f"{many}; nothing was found that is known to enforce them"
    return f"{many}, as if something enforced them: files do not tell"


def _owner(tenant: str) -> str:
    return f"tenant {tenant}" if tenant else "the platform's"


def _workloads(fact: ReachFact, style: Style, asked: _Asked) -> Iterator[str]:
    """Yield what some workloads reach, and what reaches them."""
    more = len(fact.workloads) - SHOWN_NAMES + fact.more_workloads
    names = ", ".join(fact.workloads[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
    many = _count(fact.pods, "pod" if fact.live else "template")
    host = ", on the network of its node" if fact.host else ""
    serves = f"  serves {', '.join(fact.servers)}" if fact.servers else ""
    yield from wrap(safe(f"{names}  ({many}{host}){serves}"), style.width, "  ")
    for each in fact.exposed if not asked.source or asked.target else ():
        admitted = {"denied": ", which policies deny", "unknown": ", if policies let the sender in"}
        text = f"exposed at {_ports(each.ports)} by {each.by} ({each.how})"
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
        text = _ports(ports) if ports else ""
        if perhaps:
            text = "; ".join(filter(None, (text, f"perhaps {_ports(perhaps)}")))
        yield from wrap(safe(f"{text}  {by}".rstrip()), style.width, f"{_INDENT}  ")


def _rows(side: DirectionReach, *, part: bool) -> Iterator[_Row]:
    """Yield zones, then places; ``part`` says that some addresses are not all of them."""
    whole = not part or any(each.of == _WORLD for each in side.places)
    for zone in side.peers:
        yield _Row(_zone(zone, whole=whole), zone.ports, zone.perhaps, zone.steps)
    for place in side.places:
        if place.of != _WORLD:
            yield _Row(place.place, place.ports, place.perhaps, place.steps)


def _alike(rows: Sequence[_Row]) -> dict[tuple[tuple[str, ...], tuple[str, ...], str], list[str]]:
    """Put together what is let through at the same ports by the same rules."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...], str], list[str]] = {}
    for each in rows:
        found.setdefault((each.ports, each.perhaps, _by(each.steps)), []).append(each.name)
    return found


def _default(side: DirectionReach) -> str:
    text = _DEFAULTS[side.default]
    if not side.policies:
        return f"{text}, as no policy selects it"
    more = len(side.policies) - 1
    rest = f" and {_count(more, 'more policy', 'more policies')}" if more > 0 else ""
    return f"{text}: {side.policies[0]}{rest}"


def _zone(zone: Neighbours, *, whole: bool) -> str:
    if zone.zone == _WORLD and not whole:
        return f"some {_ZONES[zone.zone]}"
    if zone.zone != _TENANTS:
        return _ZONES.get(zone.zone, zone.zone)
    more = len(zone.names) - SHOWN_NAMES + zone.more_names
    names = ", ".join(zone.names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"{'tenant' if len(zone.names) == 1 else 'tenants'} {names}"


def _by(steps: Sequence[PolicyStep]) -> str:
    """Name the rules that accept."""
    found = dict.fromkeys(
        f"{step.policy} {step.rule}".strip()
        for step in steps
        if step.says in {"accepts", "anything"}
    )
    return "; ".join(found)


def _ports(ports: Sequence[str]) -> str:
    if tuple(ports) == _ALL:
        return "all ports"
    more = len(ports) - SHOWN_PORTS
    return ", ".join(ports[:SHOWN_PORTS]) + (f" and {more} more" if more > 0 else "")


def _has(ports: str, wanted: str) -> bool:
    """Whether ports, as ``TCP 80-90``, have one that is written as ``80/tcp``."""
    number, _, protocol = wanted.partition("/")
    known, _, numbers = ports.partition(" ")
    if known != (protocol or "tcp").upper():
        return False
    first, _, last = numbers.partition("-")
    least = int(number.partition("-")[0])
    return not numbers or int(first) <= least <= int(last or first)


def _is(fact: ReachFact, text: str) -> bool:
    """Whether a text means some of the workloads of a fact, as a question does."""
    if text in {"", "*", fact.namespace}:
        return True
    if text.startswith("tenant:"):
        return fact.tenant == text.removeprefix("tenant:")
    namespace, _, name = text.partition("/")
    words = name.replace("/", " ")
    return namespace == fact.namespace and any(
        words in {each, each.partition(" ")[2]} for each in fact.workloads
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


COLUMNS: Final = (
    *("target", "namespace", "tenant", "workloads", "pods", "direction", "default", "other"),
    *("names", "ports", "perhaps", "by"),
)
"""The columns of the table: a row for each zone and place of each direction."""
ANSWER_COLUMNS: Final = ("target", "source", "destination", "ports", "verdict", "pairs", "steps")


def as_csv(report: Report, *, asked: bool) -> Iterator[str]:
    """Yield the matrix, or the answers to what was ``asked``, as a table (RFC 4180)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    told = answers(report) if asked else []
    writer.writerow(ANSWER_COLUMNS if asked else COLUMNS)
    for target, answer in told:
        steps = "; ".join(f"{each.direction}: {_step(each)}" for each in answer.steps)
        cell = (
            answer.source,
            answer.destination,
            " ".join(answer.ports),
            answer.verdict,
            answer.covers,
        )
        writer.writerow([_cell(each) for each in (target, *cell, steps)])
    for target, fact in reaches(report) if not asked else ():
        writer.writerows(_table_rows(target, fact))
    yield buffer.getvalue()


def _table_rows(target: str, fact: ReachFact) -> Iterator[Sequence[object]]:
    names = ", ".join(fact.workloads)
    for direction, side in (("ingress", fact.ingress), ("egress", fact.egress)):
        head = (target, fact.namespace, fact.tenant, names, fact.pods, direction, side.default)
        rows = [_Row(x.zone, x.ports, x.perhaps, x.steps, ", ".join(x.names)) for x in side.peers]
        rows += [_Row(x.place, x.ports, x.perhaps, x.steps) for x in side.places]
        for each in rows or [_Row("", (), (), ())]:
            tail = (", ".join(each.ports), ", ".join(each.perhaps), _by(each.steps))
            yield tuple(map(_cell, (*head, each.name, each.more, *tail)))


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def as_json(report: Report, *, asked: bool) -> Iterator[str]:
    """Yield the facts of ``results.json`` alone, the answers to what was ``asked``, and gaps."""
    made = {
        "schema": "reach/v1",
        **{
            name: [{"target": target, **msgspec.to_builtins(fact)} for target, fact in found]
            for name, found in (
                ("enforcement", enforcements(report)),
                ("workloads", reaches(report)),
                ("answers", answers(report) if asked else []),
            )
        },
        "gaps": [
            {
                "target": each.gap.target,
                "scope": each.gap.scope,
                "cause": each.gap.cause.value,
                "detail": each.gap.detail,
                "hint": each.gap.hint,
            }
            for each in report.gaps
        ],
    }
    yield json.dumps(made, indent=1, ensure_ascii=False) + "\n"
