"""From counts to conclusions: which gaps blind which rules, and coverage."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.engine.sources import RuleSources
from auditor.engine.tally import counts as tally_counts
from auditor.model.enums import Verdict
from auditor.model.finding import Coverage, GapReport, KindCoverage, RuleCount
from auditor.model.resource import Excluded, Gap
from auditor.model.results import ExcludedReport
from auditor.policy.compiled import ActiveRule

_ABOUT_FILES = "files/"
_COLUMNS: Final[Mapping[Verdict, int]] = MappingProxyType(
    {
        verdict: column
        for column, verdict in enumerate(
            (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE, Verdict.MANUAL)
        )
    }
)
"""The places of verdicts in a :class:`RuleCount`, behind its rule."""
_DECIDED = (Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE)


Sources = Mapping[str, RuleSources]
"""What each rule rests on, by its id."""


def rules_blinded_by(gap: Gap, rules: Sequence[ActiveRule], sources: Sources) -> tuple[str, ...]:
    """The rules that a gap keeps something from.

    A gap over a whole live target: every rule of its platform that rests on a kind. One whose scope
    is a kind: the rules that rest on that kind. Any other scope is a place that might have held
    anything: every rule that needs other resources than the one it judges.
    """
    touched = _touched(gap, rules, sources)
    if gap.everything:
        return tuple(rule for rule in touched if sources[rule].all)
    if _is_kind(gap, sources):
        return tuple(rule for rule in touched if sources[rule].knows(gap.scope))
    needy = frozenset(active.rule.id for active in rules if active.rule.needs)
    return tuple(rule for rule in touched if rule in needy)


def _touched(gap: Gap, rules: Sequence[ActiveRule], sources: Sources) -> Sequence[str]:
    """The rules that a gap can say something of: those of its target's platform; of files, all."""
    ids = (active.rule.id for active in rules)
    return [rule for rule in ids if sources[rule].may_be_in(gap.target)]


def rules_short_of(gap: Gap, rules: Sequence[ActiveRule], sources: Sources) -> frozenset[str]:
    """The rules that a gap may have kept from a resource: those about its kind.

    A place that might have held anything could have held what any rule is about.
    """
    if _is_kind(gap, sources):
        return frozenset(rules_blinded_by(gap, rules, sources))
    return frozenset(_touched(gap, rules, sources))


def rules_without_verdict(
    gap: Gap, rules: Sequence[ActiveRule], sources: Sources
) -> tuple[str, ...]:
    """The rules of which a gap takes every verdict back: those that need what was not read.

    A rule that only judges what was not read keeps its verdicts on the rest: each rests on
    evidence of its own. Of a live target that can't be relied on as a whole none does, no failure
    either: it is not known what it was seen in.
    """
    touched = _touched(gap, rules, sources)
    if gap.everything:
        return tuple(touched)
    if _is_kind(gap, sources):
        return tuple(rule for rule in touched if gap.scope in sources[rule].needed)
    return rules_blinded_by(gap, rules, sources)


def _is_kind(gap: Gap, sources: Sources) -> bool:
    return any(each.knows(gap.scope) for each in sources.values())


def blind_rules(
    gaps: Iterable[Gap], rules: Sequence[ActiveRule], sources: Sources
) -> dict[str, str]:
    """Map each rule without verdicts to the first gap that took them, in words."""
    blind: dict[str, str] = {}
    for gap in sorted(gaps):
        how = "read as one whole" if gap.everything and not gap.namespace else "read"
        why = f"{gap.scope} was not {how} ({gap.cause.value}: {gap.detail})"
        for rule in rules_without_verdict(gap, rules, sources):
            blind.setdefault(rule, why)
    return blind


def unseen(gaps: Iterable[Gap], rules: Sequence[ActiveRule], sources: Sources) -> Counter[str]:
    """How many kinds each rule could not see, or not in some namespace: unknown, each of them.

    All of a live target is one more.
    """
    return Counter(
        rule
        for gap in set(gaps)
        if gap.everything or _is_kind(gap, sources)
        for rule in rules_blinded_by(gap, rules, sources)
    )


def gap_reports(
    gaps: Iterable[Gap], rules: Sequence[ActiveRule], sources: Sources
) -> tuple[GapReport, ...]:
    """Each gap, once, with what it blinds."""
    return tuple(GapReport(gap, rules_blinded_by(gap, rules, sources)) for gap in sorted(set(gaps)))


def excluded_reports(
    excluded: Iterable[Excluded], rules: Sequence[ActiveRule], sources: Sources
) -> tuple[ExcludedReport, ...]:
    """What of a target is not read by design, with the rules that rest on it."""
    return tuple(
        ExcludedReport(
            item.kind,
            item.reason,
            tuple(each.rule.id for each in rules if sources[each.rule.id].misses(item.kind)),
        )
        for item in excluded
    )


