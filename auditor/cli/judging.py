"""What ``scan`` and ``evaluate`` have in common: how to judge, and what to write."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import click
import msgspec

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
from auditor.cli.output import parse_outputs, write_files, write_stdout
from auditor.cli.screen import Progress, style_of
from auditor.cli.wiring import SHIPPED, wired
from auditor.config import Config
from auditor.engine.sources import WantedKinds
from auditor.errors import UsageError
from auditor.model.finding import Report
from auditor.model.waivers import WaiverEntry
from auditor.ports import Collector
from auditor.runner.job import wanted_of
from auditor.runner.run import audit
from auditor.runner.settings import EvidenceOptions, Known, Settings, Stamp
from auditor.runner.shards import default_workers
from reports.style import Style
from reports.text import safe

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
            "exit_zero",
        ),
        "What to write": ("stdout_format", "outputs", "list_all", "passes", "quiet"),
        "How it looks": ("group_by", "plain", "color", "progress"),
        "How it runs": ("workers", "no_cache"),
    }
)


class Choices(msgspec.Struct, frozen=True):
    """The options, as they were given."""

    profile: str
    settings: tuple[str, ...]
    policies: tuple[Path, ...]
    stdout_format: str
    outputs: tuple[str, ...]
    fail_on: str
    baseline: Path | None
    baseline_key: Path | None
    baseline_trust: Path | None
    baseline_any: bool
    waivers: Path | None
    exit_zero: bool
    list_all: bool
    passes: bool
    group_by: str
    workers: int | None
    no_cache: bool
    no_memo: bool
    plain: bool
    color: str
    quiet: bool
    progress: str


_OPTIONS = (
    profile_option,
    set_option,
    policies_option,
    click.option(
        "--format",
        "stdout_format",
        type=click.Choice(list(SHIPPED.formats)),
        default="terminal",
        show_default=True,
        metavar="FORMAT",
        help=f"What to print: {', '.join(SHIPPED.formats)}.",
    ),
    click.option(
        "-o",
        "outputs",
        metavar="FORMAT=FILE",
        multiple=True,
        help="Also write a report to a file, - for standard output. Repeatable.",
    ),
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
        type=click.Path(path_type=Path),
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
    click.option("--exit-zero", is_flag=True, help="Exit 0 whatever the gate says."),
    click.option(
        "--all", "list_all", is_flag=True, help="List every finding; in JSON, passes as well."
    ),
    click.option(
        "--passes", is_flag=True, help="As --all, with what passed or does not apply on the screen."
    ),
    click.option(
        "--group-by",
        type=click.Choice(["rule", "object"]),
        default="rule",
        show_default=True,
        help="Tell findings on the screen by rule, or by object.",
    ),
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
    click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour."),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour; auto obeys NO_COLOR and FORCE_COLOR.",
    ),
    click.option(
        "-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code tells."
    ),
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
        self._files = parse_outputs(chosen.outputs, targets)
        self._everything = chosen.list_all or chosen.passes
        screen = style_of(sys.stdout, config, plain=chosen.plain, colour=chosen.color)
        self._style = self._listing(screen)
        self._cache = None if chosen.no_cache else cache_of(config)
        quiet = chosen.quiet and chosen.progress == "auto"
        self.progress = Progress("none" if quiet else chosen.progress)

    def _listing(self, style: Style) -> Style:
        """What of a report is listed, and in which order."""
        chosen = self._chosen
        return msgspec.structs.replace(
            style,
            everything=self._everything,
            passes=chosen.passes,
            by_object=chosen.group_by == "object",
        )

    def settings(self, spool: Path) -> Settings:
        """How to run, with ``spool`` for what is in between."""
        chosen, cache = self._chosen, self._cache
        return Settings(
            chosen=chosen_by(chosen.policies, chosen.profile, chosen.settings, cache, spool),
            gate=chosen.fail_on,
            workers=chosen.workers or default_workers(),
            spool=spool,
            result_cache=cache.below(RESULTS) if cache is not None else None,
            list_all=self._everything,
            memo=not chosen.no_memo,
            known=self._known(spool),
            waivers=self._waivers(),
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

        return waivers_in(chosen.waivers, chosen.policies)

    def wanted(self, settings: Settings) -> WantedKinds:
        """The kinds that the rules of the profile rest on."""
        return wanted_of(settings.chosen, settings.spool)

    def judge(self, collectors: Sequence[Collector], settings: Settings, stamp: Stamp) -> int:
        """Judge, write all reports, and return the exit code."""
        return self.tell(self.audit(collectors, settings, stamp))

    def audit(
        self,
        collectors: Sequence[Collector],
        settings: Settings,
        stamp: Stamp,
        keeping: EvidenceOptions | None = None,
    ) -> Report:
        """Judge.

        Raises:
            UsageError: the baseline is one of other targets, or by another profile.
        """
        if settings.known is not None and not self._chosen.baseline_any:
            from auditor.runner.known import refuse_another

            targets = [collector.target for collector in collectors]
            refuse_another(settings.known, targets, settings.chosen.profile)
        report = audit(collectors, settings, stamp, self.progress, keeping)
        self.progress.end()
        return report

    def warn(self, texts: Iterable[str]) -> None:
        """Print what is no error, and what a person may want to mend."""
        if not self._chosen.quiet:
            for text in texts:
                click.echo(f"auditor: {safe(text)}", err=True)

    def tell(self, report: Report, bug: str = "") -> int:
        """Write all reports, and return the exit code; ``bug`` was met before they were made."""
        chosen = self._chosen
        paper = self._listing(Style(width=None, colour=False, plain=chosen.plain))
        formats = wired().formats
        write_files([(file, partial(formats[file.format](paper), report)) for file in self._files])
        if not chosen.quiet:
            write_stdout(sys.stdout.buffer, formats[chosen.stdout_format](self._style)(report))
        if bug or report.bug:
            show_traceback(bug or report.bug)
            return INTERNAL
        return 0 if chosen.exit_zero else report.gate.exit
