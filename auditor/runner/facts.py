"""Facts that take many objects: derived of the rows of a target or of the run, and judged.

A fact is judged like an object, with one thing more. It draws on parts of targets; a rule that
needs a kind of which something there was not read has no verdict on it::

    gap   k8s/NetworkPolicy of namespace ml was denied
    fact  posture of ml         no rule that needs policies has a verdict
          posture of web        judged: nothing of it is missing

A gap that is not of one namespace takes those verdicts from the whole target. Of facts of a target
its conclusion says so; a fact of the run draws on many, and is looked at here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from auditor.analysis.completing import CompletingAnalysis
from auditor.analysis.protocol import Groups, Handed, JoiningAnalysis, Stage
from auditor.engine import conclude
from auditor.engine.outcome import Outcome
from auditor.engine.tally import blinded as blinded_tally
from auditor.model.enums import Verdict
from auditor.model.fact import Fact
from auditor.model.resource import Gap
from auditor.model.results import ExcludedReport, ListedFact
from auditor.runner.job import Context
from auditor.runner.mishaps import FORESEEN, Mishaps
from auditor.runner.rows import encoded_all, joined
from auditor.runner.waiting import Missing, settled


class JudgedFacts(msgspec.Struct):
    """What came of facts: lines of findings, counts, gaps, and those that are listed, by kind.

    ``by_target`` are the counts of facts over many targets, by the target that each is about.
    ``handed`` are the rows for analyses of the run.
    """

    lines: list[bytes] = msgspec.field(default_factory=list)
    tally: int = 0
    by_target: Counter[str] = msgspec.field(default_factory=Counter)
    gaps: list[Gap] = msgspec.field(default_factory=list)
    census: Counter[str] = msgspec.field(default_factory=Counter)
    evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    listed: list[tuple[str, ListedFact]] = msgspec.field(default_factory=list)
    handed: list[bytes] = msgspec.field(default_factory=list)

    def add(self, other: JudgedFacts) -> None:
        """Add what came of other facts."""
        self.lines += other.lines
        self.tally += other.tally
        self.by_target.update(other.by_target)
        self.gaps += other.gaps
        self.census.update(other.census)
        self.evaluated.update(other.evaluated)
        self.listed += other.listed
        self.handed += other.handed


class Blind:
    """Which rules have no verdict on a fact, for what could not be read, and why."""

    def __init__(
        self,
        gaps: Iterable[Gap],
        excluded: Mapping[str, Sequence[ExcludedReport]],
        context: Context,
        *,
        whole: bool,
    ) -> None:
        """``excluded`` is what is not read of each target, by its URI.

        ``whole``: gaps that are of no namespace count, and so does what is excluded.
        """
        self._context = context
        self._whole = whole
        self._excluded = excluded
        self._gaps: dict[tuple[str, str], list[Gap]] = {}
        self._known: dict[tuple[str, str], dict[int, str]] = {}
        for gap in gaps:
            self._gaps.setdefault((gap.target, gap.namespace), []).append(gap)

    def on(self, fact: Fact) -> dict[int, str]:
        """The reasons, by the number of the rule."""
        reasons: dict[int, str] = {}
        for part in self._parts(fact):
            for rule, why in self._of(part).items():
                reasons.setdefault(rule, why)
        return reasons

    def _parts(self, fact: Fact) -> Iterable[tuple[str, str]]:
        """The parts of targets, of which one may lack something of a fact."""
        if fact.draws_on:
            return dict.fromkeys(
                part for target, where in fact.draws_on for part in ((target, where), (target, ""))
            )
        return sorted({*self._gaps, *((target, "") for target in self._excluded)})

    def _of(self, part: tuple[str, str]) -> Mapping[int, str]:
        known = self._known.get(part)
        if known is None:
            known = self._known[part] = self._looked_up(*part)
        return known

    def _looked_up(self, target: str, namespace: str) -> dict[int, str]:
        if not namespace and not self._whole:
            return {}
        rules, sources = self._context.profile.rules, self._context.sources
        gaps = self._gaps.get((target, namespace), ())
        reasons = conclude.blind_rules(gaps, rules, sources)
        if not namespace:
            reasons |= conclude.rules_without(self._excluded.get(target, ()), sources)
        return {
            index: reasons[active.rule.id]
            for index, active in enumerate(rules)
            if active.rule.id in reasons
        }


def completed_by(
    analysis: CompletingAnalysis,
    groups: Groups,
    context: Context,
    missing: Missing,
    mishaps: Mishaps,
) -> JudgedFacts:
    """Judge what waited for other objects of its target, of the sorted rows of one analysis.

    A bug of ours in it costs what waited for it, and leaves a gap.
    """
    judged = JudgedFacts()
    try:
        for each in analysis.complete(groups):
            if isinstance(each, Gap):
                judged.gaps.append(each)
                continue
            found = settled(each, context.waits, analysis.completes, missing, context.writer)
            judged.lines += found.lines
            judged.tally += found.tally
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours costs what waits only
        for kind in sorted(analysis.completes):
            judged.gaps.append(mishaps.gap(kind, f"{analysis.id} was derived", error))
    return judged


def judge_facts(
    analyses: Sequence[JoiningAnalysis],
    rows: Iterable[bytes],
    context: Context,
    blind: Blind,
    mishaps: Mishaps,
) -> JudgedFacts:
    """Derive the facts of sorted rows by several analyses, and judge them."""
    judged = JudgedFacts()
    for analysis, groups in joined(analyses, rows):
        judged.add(facts_of(analysis, groups, context, blind, mishaps))
    return judged


def facts_of(
    analysis: JoiningAnalysis,
    groups: Groups,
    context: Context,
    blind: Blind,
    mishaps: Mishaps,
    taking: Container[str] = (),
) -> JudgedFacts:
    """Derive the facts of the sorted rows of one analysis, and judge them.

    ``taking`` are the ids of analyses of the run that take what others hand on. A bug of ours in
    the analysis costs its facts, and leaves a gap.
    """
    judged = JudgedFacts()
    try:
        for fact in analysis.derive(groups):
            if isinstance(fact, Gap):
                judged.gaps.append(fact)
            elif not isinstance(fact, Handed):
                _judge(fact, analysis, context, blind, judged)
            elif fact.to in taking:
                judged.handed += encoded_all([(fact.to, row) for row in fact.rows()])
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours costs what takes many objects only
        for kind in sorted(analysis.feeds):
            judged.gaps.append(mishaps.gap(kind, f"{analysis.id} was derived", error))
    return judged


def _judge(
    fact: Fact, analysis: JoiningAnalysis, context: Context, blind: Blind, judged: JudgedFacts
) -> None:
    """Count and judge one fact."""
    judged.census[fact.kind] += 1
    if fact.kind in context.listed:
        listed = ListedFact(fact.subject.target, fact.key, msgspec.Raw(fact.body))
        judged.listed.append((fact.kind, listed))
    plan = context.plans.get(fact.kind)
    if plan is None:
        return
    judged.evaluated[fact.kind] += 1
    judgements = plan.judge(fact.body)
    reasons = blind.on(fact)
    tally = blinded_tally(sum(judgement.tally for judgement in judgements), reasons)
    judged.tally += tally
    of_run = analysis.stage is Stage.RUN
    if of_run and tally:
        judged.by_target[fact.subject.target] += tally
    outcomes = [
        _as_unknown(outcome, reasons) for judgement in judgements for outcome in judgement.outcomes
    ]
    if outcomes:
        judged.lines += context.writer.fact_lines(fact, outcomes, of_run=of_run)


def _as_unknown(outcome: Outcome, reasons: Mapping[int, str]) -> Outcome:
    reason = reasons.get(outcome.rule)
    if reason is None:
        return outcome
    message = f"not decided: {reason}"
    return msgspec.structs.replace(outcome, verdict=Verdict.UNKNOWN, message=message)
