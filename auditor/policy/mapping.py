"""Which rules check which controls, whether the rule's file says so or the framework's.

A rule lists ``controls``; a control lists ``rules``. Shipped rules name the controls of shipped
frameworks; whoever adds a framework of their own maps shipped rules from its side, without a change
to any rule. Once both are merged, nothing tells them apart: profiles select by either, findings
and pages of rules name both.
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
        if rule is None:
            continue
        known = found.rules[rule.id].controls
        if control not in known:
            merged = msgspec.structs.replace(rule, controls=(*known, control))
            found.rules[rule.id] = merged


def mapped_controls(found: Found) -> dict[str, Control]:
    """Return all controls, each with the rules that check it, by ``framework:id``."""
    mapped: dict[str, list[str]] = {key: [] for key in found.controls}
    for rule in found.rules.values():
        for key in rule.controls:
            mapped[key].append(rule.id)
    return {
        key: msgspec.structs.replace(control, rules=tuple(sorted(mapped[key])))
        for key, control in sorted(found.controls.items())
    }
