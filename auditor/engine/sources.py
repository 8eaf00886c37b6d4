"""Which kinds a rule rests on: what it judges and what it needs, down to what is read.

A rule about pod templates judges what Deployments, Jobs and RayClusters hold; a rule about the
posture of a namespace needs all workloads to know whether there are any; one about how files are
written rests on no kind. Collectors read what this says, and nothing else; a gap in it takes
verdicts back; permissions are derived from it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.analyses import Analyses
from auditor.analysis.completing import Aspects
from auditor.analysis.protocol import Feeds
from auditor.engine.waiting import aspects_read
from auditor.platforms import PLATFORMS, Platform, Platforms
from auditor.policy.compiled import ActiveRule


class RuleSources(msgspec.Struct, frozen=True):
    """Kinds as they are read; a gap in ``judged`` leaves other verdicts, one in ``needed`` none.

    ``schemes`` are those of the live targets that can have something for the rule: what is missing
    of a target of another platform takes nothing from it. ``facts`` are the kinds of those that it
    judges. ``completing`` are kinds that may complete what it judges: a gap there takes a verdict
    only from what lacks something (:mod:`auditor.analysis.completing`), and none where an analysis
    can do without them (:class:`auditor.analysis.protocol.Prefers`). Of ``by_name`` only what other
    objects name is needed: that the rest is not read takes nothing from the rule. Kinds ``beside``
    are asked for where targets of several platforms are read, so that they can be joined: a gap
    there takes no verdict back, and is one that is missing.
    """

    judged: frozenset[str]
    needed: frozenset[str]
    schemes: frozenset[str]
    facts: frozenset[str] = frozenset()
    completing: frozenset[str] = frozenset()
    by_name: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """Every kind that the rule rests on."""
        return self.judged | self.needed

    @property
    def asked(self) -> frozenset[str]:
        """Every kind that live targets are asked for on account of the rule."""
        return self.all | self.completing

    def misses(self, kind: str) -> bool:
        """Whether the rule lacks something where a kind is not read as a whole."""
        return (kind in self.all and kind not in self.by_name) or kind in self.beside

    def rests_on(self, scope: str) -> bool:
        """Whether something of this kind, read or derived, is needed or judged."""
        return scope in self.judged or scope in self.needed or scope in self.facts

    def knows(self, scope: str) -> bool:
        """Whether this is a kind that has anything to do with the rule."""
        return self.rests_on(scope) or scope in self.completing or scope in self.beside

    def may_be_in(self, target: str) -> bool:
        """Whether a target, by its URI, could have what the rule rests on; files have anything."""
        scheme, separator, _ = target.partition("://")
        return not separator or scheme in self.schemes


_SEVERAL: Final = 2


class WantedKinds(msgspec.Struct, frozen=True):
    """What a profile wants to be read: each target is asked for the kinds of its platform.

    ``beside`` are wanted where targets of several platforms are read (:meth:`among`).
    """

    kinds: frozenset[str] = frozenset()
    platforms: Platforms = PLATFORMS
    beside: frozenset[str] = frozenset()

    def among(self, targets: Iterable[str]) -> WantedKinds:
        """What is wanted of targets that are read together; files may be of any platform."""
        if len({self.platforms.of_target(each) for each in targets}) < _SEVERAL:
            return self
        return msgspec.structs.replace(self, kinds=self.kinds | self.beside)

    def of(self, target: str) -> frozenset[str]:
        """The kinds that are wanted of a target, by its URI; none of files, which are just read."""
        platform = self.platforms.of_target(target)
        if platform is None:
            return frozenset()
        mine = (kind for kind in self.kinds if self.platforms.of_kind(kind) is platform)
        return frozenset(mine) - platform.written


def sources_of(
    rules: Sequence[ActiveRule], analyses: Analyses, platforms: Platforms = PLATFORMS
) -> Mapping[str, RuleSources]:
    """Find the kinds that each rule rests on, by its id; ``analyses`` say it of facts.

    ``rules`` are as :func:`needing` leaves them.
    """
    feeds, completes, by_name = analyses.feeds, analyses.completes, analyses.by_name
    beside, preferred = analyses.beside, analyses.preferred
    of_kind = functools.cache(platforms.of_kind)
    read = functools.cache(functools.partial(read_for, feeds=feeds))
    return {
        active.rule.id: msgspec.structs.replace(
            _sources(active, frozenset(feeds), read, of_kind),
            completing=_completing(active, completes, platforms) | _of(active, preferred),
            by_name=_by_name(active, by_name, read),
            beside=_of(active, beside),
        )
        for active in rules
    }


def _by_name(
    active: ActiveRule,
    by_name: Mapping[str, frozenset[str]],
    read: Callable[[str], frozenset[str]],
) -> frozenset[str]:
    """The kinds that only facts need which are satisfied with what is named."""
    parts = [(fact, by_name.get(fact, frozenset())) for fact in _rested_on(active)]
    named = frozenset(kind for _, kinds in parts for kind in kinds)
    whole = frozenset(kind for fact, kinds in parts for kind in read(fact) if kind not in kinds)
    return named - whole


def _of(active: ActiveRule, kinds: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What is said of the facts that a rule rests on."""
    return frozenset(kind for fact in _rested_on(active) for kind in kinds.get(fact, ()))


