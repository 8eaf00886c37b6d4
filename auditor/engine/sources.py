"""Which kinds a rule rests on: what it judges and what it needs, down to what is read.

A rule about pod templates judges what Deployments, Jobs and RayClusters hold; a rule about the
posture of a namespace needs all workloads to know whether there are any; one about how files are
written rests on no kind. Collectors read what this says, and nothing else; a gap in it takes
verdicts back; permissions are derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from auditor.analysis import accounts, facts, namespaces
from auditor.analysis.rows import PARTIAL, TemplateRow
from auditor.model.enums import About
from auditor.platforms import PLATFORMS, Platforms
from auditor.policy.compiled import ActiveRule


class RuleSources(msgspec.Struct, frozen=True):
    """Kinds as they are read; a gap in ``judged`` leaves other verdicts, one in ``needed`` none.

    ``schemes`` are those of the live targets that can have something for the rule: what is missing
    of a target of another platform takes nothing from it.
    """

    judged: frozenset[str]
    needed: frozenset[str]
    schemes: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Every kind that the rule rests on."""
        return self.judged | self.needed

    def may_be_in(self, target: str) -> bool:
        """Whether a target, by its URI, could have what the rule rests on; files have anything."""
        scheme, separator, _ = target.partition("://")
        return not separator or scheme in self.schemes


class WantedKinds(msgspec.Struct, frozen=True):
    """What a profile wants to be read: each target is asked for the kinds of its platform."""

    kinds: frozenset[str] = frozenset()
    platforms: Platforms = PLATFORMS

    def of(self, target: str) -> frozenset[str]:
        """The kinds that are wanted of a target, by its URI; none of files, which are just read."""
        platform = self.platforms.of_target(target)
        if platform is None:
            return frozenset()
        return frozenset(kind for kind in self.kinds if self.platforms.of_kind(kind) is platform)


def sources_of(
    rules: Sequence[ActiveRule], rows: Iterable[TemplateRow], platforms: Platforms = PLATFORMS
) -> Mapping[str, RuleSources]:
    """The kinds that each rule rests on, by its id."""
    holders = _holders(rows)
    return {active.rule.id: _sources(active, holders, platforms) for active in rules}


def wanted_by(sources: Iterable[RuleSources], platforms: Platforms = PLATFORMS) -> WantedKinds:
    """The kinds of objects that some rules rest on."""
    return WantedKinds(frozenset(kind for each in sources for kind in each.all), platforms)


def _holders(rows: Iterable[TemplateRow]) -> Mapping[str, frozenset[str]]:
    """The kinds that hold each kind of fact."""
    whole, partial = set(), set()
    for row in rows:
        if row.shape == "object":
            whole.add(row.kind)
            partial.add(row.kind)
        elif row.partial or row.shape in PARTIAL:
            partial.add(row.kind)
        else:
            whole.add(row.kind)
    return {
        facts.KIND: frozenset(whole),
        facts.PATCH: frozenset(partial),
        namespaces.KIND: frozenset({namespaces.NAMESPACE}),
        accounts.KIND: frozenset(whole),
    }


def _sources(
    active: ActiveRule, holders: Mapping[str, frozenset[str]], platforms: Platforms
) -> RuleSources:
    rule = active.rule
    of = (platforms.of_kind(kind) for kind in (*rule.applies_to, *rule.needs))
    schemes = frozenset(scheme for each in of if each is not None for scheme in each.schemes)
    if rule.about is About.FILES:
        return RuleSources(frozenset(), frozenset(), schemes)
    judged = frozenset(
        kind for fact in rule.applies_to for kind in holders.get(fact, frozenset({fact}))
    )
    needed = frozenset(rule.needs)
    if namespaces.KIND in rule.applies_to and _counts_workloads(active):
        needed |= holders[facts.KIND]
    return RuleSources(judged - needed, needed, schemes)


def _counts_workloads(active: ActiveRule) -> bool:
    programs = (active.check, active.when, active.each)
    trees = [program.reads.get("object") for program in programs if program is not None]
    return any(tree is not None and (tree.whole or "workloads" in tree.fields) for tree in trees)
