"""A whole run: targets to shards to findings to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec

from auditor.analysis import accounts, namespaces
from auditor.engine import conclude
from auditor.engine.gate import parse_gate
from auditor.engine.outcome import Outcome
from auditor.engine.tally import blinded as blinded_tally
from auditor.errors import BrokenError, CollectionError
from auditor.model.enums import GapCause, Verdict
from auditor.model.finding import Report
from auditor.model.resource import Gap, Resource
from auditor.ports import Collector, Reading, Shard
from auditor.runner.cache import prune
from auditor.runner.job import Context, Job, Keep, context_of
from auditor.runner.mishaps import FORESEEN, Mishaps
from auditor.runner.reporting import put_together
from auditor.runner.settings import Keeping, Settings, Stamp
from auditor.runner.shards import Lost, run_shards
from auditor.runner.state import TargetRun, entry_of

Progress = Callable[[str, int, int], None]
"""Called with (target, shards done, shards in all)."""

MOST_SHARDS = 64
_BEFORE, _AFTER = -1, MOST_SHARDS
"""What is done before and after all shards, in the order of what goes wrong."""

_SMALL = 8
"""A target below this part of a shard's weight is not worth a process."""


def audit(
    collectors: Sequence[Collector],
    settings: Settings,
    stamp: Stamp,
    progress: Progress,
    keeping: Keeping | None = None,
) -> Report:
    """Audit every target, independently, and put one report together.

    With ``keeping`` all that is read of files is kept, so nothing is taken from a cache of results.

    Raises:
        PolicyErrors, UsageError: the policy or the settings are wrong; nothing was read.
    """
    gate_text = settings.gate
    runs: list[tuple[Collector, TargetRun]] = []
    context: Context | None = None
    for number, collector in enumerate(collectors):
        keep = None
        if keeping is not None and collector.independent:
            keep = Keep(keeping.folder, number, stamp.started, keeping.commitments)
        cached = settings.result_cache if collector.independent and keep is None else None
        job = Job(
            collector=collector,
            chosen=settings.chosen,
            spool=_spool_of(settings.spool, len(runs)),
            result_cache=cached,
            list_all=settings.list_all,
            memo=settings.memo,
            keep=keep,
        )
        context = context_of(job)
        parse_gate(gate_text or context.profile.gate)
        run = _run_target(job, context, settings, progress)
        runs.append((collector, run))
        if keeping is not None and keep is not None:
            keeping.entries[number] = entry_of(job, run, stamp.clock())
    if context is None:
        raise ValueError("no targets")
    if settings.result_cache is not None and any(run.fresh for _, run in runs):
        prune(settings.result_cache)
    return put_together(runs, context, settings, stamp)


def _spool_of(root: Path, number: int) -> Path:
    folder = root / f"target-{number:04d}"
    folder.mkdir()
    return folder


def _run_target(job: Job, context: Context, settings: Settings, progress: Progress) -> TargetRun:
    run = TargetRun()
    uri = job.collector.target.uri
    try:
        plan = job.collector.plan(partial(_shard_count, settings.shard_weight))
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
    run.skipped += plan.skipped
    run.passed = plan.passed
    weight = sum(shard.weight for shard in plan.shards)
    progress(uri, 0, len(plan.shards))
    workers = settings.workers if weight * _SMALL > settings.shard_weight else 1
    # whoever is interrupted here has ended the workers before the folder that they write into goes
    with closing(run_shards(job, plan.shards, workers)) as results:
        for done, result in enumerate(results, 1):
            if isinstance(result, Lost):
                lost = list(_lost(uri, result.shard))
                run.gaps += lost
                run.unread += lost
            else:
                run.add(result)
            progress(uri, done, len(plan.shards))
    _judge_facts(job, context, run)
    _conclude(job, context, run)
    return run


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


