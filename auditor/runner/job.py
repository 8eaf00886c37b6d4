"""What a worker needs to know, by reference, and what it makes of that once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import msgspec

from auditor.analysis.workloads import Workloads, rows_from_table
from auditor.engine.kinds import Plans
from auditor.engine.lines import LineWriter
from auditor.engine.sources import RuleSources, kinds_read, sources_of
from auditor.model.kinds import kind_name
from auditor.policy import (
    CompiledProfile,
    ProgramCache,
    cache_name,
    compile_profile,
    load,
    resolve,
)
from auditor.ports import Collector

TEMPLATES = "pod-templates"


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

    ``spool`` is a folder for the lines of findings; ``policy_cache`` and ``result_cache`` are
    folders too, None to do without.
    """

    collector: Collector
    folders: tuple[Path, ...]
    profile: str
    settings: tuple[tuple[str, str], ...]
    spool: Path
    policy_cache: Path | None
    result_cache: Path | None
    list_all: bool
    memo: bool
    keep: Keep | None = None


class Context(msgspec.Struct, frozen=True):
    """A job made ready: compiled rules by kind, the analyses, the writer of lines."""

    profile: CompiledProfile
    plans: Plans
    workloads: Workloads
    sources: Mapping[str, RuleSources]
    writer: LineWriter


def compiled_profile(
    folders: tuple[Path, ...],
    profile: str,
    settings: tuple[tuple[str, str], ...],
    cache: Path | None,
) -> CompiledProfile:
    """Load, resolve and compile a profile.

    Raises:
        PolicyErrors: a policy file is malformed.
        UsageError: no such profile, rule or parameter.
    """
    policy = load(folders, cache)
    programs = None
    if cache is not None:
        programs = ProgramCache(cache / cache_name(policy.digest, "programs"))
    return compile_profile(resolve(policy, profile, dict(settings)), programs)


@functools.lru_cache(maxsize=2)
def _compiled(
    folders: tuple[Path, ...],
    profile: str,
    settings: tuple[tuple[str, str], ...],
    cache: Path | None,
    run: Path,
) -> CompiledProfile:
    """As :func:`compiled_profile`, once a run; ``run`` tells runs apart: policies may change."""
    del run
    return compiled_profile(folders, profile, settings, cache)


@functools.lru_cache(maxsize=2)
def context_of(job: Job) -> Context:
    """Make a job ready; a forked worker finds its parent's work already done."""
    key = (job.folders, job.profile, job.settings, job.policy_cache)
    judges = _judges(*key, job.list_all, job.memo, job.spool.parent)
    return Context(
        profile=judges.profile,
        plans=judges.plans,
        workloads=judges.workloads,
        sources=judges.sources,
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
    folders: tuple[Path, ...],
    profile: str,
    settings: tuple[tuple[str, str], ...],
    cache: Path | None,
    list_all: bool,  # noqa: FBT001 - a key of the cache
    memo: bool,  # noqa: FBT001 - a key of the cache
    run: Path,
) -> _Judges:
    """Make ready what judges, once a run."""
    compiled = _compiled(folders, profile, settings, cache, run)
    rows = rows_from_table(compiled.tables.get(TEMPLATES, []))
    return _Judges(
        compiled,
        Plans(compiled.rules, list_all=list_all, memo=memo),
        Workloads(rows),
        sources_of(compiled.rules, rows),
    )


def kinds_of(
    folders: tuple[Path, ...],
    profile: str,
    settings: tuple[tuple[str, str], ...],
    cache: Path | None,
    run: Path | None = None,
) -> frozenset[str]:
    """The kinds that the rules of a profile rest on: what a collector has to read.

    ``run`` is the folder of the run that will judge: it compiles nothing again.

    Raises:
        PolicyErrors, UsageError: as :func:`compiled_profile`.
    """
    key = (folders, profile, settings, cache)
    compiled = compiled_profile(*key) if run is None else _compiled(*key, run)
    return kinds_read(rests_on(compiled).values())


def kinds_of_the_cluster(compiled: CompiledProfile) -> frozenset[str]:
    """The custom kinds that no namespace holds, by the tables."""
    rows = compiled.tables.get(TEMPLATES, [])
    return frozenset(
        kind_name(str(row["group"]), str(row["kind"]))
        for row in rows
        if row.get("scope") == "cluster"
    )


def rests_on(compiled: CompiledProfile) -> Mapping[str, RuleSources]:
    """The kinds that each rule of a profile rests on."""
    return sources_of(compiled.rules, rows_from_table(compiled.tables.get(TEMPLATES, [])))
