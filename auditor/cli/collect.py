"""``auditor collect``: read live targets now, to be judged later and elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.caching import cache_of
from auditor.cli.errors import show_traceback
from auditor.cli.exits import INCOMPLETE, INTERNAL
from auditor.cli.options import (
    chosen_by,
    kubeconfig_option,
    policies_option,
    profile_option,
    progress_option,
    set_option,
    timeout_option,
)
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.screen import Progress
from auditor.cli.stamp import stamp_of
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.evidence.layout import RunEntry
from auditor.evidence.leaks import refuse_leaks
from auditor.evidence.writing import finish, written
from auditor.ports import Live
from auditor.runner.gather import CollectionRequest, gather
from auditor.runner.job import wanted_of
from auditor.version import VERSION


@click.command(short_help="Read clusters into a folder, to be judged elsewhere.")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--output",
    "place",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to write: a new one, or an empty one.",
)
@profile_option
@set_option
@policies_option
@kubeconfig_option
@timeout_option
@progress_option
@prose
def collect(
    targets: tuple[str, ...],
    place: Path,
    kubeconfig: str,
    timeout: float | None,
    **chosen: Any,
) -> int:
    r"""Read what the rules of a profile rest on, and keep it in a folder, without a verdict.

    The folder holds every answer without its secrets, who asked, and what was not answered. Judge
    it with auditor evaluate, on a machine that has no access to the cluster.

    \b
    Examples:
      auditor collect k8s:// --output evidence/
      auditor evaluate evidence/

    \b
    Exit codes:
      0  everything was read   3  something was not: the folder says what
      70 a bug of ours kept a target from being read: the folder has the others
    """
    config = read_config()
    shown = Progress(chosen["progress"])
    policies, profile, settings = (chosen[name] for name in ("policies", "profile", "settings"))
    wanted = wanted_of(chosen_by(policies, profile, settings, cache_of(config)))
    collecting = CollectorOptions(kubeconfig or config.kubeconfig, timeout)
    found = [wired().collector_for(text, collecting) for text in targets]
    for text, target in zip(targets, found, strict=True):
        if not isinstance(target, Live):
            raise UsageError(
                f"{text}: files need not be collected", hint=f"auditor scan {text} reads them"
            )
    with Scratch(config.temporary) as scratch, written(place) as folder:
        stamp = stamp_of(targets, config)
        order = CollectionRequest(wanted, folder, scratch, stamp.clock, b"")
        _, read = gather(found, order, wired().reader_of, shown)
        shown.end()
        run = RunEntry(stamp.run_id, stamp.started, stamp.clock())
        finish(folder, VERSION, run, tuple(each.entry for each in read.values()))
        refuse_leaks(folder, order.secrets)
    complete = True
    for each in read.values():
        entry = each.entry
        missing = len(entry.gaps) + bool(entry.failure)
        complete = complete and not missing
        resources = sum(record.count for record in each.records)
        told = f"{entry.failure}; {entry.hint}" if entry.failure else f"{missing} not read"
        click.echo(f"{entry.uri}: {resources} resources, {told}")
    click.echo(f"judge it: auditor evaluate {place}")
    if order.bug:
        show_traceback(order.bug)
        return INTERNAL
    return 0 if complete else INCOMPLETE
