"""What one of the rules that come with the program says of a body."""

from __future__ import annotations

import functools
import json

from auditor.engine.kinds import KindPlan
from auditor.engine.outcome import Outcome
from auditor.errors import PolicyError
from auditor.model.enums import Verdict
from auditor.platforms import PLATFORMS
from auditor.policy.compile import compile_rule
from auditor.policy.resolve import ChosenRule
from tests.policies.shipped import RULES

_WORST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS, Verdict.NOT_APPLICABLE)


@functools.cache
def _plan(name: str, kind: str) -> KindPlan:
    rule = RULES[name]
    errors: list[PolicyError] = []
    defaults = {each.name: each.default for each in rule.parameters}
    active = compile_rule(ChosenRule(rule, rule.severity, defaults), errors)
    assert active is not None, errors
    return KindPlan(PLATFORMS.shape_of(kind), [(0, active)], list_all=frozenset({0}), memo=False)


def outcomes(name: str, kind: str, body: object) -> list[Outcome]:
    """What a rule says of each element of a body, with its parameters as they come."""
    judged = _plan(name, kind).judge(json.dumps(body).encode(), clean=False)
    return [each for judgement in judged for each in judgement.outcomes]


def verdict_of(name: str, kind: str, body: object) -> str:
    """The worst verdict on the elements of a body; "" for none."""
    found = {each.verdict for each in outcomes(name, kind, body)}
    return next((worst.value for worst in _WORST if worst in found), "")


def messages(name: str, kind: str, body: object) -> list[str]:
    """What a rule says of the elements that do not pass."""
    return [each.message for each in outcomes(name, kind, body) if each.message]
