"""Every shipped rule against its examples, and every example against changes of its rule."""

from __future__ import annotations

import pytest

from auditor.engine.selftest import check_rule
from auditor.model.policy import Rule
from auditor.policy import load, policies_folder

RULES = load((policies_folder(),)).rules


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_examples_hold_the_rule_down(rule: Rule) -> None:
    result = check_rule(rule)
    assert [f"{problem.location}: {problem.message}" for problem in result.problems] == []
    assert result.mutants > 0
