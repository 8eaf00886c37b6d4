"""All targets of a run put together."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import msgspec

from auditor.engine import conclude
from auditor.engine.controls import Judged, control_results
from auditor.engine.gate import decide, parse_gate
from auditor.engine.merge import Merger, blinded, in_order
from auditor.model.enums import TargetState
from auditor.model.finding import Report, RuleCount, RuleInfo, TargetReport
from auditor.model.resource import NONE_OF_IT, Gap, Some
from auditor.policy import CompiledProfile
from auditor.ports import Collector
from auditor.runner import spools
from auditor.runner.baseline import Against
from auditor.runner.findings import StoredFindings
from auditor.runner.job import Context
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
) -> Report:
    """The report of a run, its findings merged from the files of all shards.

    ``of_run`` is what came of facts over many targets.
    """
    profile = context.profile
    every = [*(run for _, run in runs), of_run]
    needy = frozenset(active.rule.id for active in profile.rules if active.rule.needs)
    merger = Merger(needy=needy, list_all=settings.list_all)
    with ExitStack() as stack:
        sources = _sources(every, settings.spool, stack)
        merged: Iterable[Sequence[bytes]] = merger.merge(sources)
        against = Against(settings.known) if settings.known is not None else None
        if against is not None:
            merged = against.marked(merged)
        findings = StoredFindings(settings.spool / "findings", merged)
    counts = functools.reduce(conclude.add_counts, (run.counts for run in every))
    gaps = [gap for run in every for gap in run.gaps]
    census, evaluated = _population(every)
    blind = frozenset(rule for run in every for rule in run.blind)
    excluded = conclude.left_out(item for _, run in runs for item in run.excluded)
    coverage = conclude.coverage_of(
        census, evaluated, counts, blind, excluded, context.wanted.kinds, profile.platforms.facts
    )
    causes = _causes(gaps, merger.merged.tallies, counts)
    counted = merger.merged.tallies
    if against is not None:
        counted = counted - against.known
    return Report(
        version=stamp.version,
        policy=profile.policy_digest,
        run_id=stamp.run_id,
        started=stamp.started,
        finished=stamp.clock(),
        profile=profile.id,
        parameters=profile.parameters,
        targets=tuple(_target_report(collector, run) for collector, run in runs),
        coverage=coverage,
        counts=counts,
        gaps=conclude.gap_reports(gaps, profile.rules, context.sources),
        findings=findings,
        controls=control_results(
            profile.controls.values(),
            Judged.of(counts, _short(gaps, context)),
            [
                (collector.target.uri, Judged.of(run.counts, _short(run.gaps, context)))
                for collector, run in runs
            ],
            merger.merged,
        ),
        gate=decide(
            parse_gate(settings.gate or profile.gate),
            counted,
            coverage=coverage.ratio,
            causes=causes,
            which="new" if against is not None else "",
        ),
        rules=_rules(profile),
        tallies=dict(merger.merged.tallies),
        digest=_digest(findings.sha256, gaps, counts),
        frameworks=tuple(profile.frameworks.values()),
        baseline=against.baseline() if against is not None else None,
        bug=min((each for run in every for each in run.mishaps), default=_NONE).text,
    )


def _population(runs: Iterable[TargetRun]) -> tuple[Counter[str], Counter[str]]:
    """How many resources of each kind were seen, and how many were judged."""
    census: Counter[str] = Counter()
    evaluated: Counter[str] = Counter()
    for run in runs:
        census.update(run.census)
        evaluated.update(run.evaluated)
    return census, evaluated


def _rules(profile: CompiledProfile) -> dict[str, RuleInfo]:
    """What reports say of the rules themselves."""
    return {
        active.rule.id: RuleInfo(
            active.rule.id, active.rule.title, active.severity.value, active.rule.remediation
        )
        for active in profile.rules
    }


def _short(gaps: Iterable[Gap], context: Context) -> frozenset[str]:
    """The rules that a gap kept from a resource, perhaps."""
    rules, sources = context.profile.rules, context.sources
    return frozenset(
        rule for gap in set(gaps) for rule in conclude.rules_short_of(gap, rules, sources)
    )


def _digest(findings: str, gaps: Iterable[Gap], counts: Sequence[RuleCount]) -> str:
    parts = msgspec.json.encode((findings, sorted(set(gaps)), counts))
    return f"sha256:{hashlib.sha256(parts).hexdigest()}"


def _sources(
    runs: Sequence[TargetRun], folder: Path, stack: ExitStack
) -> Sequence[Iterable[bytes]]:
    """The sorted lines of all targets, from no more files than may be open."""
    if sum(1 + len(run.spools) for run in runs) <= spools.MOST_OPEN:
        return [lines for run in runs for lines in _open(run, stack)]
    paths = [path for number, run in enumerate(runs) for path in _settled(run, number, folder)]
    return spools.opened(spools.joined(paths, folder), stack)


def _open(run: TargetRun, stack: ExitStack) -> Iterator[Iterable[bytes]]:
    """The sorted runs of lines of one target; blinded ones are rewritten, which needs memory."""
    for lines in (*spools.opened([Path(spool) for spool in run.spools], stack), run.lines):
        yield blinded(lines, run.blind) if run.blind else lines


def _settled(run: TargetRun, number: int, folder: Path) -> Iterator[Path]:
    """The lines of one target in closed files."""
    if run.blind:
        with ExitStack() as stack:
            lines = list(chain.from_iterable(in_order(list(_open(run, stack)))))
    else:
        yield from map(Path, run.spools)
        lines = run.lines
    if lines:
        path = folder / f"settled-{number:06d}"
        spools.write(path, lines)
        yield path


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
        _others(run) if target.uid == "files" else NONE_OF_IT,
        run.passed,
    )


def _others(run: TargetRun) -> Some:
    return Some(run.skipped, tuple(_place(*other) for other in run.others))


def _place(source: str, line: int) -> str:
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
