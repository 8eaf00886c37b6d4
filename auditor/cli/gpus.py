"""``auditor gpus``: who shares which GPU with whom."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

import click

from auditor.cli.answering import Inquiry, settings_of
from auditor.cli.options import (
    HOST_OPTIONS,
    host_options,
    kubeconfig_option,
    policies_option,
    progress_option,
    set_option_of,
    timeout_option,
)
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.screen import Progress, style_of
from auditor.cli.vsphere_options import entering, vsphere_options
from auditor.cli.wiring import CollectorOptions
from auditor.config import read_config
from auditor.model.finding import Report
from reports.gpus import as_csv, as_json, matrix
from reports.style import Style
from reports.text import safe, wrap

PROFILE: Final = "gpu-tenancy"


def _screen(report: Report, style: Style) -> Iterator[str]:
    for line in matrix(report, style):
        yield line + "\n"
    for item in report.gaps:
        gap = item.gap
        text = f"not read: {gap.scope}  {gap.cause.value}: {gap.detail}"
        for line in wrap(safe(text), style.width, style.glyph("unknown")):
            yield line + "\n"
        for line in wrap(safe(gap.hint), style.width, "  ") if gap.hint else ():
            yield line + "\n"


def _json(report: Report, style: Style) -> Iterator[str]:
    del style
    return as_json(report)


def _csv(report: Report, style: Style) -> Iterator[str]:
    del style
    return as_csv(report)


FORMATS: Final = MappingProxyType({"terminal": _screen, "json": _json, "csv": _csv})


@click.command()
@click.argument(
    "targets", nargs=-1, required=True, metavar="TARGET...", type=click.Path(allow_dash=True)
)
@click.option(
    "--format",
    "shown_as",
    type=click.Choice(list(FORMATS)),
    default="terminal",
    show_default=True,
    help="What to print.",
)
@set_option_of(PROFILE)
@policies_option
@kubeconfig_option
@vsphere_options
@host_options
@timeout_option
@click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour.")
@progress_option
@prose
def gpus(
    targets: tuple[str, ...],
    kubeconfig: str,
    timeout: float | None,
    progress: str,
    **chosen: Any,
) -> int:
    r"""Say of each GPU of TARGETs which tenants are on it, and what separates them.

    A row is a GPU, or those of a node that the API does not tell apart. Where a
    vCenter is among several targets, nodes and Docker hosts are looked for among
    its machines, and a GPU is shown once, at its host, with the way from each
    tenant. What could not be read is named at the end, and the exit code is 3
    then.

    \b
    Examples:
      auditor gpus k8s://
      auditor gpus k8s://prod --format csv > gpus.csv
      auditor gpus k8s:// --set isolation_floor=exclusive-vm
      auditor gpus vsphere://audit@vc k8s://a k8s://b docker+ssh://gpu-7
      kubectl get nodes,pods,ns -A -o json | auditor gpus -

    auditor explain gpu-tenancy says what the words mean.
    """
    config = entering(read_config(), chosen, targets)
    with Scratch(config.temporary) as spool:
        settings = settings_of(PROFILE, config, spool, chosen["settings"], chosen["policies"])
        hosts = {name: chosen[name] for name in HOST_OPTIONS}
        collecting = CollectorOptions.of(config, kubeconfig, timeout, **hosts)
        found = Inquiry(targets, collecting, settings, config, Progress(progress))
        style = style_of(sys.stdout, config, plain=chosen["plain"], colour="auto")
        return found.tell(FORMATS[chosen["shown_as"]](found.report, style))
