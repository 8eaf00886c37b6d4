"""Runs in this process: a tree, the settings of a run, and what came of it as bytes."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditor.cli.wiring import SHIPPED
from auditor.model.finding import Report
from auditor.model.resource import Target
from auditor.policy import CacheFolder, policies_folder
from auditor.ports import Collector
from auditor.runner.amendments import AMENDMENTS, MakeAmendment
from auditor.runner.job import Preparation
from auditor.runner.run import Before, audit
from auditor.runner.settings import Chosen, Known, Settings, Stamp
from benchmarks.generate import write_manifests
from collectors.documents.collector import FilesCollector
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from reports.results import render
from tests.e2e.inside import alone

SMALL_SHARD = 24 << 10
MOMENT = "2026-01-02T03:04:05.000000Z"


def generate(folder: Path, count: int) -> Path:
    """Manifests as the benchmarks make them."""
    write_manifests(count, folder, seed=7)
    return folder


def collector_of(root: Path, uri: str = "tree") -> FilesCollector:
    return FilesCollector(Target(uri, "files"), root, (MANIFESTS,))


@functools.cache
def compiled_policies() -> CacheFolder:
    """Where the compiled rules are kept between the runs of this process."""
    folder = Path(tempfile.mkdtemp(prefix="auditor-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return CacheFolder(folder, ("policy",))


def chosen(profile: str = "ai-platform") -> Chosen:
    """A profile as it is shipped."""
    folders, cache = (policies_folder(),), compiled_policies()
    return Chosen(folders, profile, (), cache, analyses=SHIPPED.analyses)


@functools.lru_cache(maxsize=4)
def preparation(profile: str = "ai-platform") -> Preparation:
    """A shipped profile, compiled once for the runs that are made of it after one another."""
    return Preparation(chosen(profile))


@dataclass(frozen=True, slots=True)
class Run:
    """A run to be made; progress events are kept in ``seen``."""

    workers: int = 1
    memo: bool = True
    cache: Path | None = None
    list_all: bool = False
    profile: str = "ai-platform"
    gate: str = ""
    shard_weight: int = SMALL_SHARD
    known: Known | None = None
    amendments: Sequence[MakeAmendment] = AMENDMENTS
    seen: list[tuple[str, int, int]] = field(default_factory=list)

    def results(self, *collectors: Collector) -> bytes:
        """The bytes of ``results.json``."""
        with tempfile.TemporaryDirectory() as spool:
            return b"".join(render(self._audit(collectors, Path(spool))))

    def report(self, *collectors: Collector, spool: Path) -> Report:
        return self._audit(collectors, spool)

    def wanted(self, uri: str) -> frozenset[str]:
        """The kinds that the profile wants of a target."""
        return preparation(self.profile).ready.wanted.of(uri)

    def _audit(self, collectors: Sequence[Collector], spool: Path) -> Report:
        settings = Settings(
            chosen=chosen(self.profile),
            gate=self.gate,
            workers=self.workers,
            spool=spool,
            result_cache=None if self.cache is None else CacheFolder(self.cache, ("results",)),
            list_all=self.list_all,
            memo=self.memo,
            shard_weight=self.shard_weight,
            known=self.known,
        )
        stamp = Stamp("0", "0" * 32, MOMENT, lambda: MOMENT)
        progress = lambda *event: self.seen.append(event)  # noqa: E731 - one line
        with alone():
            return audit(
                collectors,
                settings,
                stamp,
                progress,
                amendments=self.amendments,
                before=Before(preparation(self.profile)),
            )
