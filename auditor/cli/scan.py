"""``auditor scan``: collect and judge in one go."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

import click

from auditor.cli.options import (
    folders,
    parse_settings,
    policies_option,
    profile_option,
    set_option,
)
from auditor.cli.output import parse_outputs, write_files, write_stdout
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.screen import Progress, Screen, screen_of
from auditor.cli.sections import SectionedCommand
from auditor.cli.wiring import FORMATS, STDIN, collector_for
from auditor.config import Config, read_config
from auditor.errors import UsageError
from auditor.runner.run import Settings, Stamp, audit
from auditor.runner.shards import default_workers
from auditor.version import VERSION


class _Scan(SectionedCommand):
    sections: Mapping[str, Sequence[str]] = MappingProxyType(
        {
            "What to judge by": ("profile", "settings", "policies", "fail_on", "exit_zero"),
            "What to write": ("stdout_format", "outputs", "list_all", "quiet"),
            "How it looks": ("plain", "color", "progress"),
            "How it runs": ("workers", "no_cache"),
        }
    )


@click.command(cls=_Scan)
@click.argument(
    "targets", nargs=-1, required=True, metavar="TARGET...", type=click.Path(allow_dash=True)
)
@profile_option
@set_option
@policies_option
@click.option(
    "--format",
    "stdout_format",
    type=click.Choice(list(FORMATS)),
    default="terminal",
    show_default=True,
    help="What to print.",
)
@click.option(
    "-o",
    "outputs",
    metavar="FORMAT=FILE",
    multiple=True,
    help="Also write a report to a file. Repeatable.",
)
@click.option(
    "--fail-on",
    metavar="EXPR",
    default="",
    help="Gate in place of the profile's: high, medium>10, unknown, coverage<95, never; or a list.",
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever the gate says.")
@click.option("--all", "list_all", is_flag=True, help="List every finding, and passes as well.")
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: processors]"
)
@click.option("--no-cache", is_flag=True, help="Neither read nor write what earlier scans found.")
@click.option("--no-memo", is_flag=True, hidden=True, help="Judge equal slices again.")
@click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour; auto obeys NO_COLOR and FORCE_COLOR.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code tells.")
@click.option(
    "--progress",
    type=click.Choice(["auto", "plain", "json", "none"]),
    default="auto",
    show_default=True,
    help="Progress on standard error.",
)
@prose
def scan(
    targets: tuple[str, ...],
    profile: str,
    settings: tuple[str, ...],
    policies: tuple[Path, ...],
    stdout_format: str,
    outputs: tuple[str, ...],
    fail_on: str,
    *,
    exit_zero: bool,
    list_all: bool,
    workers: int | None,
    no_cache: bool,
    no_memo: bool,
    plain: bool,
    color: str,
    quiet: bool,
    progress: str,
) -> int:
    r"""Audit TARGETs: files, folders, or - for standard input.

    \b
    Examples:
      auditor scan manifests/ chart.yaml
      helm template . | auditor scan -
      kubectl get all -A -o json | auditor scan - --fail-on critical
      auditor scan manifests/ --profile pod-security-restricted --set version=1.30
      auditor scan manifests/ --quiet -o json=results.json

    \b
    Exit codes:
      0  the gate passed         1  the gate failed
      2  wrong usage or policy   3  incomplete: evidence missing, nothing failed
    """
    config = read_config()
    files = parse_outputs(outputs, targets)
    if list(targets).count(STDIN) > 1:
        raise UsageError("standard input can be read only once", hint="name - once")
    screen = screen_of(sys.stdout, config, plain=plain, colour=color, everything=list_all)
    paper = Screen(width=None, colour=False, plain=plain, everything=list_all)
    shown = Progress("none" if quiet and progress == "auto" else progress)
    with Scratch(config.temporary) as spool:
        cache = None if no_cache else config.cache
        report = audit(
            [collector_for(text) for text in targets],
            Settings(
                folders=folders(policies),
                profile=profile,
                parameters=parse_settings(settings),
                gate=fail_on,
                workers=workers or default_workers(),
                spool=spool,
                policy_cache=cache / "policy" if cache is not None else None,
                result_cache=cache / "results" if cache is not None else None,
                list_all=list_all,
                memo=not no_memo,
            ),
            stamp_of(targets, config),
            shown,
        )
        shown.end()
        write_files([(file, partial(FORMATS[file.format](paper), report)) for file in files])
        if not quiet:
            write_stdout(sys.stdout.buffer, FORMATS[stdout_format](screen)(report))
    return 0 if exit_zero else report.gate.exit


def stamp_of(targets: Sequence[str], config: Config) -> Stamp:
    """Time and run id; SOURCE_DATE_EPOCH stands in for the clock when it is set."""
    clock = _clock(config)
    started = clock()
    seed = "\0".join((VERSION, started, *targets)).encode("utf-8", "surrogatepass")
    return Stamp(VERSION, hashlib.sha256(seed).hexdigest()[:32], started, clock)


def _clock(config: Config) -> Callable[[], str]:
    epoch = config.epoch

    def now() -> str:
        moment = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(epoch, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    return now
