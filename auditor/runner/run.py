"""A whole run: targets to shards to findings to a report."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec

from auditor.analysis import namespaces
from auditor.engine import conclude
from auditor.engine.gate import decide, parse_gate
from auditor.engine.merge import Merger, blinded, in_order
from auditor.engine.outcome import Outcome
from auditor.engine.tally import blinded as blinded_tally
from auditor.engine.tally import from_bytes
from auditor.errors import CollectionError
from auditor.model.enums import GapCause, TargetState, Verdict
from auditor.model.finding import Report, RuleCount, RuleInfo, TargetReport
from auditor.model.resource import Gap, Resource
from auditor.ports import Collector, Reading, Shard
from auditor.runner import spools
from auditor.runner.cache import prune
from auditor.runner.findings import StoredFindings
from auditor.runner.job import Context, Job, context_of
from auditor.runner.shards import Lost, run_shards
from auditor.runner.worker import ShardResult

Progress = Callable[[str, int, int], None]
"""Called with (target, shards done, shards in all)."""

SHARD_WEIGHT = 1 << 20
MOST_SHARDS = 64
_SMALL = 8
"""A target below this part of a shard's weight is not worth a process."""


class Settings(msgspec.Struct, frozen=True):
    """How to run, apart from what to audit; ``gate`` "" means the profile's own.

    ``shard_weight`` is how much of a target, in bytes, is worth a shard of its own.
    """

    folders: tuple[Path, ...]
    profile: str
    parameters: tuple[tuple[str, str], ...]
    gate: str
    workers: int
    spool: Path
    policy_cache: Path | None
    result_cache: Path | None
    list_all: bool = False
    memo: bool = True
    shard_weight: int = SHARD_WEIGHT


class Stamp(msgspec.Struct, frozen=True):
    """What a run can't know by itself: which program, when, under what id."""

    version: str
    run_id: str
    started: str
    clock: Callable[[], str]


class _TargetRun(msgspec.Struct):
    """What came of one target so far; ``fresh`` files were not known from a scan before."""

    spools: list[str] = msgspec.field(default_factory=list)
    lines: list[bytes] = msgspec.field(default_factory=list)
    tally: int = 0
    gaps: list[Gap] = msgspec.field(default_factory=list)
    kept: list[Resource] = msgspec.field(default_factory=list)
    digests: dict[str, str] = msgspec.field(default_factory=dict)
    census: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    files: int = 0
    fresh: int = 0
    skipped: int = 0
    unreachable: bool = False
    counts: tuple[RuleCount, ...] = ()
    blind: dict[str, str] = msgspec.field(default_factory=dict)

    def add(self, result: ShardResult) -> None:
        if result.spool:
            self.spools.append(result.spool)
        self.tally += from_bytes(result.tally)
        self.gaps += result.gaps
        self.kept += result.kept
        self.digests |= result.digests
        for kind, namespace, number in result.census:
            self.census[kind, namespace] += number
        for kind, number in result.evaluated:
            self.evaluated[kind] += number
        self.files += result.files
        self.fresh += result.files - result.cached
        self.skipped += result.skipped


def audit(
    collectors: Sequence[Collector], settings: Settings, stamp: Stamp, progress: Progress
) -> Report:
    """Audit every target, independently, and put one report together.

    Raises:
        PolicyErrors, UsageError: the policy or the settings are wrong; nothing was read.
    """
    gate_text = settings.gate
    runs: list[tuple[Collector, _TargetRun]] = []
    context: Context | None = None
    for collector in collectors:
        job = Job(
            collector=collector,
            folders=settings.folders,
            profile=settings.profile,
            settings=settings.parameters,
            spool=_spool_of(settings.spool, len(runs)),
            policy_cache=settings.policy_cache,
            result_cache=settings.result_cache if collector.independent else None,
            list_all=settings.list_all,
            memo=settings.memo,
        )
        context = context_of(job)
        parse_gate(gate_text or context.profile.gate)
        runs.append((collector, _run_target(job, context, settings, progress)))
    if context is None:
        raise ValueError("no targets")
    if settings.result_cache is not None and any(run.fresh for _, run in runs):
        prune(settings.result_cache)
    return _report(runs, context, settings, stamp)


