"""How many controls of each framework a profile can say something of, before anything is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

import msgspec

from auditor.model.enums import Decider
from auditor.model.policy import Control, Framework
from auditor.platforms import PLATFORMS
from auditor.policy import PolicySet, ResolvedProfile
from reports.controls import mark


class ControlCount(msgspec.Struct, frozen=True):
    """How many controls a framework has, and how many of them a rule of the profile checks.

    ``of_files`` are those among them of which no live target tells: what decides them is given as a
    file. ``left`` are those that no rule checks and something else would decide, ``uncovered``
    those that nothing here decides, each with its reason; of a framework of which the profile
    checks nothing there are none.
    """

    framework: Framework
    assessed: int
    of_files: int
    total: int
    left: tuple[Control, ...]
    uncovered: tuple[Control, ...]

    def words(self) -> str:
        """Tell it in a line."""
        by = Counter(each.decided_by.value for each in self.left if each.decided_by is not None)
        rest = ", ".join(f"{name} {by[name]}" for name in sorted(by))
        files = f", {self.of_files} of them by files alone" if self.of_files else ""
        left = f" (decided by others: {rest})" if rest else ""
        return "; ".join((f"{self.assessed} of {self.total}{files}{left}", *self._more()))

    def _more(self) -> Iterator[str]:
        if self.uncovered:
            yield f"not covered {len(self.uncovered)}"
        if self.framework.total > self.total:
            number = self.framework.total - self.total
            yield f"not listed {number:,} of {self.framework.total:,}"
        if mark(self.framework):
            yield mark(self.framework)

    def record(self) -> dict[str, object]:
        """Tell it as JSON."""
        return {
            "assessed": self.assessed,
            "of-files": self.of_files,
            "all": self.total,
            "person": sum(each.decided_by is Decider.PERSON for each in self.left),
            "not-covered": len(self.uncovered),
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
    missed = [each for each in controls if each not in checked and checked]
    return ControlCount(
        framework,
        len(checked),
        sum(_is_of_files(policy, rules, each) for each in checked),
        len(controls),
        tuple(each for each in missed if each.decided_by is not None),
        tuple(each for each in missed if each.decided_by is None and not each.rules),
    )


def _is_of_files(policy: PolicySet, rules: Collection[str], control: Control) -> bool:
    """Whether no live target has what the rules of a control are about."""
    written = frozenset(kind for each in PLATFORMS for kind in each.written)
    kinds = (policy.rules[each].applies_to for each in control.rules if each in rules)
    return all(written.issuperset(each) for each in kinds)
