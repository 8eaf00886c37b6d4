"""The project's own rules about pods, each as one condition for any CEL implementation.

A rule has up to three expressions: what it is applied to (``each``), when, and the check. Together
they are ``each.all(item, !when || check)``, which is what a ValidatingAdmissionPolicy would hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from auditor.cel import Type
from auditor.model.policy import Rule
from auditor.policy import policies_folder
from auditor.policy.load import load
from auditor.policy.parameters import cel_type

KIND: Final = "k8s/PodTemplate"
COUNT: Final = 60


class Condition(NamedTuple):
    """A rule as one expression over ``object`` and ``params``."""

    rule: str
    source: str
    params: Mapping[str, object]
    types: Mapping[str, Type]


def conditions() -> list[Condition]:
    """The rules about pods, by id."""
    rules = load([policies_folder()]).rules
    return [condition(rules[name]) for name in sorted(rules) if KIND in rules[name].applies_to]


def condition(rule: Rule) -> Condition:
    """A rule as one expression, with the defaults of its parameters."""
    source = rule.check.source.strip()
    if rule.when is not None:
        source = f"!({rule.when.source.strip()}) || ({source})"
    if rule.each is not None:
        source = f"({rule.each.source.strip()}).all(item, {source})"
    return Condition(
        rule.id,
        source,
        {parameter.name: parameter.default for parameter in rule.parameters},
        {parameter.name: cel_type(parameter) for parameter in rule.parameters},
    )
