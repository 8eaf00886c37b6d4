"""Of which targets a rule can have something."""

from __future__ import annotations

import pytest

from auditor.analysis.table import ANALYSES
from auditor.engine.sources import needing, sources_of
from auditor.errors import PolicyError
from auditor.policy.compile import compile_rule
from auditor.policy.resolve import ChosenRule
from tests.policies.shipped import POLICY


@pytest.mark.parametrize("name", ["gpu-allocation-bypassed", "gpu-tenants-share"])
def test_a_fact_of_no_platform_of_its_own_is_of_those_that_it_rests_on(name: str) -> None:
    rule = POLICY.rules[name]
    errors: list[PolicyError] = []
    defaults = {parameter.name: parameter.default for parameter in rule.parameters}
    active = compile_rule(ChosenRule(rule, rule.severity, defaults), errors)
    assert active is not None, errors
    made = ANALYSES.made(POLICY.tables)
    (sources,) = sources_of(needing([active], made.feeds), made).values()
    assert sources.may_be_in("k8s://prod")
    assert not sources.may_be_in("other://prod")
    assert sources.rests_on("k8s/Pod")
