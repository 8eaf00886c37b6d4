"""What ``scan`` and ``evaluate`` have in common: how to judge, and what to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import click

from auditor.cli.caching import RESULTS, cache_of
from auditor.cli.errors import show_traceback
from auditor.cli.exits import INTERNAL
from auditor.cli.options import (
    chosen_by,
    policies_option,
    profile_option,
    progress_option,
    set_option,
)
from auditor.cli.places import PLACE, Place
from auditor.cli.screen import Progress
from auditor.cli.wiring import wired
from auditor.cli.writing import SECTIONS as WRITING_SECTIONS
from auditor.cli.writing import WRITING, Reports, Written
from auditor.config import Config
from auditor.engine.sources import WantedKinds
from auditor.errors import UsageError
from auditor.model.answers import AnswerEntry
from auditor.model.finding import Report
from auditor.model.results import ConfigurationFile
from auditor.model.waivers import WaiverEntry
from auditor.policy.cachefile import CacheFolder
from auditor.ports import Collector
from auditor.runner.job import Preparation, Prepared
from auditor.runner.parts import Judged
from auditor.runner.run import Before, audit
from auditor.runner.settings import EvidenceOptions, Known, Settings, Stamp
from auditor.runner.shards import default_workers

Command = TypeVar("Command", bound=Callable[..., object])

_BASELINE = ("baseline", "baseline_key", "baseline_trust", "baseline_any")
SECTIONS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "What to judge by": (
            "profile",
            "settings",
            "policies",
            "fail_on",
            *_BASELINE,
            "waivers",
            "answers",
            "exit_zero",
        ),
        **WRITING_SECTIONS,
        "How it looks": (*WRITING_SECTIONS["How it looks"], "progress"),
        "How it runs": ("workers", "no_cache"),
    }
)


class Choices(Written, frozen=True, kw_only=True):
    """The options, as they were given."""

    profile: str
    settings: tuple[str, ...]
    policies: tuple[Path, ...]
    fail_on: str
    baseline: Place | None
    baseline_key: Path | None
    baseline_trust: Path | None
    baseline_any: bool
    waivers: Path | None
    answers: Path | None
    exit_zero: bool
    workers: int | None
    no_cache: bool
    no_memo: bool
    progress: str


_OPTIONS = (
    profile_option,
    set_option,
    policies_option,
    click.option(
        "--fail-on",
        metavar="EXPR",
        default="",
        help="Gate in place of the profile's: high, medium>10, unknown, coverage<95, excluded, "
        "never; or a list.",
    ),
    click.option(
        "--baseline",
        metavar="BUNDLE",
        type=PLACE,
        help="Let the gate count only what an earlier bundle does not have. It must verify.",
    ),
    click.option(
        "--baseline-key",
        metavar="PUB.pem",
        type=click.Path(path_type=Path),
        help="The public key that the baseline must be signed by.",
    ),
    click.option(
        "--baseline-trust",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="A trust file in place of one key: see auditor verify.",
    ),
    click.option(
        "--baseline-any",
        is_flag=True,
        help="Take a baseline of other targets, or by another profile.",
    ),
    click.option(
        "--waivers",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="What was accepted, by whom and until when: the gate does not count it, and reports "
        "say so. See auditor waivers.",
    ),
    click.option(
        "--answers",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="What people say of controls that no rule decides: reports show it as their word. See "
        "auditor answers.",
    ),
    click.option("--exit-zero", is_flag=True, help="Exit 0 whatever the gate says."),
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes.  [default: processors]",
    ),
    click.option(
        "--no-cache", is_flag=True, help="Neither read nor write what earlier scans found."
    ),
    click.option("--no-memo", is_flag=True, hidden=True, help="Judge equal slices again."),
    *WRITING,
    progress_option,
)


def choices(function: Command) -> Command:
    """All options of :class:`Choices`."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), function)


