"""``auditor scan``: the main job."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from auditor.cli.configured import NAMES as CONFIGURED
from auditor.cli.configured import Used, applied, configuration_options, unused
from auditor.cli.excluding import refuse_nowhere
from auditor.cli.excluding import unused as unused_globs
from auditor.cli.executors.table import executor_of
from auditor.cli.image_options import NAMES as IMAGES
from auditor.cli.image_options import image_options, scanning
from auditor.cli.judging import SECTIONS, Choices, Judging, choices
from auditor.cli.options import (
    HOST_OPTIONS,
    exclude_option,
    executor_option,
    host_options,
    kubeconfig_option,
    parallel_option,
    timeout_option,
)
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.render_options import NAMES as RENDERING
from auditor.cli.render_options import render_options, rendered
from auditor.cli.sections import SectionedCommand
from auditor.cli.signing_options import NAMES, Wanted, signing_options
from auditor.cli.stamp import stamp_of
from auditor.cli.targets import targets_of
from auditor.cli.vsphere_options import NAMES as ENTERING
from auditor.cli.vsphere_options import entering, vsphere_options
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import Config, read_config
from auditor.engine.sources import WantedKinds
from auditor.errors import UsageError
from auditor.model.finding import Report
from auditor.model.resource import STDIN
from auditor.ports import Collector, Live
from auditor.runner.gather import MAX_PARALLEL_TARGETS, CollectionRequest, gather
from auditor.runner.settings import Settings, Stamp

if TYPE_CHECKING:
    from auditor.runner.errands import Errands

_NOTHING: Final = WantedKinds()


class _Scan(SectionedCommand):
    sections: Mapping[str, Sequence[str]] = MappingProxyType(
        {
            "What to read": (*CONFIGURED, "exclude", *RENDERING, *IMAGES, *HOST_OPTIONS),
            **SECTIONS,
            "What to write": SECTIONS["What to write"],
            "What to keep": NAMES,
            "How it runs": (
                "kubeconfig",
                *ENTERING,
                "timeout",
                "parallel",
                "executor",
                *SECTIONS["How it runs"],
            ),
        }
    )


@click.command(cls=_Scan)
@click.argument("targets", nargs=-1, metavar="TARGET...", type=click.Path(allow_dash=True))
@configuration_options
@exclude_option
@choices
@render_options
@image_options
@host_options
@kubeconfig_option
@vsphere_options
@timeout_option
@parallel_option
@executor_option
@signing_options
@click.pass_context
@prose
def scan(context: click.Context, /, **given: Any) -> int:
    r"""Audit TARGETs: files and folders, - for standard input, and what can be asked.

    That is k8s:// for a cluster, docker:// for an engine, vsphere:// for a vCenter, images:// for
    an archive of images. A folder that auditor collect wrote is judged as what was read then. Where
    no target is named, auditor.yaml says which, and how (auditor init).

    \b
    Examples:
      auditor scan manifests/ chart.yaml
      helm template . | auditor scan -
      kubectl get all -A -o json | auditor scan - --fail-on critical
      auditor scan k8s:// 'k8s://prod?namespace=team-a,team-b'
      auditor scan docker:// docker+ssh://admin@gpu-7 stack/compose.yaml
      auditor scan manifests/ --profile pod-security-restricted --set version=1.30
      auditor scan manifests/ --quiet -o json=results.json
      auditor scan . --exclude testdata/ --exclude '*.tfvars.yaml'
      auditor scan deploy/ --render --values prod.yaml
      auditor scan k8s:// --images
      auditor scan docker:// images://app.tar --profile cis-docker
      auditor scan --config auditor.yaml deploy/
      auditor scan --targets fleet.yaml --output audit.zip
      auditor scan --targets fleet.yaml --part 0/8 --output part-0.zip
      auditor scan --targets fleet.yaml --executor dasks://scheduler:8786

    \b
    Exit codes:
      0  the gate passed         1  the gate failed
      2  wrong usage or policy   3  incomplete: evidence missing, nothing failed
      4  the baseline does not verify
    """
    notes = list(unused(context, off=given["no_config"]))
    used = applied(context, given)
    try:
        return _scan(used, notes, **used.given)
    except UsageError as error:
        raise used.explain(error) from error


def _scan(
    used: Used,
    notes: Sequence[str],
    *,
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    kubeconfig: str,
    timeout: float | None,
    parallel: int | None,
    executor: str,
    host_probes: tuple[Path, ...],
    no_host: bool,
    **chosen: Any,
) -> int:
    """Scan, as options and the configuration say together."""
    config = entering(read_config(), chosen, used.fleet.without_secret(targets))
    rendering = {name: chosen.pop(name) for name in RENDERING}
    imaging = {name: chosen.pop(name) for name in IMAGES}
    wanted = Wanted(**{name: chosen.pop(name) for name in NAMES})
    judging = Judging(Choices(**chosen), config, targets)
    _refuse_twice(judging, wanted, targets)
    judging.warn(notes)
    with Scratch(config.temporary) as spool:
        settings = judging.settings(spool, used.file, used.part)
        collecting = CollectorOptions.of(
            *(config, kubeconfig, timeout, exclude),
            no_host=no_host,
            host_probes=host_probes,
            own=frozenset(map(os.path.realpath, (*used.files, *judging.files))),
        )
        named = list(targets_of(targets, collecting, used.fleet))
        if exclude:
            refuse_nowhere(targets)
        with ExitStack() as stack:
            errands = stack.enter_context(executor_of(executor, lambda text: judging.warn([text])))
            stamp = stamp_of(targets, config)
            then = scanning(
                imaging, config, judging.cache, partial(judging.ready, settings), stamp.clock
            )
            found = [each for _, each in named]
            if errands is not None:
                keep = wanted.place is not None or then is not None
                found = _sent(errands, named, used, collecting, judging, settings, keep=keep)
            found = rendered(found, rendering, config, spool)
            live = any(isinstance(each, Live) for each in found)
            order = CollectionRequest(
                _asked(judging, settings, (*targets, *used.fleet.whole)) if live else _NOTHING,
                spool / "evidence",
                spool,
                stamp.clock,
                labels=used.fleet.labels(text for text, _ in named),
                parallel=parallel or max(MAX_PARALLEL_TARGETS, errands.slots if errands else 0),
                then=_ended(stack, then),
            )
            report = _report(found, order, judging, settings, stamp, wanted, config)
        judging.warn(unused_globs(target.passed for target in report.targets))
        return judging.tell(report, order.bug)


def _report(
    found: Sequence[Collector | Live],
    order: CollectionRequest,
    judging: Judging,
    settings: Settings,
    stamp: Stamp,
    wanted: Wanted,
    config: Config,
) -> Report:
    """Read and judge, into a bundle where one is wanted."""
    if wanted.place is None:
        collectors, _ = gather(found, order, wired().reader_of, judging.progress)
        return judging.audit(collectors, settings, stamp, None, order.judged)
    from auditor.cli.bundling import Bundling

    bundling = Bundling(wanted, wanted.place, config, sys.argv[1:])
    return bundling.audit(found, order, judging, settings, stamp)


def _refuse_twice(judging: Judging, wanted: Wanted, targets: Sequence[str]) -> None:
    """Stop where one place is to be written twice, or read twice.

    Raises:
        UsageError: a report would be in the bundle, or standard input is several targets.
    """
    if wanted.place is not None:
        judging.keep_out_of(wanted.place)
    if list(targets).count(STDIN) > 1:
        raise UsageError("standard input can be read only once", hint="use - only once")


def _sent(
    errands: Errands,
    named: Sequence[tuple[str, Collector | Live]],
    used: Used,
    collecting: CollectorOptions,
    judging: Judging,
    settings: Settings,
    *,
    keep: bool,
) -> list[Collector | Live]:
    """The targets, with what workers elsewhere can read put into their hands."""
    from auditor.cli.executors.distant import Sending

    ready = judging.ready(settings)
    return list(Sending(errands, used.fleet, collecting, ready, settings, keep).placed(named))


def _asked(judging: Judging, settings: Settings, targets: Sequence[str]) -> WantedKinds:
    return judging.wanted(settings).among(targets)


_Then = Callable[[Sequence[Collector]], Live | None]


def _ended(stack: ExitStack, then: _Then | None) -> _Then:
    """What is done when all was read: an executor is left before this process forks workers."""

    def ended(collectors: Sequence[Collector]) -> Live | None:
        stack.close()
        return then(collectors) if then is not None else None

    return ended
