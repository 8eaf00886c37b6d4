"""What frameworks are about, by the rules that check their controls."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from auditor.model.policy import Control, Rule
from auditor.platforms import Platforms


def elsewhere(
    controls: Mapping[str, Control],
    rules: Mapping[str, Rule],
    here: frozenset[str],
    platforms: Platforms,
) -> frozenset[str]:
    """Name the frameworks that are about other platforms than these, by the rules given.

    A scan of clusters has nothing to say of a benchmark for Docker hosts. A framework of which no
    rule is about what targets have is about none, and so is not elsewhere.
    """
    of = functools.cache(lambda name: platforms_of((rules[name],), platforms))
    about: dict[str, set[str]] = {}
    for control in controls.values():
        mapped = (of(name) for name in control.rules if name in rules)
        about.setdefault(control.framework, set()).update(*mapped)
    return frozenset(
        name for name, found in about.items() if here and found and here.isdisjoint(found)
    )


def platforms_of(rules: Iterable[Rule], platforms: Platforms) -> frozenset[str]:
    """The names of the platforms with targets of their own that rules are about."""
    found = (platforms.of_kind(kind) for rule in rules for kind in rule.applies_to)
    return frozenset(each.name for each in found if each is not None and each.schemes)
