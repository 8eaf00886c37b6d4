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
from auditor.policy.compiled import ActiveRule

_NAMESPACE = "k8s/Namespace"


class RuleSources(msgspec.Struct, frozen=True):
    """Kinds as they are read; a gap in ``judged`` leaves other verdicts, one in ``needed`` none."""

    judged: frozenset[str]
    needed: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Every kind that the rule rests on."""
        return self.judged | self.needed


def sources_of(
    rules: Sequence[ActiveRule], rows: Iterable[TemplateRow]
) -> Mapping[str, RuleSources]:
    """The kinds that each rule rests on, by its id."""
    holders = _holders(rows)
    return {active.rule.id: _sources(active, holders) for active in rules}


def kinds_read(sources: Iterable[RuleSources]) -> frozenset[str]:
    """The kinds of a platform's objects that some rules rest on."""
    kinds = frozenset(kind for each in sources for kind in each.all)
    return frozenset(kind for kind in kinds if kind.startswith("k8s/"))


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
        namespaces.KIND: frozenset({_NAMESPACE}),
        accounts.KIND: frozenset(whole),
    }


def _sources(active: ActiveRule, holders: Mapping[str, frozenset[str]]) -> RuleSources:
    rule = active.rule
    if rule.about is About.FILES:
        return RuleSources(frozenset(), frozenset())
    judged = frozenset(
        kind for fact in rule.applies_to for kind in holders.get(fact, frozenset({fact}))
    )
    needed = frozenset(rule.needs)
    if namespaces.KIND in rule.applies_to and _counts_workloads(active):
        needed |= holders[facts.KIND]
    return RuleSources(judged - needed, needed)


def _counts_workloads(active: ActiveRule) -> bool:
    programs = (active.check, active.when, active.each)
    trees = [program.reads.get("object") for program in programs if program is not None]
    return any(tree is not None and (tree.whole or "workloads" in tree.fields) for tree in trees)
