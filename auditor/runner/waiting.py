"""Facts that wait until other objects of their target complete them, in the worker and after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from auditor.analysis.analyses import Analyses
from auditor.analysis.completing import (
    WAITING,
    Aspects,
    Completed,
    CompletingAnalysis,
    Otherwise,
    Spots,
    Waiting,
    waiting_key,
)
from auditor.analysis.protocol import Held, Row, Site
from auditor.engine.lines import LineWriter, body_pointer, covering, rank_of
from auditor.engine.lines_about import LinesAbout
from auditor.engine.outcome import Outcome
from auditor.engine.waiting import Doubt, Reserved, aspects_read
from auditor.model.fact import Fact, Spot
from auditor.model.resource import Gap, Resource, Subject
from auditor.platforms import Platforms
from auditor.policy.compiled import ActiveRule

_encode = msgspec.json.encode


class Found(msgspec.Struct, frozen=True):
    """A fact that waits: who completes it, for what, and the rules that wait with it."""

    analysis: CompletingAnalysis
    aspects: tuple[str, ...]
    rules: Reserved


class Waits:
    """Which facts wait for what, and the rules that look at it."""

    def __init__(
        self,
        rules: Sequence[ActiveRule],
        analyses: Analyses,
        platforms: Platforms,
        *,
        listed: frozenset[int],
        memo: bool,
    ) -> None:
        """``listed`` are the numbers of rules of which passes are listed too."""
        self._rules = tuple(enumerate(rules))
        self._platforms = platforms
        self._listed = listed
        self._memo = memo
        self._by_kind: dict[str, list[CompletingAnalysis]] = {}
        for each in analyses.completing:
            for kind in each.completes:
                self._by_kind.setdefault(kind, []).append(each)
        self._known: dict[tuple[str, tuple[str, ...]], Reserved | None] = {}

    def of(self, fact: Resource) -> Found | None:
        """Find out what a fact waits for; None if it waits for nothing that a rule looks at."""
        for analysis in self._by_kind.get(fact.kind, ()):
            aspects = analysis.awaits(fact)
            rules = self.rules_on(fact.kind, analysis.completes[fact.kind], aspects)
            if rules is not None:
                return Found(analysis, aspects, rules)
        return None

    def rules_on(self, kind: str, known: Aspects, aspects: tuple[str, ...]) -> Reserved | None:
        """The rules on a kind that look at some aspects of it."""
        if not aspects:
            return None
        key = kind, aspects
        if key not in self._known:
            self._known[key] = self._made(kind, known, aspects)
        return self._known[key]

    def _made(self, kind: str, known: Aspects, aspects: tuple[str, ...]) -> Reserved | None:
        shape = self._platforms.shape_of(kind)
        rules = [each for each in self._rules if kind in each[1].rule.applies_to]
        looked_at = [known[name] for name in aspects]
        chosen = [each for each in rules if aspects_read(each[1], looked_at, shape)]
        if not chosen:
            return None
        return Reserved(chosen, shape, listed=self._listed, memo=self._memo)


def row_of(
    fact: Resource,
    found: Found,
    owner: Subject | None,
    site: Site,
    held: Held,
    about: LinesAbout,
) -> Row:
    """Make the row of a fact that waits; ``owner`` is what its findings are counted with.

    ``about`` writes lines about the fact, and knows where its fields stand.
    """
    cut = found.rules.cut(fact.body, clean=fact.clean)
    places = map(about.pointer, cut.paths) if site.has_lines(fact) else ()
    lines = dict.fromkeys(place for place in places if place is not None)
    subject = fact.parent or fact
    origin = site.origin(fact, fact.pointer, lines)
    named: Resource | Subject = subject if owner is None else owner
    origin = msgspec.structs.replace(
        origin, kind=named.kind, namespace=named.namespace, name=named.name, uid=named.uid
    )
    waiting = Waiting(
        kind=fact.kind,
        aspects=found.aspects,
        body=cut.body,
        spots=_spots(fact, found.rules),
        part=fact.part,
        heuristic=fact.heuristic,
        rank=rank_of(owner),
    )
    key = waiting_key(fact.namespace, origin, waiting, alone=owner is None)
    return Row(key, WAITING, origin, _encode(waiting), held)


def _spots(fact: Resource, rules: Reserved) -> Spots:
    """Where what rules look at stands in its object, but for what stands below its pointer."""
    spots = [
        (start, None if place is None else Spot(0, place))
        for start, place in fact.elsewhere
        if rules.looks_at(start)
    ]
    if fact.anchor:
        spots.append((fact.anchor, Spot(0, fact.pointer)))
    return tuple(spots)


class Missing:
    """What of the kinds that complete facts was not read of a target."""

    def __init__(self, gaps: Iterable[Gap], platforms: Platforms) -> None:
        """``platforms`` know which scopes are kinds; others are places that could hold anything."""
        self._gaps: dict[tuple[str, str], Gap] = {}
        self._place: Gap | None = None
        for gap in sorted(set(gaps)):
            if not gap.everything and not platforms.has(gap.scope):
                self._place = self._place or gap
                continue
            scope = "" if gap.everything else gap.scope
            self._gaps.setdefault((scope, gap.namespace), gap)

    def doubt(self, other: Otherwise, namespace: str) -> Doubt | None:
        """Whether, and why, a fact in a namespace may be otherwise; None where all was read.

        A place that was not read could hold anything, and only takes what it could make worse.
        Among files nothing is known to be whole: what is missing in a pod is missing as far as
        anybody can tell.
        """
        for kind in (*sorted(other.kinds), ""):
            for where in dict.fromkeys(("", namespace)):
                gap = self._gaps.get((kind, where))
                if gap is not None:
                    return Doubt(other.body(), _why(gap))
        if self._place is not None:
            return Doubt(other.body(), _why(self._place), worse=True)
        return None


def _why(gap: Gap) -> str:
    return f"{gap.scope} was not read ({gap.cause.value}: {gap.detail})"


class Settled(msgspec.Struct, frozen=True):
    """What became of a waiting fact: the lines of its findings, and their tally."""

    lines: Sequence[bytes]
    tally: int


def settled(
    each: Completed,
    waits: Waits,
    completes: Mapping[str, Aspects],
    missing: Missing,
    writer: LineWriter,
) -> Settled:
    """Judge a fact that waited, if anything completes it or could have."""
    row, waiting, held = each.row, each.waiting, each.row.held
    if held is None:
        raise TypeError(f"a row that waits holds nothing: {row.key}")
    doubts = [
        doubt for other in each.otherwise if (doubt := missing.doubt(other, row.key[0])) is not None
    ]
    rules = waits.rules_on(waiting.kind, completes[waiting.kind], waiting.aspects)
    if rules is None:
        raise ValueError(f"no rule looks at what waits: {row.key}")
    if each.body is None and not doubts:
        lines = [line if held.covers == 1 else covering(line, held.covers) for line in held.lines]
        return Settled(lines, rules.counted(held.tally) * held.covers)
    again = rules.judge(waiting.body if each.body is None else each.body, doubts)
    lines = [
        line
        for outcome in again.outcomes
        for line in writer.fact_lines(_fact(each, outcome, held.covers), (outcome,))
    ]
    return Settled(lines, again.tally * held.covers)


def _fact(each: Completed, outcome: Outcome, covers: int) -> Fact:
    """The fact of a finding: related to those alone of which it observed something."""
    row, waiting = each.row, each.waiting
    fact = Fact(
        kind=waiting.kind,
        key=row.key,
        body=row.body,
        subject=row.read_at,
        elsewhere=(*each.spots, *waiting.spots),
        part=waiting.part,
        heuristic=waiting.heuristic,
        rank=waiting.rank,
        covers=covers,
    )
    spots = (fact.spot(body_pointer(seen.path)) for seen in outcome.observed)
    used = sorted({spot.of for spot in spots if spot is not None and spot.of})
    numbers = {of: number for number, of in enumerate(used, 1)}
    return msgspec.structs.replace(
        fact,
        related=tuple(each.related[of - 1] for of in used),
        elsewhere=tuple(
            (start, spot and Spot(numbers.get(spot.of, 0), spot.pointer))
            for start, spot in fact.elsewhere
            if spot is None or not spot.of or spot.of in numbers
        ),
    )
