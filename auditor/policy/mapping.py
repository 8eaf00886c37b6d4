"""Which rules check which controls, whether the rule's file says so or the framework's.

A rule lists ``controls``; a control lists ``rules``, ``tags`` of rules, or other ``controls`` whose
rules speak to it as well. One that asks for what one of another framework does names that
(``same-as``): it has its rules, and where these can't decide it, what would. Shipped rules name the
controls of benchmarks; a framework that asks for less than settings is mapped in its own file
alone, most of it through our objectives::

    objectives:least-privilege   rules: [k8s-rbac-*, ...]
    nist-800-53:AC-6             controls: [objectives:least-privilege]
    acme:7.1                     controls: [nist-800-53:AC-6], rules: [k8s-container-privileged]

Whoever adds a framework of their own maps shipped rules so, without a change to any rule. Once all
is merged, nothing tells these apart: profiles select by any, findings and pages of rules name them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate

import msgspec

from auditor.model.policy import Control, Rule
from auditor.policy.found import Found, MappedRule
from auditor.policy.names import Names


def merge_mappings(found: Found) -> None:
    """Give each control all of its rules, and each rule the controls that name it.

    A name that is of no rule is an error of its own (:mod:`auditor.policy.check`).
    """
    direct: dict[str, set[str]] = {key: set() for key in found.controls}
    for rule in found.rules.values():
        for key in rule.controls:
            direct.setdefault(key, set()).add(rule.id)
    names = Names(found.rules)
    for each in found.mapped:
        direct.setdefault(each.control, set()).update(_meant(each, found.rules, names))
    held = {key: frozenset(rules) for key, rules in direct.items()}
    for name, other, _ in found.same:
        direct.setdefault(name, set()).update(held.get(other, ()))
    _name_controls(found, direct)
    same = {control: other for control, other, _ in found.same}
    ways = {
        key: (*control.through, *((same[key],) if key in same else ()))
        for key, control in found.controls.items()
    }
    before = dict(found.controls)
    for key, control in before.items():
        rules = tuple(sorted(_closure(key, ways, direct)))
        found.controls[key] = _decided(control, before.get(same.get(key, "")), rules)


def _decided(control: Control, same: Control | None, rules: tuple[str, ...]) -> Control:
    """Say what decides a control: rules, or what is said of the one that asks for the same."""
    if same is None or rules or control.decided_by is not None:
        return msgspec.structs.replace(control, rules=rules)
    return msgspec.structs.replace(
        control, rules=rules, decided_by=same.decided_by, question=same.question
    )


def matching(pattern: str, rules: Iterable[str]) -> list[str]:
    """The ids that a pattern fits."""
    fits = re.compile(translate(pattern)).match
    return [rule for rule in rules if fits(rule)]


def _meant(each: MappedRule, rules: Mapping[str, Rule], names: Names) -> list[str]:
    if each.tag:
        return [rule.id for rule in rules.values() if each.tag in rule.tags]
    if each.wide:
        return matching(each.rule, rules)
    rule = names.find(each.rule)
    return [] if rule is None else [rule.id]


def _name_controls(found: Found, direct: Mapping[str, Iterable[str]]) -> None:
    more: dict[str, list[str]] = {}
    later = frozenset(control for control, _, _ in found.same)
    for key in sorted(direct, key=lambda key: (key in later, key)):
        for rule in direct[key]:
            if key not in found.rules[rule].controls:
                more.setdefault(rule, []).append(key)
    for rule, keys in more.items():
        known = found.rules[rule]
        merged = msgspec.structs.replace(known, controls=(*known.controls, *keys))
        found.rules[rule] = merged


def _closure(
    start: str, ways: Mapping[str, Iterable[str]], direct: Mapping[str, Iterable[str]]
) -> set[str]:
    """All rules of a control and of those that it is mapped through, however far."""
    rules: set[str] = set()
    seen: set[str] = set()
    pending = [start]
    while pending:
        key = pending.pop()
        if key in seen:
            continue
        seen.add(key)
        rules.update(direct.get(key, ()))
        pending += ways.get(key, ())
    return rules
