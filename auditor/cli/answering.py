"""What commands have in common that answer one question about targets.

They read and judge by the one profile that their answer needs, gate nothing, and show their own
facts: ``gpus``, ``reach`` and ``who-can``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditor.cli.caching import RESULTS, cache_of
from auditor.cli.errors import show_traceback
from auditor.cli.exits import INCOMPLETE, INTERNAL
from auditor.cli.options import chosen_by
from auditor.cli.output import write_stdout
from auditor.cli.screen import Progress
from auditor.cli.stamp import stamp_of
from auditor.cli.targets import targets_of
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import Config
from auditor.engine.sources import WantedKinds
from auditor.model.finding import Report
from auditor.ports import Live
from auditor.runner.gather import CollectionRequest, gather
from auditor.runner.job import Preparation
from auditor.runner.run import Before, audit
from auditor.runner.settings import Settings
from auditor.runner.shards import default_workers


def settings_of(
    profile: str,
    config: Config,
    spool: Path,
    parameters: Sequence[str] = (),
    policies: Sequence[Path] = (),
) -> Settings:
    """How to judge by a profile; ``spool`` is for what is in between.

    Raises:
        UsageError, PolicyErrors: as of :func:`auditor.cli.options.chosen_by`.
    """
    cache = cache_of(config)
    return Settings(
        chosen=chosen_by(policies, profile, parameters, cache, spool),
        gate="never",
        workers=default_workers(),
        spool=spool,
        result_cache=cache.below(RESULTS) if cache is not None else None,
        list_all=False,
        memo=True,
    )


class Inquiry:
    """What was read and judged of some targets; ``report`` says it."""

    def __init__(
        self,
        targets: Sequence[str],
        collecting: CollectorOptions,
        settings: Settings,
        config: Config,
        progress: Progress,
    ) -> None:
        """Read the targets as they were typed, and judge them.

        Raises:
            UsageError: a target can't be read.
            CollectionError: nothing of one could be read.
        """
        found = [each for _, each in targets_of(targets, collecting)]
        stamp = stamp_of(targets, config)
        live = any(isinstance(each, Live) for each in found)
        preparation = Preparation(settings.chosen, wired().prepare)
        asked = preparation.ready.wanted.among(targets) if live else WantedKinds()
        order = CollectionRequest(asked, settings.spool / "evidence", settings.spool, stamp.clock)
        collectors, _ = gather(found, order, wired().reader_of, progress)
        before = Before(preparation)
        self.report: Report = audit(collectors, settings, stamp, progress, before=before)
        progress.end()
        self._bug = order.bug or self.report.bug

    def tell(self, lines: Iterable[str], *, is_open: bool = False) -> int:
        """Print the answer, and return the exit code; ``is_open``: more is not known."""
        write_stdout(
            sys.stdout.buffer, (line.encode("utf-8", "backslashreplace") for line in lines)
        )
        if self._bug:
            show_traceback(self._bug)
            return INTERNAL
        return INCOMPLETE if self.report.gaps or is_open else 0
