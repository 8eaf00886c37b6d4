"""All targets of a run put together: findings merged, amended, and what follows from them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import astuple

from auditor.engine import conclude, presence
from auditor.engine.answering import Answered, answered
from auditor.engine.controls import control_results
from auditor.engine.gate import decide, parse_gate
from auditor.engine.judged import Judged
from auditor.engine.merge import Merged, Merger
from auditor.model.enums import TargetState
from auditor.model.finding import Coverage, Report, RuleCount, RuleInfo, TargetReport
from auditor.model.resource import NONE_OF_IT, OF_FILES, Gap, Some
from auditor.model.results import ControlResult, GateResult, ListedFact
from auditor.platforms import Platform
from auditor.policy import CompiledProfile
from auditor.ports import Collector
from auditor.runner.amendments import AMENDMENTS, Amendments, MakeAmendment
from auditor.runner.covering import covering
from auditor.runner.findings import StoredFindings
from auditor.runner.job import Context
from auditor.runner.merging import merged
from auditor.runner.mishaps import Mishap
from auditor.runner.settings import Settings, Stamp
from auditor.runner.state import TargetRun

_NONE = Mishap(0, 0, "")


def put_together(
    runs: Sequence[tuple[Collector, TargetRun]],
    of_run: TargetRun,
    context: Context,
    settings: Settings,
    stamp: Stamp,
    makers: Sequence[MakeAmendment] = AMENDMENTS,
) -> Report:
    """Merge the findings of a run, amend them, and conclude from all of it what the report says.

    ``of_run`` is what came of facts over many targets.
    """
    every = [*(run for _, run in runs), of_run]
    needy = frozenset(active.rule.id for active in context.profile.rules if active.rule.needs)
    merger = Merger(needy=needy, list_all=settings.list_all)
    amendments = Amendments(makers, settings, stamp, covering(context.profile.rules))
    with merged(merger, every, settings.spool) as blocks:
        findings = StoredFindings(settings.spool / "findings", amendments.amended(blocks))
    absent = _Absent.of(runs, context)
    whole = _Whole.of(every, [run for _, run in runs], context, absent.rules)
    seen = _seen(runs, of_run, absent, context)
    controls = _controls(seen, whole, absent, merger.merged, context)
    word = _answered(controls, runs, settings, stamp)
    return amendments.conclude(
        Report(
            version=stamp.version,
            policy=context.profile.policy_digest,
            run_id=stamp.run_id,
            started=stamp.started,
            finished=stamp.clock(),
            profile=context.profile.id,
            parameters=context.profile.parameters,
            targets=tuple(_target_report(collector, run) for collector, run in runs),
            coverage=whole.coverage,
            counts=whole.counts,
            gaps=conclude.gap_reports(whole.gaps, context.profile.rules, context.sources),
            findings=findings,
            controls=word.controls,
            gate=_gate(settings.gate, whole, merger.merged, amendments, context.profile),
            rules=rules_of(context.profile),
            tallies=dict(merger.merged.tallies),
            facts=_listed(every),
            digest=conclude.digest_of(findings.sha256, whole.gaps, whole.counts),
            frameworks=tuple(
                each
                for each in context.profile.frameworks.values()
                if each.id not in absent.frameworks
            ),
            configuration=settings.configuration,
            answers=None if settings.answers is None else word.results,
            bug=min((each for run in every for each in run.mishaps), default=_NONE).text,
        )
    )


def _answered(
    controls: tuple[ControlResult, ...],
    runs: Sequence[tuple[Collector, TargetRun]],
    settings: Settings,
    stamp: Stamp,
) -> Answered:
    """Controls with what people answered of them; as of the day on which the run began."""
    uris = [collector.target.uri for collector, _ in runs]
    return answered(controls, settings.answers or (), uris, stamp.started[:10])


class _Whole(msgspec.Struct, frozen=True):
    """What all targets of a run come to together."""

    counts: tuple[RuleCount, ...]
    gaps: tuple[Gap, ...]
    coverage: Coverage
    excluded_files: int

    @classmethod
    def of(
        cls,
        every: Sequence[TargetRun],
        targets: Sequence[TargetRun],
        context: Context,
        elsewhere: frozenset[str],
    ) -> _Whole:
        counts = functools.reduce(conclude.add_counts, (run.counts.counts() for run in every))
        census, evaluated = _population(every)
        looked_at = context.wanted.kinds | context.wanted.beside
        coverage = conclude.coverage_of(
            census,
            evaluated,
            counts,
            frozenset(rule for run in every for rule in run.blind),
            conclude.left_out(item for run in targets for item in run.excluded),
            conclude.Scope(looked_at, context.profile.platforms.facts, elsewhere),
        )
        gaps = tuple(gap for run in every for gap in run.gaps)
        return cls(counts, gaps, coverage, sum(run.passed.excluded_files for run in targets))


class _Absent(msgspec.Struct, frozen=True):
    """What is about platforms of which nothing was there: rules, of the run and by target."""

    rules: frozenset[str]
    by_target: tuple[frozenset[str], ...]
    frameworks: frozenset[str]

    @classmethod
    def of(cls, runs: Sequence[tuple[Collector, TargetRun]], context: Context) -> _Absent:
        profile, sources = context.profile, context.sources
        there = [
            presence.platforms_present(collector.target.uri, run.census, profile.platforms)
            for collector, run in runs
        ]
        whole = frozenset[Platform]().union(*there)
        rules = (active.rule for active in profile.rules)
        missing = {each: presence.rules_absent(each, sources) for each in set(there)}
        return cls(
            presence.rules_absent(whole, sources),
            tuple(missing[each] for each in there),
            presence.frameworks_absent(whole, profile.controls, rules, profile.platforms),
        )


def _seen(
    runs: Sequence[tuple[Collector, TargetRun]],
    of_run: TargetRun,
    absent: _Absent,
    context: Context,
) -> Iterator[tuple[str, Judged]]:
    """Yield what was judged of each target, with the facts over many targets that are about it."""
    rules = context.profile.rules
    for (collector, run), missing in zip(runs, absent.by_target, strict=True):
        uri, counts, elsewhere = collector.target.uri, run.counts.counts(), missing
        if tally := of_run.by_target[uri]:
            of_facts = conclude.rule_counts(tally, rules, {}, {})
            counts = conclude.add_counts(counts, of_facts)
            elsewhere -= {each.rule for each in of_facts if any(astuple(each)[1:])}
        yield uri, Judged.of(counts, _short(run.gaps, context), elsewhere)


def _controls(
    seen: Iterable[tuple[str, Judged]],
    whole: _Whole,
    absent: _Absent,
    found: Merged,
    context: Context,
) -> tuple[ControlResult, ...]:
    controls = context.profile.controls.values()
    return control_results(
        (each for each in controls if each.framework not in absent.frameworks),
        Judged.of(whole.counts, _short(whole.gaps, context), absent.rules),
        seen,
        found,
    )


def _gate(
    asked: str, whole: _Whole, found: Merged, amendments: Amendments, profile: CompiledProfile
) -> GateResult:
    return decide(
        parse_gate(asked or profile.gate),
        found.tallies - amendments.uncounted,
        coverage=whole.coverage.ratio,
        causes=_causes(whole.gaps, found.tallies, whole.counts),
        which=amendments.counts,
        excluded=whole.excluded_files,
    )


def _population(runs: Iterable[TargetRun]) -> tuple[Counter[str], Counter[str]]:
    """How many resources of each kind were seen, and how many were judged."""
    census: Counter[str] = Counter()
    evaluated: Counter[str] = Counter()
    for run in runs:
        census.update(run.census)
        evaluated.update(run.evaluated)
    return census, evaluated


def rules_of(profile: CompiledProfile) -> dict[str, RuleInfo]:
    """What reports say of the rules themselves."""
    return {
        active.rule.id: RuleInfo(
            id=active.rule.id,
            title=active.rule.title,
            severity=active.severity.value,
            remediation=active.rule.remediation,
            rationale=active.rule.rationale,
        )
        for active in profile.rules
    }


def _short(gaps: Iterable[Gap], context: Context) -> frozenset[str]:
    """The rules that a gap kept from a resource, perhaps."""
    rules, sources = context.profile.rules, context.sources
    return frozenset(
        rule for gap in set(gaps) for rule in conclude.rules_short_of(gap, rules, sources)
    )


def _listed(runs: Iterable[TargetRun]) -> dict[str, tuple[ListedFact, ...]]:
    """The facts that are listed, by their kind; those of a target in the order of their keys."""
    found: dict[str, list[ListedFact]] = {}
    for run in runs:
        for kind, fact in run.listed:
            found.setdefault(kind, []).append(fact)
    return {kind: tuple(facts) for kind, facts in sorted(found.items())}


def _target_report(collector: Collector, run: TargetRun) -> TargetReport:
    target = collector.target
    if run.failure:
        state = TargetState.UNREACHABLE
    else:
        state = TargetState.PARTIAL if run.gaps else TargetState.COMPLETE
    return TargetReport(
        target.uri,
        target.uid,
        target.version,
        state,
        run.files,
        run.skipped,
        target.principal,
        run.excluded,
        target.notes,
        _others(run) if target.uid == OF_FILES else NONE_OF_IT,
        run.passed,
        target.place,
        dict(target.labels),
    )


def _others(run: TargetRun) -> Some:
    return Some(run.skipped, tuple(_location(*other) for other in run.others))


def _location(source: str, line: int) -> str:
    return f"{source}:{line}" if line else source


def _causes(
    gaps: Sequence[Gap], tallies: Counter[tuple[str, str]], counts: Sequence[RuleCount]
) -> tuple[str, ...]:
    causes = []
    if gaps:
        places = len(set(gaps))
        causes.append(f"{places} gap{'s' if places != 1 else ''}: evidence is missing")
    unknown = sum(number for (verdict, _), number in tallies.items() if verdict == "unknown")
    if unknown:
        causes.append(f"{unknown} finding{'s' if unknown != 1 else ''} could not be decided")
    if not any(count.passed or count.failed or count.not_applicable for count in counts):
        causes.append("nothing was audited")
    return tuple(causes)
