"""``auditor trend``: what became of findings in the runs of a history."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from auditor.cli.output import write_stdout
from auditor.cli.prose import prose
from auditor.cli.screen import style_of
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.history.course import trend_of
from auditor.history.store import History
from auditor.model.history import RunSeen
from reports.trend import GROUPS, as_csv, as_json, screen


@click.command(short_help="Say what became of findings in the runs of a history.")
@click.argument("place", metavar="HISTORY", type=click.Path(path_type=Path))
@click.option(
    "--by",
    type=click.Choice(list(GROUPS)),
    default="severity",
    show_default=True,
    help="What to count findings by. The owner accepted it by a waiver, or has its target (label).",
)
@click.option("--profile", metavar="ID", default="", help="Only runs by this profile.")
@click.option("--target", metavar="TEXT", default="", help="Only targets whose name has this.")
@click.option(
    "--format",
    "shown_as",
    type=click.Choice(["terminal", "json", "csv", "html"]),
    default="terminal",
    show_default=True,
    help="What to print; csv has a row a finding, html a picture.",
)
@click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour.")
@prose
def trend(place: Path, by: str, profile: str, target: str, shown_as: str, *, plain: bool) -> int:
    r"""Say which findings of HISTORY are open, since when, which were mended, which came back.

    A finding is mended only by a run that could have seen it. Where its target was not reached, its
    rule was not judged, or something was not read, it is unseen: neither open nor mended.

    \b
    Examples:
      auditor trend history.db
      auditor trend history.db --by rule --profile ai-platform
      auditor trend history.db --format csv > findings.csv
      auditor trend history.db --format html > trend.html
    """
    with History.opened(place, write=False) as kept:
        found = trend_of(_chosen(kept.runs(), profile, target))
    if not found.points:
        raise UsageError(
            f"{place}: no run in it is asked for", hint="auditor history import BUNDLE --to FILE"
        )
    match shown_as:
        case "html":
            from reports.html.trend import render

            write_stdout(sys.stdout.buffer, render(found, by))
            return 0
        case "json":
            text = as_json(found, by)
        case "csv":
            text = as_csv(found)
        case _:
            style = style_of(sys.stdout, read_config(), plain=plain, colour="auto")
            text = (f"{line}\n" for line in screen(found, by, style))
    write_stdout(sys.stdout.buffer, (x.encode("utf-8", "backslashreplace") for x in text))
    return 0


def _chosen(runs: Iterable[RunSeen], profile: str, target: str) -> Iterator[RunSeen]:
    """The runs that are asked for, without what they say of other targets."""
    for run in runs:
        if profile and run.judging.profile != profile:
            continue
        found = run.only(target) if target else run
        if found.targets:
            yield found
