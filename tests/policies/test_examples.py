"""Every shipped rule against its examples, and every example against changes of its rule."""

from __future__ import annotations

from auditor.engine.selftest import check_rule
from auditor.model.policy import Rule
from tests.cases import every
from tests.policies.shipped import RULES


def test_examples_hold_the_rules_down() -> None:
    every(RULES, examples_hold_it_down)


def examples_hold_it_down(rule: Rule) -> None:
    result = check_rule(rule)
    assert [f"{problem.location}: {problem.message}" for problem in result.problems] == []
    assert result.mutants > 0