def _spool_of(root: Path, number: int) -> Path:
    folder = root / f"target-{number:04d}"
    folder.mkdir()
    return folder


def _run_target(job: Job, context: Context, settings: Settings, progress: Progress) -> _TargetRun:
    run = _TargetRun()
    uri = job.collector.target.uri
    try:
        plan = job.collector.plan(partial(_shard_count, settings.shard_weight))
    except CollectionError as error:
        run.unreachable = True
        run.gaps.append(Gap(uri, uri, GapCause.UNREACHABLE, error.message, error.hint))
        _conclude(run, context)
        return run
    run.gaps += plan.gaps
    run.skipped += plan.skipped
    weight = sum(shard.weight for shard in plan.shards)
    progress(uri, 0, len(plan.shards))
    workers = settings.workers if weight * _SMALL > settings.shard_weight else 1
    results = run_shards(job, plan.shards, workers)
    for done, result in enumerate(results, 1):
        if isinstance(result, Lost):
            run.gaps += _lost(uri, result.shard)
        else:
            run.add(result)
        progress(uri, done, len(plan.shards))
    _judge_facts(job, context, run)
    _conclude(run, context)
    return run


def _shard_count(each: int, weight: int) -> int:
    return max(1, min(MOST_SHARDS, weight // each))


def _lost(uri: str, shard: Shard) -> Iterator[Gap]:
    for item in shard.items:
        yield Gap(
            uri,
            item,
            GapCause.TRUNCATED,
            "the worker that read it was killed twice, by the system or for lack of memory",
            "scan it by itself, or with --workers 1",
        )


def _judge_facts(job: Job, context: Context, run: _TargetRun) -> None:
    """Derive what takes more than one resource, and judge it here."""
    told: dict[str, list[tuple[Resource, list[Outcome]]]] = {}
    blind = _blind_in(run, context)
    for fact in namespaces.derive(run.kept, run.census):
        run.census[fact.kind, fact.namespace] += 1
        plan = context.plans.get(fact.kind)
        if plan is None:
            continue
        run.evaluated[fact.kind] += 1
        judgements = plan.judge(fact.body)
        reasons = blind.get(fact.name, {})
        outcomes = [
            _untold(outcome, reasons) for judgement in judgements for outcome in judgement.outcomes
        ]
        run.tally += blinded_tally(sum(judgement.tally for judgement in judgements), reasons)
        if outcomes:
            told.setdefault(fact.source, []).append((fact, outcomes))
    run.kept.clear()
    for source, facts in told.items():
        digest = run.digests[source]
        reading = _reading_of(job.collector, source)
        if reading is not None and reading.evidence.sha256 != digest:
            reading = None
        for fact, outcomes in facts:
            line_of = _line_in(reading, fact)
            run.lines += context.writer.lines(fact, outcomes, line_of, digest)
    run.lines.sort()


def _blind_in(run: _TargetRun, context: Context) -> dict[str, dict[int, str]]:
    """Which rules have no verdict on a namespace of which something was not read, and why."""
    rules = context.profile.rules
    blind: dict[str, dict[int, str]] = {}
    for namespace in sorted({gap.namespace for gap in run.gaps if gap.namespace}):
        gaps = [gap for gap in run.gaps if gap.namespace == namespace]
        reasons = conclude.blind_rules(gaps, rules, context.sources)
        blind[namespace] = {
            index: reasons[active.rule.id]
            for index, active in enumerate(rules)
            if active.rule.id in reasons
        }
    return blind


def _untold(outcome: Outcome, reasons: Mapping[int, str]) -> Outcome:
    reason = reasons.get(outcome.rule)
    if reason is None:
        return outcome
    message = f"not decided: {reason}"
    return msgspec.structs.replace(outcome, verdict=Verdict.UNKNOWN, message=message)


def _line_in(reading: Reading | None, fact: Resource) -> Callable[[str], int]:
    """The lines of a fact's fields; its own for all, when its file is not what it was."""
    if reading is None:
        return lambda _: fact.line
    return lambda pointer: reading.line(fact.document, pointer)


def _reading_of(collector: Collector, source: str) -> Reading | None:
    for reading in collector.read(Shard(0, (source,), 0)):
        if not isinstance(reading, Gap):
            for _ in reading.resources():
                pass
            return reading
    return None


def _conclude(run: _TargetRun, context: Context) -> None:
    rules, sources = context.profile.rules, context.sources
    whole = [gap for gap in run.gaps if not gap.namespace]
    run.blind = conclude.blind_rules(whole, rules, sources)
    missing = conclude.unseen(run.gaps, rules, sources)
    run.counts = conclude.rule_counts(run.tally, rules, run.blind, missing)


def _report(
    runs: Sequence[tuple[Collector, _TargetRun]], context: Context, settings: Settings, stamp: Stamp
) -> Report:
    profile = context.profile
    needy = frozenset(active.rule.id for active in profile.rules if active.rule.needs)
    merger = Merger(needy=needy, list_all=settings.list_all)
    with ExitStack() as stack:
        sources = _sources([run for _, run in runs], settings.spool, stack)
        merged = merger.merge(sources)
        findings = StoredFindings(settings.spool / "findings", merged)
    counts = runs[0][1].counts
    for _, run in runs[1:]:
        counts = conclude.add_counts(counts, run.counts)
    gaps = [gap for _, run in runs for gap in run.gaps]
    census: Counter[str] = Counter()
    evaluated: Counter[str] = Counter()
    for _, run in runs:
        for (kind, _), number in run.census.items():
            census[kind] += number
        evaluated.update(run.evaluated)
    blind = frozenset(rule for _, run in runs for rule in run.blind)
    coverage = conclude.coverage_of(census, evaluated, counts, blind)
    causes = _causes(gaps, merger.merged.tallies, counts)
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
        controls=conclude.control_results(
            profile.controls.values(), counts, merger.merged, _short(gaps, context)
        ),
        gate=decide(
            parse_gate(settings.gate or profile.gate),
            merger.merged.tallies,
            coverage=coverage.ratio,
            causes=causes,
        ),
        rules={
            active.rule.id: RuleInfo(
                active.rule.id, active.rule.title, active.severity.value, active.rule.remediation
            )
            for active in profile.rules
        },
        tallies=dict(merger.merged.tallies),
        digest=_digest(findings.sha256, gaps, counts),
    )


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
    runs: Sequence[_TargetRun], folder: Path, stack: ExitStack
) -> Sequence[Iterable[bytes]]:
    """The sorted lines of all targets, from no more files than may be open."""
    if sum(1 + len(run.spools) for run in runs) <= spools.MOST_OPEN:
        return [lines for run in runs for lines in _open(run, stack)]
    paths = [path for number, run in enumerate(runs) for path in _settled(run, number, folder)]
    return spools.opened(spools.joined(paths, folder), stack)


def _open(run: _TargetRun, stack: ExitStack) -> Iterator[Iterable[bytes]]:
    """The sorted runs of lines of one target; blinded ones are rewritten, which needs memory."""
    for lines in (*spools.opened([Path(spool) for spool in run.spools], stack), run.lines):
        yield blinded(lines, run.blind) if run.blind else lines


def _settled(run: _TargetRun, number: int, folder: Path) -> Iterator[Path]:
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


def _target_report(collector: Collector, run: _TargetRun) -> TargetReport:
    target = collector.target
    if run.unreachable:
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
        target.excluded,
    )


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
