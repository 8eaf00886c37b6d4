"""Rules by id, former id, tag and control."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.errors import UsageError
from auditor.model.policy import Rule, Selection
from auditor.policy.suggest import suggestion


class Names:
    """The rules of a policy set, to be looked up and selected."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._aliases = {alias: rule.id for rule in rules.values() for alias in rule.aliases}

    def find(self, name: str) -> Rule | None:
        """A rule by its id or a former id."""
        return self._rules.get(self._aliases.get(name, name))

    def rule(self, name: str) -> Rule:
        """A rule by its id or a former id.

        Raises:
            UsageError: there is none.
        """
        rule = self.find(name)
        if rule is None:
            hint = suggestion(name, self._rules) or "auditor rules list"
            raise UsageError(f"no rule is called {name}", hint=hint)
        return rule

    def matching(self, selection: Selection) -> Iterator[Rule]:
        """The rules that a selection takes; nothing but a severity takes all at or above it."""
        found = (self.find(name) for name in selection.ids)
        ids = {rule.id for rule in found if rule is not None}
        everything = not (selection.ids or selection.tags or selection.controls)
        for rule in self._rules.values():
            matches = (
                everything
                or rule.id in ids
                or any(tag in rule.tags for tag in selection.tags)
                or any(_covers(control, rule.controls) for control in selection.controls)
            )
            if matches and (
                selection.severity is None or rule.severity.rank >= selection.severity.rank
            ):
                yield rule


def _covers(wanted: str, controls: Iterable[str]) -> bool:
    if ":" in wanted:
        return wanted in controls
    return any(control.partition(":")[0] == wanted for control in controls)
