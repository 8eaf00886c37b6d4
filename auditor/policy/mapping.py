"""Which rules check which controls, whether the rule's file says so or the framework's.

A rule lists ``controls``; a control lists ``rules``. Shipped rules name the controls of shipped
frameworks; whoever adds a framework of their own maps shipped rules from its side, without a change
to any rule. Once both are merged, nothing tells them apart: profiles select by either, findings
and pages of rules name both.

A control that asks for what one of another framework does names that (``same-as``), and has its
rules, today's and later ones, beside its own; where rules can't decide that one, what would.
"""

from __future__ import annotations

import msgspec

from auditor.model.policy import Control
from auditor.policy.found import Found
from auditor.policy.names import Names


def merge_mappings(found: Found) -> None:
    """Add what frameworks map to the rules themselves; what they map to no rule is left out.

    A name that is of no rule is an error of its own (:mod:`auditor.policy.check`).
    """
    names = Names(found.rules)
    for control, name in sorted(found.mapped):
        rule = names.find(name)
        if rule is not None:
            _add(found, rule.id, control)
    held = [(key, each.id) for each in found.rules.values() for key in each.controls]
    for control, other, _ in sorted(found.same, key=lambda each: each[0]):
        for key, rule_id in held:
            if key == other:
                _add(found, rule_id, control)


def _add(found: Found, rule_id: str, control: str) -> None:
    """Have a rule check a control."""
    rule = found.rules[rule_id]
    if control not in rule.controls:
        controls = (*rule.controls, control)
        found.rules[rule_id] = msgspec.structs.replace(rule, controls=controls)


def mapped_controls(found: Found) -> dict[str, Control]:
    """Return all controls, each with the rules that check it, by ``framework:id``."""
    mapped: dict[str, list[str]] = {key: [] for key in found.controls}
    for rule in found.rules.values():
        for key in rule.controls:
            mapped[key].append(rule.id)
    same = {control: found.controls[other] for control, other, _ in found.same}
    return {
        key: _decided(control, same.get(key), tuple(sorted(mapped[key])))
        for key, control in sorted(found.controls.items())
    }


def _decided(control: Control, same: Control | None, rules: tuple[str, ...]) -> Control:
    """Say what decides a control: rules, or what is said of the one that asks for the same."""
    if same is None or rules or control.decided_by is not None:
        return msgspec.structs.replace(control, rules=rules)
    return msgspec.structs.replace(
        control, rules=rules, decided_by=same.decided_by, question=same.question
    )
