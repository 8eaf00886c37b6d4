"""The rules that come with the program: compiled code and interpreter, on mutated examples."""

from __future__ import annotations

from random import Random
from typing import Final

import msgspec
import pytest

from auditor.analysis.shapes import prepare
from auditor.cel import BOOL, DYN, Environment, Program
from auditor.model.policy import Rule
from auditor.platforms import PLATFORMS
from auditor.policy.parameters import cel_type
from tests.cases import every
from tests.policies.shipped import RULES
from tests.unit.cel.compiled import ERROR, fast_outcome, outcome
from tests.unit.cel.differential.documents import mutate

MUTANTS: Final = 5
MANY_MUTANTS: Final = 400


def program_of(rule: Rule) -> Program:
    """All expressions of a rule in one, as a policy of an API server would have it."""
    source = rule.check.source
    if rule.when is not None:
        source = f"!({rule.when.source}) || ({source})"
    if rule.each is not None:
        source = f"({rule.each.source}).all(item, {source})"
    fields = {parameter.name: cel_type(parameter) for parameter in rule.parameters}
    environment = Environment({"object": DYN, "params": DYN}, fields={"params": fields})
    return environment.compile(source, expect=BOOL)


def compare(rule: Rule, mutants: int) -> int:
    """Compare on all examples and mutants of them; how many had a value."""
    random = Random(rule.id)
    program = program_of(rule)
    defaults = {parameter.name: parameter.default for parameter in rule.parameters}
    valued = 0
    for example in rule.examples:
        params = {**defaults, **example.parameters}
        decoded = msgspec.json.decode(example.body)
        for number in range(mutants):
            body = mutate(random, decoded, number % 4)
            prepared = prepare(PLATFORMS.shape_of(rule.applies_to[0]), body)
            expected = outcome(program.exact, prepared, params)
            answer = fast_outcome(program.fast, prepared, params)
            assert answer in (None, expected), f"{program.code}\n{prepared}"
            assert answer is not None or number or expected == ERROR, "no fast path"
            valued += expected != ERROR
    return valued


def test_examples_and_mutants_of_them_come_to_the_same() -> None:
    def have_values(rule: Rule) -> None:
        assert compare(rule, MUTANTS) > 0

    every(RULES, have_values)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(RULES))
def test_many_mutants_come_to_the_same(name: str) -> None:
    assert compare(RULES[name], MANY_MUTANTS) > 0
