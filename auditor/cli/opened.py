"""A bundle at hand, which is read and judged again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from auditor.cli.wiring import wired
from auditor.errors import UsageError
from auditor.evidence.blocks import BlockReader
from auditor.evidence.entries import read_entries
from auditor.evidence.layout import (
    ANSWERS,
    BODIES,
    RESULTS,
    Collected,
    Evaluation,
    Manifest,
    results_in,
)
from auditor.evidence.recorded import in_full
from auditor.model.answers import AnswerEntry
from auditor.policy import CacheFolder
from auditor.ports import Collector
from auditor.runner.known import read_known
from auditor.runner.run import audit
from auditor.runner.settings import Chosen, Settings, Stamp
from auditor.runner.shards import default_workers
from auditor.runner.waiving import read_waivers
from reports.style import FILE_STYLE

Progress = Callable[[str, int, int], None]


class Bundle(msgspec.Struct, frozen=True):
    """A bundle whose files are what its manifest says."""

    root: Path
    manifest: Manifest
    read: tuple[Collected, ...]

    @property
    def results(self) -> Path:
        """What came of it then."""
        return results_in(self.root)

    def judged(self) -> Evaluation:
        """How it was judged.

        Raises:
            UsageError: it was not.
        """
        if self.manifest.evaluation is None:
            raise UsageError(
                f"{self.root}: nothing was judged, only collected",
                hint=f"auditor evaluate {self.root}",
            )
        return self.manifest.evaluation

    def collectors(self) -> list[Collector]:
        """What reads the evidence again; a failed query that no gap tells of is a gap then."""
        bodies = BlockReader(self.root / BODIES)
        return [wired().reader_of(in_full(each), bodies) for each in self.read]


class Replay(msgspec.Struct, frozen=True):
    """Judges the evidence of bundles again, by the policies in bundles; nothing else is read."""

    scratch: Path
    cache: CacheFolder | None
    workers: int | None
    progress: Progress

    def judge(self, evidence: Bundle, policy: Bundle) -> Path:
        """Judge what is in one bundle as the other was judged; the file of the results."""
        evaluation = policy.judged()
        spool = self.scratch / f"again-{len(list(self.scratch.iterdir()))}"
        spool.mkdir()
        settings = Settings(
            chosen=Chosen(
                folders=tuple(policy.root / name for name in evaluation.folders),
                profile=evaluation.profile,
                parameters=evaluation.parameters,
                cache=self.cache,
                platforms=wired().platforms,
                analyses=wired().analyses,
            ),
            gate=evaluation.gate,
            workers=self.workers or default_workers(),
            spool=spool,
            result_cache=None,
            list_all=evaluation.list_all,
            known=read_known(policy.root),
            waivers=read_waivers(policy.root),
            answers=read_entries(policy.root, ANSWERS, tuple[AnswerEntry, ...]),
            configuration=evaluation.configuration,
        )
        stamp = _stamp_as_then(evidence.manifest)
        report = audit(evidence.collectors(), settings, stamp, self.progress)
        place = spool / RESULTS
        with place.open("wb") as file:
            file.writelines(wired().formats["json"](FILE_STYLE)(report))
        return place


def _stamp_as_then(manifest: Manifest) -> Stamp:
    """The time, the run and the program's version as they were."""
    run = manifest.run
    return Stamp(manifest.version, run.id, run.started, lambda: run.finished)