def left_out(excluded: Iterable[ExcludedReport]) -> Counter[str]:
    """How many kinds each rule rests on that are not read by design: unknown, each of them."""
    return Counter(rule for item in excluded for rule in item.rules)


def rules_without(excluded: Iterable[ExcludedReport], sources: Sources) -> dict[str, str]:
    """Map each rule that needs what is never read to the reason: it can't have a verdict."""
    return {
        rule: f"{item.kind} is not read by design: {item.reason}"
        for item in excluded
        for rule in item.rules
        if item.kind in sources[rule].needed
    }


def rule_counts(
    tally: int,
    rules: Sequence[ActiveRule],
    blind: Mapping[str, str],
    missing: Mapping[str, int],
) -> tuple[RuleCount, ...]:
    """Verdicts by rule, in the order of ``rules``; a blinded rule's are all unknown.

    ``missing`` is what :func:`unseen` and :func:`left_out` found: populations nothing is known of.
    """
    by_rule = [[0] * len(_COLUMNS) for _ in rules]
    for rule, verdict, number in tally_counts(tally):
        taken = Verdict.UNKNOWN if rules[rule].rule.id in blind else verdict
        by_rule[rule][_COLUMNS[taken]] += number
    unknown = _COLUMNS[Verdict.UNKNOWN]
    for active, found in zip(rules, by_rule, strict=True):
        found[unknown] += missing.get(active.rule.id, 0)
    return tuple(
        RuleCount(active.rule.id, *found) for active, found in zip(rules, by_rule, strict=True)
    )


def add_counts(left: Sequence[RuleCount], right: Sequence[RuleCount]) -> tuple[RuleCount, ...]:
    """Add the counts of two targets, rule by rule."""
    return tuple(
        RuleCount(
            one.rule,
            one.passed + two.passed,
            one.failed + two.failed,
            one.unknown + two.unknown,
            one.not_applicable + two.not_applicable,
            one.manual + two.manual,
        )
        for one, two in zip(left, right, strict=True)
    )


class Scope(msgspec.Struct, frozen=True):
    """What a profile is about: ``looked_at`` are the kinds that its rules rest on.

    ``facts`` are the kinds that were derived, ``elsewhere`` the rules about platforms that were not
    there.
    """

    looked_at: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()


NO_SCOPE: Final = Scope()


def coverage_of(
    census: Mapping[str, int],
    evaluated: Mapping[str, int],
    counts: Sequence[RuleCount],
    blind: frozenset[str],
    excluded: Mapping[str, int],
    scope: Scope = NO_SCOPE,
) -> Coverage:
    """How much was decided; with nothing to decide the ratio is 0, since nothing was shown.

    ``excluded`` is what :func:`left_out` found, which the counts have in them. Objects of no kind
    that is looked at and that were not judged nobody looks at. Rules about what is elsewhere were
    not evaluated.
    """
    blinded = {
        count.rule
        for count in counts
        if count.rule in blind
        or (
            count.unknown > excluded.get(count.rule, 0)
            and not (count.passed or count.failed or count.not_applicable)
        )
    }
    absent = {count.rule for count in counts if excluded.get(count.rule)} - blinded
    objects = {kind for kind in census if not kind.startswith(_ABOUT_FILES)}
    unknown = objects - scope.looked_at - scope.facts
    kinds = tuple(
        KindCoverage(
            kind,
            census[kind],
            evaluated.get(kind, 0),
            0,
            kind in scope.facts,
            ignored=not evaluated.get(kind) and kind in unknown,
        )
        for kind in sorted(census)
    )
    idle = scope.elsewhere & {count.rule for count in counts} - blinded - absent
    return Coverage(
        kinds,
        len(counts) - len(blinded) - len(absent) - len(idle),
        len(blinded),
        len(absent),
        ratio_of(counts),
    )


def ratio_of(counts: Iterable[RuleCount]) -> float:
    """Return how many of the checks were decided, 0 where there are none."""
    decided = total = 0
    for count in counts:
        sure = count.passed + count.failed + count.not_applicable
        decided += sure
        total += sure + count.unknown + count.manual
    return decided / total if total else 0.0


def digest_of(findings: str, gaps: Iterable[Gap], counts: Sequence[RuleCount]) -> str:
    """Make the digest of a run: of the sha256 of its findings, of what was not read, of counts."""
    parts = msgspec.json.encode((findings, sorted(set(gaps)), counts))
    return f"sha256:{hashlib.sha256(parts).hexdigest()}"
