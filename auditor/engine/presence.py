"""Of which platforms there was anything among the targets, and what follows for rules and controls.

A profile may have rules for several platforms. Where only clusters were read, a benchmark for
Docker hosts has nothing to say::

    targets      k8s://prod, stack/ with a compose file in it   platforms: kubernetes, docker
    absent       the rules that rest on neither                 here none; without stack/ Docker's
    frameworks   those that are about absent platforms only are left out of the report
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.engine.sources import RuleSources
from auditor.model.policy import Control, Rule
from auditor.platforms import Platform, Platforms
from auditor.policy.subjects import elsewhere


def platforms_present(uri: str, kinds: Iterable[str], platforms: Platforms) -> frozenset[Platform]:
    """The platforms that a target, by its URI, or the kinds read of it are of."""
    found = {platforms.of_target(uri), *map(platforms.of_kind, kinds)}
    return frozenset(each for each in found if each is not None and each.schemes)


def rules_absent(
    present: frozenset[Platform], sources: Mapping[str, RuleSources]
) -> frozenset[str]:
    """The rules that rest on platforms of which there was nothing.

    Where there was nothing at all it is not known what there might have been: none is absent.
    """
    schemes = frozenset(scheme for each in present for scheme in each.schemes)
    return frozenset(
        rule
        for rule, each in sources.items()
        if schemes and each.schemes and schemes.isdisjoint(each.schemes)
    )


def frameworks_absent(
    present: frozenset[Platform],
    controls: Mapping[str, Control],
    rules: Iterable[Rule],
    platforms: Platforms,
) -> frozenset[str]:
    """The frameworks that are about platforms of which there was nothing, by a profile's rules."""
    chosen = {rule.id: rule for rule in rules}
    return elsewhere(controls, chosen, frozenset(each.name for each in present), platforms)
