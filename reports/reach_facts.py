"""What can reach what, as a report has it: facts read back, open where something was not read."""

from __future__ import annotations

import msgspec

from auditor.model.enums import GapCause
from auditor.model.finding import Report
from auditor.model.reach import (
    ANSWER,
    ENFORCEMENT,
    REACH,
    UNKNOWN,
    AnswerFact,
    DirectionReach,
    EnforcementFact,
    ReachFact,
)

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


def means_workloads(report: Report, text: str) -> bool:
    """Whether a text means some of the workloads that were read."""
    return any(is_meant(fact, text) for _, fact in reaches(report))


def is_meant(fact: ReachFact, text: str) -> bool:
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
