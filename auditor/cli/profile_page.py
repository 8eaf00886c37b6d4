"""A profile as ``auditor profiles show`` prints it: on a screen of any width, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from auditor.cli.control_counts import ControlCount, counted
from auditor.cli.explain import WIDEST
from auditor.engine.reasons import NOBODY
from auditor.policy import PolicySet, ResolvedProfile
from auditor.policy.read_profile import LONGEST_WAIVER
from auditor.policy.resolve import ChosenRule
from reports.controls import mark, named
from reports.text import wrap

_SEVERITY: Final = 11
"""Columns of a severity and what keeps it apart."""


def page(policy: PolicySet, resolved: ResolvedProfile, columns: int) -> Iterator[str]:
    """Say which rules a profile takes, with what parameters, and which controls they decide."""
    width = min(columns, WIDEST)
    yield from wrap(f"{resolved.id}: {resolved.title}", width, "")
    yield from wrap(policy.profiles[resolved.id].description.strip(), width, "")
    yield ""
    yield from hanging("gate: ", resolved.gate, width)
    if resolved.waiver_days:
        yield f"waivers: {resolved.waiver_days} days at most"
    for name, value in resolved.parameters.items():
        yield from hanging("parameter: ", f"{name} = {json.dumps(value)}", width)
    found = counted(policy, resolved)
    own = [each for name, each in found.items() if name in resolved.asked]
    others = [each for name, each in found.items() if name not in resolved.asked and each.assessed]
    for each in own:
        yield from _framework(each, resolved.id, width)
    if others:
        yield ""
        yield "Other controls of these rules" if own else "Controls"
        room = max(len(each.framework.id) for each in others)
        for each in others:
            yield from hanging(f"  {each.framework.id:<{room}}  ", each.words(), width)
    yield ""
    yield from _rules(ordered(resolved), columns)


def ordered(resolved: ResolvedProfile) -> list[ChosenRule]:
    """The rules of a profile, the worst first."""
    return sorted(resolved.rules, key=lambda rule: (-rule.severity.rank, rule.rule.id))


def _framework(count: ControlCount, profile: str, width: int) -> Iterator[str]:
    flag = f" ({mark(count.framework)})" if mark(count.framework) else ""
    yield ""
    yield from wrap(f"Controls of {named(count.framework)}{flag}", width, "")
    for number, words in count.rows(profile):
        yield from hanging(f"  {number:>5,}  ", words, width)


def _rules(rules: Sequence[ChosenRule], width: int) -> Iterator[str]:
    """A line for each rule; below each other where they are too long for the screen."""
    longest = max((len(rule.rule.id) for rule in rules), default=0)
    widest = max((len(rule.rule.title) for rule in rules), default=0)
    beside = _SEVERITY + longest + widest <= width
    for rule in rules:
        start = f"{rule.severity.value:<{_SEVERITY - 2}} "
        if beside:
            yield f"{start}{rule.rule.id:<{longest}}  {rule.rule.title}"
            continue
        yield f"{start}{rule.rule.id}"
        yield from wrap(rule.rule.title, min(width, WIDEST), " " * (_SEVERITY - 1))


def hanging(start: str, text: str, width: int) -> Iterator[str]:
    """A text after its beginning, whose further lines are below it."""
    first, *more = wrap(text, width, " " * len(start))
    yield start + first.removeprefix(" " * len(start))
    yield from more


def record(policy: PolicySet, resolved: ResolvedProfile) -> dict[str, Any]:
    """Tell a profile as JSON."""
    found = counted(policy, resolved)
    return {
        "id": resolved.id,
        "title": resolved.title,
        "gate": resolved.gate,
        "waiver-days": resolved.waiver_days or LONGEST_WAIVER,
        "parameters": dict(resolved.parameters),
        "controls": {framework: each.record() for framework, each in found.items()},
        "open": [
            {
                "control": f"{each.framework}:{each.id}",
                "title": each.title,
                "decided-by": each.decided_by,
                "question": each.question,
            }
            for framework in found.values()
            for each in framework.left
        ],
        "not-covered": [
            {
                "control": f"{each.framework}:{each.id}",
                "title": each.title,
                "why": each.left_out or NOBODY,
            }
            for framework in found.values()
            for each in framework.uncovered
        ],
        "rules": [
            {"id": rule.rule.id, "severity": rule.severity.value, "title": rule.rule.title}
            for rule in ordered(resolved)
        ],
    }
