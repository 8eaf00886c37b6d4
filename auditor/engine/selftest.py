"""Rules against their own examples, and examples against small changes of their rules.

An example holds a rule down only if it would notice a change. So every condition is changed in
every way that :mod:`auditor.cel.mutate` knows, and a change that leaves the verdict of every
example as it was is a hole in the examples. One whose verdict does not come from the conditions (a
template, a value of a wrong type) notices none. Where a change can't make a difference, the rule's
``equivalent`` names it with the reason; an entry that is not needed is a problem itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from auditor.analysis.shapes import prepare
from auditor.cel import CelEvalError
from auditor.cel.library import standard_library
from auditor.cel.unparse import unparse
from auditor.engine.conditions import Case, Conditions, worst
from auditor.engine.judge import Judge
from auditor.errors import Location, PolicyError, PolicyErrors
from auditor.model.enums import Verdict
from auditor.model.policy import Example, Rule
from auditor.platforms import PLATFORMS, Platforms
from auditor.platforms.shape import Shape
from auditor.policy.compile import compile_rule
from auditor.policy.compiled import ActiveRule
from auditor.policy.resolve import ChosenRule


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a rule or its examples, and where."""

    rule: str
    location: Location
    message: str


class RuleTest(msgspec.Struct, frozen=True):
    """How one rule went: its examples, its mutants, and the problems."""

    rule: str
    examples: int
    mutants: int
    problems: tuple[Problem, ...]


def check_rule(rule: Rule, platforms: Platforms = PLATFORMS) -> RuleTest:
    """Run the examples of a rule, and mutate its conditions once they hold.

    ``platforms`` know the shape of what it is about.

    Raises:
        PolicyErrors: an expression of the rule is wrong.
    """
    shape = platforms.shape_of(rule.applies_to[0])
    cases = [_case(rule, example, shape) for example in rule.examples]
    active = _active(rule)
    conditions = _conditions(active)
    problems = [*_unread(active), *_examples(active, cases, shape)]
    problems += _messages(active, conditions, cases)
    tried = 0
    if not problems:
        told = [case for case in cases if conditions.verdict(case) is case.example.expect]
        tried, survivors = _mutated(rule, conditions, told)
        problems = list(_holes(rule, survivors))
    return RuleTest(rule.id, len(cases), tried, tuple(problems))


def _mutated(
    rule: Rule, original: Conditions, cases: list[Case]
) -> tuple[int, dict[str, Location]]:
    """How many mutants there are, and those that no case notices, with their places."""
    expressions = {"each": rule.each, "when": rule.when, "check": rule.check}
    tried = 0
    survivors: dict[str, Location] = {}
    for name, conditions, mutant in original.changed():
        tried += 1
        for index, case in enumerate(cases):
            if conditions.verdict(case) is not case.example.expect:
                # the next mutant, near this one, is likely to be noticed by the same case
                cases.insert(0, cases.pop(index))
                break
        else:
            expression = expressions[name] or rule.check
            change = f"{name}: {unparse(mutant.before)} => {unparse(mutant.after)}"
            survivors[change] = expression.locate(mutant.position)
    return tried, survivors


def _holes(rule: Rule, survivors: Mapping[str, Location]) -> Iterator[Problem]:
    """Survivors that the rule does not call equivalent, and entries that call others so."""
    named = {entry.change for entry in rule.equivalent}
    for change, location in survivors.items():
        if change not in named:
            yield Problem(rule.id, location, f"no example notices {change}")
    for change in sorted(named - survivors.keys()):
        message = f"equivalent: an example notices this, or it is not a change: {change}"
        yield Problem(rule.id, rule.location, message)


def _case(rule: Rule, example: Example, shape: Shape) -> Case:
    defaults = {parameter.name: parameter.default for parameter in rule.parameters}
    body = msgspec.json.decode(example.body)
    prepared = prepare(shape, body if isinstance(body, dict) else {})
    return Case(example, prepared, {**defaults, **example.parameters})


def _active(rule: Rule) -> ActiveRule:
    errors: list[PolicyError] = []
    active = compile_rule(ChosenRule(rule, rule.severity, {}), errors)
    if active is None:
        raise PolicyErrors(tuple(errors))
    return active


def _unread(active: ActiveRule) -> Iterator[Problem]:
    """The parameters that nothing reads: setting them would do nothing."""
    programs = [active.check, *active.message.programs()]
    programs += [program for program in (active.each, active.when) if program is not None]
    trees = [program.reads["params"] for program in programs if "params" in program.reads]
    if any(tree.whole or tree.elements is not None for tree in trees):
        return
    read = {name for tree in trees for name in tree.fields}
    for parameter in active.rule.parameters:
        if parameter.name not in read:
            message = f"no expression reads parameter {parameter.name}"
            yield Problem(active.rule.id, active.rule.location, message)


def _examples(active: ActiveRule, cases: list[Case], shape: Shape) -> Iterator[Problem]:
    """The examples whose verdict is another one, by the engine as a scan uses it."""
    rule = active.rule
    expected = {case.example.expect for case in cases}
    for case in cases:
        judge = Judge([(0, replace(active, params=case.params))], shape, list_all=frozenset({0}))
        outcomes = judge.judge(case.body).outcomes
        verdict = worst([outcome.verdict for outcome in outcomes])
        if verdict is not case.example.expect:
            told = next((item.message for item in outcomes if item.verdict is verdict), "")
            yield Problem(
                rule.id,
                case.example.location,
                f"example {case.example.name!r}: expected {case.example.expect.value}, "
                f"got {verdict.value}{': ' if told else ''}{told}",
            )
    for verdict in (Verdict.PASS, Verdict.FAIL):
        if verdict not in expected:
            yield Problem(rule.id, rule.location, f"no example expects {verdict.value}")


def _messages(active: ActiveRule, conditions: Conditions, cases: list[Case]) -> Iterator[Problem]:
    """The expressions in a message that have no value for an element that fails."""
    rule, programs = active.rule, active.message.programs()
    for case in cases:
        for item in conditions.failing(case):
            for program in programs:
                try:
                    program.run(case.body, item, case.params)
                except CelEvalError as error:
                    told = f"the message has no value in example {case.example.name!r}"
                    where = rule.message.locate(rule.message.source.find(program.source))
                    yield Problem(rule.id, where, f"{told}: {program.source}: {error}")


def _conditions(active: ActiveRule) -> Conditions:
    return Conditions(
        standard_library(),
        active.each.tree() if active.each is not None else None,
        active.when.tree() if active.when is not None else None,
        active.check.tree(),
    )