class Judging:
    """One run of a command that judges: options in, reports and an exit code out."""

    def __init__(self, chosen: Choices, config: Config, targets: Sequence[str]) -> None:
        """Check what can be checked before anything is read.

        Raises:
            UsageError: a report can't be written where it is wanted.
        """
        self._chosen = chosen
        self._reports = Reports(chosen, config, targets)
        self._cache = None if chosen.no_cache else cache_of(config)
        quiet = chosen.quiet and chosen.progress == "auto"
        self.progress = Progress("none" if quiet else chosen.progress)
        self._preparation: Preparation | None = None

    def settings(
        self,
        spool: Path,
        configuration: ConfigurationFile | None = None,
        part: tuple[int, int] | None = None,
    ) -> Settings:
        """How to run, with ``spool`` for what is in between, and the file that said some of it.

        ``part`` is which of how many parts of a list of targets is judged.
        """
        chosen, cache = self._chosen, self._cache
        return Settings(
            chosen=chosen_by(chosen.policies, chosen.profile, chosen.settings, cache, spool),
            gate=chosen.fail_on,
            workers=chosen.workers or default_workers(),
            spool=spool,
            result_cache=cache.below(RESULTS) if cache is not None else None,
            list_all=self._reports.everything,
            memo=not chosen.no_memo,
            known=self._known(spool),
            waivers=self._waivers(),
            answers=self._answers(),
            configuration=configuration,
            part=part,
        )

    def _known(self, scratch: Path) -> Known | None:
        chosen = self._chosen
        if chosen.baseline is None:
            if chosen.baseline_key or chosen.baseline_trust or chosen.baseline_any:
                raise UsageError(
                    "--baseline-key, --baseline-trust and --baseline-any need --baseline",
                    hint="--baseline BUNDLE",
                )
            return None
        from auditor.cli.baseline import known_in

        return known_in(chosen.baseline, chosen.baseline_key, chosen.baseline_trust, scratch)

    def _waivers(self) -> tuple[WaiverEntry, ...] | None:
        chosen = self._chosen
        if chosen.waivers is None:
            return None
        from auditor.cli.waivers import waivers_in

        return waivers_in(chosen.waivers, chosen.policies, chosen.profile)

    def _answers(self) -> tuple[AnswerEntry, ...] | None:
        chosen = self._chosen
        if chosen.answers is None:
            return None
        from auditor.cli.answers import answers_in

        return answers_in(chosen.answers, chosen.policies)

    def wanted(self, settings: Settings) -> WantedKinds:
        """The kinds that the rules of the profile rest on."""
        return self._prepared(settings).ready.wanted

    @property
    def cache(self) -> CacheFolder | None:
        """The folder of what earlier runs found; None where there is none, or none is wanted."""
        return self._cache

    def ready(self, settings: Settings) -> Prepared:
        """The compiled profile with its analyses."""
        return self._prepared(settings).ready

    def _prepared(self, settings: Settings) -> Preparation:
        if self._preparation is None:
            self._preparation = Preparation(settings.chosen, wired().prepare)
        return self._preparation

    def judge(self, collectors: Sequence[Collector], settings: Settings, stamp: Stamp) -> int:
        """Judge, write all reports, and return the exit code."""
        return self.tell(self.audit(collectors, settings, stamp))

    def audit(
        self,
        collectors: Sequence[Collector],
        settings: Settings,
        stamp: Stamp,
        keeping: EvidenceOptions | None = None,
        judged: Mapping[int, Judged] = MappingProxyType({}),
    ) -> Report:
        """Judge what was not ``judged`` elsewhere, and put all together.

        Raises:
            UsageError: the baseline is one of other targets, or by another profile.
        """
        if settings.known is not None and not self._chosen.baseline_any:
            from auditor.runner.known import refuse_another

            targets = [collector.target for collector in collectors]
            refuse_another(settings.known, targets, settings.chosen.profile)
        report = audit(
            collectors,
            settings,
            stamp,
            self.progress,
            keeping,
            before=Before(self._prepared(settings), judged),
        )
        self.progress.end()
        return report

    @property
    def files(self) -> Iterator[Path]:
        """The files that are gone by, and those that reports are written to."""
        chosen = self._chosen
        yield from (each for each in (chosen.waivers, chosen.answers) if each is not None)
        yield from self._reports.files

    def keep_out_of(self, bundle: Place) -> None:
        """As of :class:`Reports`."""
        self._reports.keep_out_of(bundle)

    def warn(self, texts: Iterable[str]) -> None:
        """Print what is no error, and what a person may want to mend."""
        self._reports.warn(texts)

    def tell(self, report: Report, bug: str = "") -> int:
        """Write all reports, and return the exit code; ``bug`` was met before they were made."""
        self._reports.write(report)
        if bug or report.bug:
            show_traceback(bug or report.bug)
            return INTERNAL
        return 0 if self._chosen.exit_zero else report.gate.exit
