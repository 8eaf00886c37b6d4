"""A rule that reads what an analysis joined names all that it was joined from."""

from __future__ import annotations

import msgspec

from auditor.analysis.protocol import OTHERS, Prefers, ReadsBeside, Stage
from auditor.analysis.table import ANALYSES
from auditor.engine.sources import needing, read_for
from auditor.engine.tiers import rule_reads
from auditor.errors import PolicyError
from auditor.model.policy import Rule
from auditor.platforms import PLATFORMS
from auditor.policy.compile import compile_rule
from auditor.policy.resolve import ChosenRule
from tests.cases import every
from tests.policies.shipped import POLICY

MADE = ANALYSES.made(POLICY.tables)
FEEDS = MADE.feeds
JOINED = {kind for each in MADE.joining for kind in each.feeds}
RULES = {
    name: rule for name, rule in POLICY.rules.items() if not JOINED.isdisjoint(rule.applies_to)
}


def test_needs() -> None:
    every(RULES, needs_what_it_reads)


def needs_what_it_reads(rule: Rule) -> None:
    errors: list[PolicyError] = []
    defaults = {parameter.name: parameter.default for parameter in rule.parameters}
    active = compile_rule(ChosenRule(rule, rule.severity, defaults), errors)
    assert active is not None, errors
    reads = rule_reads(active, PLATFORMS.shape_of(active.rule.applies_to[0]))
    assert not reads.whole
    fields = FEEDS[active.rule.applies_to[0]]
    wanted = {kind for name in reads.fields for kind in fields.get(name, ())}
    bare = set(fields) == {""}
    assert wanted or bare or fields.get(""), "but for what is found, and nothing read takes away"
    assert set(active.rule.needs) == wanted
    without = msgspec.structs.replace(active.rule, needs=())
    (completed,) = needing([msgspec.structs.replace(active, rule=without)], FEEDS)
    assert set(completed.rule.needs) <= wanted, "what it reads says it as well"


def test_every_fact_has_an_account_of_its_evidence() -> None:
    """A pod template rests on its object alone; a posture on what its rules must need."""
    assert set(FEEDS) == PLATFORMS.facts
    for each in MADE.joining:
        assert each.stage is not Stage.OBJECT
        fed = {
            kind for fields in each.feeds.values() for kinds in fields.values() for kind in kinds
        }
        beside = each.beside if isinstance(each, ReadsBeside) else frozenset()
        preferred = each.preferred if isinstance(each, Prefers) else frozenset()
        assert fed == each.reads - {OTHERS} - beside - preferred
    for kind in FEEDS:
        assert read_for(kind, FEEDS).isdisjoint(FEEDS), "it comes down to what is read"
