"""What a worker needs to know, by reference, and what it makes of that once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from auditor.analysis.analyses import Analyses
from auditor.analysis.protocol import Extracting
from auditor.engine.kinds import Plans, kinds_of, listed_of
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
    shipped_programs,
)
from auditor.ports import Collector
from auditor.runner.settings import Chosen
from auditor.runner.waiting import Waits


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
    controller findings about a resource belong to; ``waits`` which facts others may complete.
    ``listed`` are the kinds of facts that results list.
    """

    profile: CompiledProfile
    plans: Plans
    analyses: Analyses
    joining: Mapping[str, tuple[Extracting, ...]]
    sources: Mapping[str, RuleSources]
    wanted: WantedKinds
    counted_with: Callable[[Resource], Subject | None]
    writer: LineWriter
    waits: Waits
    listed: frozenset[str] = frozenset()


def compiled_profile(chosen: Chosen) -> CompiledProfile:
    """Load, resolve and compile a profile.

    Raises:
        PolicyErrors: a policy file is malformed.
        UsageError: no such profile, rule or parameter.
    """
    policy = load(chosen.folders, chosen.cache, chosen.platforms)
    digest = policy.digest
    name, stamp = cache_name(digest, "programs"), cache_stamp(digest, "programs")
    names = [platform.name for platform in chosen.platforms]
    shipped = functools.partial(shipped_programs, digest, names)
    programs = ProgramCache(chosen.cache, name, stamp, shipped)
    resolved = resolve(policy, chosen.profile, dict(chosen.parameters))
    return compile_profile(resolved, programs, chosen.platforms)


class Prepared(msgspec.Struct, frozen=True):
    """A profile with the analyses for its tables, and what its rules rest on through them.

    The rules of ``profile`` need all that the facts which they read rest on.
    """

    profile: CompiledProfile
    analyses: Analyses
    sources: Mapping[str, RuleSources]

    @property
    def wanted(self) -> WantedKinds:
        """The kinds that the rules rest on: what collectors have to read."""
        return wanted_by(self.sources.values(), self.profile.platforms)


def prepared(chosen: Chosen) -> Prepared:
    """Compile a profile, and find out what its rules rest on.

    Raises:
        PolicyErrors, UsageError: as :func:`compiled_profile`.
    """
    compiled = compiled_profile(chosen)
    analyses = chosen.analyses.made(compiled.tables)
    rules = needing(compiled.rules, analyses.feeds)
    return Prepared(
        msgspec.structs.replace(compiled, rules=rules),
        analyses,
        sources_of(rules, analyses, compiled.platforms),
    )


@functools.lru_cache(maxsize=2)
def _prepared(chosen: Chosen, run: Path) -> Prepared:
    """As :func:`prepared`, once a run; ``run`` tells runs apart: policies may change."""
    del run
    return prepared(chosen)


@functools.lru_cache(maxsize=2)
def context_of(job: Job) -> Context:
    """Make a job ready; a forked worker finds its parent's work already done."""
    run = job.spool.parent
    ready = _prepared(job.chosen, run)
    rules = ready.profile.rules
    analyses = ready.analyses.judged(kinds_of(rules))
    counted_with = ready.profile.platforms.counting()
    return Context(
        profile=ready.profile,
        plans=_plans(job.chosen, job.list_all, job.memo, run),
        analyses=analyses,
        joining=analyses.by_kind(ready.profile.platforms.kinds),
        sources=ready.sources,
        wanted=ready.wanted,
        counted_with=counted_with,
        writer=LineWriter(rules, counted_with),
        waits=_waits(job.chosen, job.list_all, job.memo, run),
        listed=ready.profile.platforms.listed,
    )


@functools.lru_cache(maxsize=2)
def _plans(
    chosen: Chosen,
    list_all: bool,  # noqa: FBT001 - a key of the cache
    memo: bool,  # noqa: FBT001 - a key of the cache
    run: Path,
) -> Plans:
    """Make the plans that all targets of a run share, and remember by."""
    profile = _prepared(chosen, run).profile
    return Plans(profile.rules, list_all=list_all, memo=memo, platforms=profile.platforms)


@functools.lru_cache(maxsize=2)
def _waits(
    chosen: Chosen,
    list_all: bool,  # noqa: FBT001 - a key of the cache
    memo: bool,  # noqa: FBT001 - a key of the cache
    run: Path,
) -> Waits:
    """Find the rules whose verdicts wait, once for all targets of a run."""
    ready = _prepared(chosen, run)
    rules = ready.profile.rules
    analyses = ready.analyses.judged(kinds_of(rules))
    listed = listed_of(rules, list_all=list_all)
    return Waits(rules, analyses, ready.profile.platforms, listed=listed, memo=memo)


def wanted_of(chosen: Chosen, run: Path | None = None) -> WantedKinds:
    """Find the kinds that the rules of a profile rest on: what collectors have to read.

    ``run`` is the folder of the run that will judge: it compiles nothing again.

    Raises:
        PolicyErrors, UsageError: as :func:`compiled_profile`.
    """
    return (prepared(chosen) if run is None else _prepared(chosen, run)).wanted
