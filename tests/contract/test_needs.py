"""A rule that reads what an analysis joined names all that it was joined from."""

from __future__ import annotations

import pytest

from auditor.analysis import accounts, facts, namespaces
from auditor.analysis.shapes import shape_of
from auditor.engine.kinds import rule_reads
from auditor.errors import PolicyError
from auditor.model.policy import Rule
from auditor.platforms import PLATFORMS
from auditor.policy import load, policies_folder
from auditor.policy.compile import compile_rule
from auditor.policy.resolve import ChosenRule

POLICY = load((policies_folder(),))
JOINED = {
    "networkPolicies": {"k8s/NetworkPolicy"},
    "defaultDenyIngress": {"k8s/NetworkPolicy"},
    "defaultDenyEgress": {"k8s/NetworkPolicy"},
    "otherPolicies": set(namespaces.OTHER_POLICIES),
    "resourceQuotas": {"k8s/ResourceQuota"},
    "limitRanges": {"k8s/LimitRange"},
    "workloads": {"k8s/PodTemplate"},
    "declared": {"k8s/ServiceAccount"},
    "automountServiceAccountToken": {"k8s/ServiceAccount"},
}
"""The fields of joined facts that other objects decide, and which."""
FACTS = (namespaces.KIND, accounts.KIND)
RULES = [
    pytest.param(rule, id=rule.id)
    for rule in POLICY.rules.values()
    if set(rule.applies_to) & set(FACTS)
]


@pytest.mark.parametrize("rule", RULES)
def test_needs(rule: Rule) -> None:
    errors: list[PolicyError] = []
    defaults = {parameter.name: parameter.default for parameter in rule.parameters}
    active = compile_rule(ChosenRule(rule, rule.severity, defaults), errors)
    assert active is not None, errors
    reads = rule_reads(active, shape_of(active.rule.applies_to[0]))
    assert not reads.whole
    wanted = {kind for name in reads.fields for kind in JOINED.get(name, ())}
    assert wanted
    assert set(active.rule.needs) == wanted


def test_every_fact_has_an_account_of_its_evidence() -> None:
    """A pod template rests on its object alone; a posture on what its rules must need."""
    assert {facts.KIND, facts.PATCH, *FACTS} == PLATFORMS.facts
    read = namespaces.READS | {accounts.ACCOUNT}
    joined = {kind for kinds in JOINED.values() for kind in kinds}
    assert joined - {facts.KIND} == read - {"k8s/Namespace"}
