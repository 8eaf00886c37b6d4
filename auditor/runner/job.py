"""What a worker needs to know, by reference, and what it makes of that once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
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
    Shipped,
    cache_name,
    cache_stamp,
    compile_profile,
    load,
    resolve,
)
from auditor.policy.policyset import PolicyFile, digest_files, first_files, read_files
from auditor.ports import Collector
from auditor.runner.kept import Found, Learning, declared, keeper_of, programs_of
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
    """One run over one target; a forked worker has it from its parent.

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


class Told(msgspec.Struct, frozen=True):
    """What a job has of its own, for a worker that has another one of the same run."""

    collector: Collector
    spool: Path
    result_cache: CacheFolder | None
    keep: EvidenceJob | None

    @classmethod
    def of(cls, job: Job) -> Told:
        """Take it out of a job."""
        return cls(job.collector, job.spool, job.result_cache, job.keep)

    def like(self, job: Job) -> Job:
        """Make the job of what the other one of the run has."""
        return msgspec.structs.replace(
            job,
            collector=self.collector,
            spool=self.spool,
            result_cache=self.result_cache,
            keep=self.keep,
        )


class Context(msgspec.Struct, frozen=True):
    """What all jobs of a run share: compiled rules by kind, the analyses, the writer of lines.

    ``joining`` are the analyses that take something of each kind; ``counted_with`` says which
    controller findings about a resource belong to; ``waits`` which facts others may complete.
    ``listed`` are the kinds of facts that results list. ``programs`` are those of the rules.
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
    programs: Learning
    listed: frozenset[str] = frozenset()

    def load(self) -> None:
        """Make and load what processes that are about to be started would each make and load."""
        self.programs.complete()
        self.analyses.load()


def compiled_profile(chosen: Chosen) -> CompiledProfile:
    """Load, resolve and compile a profile.

    Raises:
        PolicyErrors: a policy file is malformed.
        UsageError: no such profile, rule or parameter.
    """
    return _compiled(chosen, read_files(chosen.folders))


def _compiled(chosen: Chosen, files: Sequence[PolicyFile]) -> CompiledProfile:
    shipped = Shipped()
    policy = load(chosen.folders, chosen.cache, chosen.platforms, shipped, files)
    digest = policy.digest
    name, stamp = cache_name(digest, "programs"), cache_stamp(digest, "programs")
    names = [platform.name for platform in chosen.platforms]
    packed = functools.partial(shipped.programs, digest_files(first_files(files)), names)
    programs = ProgramCache(chosen.cache, name, stamp, packed)
    resolved = resolve(policy, chosen.profile, dict(chosen.parameters))
    return compile_profile(resolved, programs, chosen.platforms)


class Prepared(msgspec.Struct, frozen=True):
    """A profile with the analyses for its tables, and what its rules rest on through them.

    The rules of ``profile`` need all that the facts which they read rest on. ``programs`` are those
    of the rules.
    """

    profile: CompiledProfile
    analyses: Analyses
    sources: Mapping[str, RuleSources]
    programs: Learning

    @property
    def wanted(self) -> WantedKinds:
        """The kinds that the rules rest on: what collectors have to read."""
        return wanted_by(self.sources.values(), self.profile.platforms)


def prepared(chosen: Chosen) -> Prepared:
    """Compile a profile, and find out what its rules rest on.

    Raises:
        PolicyErrors, UsageError: as :func:`compiled_profile`.
    """
    files = read_files(chosen.folders)
    keeper = keeper_of(chosen, files)
    found = keeper.read() if keeper is not None else None
    if found is not None:
        analyses = chosen.analyses.made(found.profile.tables, found.said)
        if found.declared == declared(analyses):
            learning = Learning(keeper, found, known=True)
            return Prepared(found.profile, analyses, found.sources, learning)
    compiled = _compiled(chosen, files)
    analyses = chosen.analyses.made(compiled.tables)
    rules = needing(compiled.rules, analyses.feeds)
    made = Found(
        profile=msgspec.structs.replace(compiled, rules=rules),
        sources=sources_of(rules, analyses, compiled.platforms),
        programs=programs_of(rules),
        declared=declared(analyses),
        said=chosen.analyses.said(analyses),
        whole=False,
    )
    return Prepared(made.profile, analyses, made.sources, Learning(keeper, made, known=False))


class Preparation:
    """A profile that is compiled when it is first asked for, and once."""

    def __init__(self, chosen: Chosen, prepare: Callable[[Chosen], Prepared] = prepared) -> None:
        self._chosen = chosen
        self._prepare = prepare

    @functools.cached_property
    def ready(self) -> Prepared:
        """The compiled profile.

        Raises:
            PolicyErrors, UsageError: as :func:`compiled_profile`.
        """
        return self._prepare(self._chosen)


def context_of(ready: Prepared, *, list_all: bool, memo: bool) -> Context:
    """Make what all targets of a run share; what is remembered in it is of one process."""
    platforms, rules = ready.profile.platforms, ready.profile.rules
    analyses = ready.analyses.judged(kinds_of(rules))
    counted_with = platforms.counting()
    listed = listed_of(rules, list_all=list_all)
    return Context(
        profile=ready.profile,
        plans=Plans(rules, list_all=list_all, memo=memo, platforms=platforms),
        analyses=analyses,
        joining=analyses.by_kind(platforms.kinds),
        sources=ready.sources,
        wanted=ready.wanted,
        counted_with=counted_with,
        writer=LineWriter(rules, counted_with),
        waits=Waits(rules, analyses, platforms, listed=listed, memo=memo),
        programs=ready.programs,
        listed=platforms.listed,
    )
