"""What a worker needs to know, by reference, and what it makes of that once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from auditor.analysis.protocol import Analyses, JoiningAnalysis, Table
from auditor.analysis.table import ANALYSES
from auditor.engine.kinds import Plans, kinds_of
from auditor.engine.lines import LineWriter
from auditor.engine.sources import RuleSources, WantedKinds, needing, sources_of, wanted_by
from auditor.model.resource import Resource, Subject
from auditor.policy import (
    CacheFolder,
    CompiledProfile,
    ProgramCache,
    cache_name,
    cache_stamp,
    compile_profile,
    load,
    resolve,
)
from auditor.ports import Collector
from auditor.runner.settings import Chosen


class EvidenceJob(msgspec.Struct, frozen=True):
    """Have what is read of a target kept in a folder; ``moment`` is when the run began.

    ``commitments`` is the key for them, b"" for none.
    """

    folder: Path
    target: int
    moment: str
    commitments: bytes = b""


class Job(msgspec.Struct, frozen=True):
    """One run over one target: everything in it can be pickled, so any executor can carry it.

    ``spool`` is a folder for the lines of findings; ``result_cache`` is one too, None to do
    without.
    """

    collector: Collector
    chosen: Chosen
    spool: Path
    result_cache: CacheFolder | None
    list_all: bool
    memo: bool
    keep: EvidenceJob | None = None


class Context(msgspec.Struct, frozen=True):
    """A job made ready: compiled rules by kind, the analyses, the writer of lines.

    ``joining`` are the analyses that take something of each kind; ``counted_with`` says which
    controller findings about a resource belong to.
    """

    profile: CompiledProfile
    plans: Plans
    analyses: Analyses
    joining: Mapping[str, tuple[JoiningAnalysis, ...]]
    sources: Mapping[str, RuleSources]
    wanted: WantedKinds
    counted_with: Callable[[Resource], Subject | None]
    writer: LineWriter


def compiled_profile(chosen: Chosen) -> CompiledProfile:
    """Load, resolve and compile a profile.

    Raises:
        PolicyErrors: a policy file is malformed.
        UsageError: no such profile, rule or parameter.
    """
    policy = load(chosen.folders, chosen.cache, chosen.platforms)
    programs = None
    if chosen.cache is not None:
        digest = policy.digest
        name, stamp = cache_name(digest, "programs"), cache_stamp(digest, "programs")
        programs = ProgramCache(chosen.cache, name, stamp)
    resolved = resolve(policy, chosen.profile, dict(chosen.parameters))
    return compile_profile(resolved, programs, chosen.platforms)


@functools.lru_cache(maxsize=2)
def _compiled(chosen: Chosen, run: Path) -> CompiledProfile:
    """As :func:`compiled_profile`, once a run; ``run`` tells runs apart: policies may change."""
    del run
    return compiled_profile(chosen)


@functools.lru_cache(maxsize=2)
def context_of(job: Job) -> Context:
    """Make a job ready; a forked worker finds its parent's work already done."""
    judges = _judges(job.chosen, job.list_all, job.memo, job.spool.parent)
    counted_with = judges.profile.platforms.counting()
    return Context(
        profile=judges.profile,
        plans=judges.plans,
        analyses=judges.analyses,
        joining=judges.analyses.by_kind(),
        sources=judges.sources,
        wanted=wanted_by(judges.sources.values(), judges.profile.platforms),
        counted_with=counted_with,
        writer=LineWriter(judges.profile.rules, counted_with),
    )


class _Judges(msgspec.Struct, frozen=True):
    """The parts of a context that all targets of a run share."""

    profile: CompiledProfile
    plans: Plans
    analyses: Analyses
    sources: Mapping[str, RuleSources]


@functools.lru_cache(maxsize=2)
def _judges(
    chosen: Chosen,
    list_all: bool,  # noqa: FBT001 - a key of the cache
    memo: bool,  # noqa: FBT001 - a key of the cache
    run: Path,
) -> _Judges:
    """Make ready what judges, once a run."""
    compiled = _compiled(chosen, run)
    analyses = chosen.analyses.made(compiled.tables)
    rules = needing(compiled.rules, analyses.feeds)
    return _Judges(
        msgspec.structs.replace(compiled, rules=rules),
        Plans(rules, list_all=list_all, memo=memo, platforms=compiled.platforms),
        analyses.judged(kinds_of(rules)),
        sources_of(rules, analyses.feeds, compiled.platforms),
    )


def wanted_of(chosen: Chosen, run: Path | None = None) -> WantedKinds:
    """The kinds that the rules of a profile rest on: what collectors have to read.

    ``run`` is the folder of the run that will judge: it compiles nothing again.

    Raises:
        PolicyErrors, UsageError: as :func:`compiled_profile`.
    """
    compiled = compiled_profile(chosen) if run is None else _compiled(chosen, run)
    return wanted_by(rests_on(compiled, chosen.analyses).values(), compiled.platforms)


def rests_on(compiled: CompiledProfile, table: Table = ANALYSES) -> Mapping[str, RuleSources]:
    """The kinds that each rule of a profile rests on, through the analyses of a table."""
    feeds = table.made(compiled.tables).feeds
    return sources_of(needing(compiled.rules, feeds), feeds, compiled.platforms)
