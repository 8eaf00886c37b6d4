"""Rules by id, former id, tag and control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.errors import UsageError
from auditor.model.policy import Control, Rule, Selection
from auditor.policy.suggest import suggestion


class Names:
    """The rules of a policy set, to be looked up and selected."""

    def __init__(
        self, rules: Mapping[str, Rule], controls: Mapping[str, Control] | None = None
    ) -> None:
        """``controls`` have to be there where selections by control are looked up."""
        self._rules = rules
        self._controls = controls or {}
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
        ids.update(*map(self._of_control, selection.controls))
        tags = frozenset(selection.tags)
        for rule in self._rules.values():
            matches = everything or rule.id in ids or not tags.isdisjoint(rule.tags)
            if matches and (
                selection.severity is None or rule.severity.rank >= selection.severity.rank
            ):
                yield rule

    def _of_control(self, wanted: str) -> Iterator[str]:
        """The rules of a control, or of all controls of a framework."""
        for key, control in self._controls.items():
            if wanted in (key, control.framework):
                yield from control.rules


def controls_by_rule(controls: Mapping[str, Control]) -> dict[str, list[str]]:
    """Name all controls that each rule speaks to, as ``framework:id``, in their order."""
    named: dict[str, list[str]] = {}
    for key, control in controls.items():
        for rule in control.rules:
            named.setdefault(rule, []).append(key)
    return named
