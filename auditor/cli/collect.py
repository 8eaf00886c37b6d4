"""``auditor collect``: read targets now, to be judged later and elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from auditor.cli.caching import cache_of
from auditor.cli.errors import show_traceback
from auditor.cli.excluding import refuse_nowhere, unused
from auditor.cli.exits import INCOMPLETE, INTERNAL
from auditor.cli.image_options import NAMES as IMAGES
from auditor.cli.image_options import image_options, scanning
from auditor.cli.options import (
    HOST_OPTIONS,
    chosen_by,
    exclude_option,
    host_options,
    kubeconfig_option,
    policies_option,
    profile_option,
    progress_option,
    set_option,
    timeout_option,
)
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.render_options import NAMES as RENDERING
from auditor.cli.render_options import refuse_alone, render_options, rendered
from auditor.cli.screen import Progress
from auditor.cli.sections import SectionedCommand
from auditor.cli.stamp import stamp_of
from auditor.cli.targets import targets_of
from auditor.cli.vsphere_options import NAMES as ENTERING
from auditor.cli.vsphere_options import entering, vsphere_options
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.evidence.layout import Collected, RunEntry
from auditor.evidence.leaks import refuse_leaks
from auditor.evidence.writing import finish, written
from auditor.ports import Collector, Live
from auditor.runner.gather import CollectionRequest, gather
from auditor.runner.storing import store
from auditor.version import VERSION
from reports.text import safe


class _Collect(SectionedCommand):
    sections: Mapping[str, Sequence[str]] = MappingProxyType(
        {
            "What to read": ("exclude", *RENDERING, *IMAGES, *HOST_OPTIONS),
            "What to keep": ("place",),
            "What it is for": ("profile", "settings", "policies"),
            "How it runs": ("kubeconfig", *ENTERING, "timeout", "progress"),
        }
    )


@click.command(cls=_Collect, short_help="Read targets into a folder, to be judged elsewhere.")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--output",
    "place",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to write: a new one, or an empty one.",
)
@exclude_option
@render_options
@image_options
@host_options
@profile_option
@set_option
@policies_option
@kubeconfig_option
@vsphere_options
@timeout_option
@progress_option
@prose
def collect(
    targets: tuple[str, ...],
    place: Path,
    exclude: tuple[str, ...],
    kubeconfig: str,
    timeout: float | None,
    host_probes: tuple[Path, ...],
    *,
    no_host: bool,
    **chosen: Any,
) -> int:
    r"""Read what the rules of a profile rest on, and keep it in a folder, without a verdict.

    The folder holds every answer without its secrets, who asked, and what was not answered. Judge
    it with auditor evaluate, on a machine that has no access to the cluster, or, with --render,
    has neither the files nor the programs that render them, or, with --images, no scanner.

    \b
    Examples:
      auditor collect k8s:// --output evidence/
      auditor collect deploy/ --render --values prod.yaml --output evidence/
      auditor collect k8s:// --images --profile images --output evidence/
      auditor evaluate evidence/

    \b
    Exit codes:
      0  everything was read   3  something was not: the folder says what
      70 a bug of ours kept a target from being read: the folder has the others
    """
    config = entering(read_config(), chosen, targets)
    rendering = {name: chosen.pop(name) for name in RENDERING}
    imaging = {name: chosen.pop(name) for name in IMAGES}
    refuse_alone(rendering)
    shown = Progress(chosen["progress"])
    policies, profile, settings = (chosen[name] for name in ("policies", "profile", "settings"))
    kept = cache_of(config)
    ready = wired().prepare(chosen_by(policies, profile, settings, kept))
    collecting = CollectorOptions.of(
        config, kubeconfig, timeout, exclude, no_host=no_host, host_probes=host_probes
    )
    stamp = stamp_of(targets, config)
    then = scanning(imaging, config, kept, lambda: ready, stamp.clock)
    named = list(targets_of(targets, collecting))
    if not rendering["render"] and not imaging["images"]:
        _refuse_files(named)
    if exclude:
        refuse_nowhere(targets)
    with Scratch(config.temporary) as scratch, written(place) as folder:
        found = rendered([each for _, each in named], rendering, config, scratch)
        wanted = ready.wanted.among(targets)
        order = CollectionRequest(wanted, folder, scratch, stamp.clock, b"", then=then)
        read = _read(found, order, shown)
        shown.end()
        run = RunEntry(stamp.run_id, stamp.started, stamp.clock())
        finish(folder, VERSION, run, tuple(each.entry for each in read))
        refuse_leaks(folder, order.secrets)
    return _told(read, order, place)


def _told(read: Sequence[Collected], order: CollectionRequest, place: Path) -> int:
    """Say what was read, and how to go on; the exit code."""
    missing = sum(map(_tell, read))
    for text in unused(each.entry.passed for each in read):
        click.echo(f"auditor: {safe(text)}", err=True)
    click.echo(f"judge it: auditor evaluate {place}")
    if order.bug:
        show_traceback(order.bug)
        return INTERNAL
    return INCOMPLETE if missing else 0


def _refuse_files(named: Sequence[tuple[str, Collector | Live]]) -> None:
    """Stop at files that are not to be rendered.

    Raises:
        UsageError: a target is not a live one.
    """
    for text, target in named:
        if not isinstance(target, Live):
            raise UsageError(
                f"{text}: files need not be collected",
                hint=f"auditor scan {text} reads them; with --render, what they render to is kept",
            )


def _read(
    found: Sequence[Collector | Live], order: CollectionRequest, shown: Progress
) -> list[Collected]:
    """Read every target into the folder; what was read, in the order of the targets."""
    _, read = gather(found, order, wired().reader_of, shown)
    for number, each in enumerate(found):
        if not isinstance(each, Live):
            read[number] = store(each, number, order, shown)
    return [each for _, each in sorted(read.items())]


def _tell(read: Collected) -> int:
    """Say what was read of a target, and return how much of it was not."""
    entry = read.entry
    missing = len(entry.gaps) + bool(entry.failure)
    if "://" not in entry.uri:  # what of a file could not be read stands with the file
        missing += sum(1 for record in read.records if record.sha256 and not record.complete)
    resources = sum(record.count for record in read.records)
    told = f"{entry.failure}; {entry.hint}" if entry.failure else f"{missing} not read"
    click.echo(f"{entry.uri}: {resources} resources, {told}")
    return missing
