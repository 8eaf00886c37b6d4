"""A whole run: targets to shards to findings to a report."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.allocation import give_back
from auditor.analysis.protocol import Stage
from auditor.engine import conclude, presence
from auditor.engine.gate import parse_gate
from auditor.errors import BrokenError, CollectionError
from auditor.model.enums import GapCause
from auditor.model.finding import Report
from auditor.model.resource import Gap
from auditor.ports import Collector, Plan, Shard
from auditor.runner.ahead import Ahead
from auditor.runner.amendments import AMENDMENTS, MakeAmendment
from auditor.runner.cache import prune
from auditor.runner.cleaning import CleanCollector
from auditor.runner.counted import Counted
from auditor.runner.deriving import Deriving, derived
from auditor.runner.earlier import Earlier
from auditor.runner.facts import Blind, judge_facts
from auditor.runner.job import Context, EvidenceJob, Job, Preparation, context_of
from auditor.runner.mishaps import FORESEEN, Mishaps
from auditor.runner.parts import Judged, ShardResult
from auditor.runner.reporting import put_together
from auditor.runner.rows import SetApart, by_stage
from auditor.runner.settings import EvidenceOptions, Settings, Stamp
from auditor.runner.shards import MOST_SHARDS, Lost, run_shards, shard_count
from auditor.runner.state import TargetRun, entry_of, later_rows, sorted_rows

Progress = Callable[[str, int, int], None]
"""Called with (target, shards done, shards in all)."""

_BEFORE, _AFTER = -1, MOST_SHARDS
"""What is done before and after all shards, in the order of what goes wrong."""

_SMALL = 8
"""A target below this part of a shard's weight is not worth a process; nor is what came of so few
shards worth giving memory back for."""


class Before(msgspec.Struct, frozen=True):
    """What was done of a run before: the profile compiled, targets judged by workers elsewhere.

    ``preparation`` is of the same choice, ``judged`` by the numbers of collectors.
    """

    preparation: Preparation | None = None
    judged: Mapping[int, Judged] = MappingProxyType({})


NOTHING_BEFORE: Final = Before()


def audit(
    collectors: Sequence[Collector],
    settings: Settings,
    stamp: Stamp,
    progress: Progress,
    keeping: EvidenceOptions | None = None,
    amendments: Sequence[MakeAmendment] = AMENDMENTS,
    before: Before = NOTHING_BEFORE,
) -> Report:
    """Audit every target, independently, and put one report together.

    With ``keeping`` all that is read of files is kept, so nothing is taken from a cache of results.
    ``before`` is what a caller has done of it already.

    Raises:
        PolicyErrors, UsageError: the policy or the settings are wrong; nothing was read.
    """
    if not collectors:
        raise ValueError("no targets")
    ready = (before.preparation or Preparation(settings.chosen)).ready
    context = context_of(ready, list_all=settings.list_all, memo=settings.memo)
    parse_gate(settings.gate or context.profile.gate)
    jobs: list[Job] = []
    for number, collector in enumerate(map(CleanCollector, collectors)):
        keep = None
        if keeping is not None and collector.independent:
            keep = EvidenceJob(keeping.folder, number, stamp.started, keeping.commitments)
        cached = settings.result_cache if collector.independent and keep is None else None
        job = Job(
            collector=collector,
            chosen=settings.chosen,
            spool=_spool_of(settings.spool, number),
            result_cache=cached,
            list_all=settings.list_all,
            memo=settings.memo,
            keep=keep,
        )
        jobs.append(job)
    runs: list[tuple[Collector, TargetRun]] = []
    ahead = _ahead_of(jobs, context, settings, before)
    with ExitStack() as stack:
        stack.callback(ahead.stop)
        for number, job in enumerate(jobs):
            way = _Way(number, ahead, before.judged.get(number))
            run = _run_target(job, context, settings, progress, way, alone=len(jobs) == 1)
            runs.append((job.collector, run))
            if keeping is not None and job.keep is not None:
                keeping.entries[number] = entry_of(job, run, stamp.clock())
    of_run = _judge_run(runs, context, settings, stamp.started[:10])
    context.programs.learn()
    large = sum(len(run.spools) for _, run in runs) > _SMALL
    if large:
        _forget(context)
    if settings.result_cache is not None and any(run.fresh for _, run in runs):
        prune(settings.result_cache)
    report = put_together(runs, of_run, context, settings, stamp, amendments)
    if large:
        give_back()
    return report


def _spool_of(root: Path, number: int) -> Path:
    folder = root / f"target-{number:04d}"
    folder.mkdir()
    return folder


def _run_target(
    job: Job,
    context: Context,
    settings: Settings,
    progress: Progress,
    way: _Way,
    *,
    alone: bool,
) -> TargetRun:
    run = TargetRun()
    uri = job.collector.target.uri
    try:
        plan = way.plan()
    except CollectionError as error:
        run.failure, run.hint = error.message, error.hint
        broken = isinstance(error, BrokenError)
        run.cause = GapCause.INTERNAL if broken else GapCause.UNREACHABLE
        run.gaps.append(Gap(uri, uri, run.cause, error.message, error.hint))
        _conclude(job, context, run)
        return run
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours costs this target only
        mishaps = Mishaps(uri, _BEFORE)
        run.gaps.append(mishaps.gap(uri, "it was listed", error))
        run.failure, run.hint = run.gaps[-1].detail, run.gaps[-1].hint
        run.cause = GapCause.INTERNAL
        run.add_mishap(mishaps)
        _conclude(job, context, run)
        return run
    gaps = (*plan.gaps, *_never_asked(job.collector, context))
    run.gaps += gaps
    run.unread += gaps
    run.passed = plan.passed
    progress(uri, 0, len(plan.shards))
    earlier = None
    if job.result_cache is not None and way.judged is None and _is_large(plan, settings):
        earlier = Earlier(job, context, plan, run.gaps, alone=alone)
    if earlier is not None and earlier.recall(run):
        progress(uri, len(plan.shards), len(plan.shards))
    else:
        _judge(job, context, plan, settings, progress, way, run)
        _judge_facts(job, context, run, _helpers(plan, settings, way), alone=alone)
        if earlier is not None:
            earlier.keep(run)
    if not alone:
        run.settle(job.spool)
    _conclude(job, context, run)
    return run


def _judge(
    job: Job,
    context: Context,
    plan: Plan,
    settings: Settings,
    progress: Progress,
    way: _Way,
    run: TargetRun,
) -> None:
    """Take in what comes of all shards."""
    # whoever is interrupted here has ended the workers before the folder that they write into goes
    with closing(_results(job, context, plan, settings, way)) as results:
        for done, result in enumerate(results, 1):
            if isinstance(result, Lost):
                lost = list(_lost(job.collector, result.shard))
                run.gaps += lost
                run.unread += lost
            else:
                run.add(result)
            progress(job.collector.target.uri, done, len(plan.shards))


class _Way(msgspec.Struct, frozen=True):
    """How a target comes to its results: ``judged`` are those of workers elsewhere."""

    number: int
    ahead: Ahead
    judged: Judged | None

    def plan(self) -> Plan:
        """What there is to read of it, or was."""
        return self.ahead.plan(self.number) if self.judged is None else self.judged.plan

    def results(self) -> Iterator[ShardResult | Lost] | None:
        """What came of its shards; None where they are to be judged in its turn."""
        if self.judged is not None:
            return iter(self.judged.results)
        return self.ahead.results(self.number)


def _ahead_of(jobs: Sequence[Job], context: Context, settings: Settings, before: Before) -> Ahead:
    shards = partial(shard_count, settings.shard_weight)
    return Ahead(
        jobs,
        context,
        lambda job: job.collector.plan(shards),
        lambda plan: not _is_large(plan, settings),
        settings.workers,
        before.judged,
    )


def _is_large(plan: Plan, settings: Settings) -> bool:
    return sum(shard.weight for shard in plan.shards) * _SMALL > settings.shard_weight


def _results(
    job: Job, context: Context, plan: Plan, settings: Settings, way: _Way
) -> Generator[ShardResult | Lost, None, None]:
    """What comes of all shards, or came of them where they were judged before."""
    found = way.results()
    if found is not None:
        yield from found
        return
    workers = _workers(plan, settings)
    if workers > 1:
        context.load()
    yield from run_shards(job, context, plan.shards, workers)


def _workers(plan: Plan, settings: Settings) -> int:
    """How many processes read a target: a small one is read by this one."""
    return min(settings.workers, len(plan.shards)) if _is_large(plan, settings) else 1


def _helpers(plan: Plan, settings: Settings, way: _Way) -> int:
    """How many processes help with what takes many objects, beside this one."""
    here = way.judged is None and hasattr(os, "fork")
    return _workers(plan, settings) - 1 if here else 0


def _never_asked(collector: Collector, context: Context) -> Iterator[Gap]:
    """A gap for each kind that the profile wants of a live target and that it was not asked for.

    Whether the collector forgot it, or the evidence is from a run with another profile.
    """
    if collector.asked is None:
        return
    uri = collector.target.uri
    for kind in sorted(context.wanted.of(uri) - collector.asked):
        detail = "it was not asked for when the target was read"
        hint = "collect again with this profile"
        yield Gap(uri, kind, GapCause.UNSUPPORTED, detail, hint)


def _lost(collector: Collector, shard: Shard) -> Iterator[Gap]:
    for item in shard.items:
        yield Gap(
            collector.target.uri,
            collector.scope(item),
            GapCause.TRUNCATED,
            "the worker that read it was killed twice, by the system or for lack of memory",
            "scan it by itself, or with --workers 1",
        )


def _judge_facts(job: Job, context: Context, run: TargetRun, helpers: int, *, alone: bool) -> None:
    """Derive what takes many objects of a target, and judge it here and by some helpers.

    A target that is ``alone`` and of one platform has nothing to be joined with, so that nothing is
    handed on of it.
    """
    later = [each.id for each in by_stage(context.analyses, Stage.RUN)]
    uri, platforms = job.collector.target.uri, context.profile.platforms
    joins = not alone or len(presence.platforms_present(uri, run.census, platforms)) > 1
    if alone and len(run.spools) > _SMALL:
        _forget(context)  # nothing more is read, and facts are of other kinds
    deriving = Deriving(
        analyses=by_stage(context.analyses, Stage.TARGET),
        completing=context.analyses.completing,
        context=context,
        blind=Blind(run.gaps, {}, context, whole=False),
        gaps=tuple(run.gaps),
        taking=later if joins else (),
        target=uri,
        shard=_AFTER,
    )
    apart = SetApart(later, job.spool)
    found = derived(deriving, sorted_rows(run, job.spool), apart, job.spool, helpers)
    run.add_judged(found.judged)
    run.spools += found.spools
    run.later_rows += apart.lines
    run.later_spools += apart.spools
    run.rows.clear()  # a run can have a thousand targets, and none needs these any more
    run.add_mishap(found.mishaps)


def _forget(context: Context) -> None:
    """Let go of what was remembered to judge many objects, before what came of them is read."""
    context.plans.forget()
    gc.collect()
    give_back()


def _judge_run(
    runs: Sequence[tuple[Collector, TargetRun]], context: Context, settings: Settings, day: str
) -> TargetRun:
    """Derive what takes the objects of many targets, and judge it here, as of a day."""
    of_run = TargetRun()
    analyses = by_stage(context.analyses, Stage.RUN, day)
    if analyses:
        gaps = [gap for _, run in runs for gap in run.gaps]
        excluded = {collector.target.uri: run.excluded for collector, run in runs}
        blind = Blind(gaps, excluded, context, whole=True)
        mishaps = Mishaps(", ".join(excluded), _AFTER)
        with ExitStack() as stack:
            rows = later_rows([run for _, run in runs], settings.spool).opened(stack)
            of_run.add_judged(judge_facts(analyses, rows, context, blind, mishaps))
        of_run.add_mishap(mishaps)
    rules, sources = context.profile.rules, context.sources
    missing = conclude.unseen(of_run.gaps, rules, sources)
    of_run.counts = Counted.of(conclude.rule_counts(of_run.tally, rules, {}, missing), rules)
    return of_run


def _conclude(job: Job, context: Context, run: TargetRun) -> None:
    rules, sources = context.profile.rules, context.sources
    whole = [gap for gap in run.gaps if not gap.namespace]
    run.excluded = conclude.excluded_reports(job.collector.target.excluded, rules, sources)
    run.blind = {
        **conclude.rules_without(run.excluded, sources),
        **conclude.blind_rules(whole, rules, sources),
    }
    missing = conclude.unseen(run.gaps, rules, sources) + conclude.left_out(run.excluded)
    counts = conclude.rule_counts(run.tally, rules, run.blind, missing)
    run.counts, run.tally = Counted.of(counts, rules), 0
