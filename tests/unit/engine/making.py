"""Rules, bodies and judgements for the tests of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from auditor.engine.kinds import KindPlan
from auditor.engine.outcome import Outcome
from auditor.engine.tally import counts
from auditor.errors import Location, PolicyError
from auditor.model.enums import About, Confidence, Severity, Verdict
from auditor.model.policy import Expression, Parameter, Rule
from auditor.platforms import PLATFORMS
from auditor.policy.compile import compile_rule
from auditor.policy.compiled import ActiveRule
from auditor.policy.resolve import ChosenRule

HERE = Location("rule.yaml", 1, 1)


def expression(source: str) -> Expression:
    return Expression(source, HERE)


def active(
    check: str,
    *,
    name: str = "r",
    kinds: Sequence[str] = ("k8s/Thing",),
    each: str = "",
    when: str = "",
    message: str = "bad",
    needs: Sequence[str] = (),
    params: Mapping[str, object] | None = None,
    controls: Sequence[str] = (),
    severity: Severity = Severity.HIGH,
    about: About = About.OBJECTS,
) -> ActiveRule:
    """A rule as a profile has it."""
    types = {bool: "bool", int: "int", str: "string", list: "list(string)"}
    values = dict(params or {})
    rule = Rule(
        id=name,
        title=f"title of {name}",
        severity=severity,
        confidence=Confidence.HIGH,
        applies_to=tuple(kinds),
        check=expression(check),
        message=expression(message),
        each=expression(each) if each else None,
        when=expression(when) if when else None,
        needs=tuple(needs),
        parameters=tuple(
            Parameter(key, types[type(value)], value, "") for key, value in values.items()
        ),
        rationale="",
        remediation="",
        references=(),
        controls=tuple(controls),
        tags=(),
        aliases=(),
        examples=(),
        location=HERE,
        about=about,
    )
    errors: list[PolicyError] = []
    compiled = compile_rule(ChosenRule(rule, severity, values), errors)
    assert compiled is not None, [error.message for error in errors]
    return compiled


def plan(
    *rules: ActiveRule,
    kind: str = "k8s/Thing",
    everything: bool = True,
    memo: bool = True,
    begun: bool = True,
) -> KindPlan:
    """The rules of one kind; their indices are their positions.

    ``begun``: it has judged a body, the first, of which nothing is remembered.
    """
    listed = frozenset(range(len(rules))) if everything else frozenset[int]()
    numbered = list(enumerate(rules))
    made = KindPlan(PLATFORMS.shape_of(kind), numbered, list_all=listed, memo=memo)
    if begun:
        made.judge(b"{}")
    return made


def judge(made: KindPlan, body: object) -> tuple[list[Outcome], dict[tuple[int, Verdict], int]]:
    """Outcomes by rule and place, and the counts of verdicts."""
    judgements = made.judge(msgspec.json.encode(body))
    outcomes = [outcome for judgement in judgements for outcome in judgement.outcomes]
    outcomes.sort(key=lambda outcome: (outcome.rule, [str(part) for part in outcome.at]))
    tally = sum(judgement.tally for judgement in judgements)
    return outcomes, {(rule, verdict): number for rule, verdict, number in counts(tally)}
