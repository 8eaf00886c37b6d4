"""What a worker needs to know, by reference, and what it makes of that once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import msgspec

from auditor.analysis.contents import contents_from_table
from auditor.analysis.namespaces import OTHER_POLICIES
from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.engine.kinds import Plans
from auditor.engine.lines import LineWriter
from auditor.engine.sources import RuleSources, WantedKinds, sources_of, wanted_by
from auditor.platforms.kubernetes import kind_name
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

TEMPLATES = "pod-templates"
CONTENTS = "unread-contents"


class Keep(msgspec.Struct, frozen=True):
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
    keep: Keep | None = None


class Context(msgspec.Struct, frozen=True):
    """A job made ready: compiled rules by kind, the analyses, the writer of lines."""

    profile: CompiledProfile
    plans: Plans
    workloads: Workloads
    sources: Mapping[str, RuleSources]
    wanted: WantedKinds
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
    return Context(
        profile=judges.profile,
        plans=judges.plans,
        workloads=judges.workloads,
        sources=judges.sources,
        wanted=wanted_by(judges.sources.values(), judges.profile.platforms),
        writer=LineWriter(judges.profile.rules, job.collector.target),
    )


class _Judges(msgspec.Struct, frozen=True):
    """The parts of a context that all targets of a run share."""

    profile: CompiledProfile
    plans: Plans
    workloads: Workloads
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
    rows = rows_from_table(compiled.tables.get(TEMPLATES, []))
    return _Judges(
        compiled,
        Plans(compiled.rules, list_all=list_all, memo=memo),
        Workloads(rows, contents_from_table(compiled.tables.get(CONTENTS, []))),
        sources_of(compiled.rules, rows, compiled.platforms),
    )


def wanted_of(chosen: Chosen, run: Path | None = None) -> WantedKinds:
    """The kinds that the rules of a profile rest on: what collectors have to read.

    ``run`` is the folder of the run that will judge: it compiles nothing again.

    Raises:
        PolicyErrors, UsageError: as :func:`compiled_profile`.
    """
    compiled = compiled_profile(chosen) if run is None else _compiled(chosen, run)
    return wanted_by(rests_on(compiled).values(), compiled.platforms)


def kinds_of_the_cluster(compiled: CompiledProfile) -> frozenset[str]:
    """The custom kinds that no namespace holds, by the tables."""
    rows = compiled.tables.get(TEMPLATES, [])
    found = {
        kind_name(str(row["group"]), str(row["kind"]))
        for row in rows
        if row.get("scope") == "cluster"
    }
    return frozenset(found | {kind for kind, of_all in OTHER_POLICIES.items() if of_all})


def rests_on(compiled: CompiledProfile) -> Mapping[str, RuleSources]:
    """The kinds that each rule of a profile rests on."""
    rows = rows_from_table(compiled.tables.get(TEMPLATES, []))
    return sources_of(compiled.rules, rows, compiled.platforms)
