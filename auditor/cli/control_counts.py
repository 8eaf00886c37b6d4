"""How many controls of each framework a profile can say something of, before anything is read.

They are counted by what a report by the profile would show of them::

    nist-800-190 2017 (our own mapping, unreviewed)
      21  supported where their rules pass
       3  for a person: auditor answers ask --profile nist-800-190
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from auditor.model.enums import Basis, ControlState, Decider
from auditor.model.policy import Control, Framework
from auditor.platforms import PLATFORMS
from auditor.policy import PolicySet, ResolvedProfile
from reports.controls import WORDS, mark

_SILENT: Final = (ControlState.MANUAL, ControlState.NOT_ASSESSED, ControlState.NOT_COVERED)
"""The states of controls of which the profile has no rule, in the order in which they are told."""


class ControlCount(msgspec.Struct, frozen=True):
    """How many controls a framework has, and how many of them a rule of the profile checks.

    ``of_files`` are those among them of which no live target tells: what decides them is given as a
    file. ``silent`` are all others, by the state that a report shows. ``left`` are those that no
    rule checks and something else would decide, ``uncovered`` those that nothing here decides, each
    with its reason; of a framework of which the profile checks nothing there are none.
    """

    framework: Framework
    assessed: int
    of_files: int
    total: int
    silent: dict[ControlState, int]
    left: tuple[Control, ...]
    uncovered: tuple[Control, ...]

    def words(self) -> str:
        """Tell it in a line."""
        files = f" ({self.of_files} of them by files alone)" if self.of_files else ""
        parts = [
            f"{self.silent[state]} {WORDS[state]}{self._deciders(state)}"
            for state in _SILENT
            if self.silent[state]
        ]
        told = ", ".join([f"{self.assessed} of {self.total} by rules{files}", *parts])
        return f"{told}; {mark(self.framework)}" if mark(self.framework) else told

    def rows(self, profile: str) -> Iterator[tuple[int, str]]:
        """Tell it by state, as numbers with words: those of all controls that there are."""
        ours = self.framework.mapping is Basis.SUPPORTS
        held = WORDS[ControlState.SUPPORTED if ours else ControlState.SATISFIED]
        files = f" ({self.of_files} of them told by files alone)" if self.of_files else ""
        yield self.assessed, f"{held} where their rules pass{files}"
        more = {
            ControlState.MANUAL: f": auditor answers ask --profile {profile}",
            ControlState.NOT_ASSESSED: ": their rules are not in this profile",
            ControlState.NOT_COVERED: self._deciders(ControlState.NOT_COVERED),
        }
        for state in _SILENT:
            if self.silent[state]:
                yield self.silent[state], f"{WORDS[state]}{more[state]}"
        if self.framework.total > self.total:
            yield self.framework.total - self.total, f"not listed, of {self.framework.total:,}"

    def _deciders(self, state: ControlState) -> str:
        """What would decide what is not covered, where something would."""
        if state is not ControlState.NOT_COVERED:
            return ""
        found = Counter(each.decided_by for each in self.left if not each.rules)
        parts = [
            f"{decider.value} {found[decider]}"
            for decider in Decider
            if found[decider] and decider is not Decider.PERSON
        ]
        return f" (would be decided by: {', '.join(parts)})" if parts else ""

    def record(self) -> dict[str, object]:
        """Tell it as JSON."""
        return {
            "assessed": self.assessed,
            "of-files": self.of_files,
            "all": self.total,
            "person": sum(each.decided_by is Decider.PERSON for each in self.left),
            "not-covered": len(self.uncovered),
            "states": {state.value: number for state, number in self.silent.items()},
            "of-the-framework": self.framework.total or self.total,
            "mapping": self.framework.mapping.value,
            "unreviewed": self.framework.unreviewed,
        }


def counted(policy: PolicySet, resolved: ResolvedProfile) -> dict[str, ControlCount]:
    """Count the controls of each framework that a report by the profile could show."""
    rules = {chosen.rule.id for chosen in resolved.rules}
    by_framework: dict[str, list[Control]] = {
        name: [] for name in policy.frameworks if name not in resolved.left_out
    }
    for control in policy.controls.values():
        if control.framework in by_framework:
            by_framework[control.framework].append(control)
    return {
        name: _count(policy, rules, policy.frameworks[name], controls)
        for name, controls in by_framework.items()
    }


def _count(
    policy: PolicySet, rules: Collection[str], framework: Framework, controls: list[Control]
) -> ControlCount:
    checked = [each for each in controls if not set(rules).isdisjoint(each.rules)]
    silent = Counter(_silent(each) for each in controls if set(rules).isdisjoint(each.rules))
    missed = [each for each in controls if each not in checked and checked]
    return ControlCount(
        framework,
        len(checked),
        sum(_is_of_files(policy, rules, each) for each in checked),
        len(controls),
        {state: silent[state] for state in _SILENT},
        tuple(each for each in missed if each.decided_by is not None),
        tuple(each for each in missed if each.decided_by is None and not each.rules),
    )


def _silent(control: Control) -> ControlState:
    """The state of a control of which the profile has no rule, as the engine decides it."""
    if control.rules:
        return ControlState.NOT_ASSESSED
    person = control.decided_by is Decider.PERSON
    return ControlState.MANUAL if person else ControlState.NOT_COVERED


def _is_of_files(policy: PolicySet, rules: Collection[str], control: Control) -> bool:
    """Whether no live target has what the rules of a control are about."""
    written = frozenset(kind for each in PLATFORMS for kind in each.written)
    kinds = (policy.rules[each].applies_to for each in control.rules if each in rules)
    return all(written.issuperset(each) for each in kinds)