def _rested_on(active: ActiveRule) -> Iterator[str]:
    yield from active.rule.applies_to
    yield from active.rule.needs


def _completing(
    active: ActiveRule, completes: Mapping[str, Aspects], platforms: Platforms
) -> frozenset[str]:
    """The kinds that live targets are asked for because they complete what a rule reads."""
    if active.rule.about.of_files:
        return frozenset()
    return frozenset(
        kind
        for fact in active.rule.applies_to
        if fact in completes
        for aspect in aspects_read(active, completes[fact].values(), platforms.shape_of(fact))
        if aspect.asked
        for kind in aspect.kinds
    )


def needing(rules: Sequence[ActiveRule], feeds: Feeds) -> tuple[ActiveRule, ...]:
    """Complete what rules need by what the fields of facts that they read rest on."""
    return tuple(_needing(active, feeds) for active in rules)


def _needing(active: ActiveRule, feeds: Feeds) -> ActiveRule:
    rule = active.rule
    more = frozenset(_of_fields(active, feeds)).difference(rule.needs)
    if not more:
        return active
    needs = (*rule.needs, *sorted(more))
    return msgspec.structs.replace(active, rule=msgspec.structs.replace(rule, needs=needs))


def _of_fields(active: ActiveRule, feeds: Feeds) -> Iterator[str]:
    """The kinds that the fields which a rule reads of facts rest on."""
    reads = _fields_read(active)
    for fact in active.rule.applies_to:
        for field, kinds in feeds.get(fact, {}).items():
            if field and (reads is None or field in reads):
                yield from kinds


def wanted_by(sources: Iterable[RuleSources], platforms: Platforms = PLATFORMS) -> WantedKinds:
    """The kinds of objects that some rules rest on."""
    every = list(sources)
    kinds = frozenset(kind for each in every for kind in each.asked)
    beside = frozenset(kind for each in every for kind in each.beside)
    return WantedKinds(kinds, platforms, beside - kinds)


def _sources(
    active: ActiveRule,
    facts: frozenset[str],
    read: Callable[[str], frozenset[str]],
    of_kind: Callable[[str], Platform | None],
) -> RuleSources:
    """Find the kinds of a rule; ``facts`` are all kinds of facts, ``read`` is :func:`read_for`."""
    rule = active.rule
    judged = frozenset(kind for fact in rule.applies_to for kind in read(fact))
    needed = frozenset(kind for each in rule.needs for kind in read(each))
    of = map(of_kind, {*rule.applies_to, *judged, *needed})
    schemes = frozenset(scheme for each in of if each is not None for scheme in each.schemes)
    if rule.about.of_files:
        return RuleSources(frozenset(), frozenset(), schemes)
    return RuleSources(judged - needed, needed, schemes, facts.intersection(rule.applies_to))


def read_for(kind: str, feeds: Feeds) -> frozenset[str]:
    """The kinds that have to be read for one; for a fact those that it cannot be without."""
    fields = feeds.get(kind)
    if fields is None:
        return frozenset({kind})
    return frozenset(read for each in fields.get("", ()) for read in read_for(each, feeds))


def _fields_read(active: ActiveRule) -> frozenset[str] | None:
    """The fields of a body that a rule reads, None when it may read any."""
    programs = (active.check, active.when, active.each)
    trees = [tree for each in programs if each is not None and (tree := each.reads.get("object"))]
    if any(tree.whole for tree in trees):
        return None
    return frozenset(name for tree in trees for name in tree.fields)