def _judge_facts(job: Job, context: Context, run: TargetRun) -> None:
    """Derive what takes more than one resource, and judge it here."""
    told: dict[str, list[tuple[Resource, list[Outcome]]]] = {}
    blind = _Blind(run.gaps, context)
    mishaps = Mishaps(job.collector.target.uri, _AFTER)
    try:
        for fact in chain(namespaces.derive(run.kept, run.census), accounts.derive(run.kept)):
            outcomes = _judge_fact(fact, context, run, blind)
            if outcomes and not fact.uid:  # nobody declares it, so it has no lines of its own
                line_of, digest = _line_in(None, fact), run.digests[fact.source]
                run.lines += context.writer.lines(fact, outcomes, line_of, digest)
            elif outcomes:
                told.setdefault(fact.source, []).append((fact, outcomes))
    except FORESEEN:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours costs what takes many objects only
        run.gaps.append(mishaps.gap(namespaces.NAMESPACE, "namespaces were judged", error))
        run.add_mishap(mishaps)
    run.kept.clear()
    for source, reading in _readings_of(job.collector, tuple(told)):
        digest = run.digests[source]
        same = reading is not None and reading.evidence.sha256 == digest
        for fact, outcomes in told[source]:
            line_of = _line_in(reading if same else None, fact)
            run.lines += context.writer.lines(fact, outcomes, line_of, digest)
    run.lines.sort()


def _judge_fact(fact: Resource, context: Context, run: TargetRun, blind: _Blind) -> list[Outcome]:
    """Count and judge one fact; what is to be listed of it."""
    run.census[fact.kind, fact.namespace] += 1
    plan = context.plans.get(fact.kind)
    if plan is None:
        return []
    run.evaluated[fact.kind] += 1
    judgements = plan.judge(fact.body)
    reasons = blind.in_namespace(fact.namespace or fact.name)
    run.tally += blinded_tally(sum(judgement.tally for judgement in judgements), reasons)
    return [_untold(outcome, reasons) for judgement in judgements for outcome in judgement.outcomes]


class _Blind:
    """Which rules have no verdict on a namespace of which something was not read, and why."""

    def __init__(self, gaps: Iterable[Gap], context: Context) -> None:
        self._context = context
        self._gaps: dict[str, list[Gap]] = {}
        self._known: dict[str, dict[int, str]] = {}
        for gap in gaps:
            if gap.namespace:
                self._gaps.setdefault(gap.namespace, []).append(gap)

    def in_namespace(self, name: str) -> dict[int, str]:
        """The reasons, by the number of the rule."""
        if name not in self._known:
            rules, gaps = self._context.profile.rules, self._gaps.get(name, ())
            reasons = conclude.blind_rules(gaps, rules, self._context.sources)
            self._known[name] = {
                index: reasons[active.rule.id]
                for index, active in enumerate(rules)
                if active.rule.id in reasons
            }
        return self._known[name]


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


def _readings_of(
    collector: Collector, sources: tuple[str, ...]
) -> Iterator[tuple[str, Reading | None]]:
    """Read sources again, all at once: their collector knows in which order; None for the rest."""
    missing = dict.fromkeys(sources)
    for reading in collector.read(Shard(0, sources, 0)) if sources else ():
        if not isinstance(reading, Gap) and reading.source in missing and _understood(reading):
            del missing[reading.source]
            yield reading.source, reading
    for source in missing:
        yield source, None


def _understood(reading: Reading) -> bool:
    """Read a file to its end: its lines are known then."""
    try:
        for _ in reading.resources():
            pass
    except FORESEEN:
        raise
    except Exception:  # noqa: BLE001 - a bug of ours that its first reading told
        return False
    return True


def _conclude(job: Job, context: Context, run: TargetRun) -> None:
    rules, sources = context.profile.rules, context.sources
    whole = [gap for gap in run.gaps if not gap.namespace]
    run.excluded = conclude.excluded_reports(job.collector.target.excluded, rules, sources)
    run.blind = {
        **conclude.rules_without(run.excluded, sources),
        **conclude.blind_rules(whole, rules, sources),
    }
    missing = conclude.unseen(run.gaps, rules, sources) + conclude.left_out(run.excluded)
    run.counts = conclude.rule_counts(run.tally, rules, run.blind, missing)
