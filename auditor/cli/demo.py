"""``auditor demo``: the main job on the examples that come with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

import auditor
from auditor.errors import UsageError

EXAMPLES: Final = ("estate", "gpu-host", "gpu-cluster", "vcenter")
"""Folders of the examples; those that ``make audit`` reads."""


@click.command(epilog="Example: auditor demo", short_help="Audit the example estate.")
def demo() -> int:
    """Audit the example estate: a small AI platform with faults and with things done right.

    Beside its files a Docker host with two GPUs is judged as it was recorded, and a
    cluster together with the vCenter that its nodes run on.
    """
    from auditor.cli.scan import scan

    targets = [str(folder) for folder in example_folders()]
    click.echo(f"$ auditor scan {' '.join(targets)}", err=True)
    above = click.get_current_context().find_root()
    with scan.make_context("scan", ["--no-config", *targets], above) as context:
        result: object = scan.invoke(context)
    return result if isinstance(result, int) else 0


def example_folders() -> tuple[Path, ...]:
    """The examples, in a wheel or in the checkout.

    Raises:
        UsageError: they were not installed.
    """
    package = Path(auditor.__file__).parent
    for place in (package / "_examples", package.parent / "examples"):
        found = tuple(place / name for name in EXAMPLES)
        if all(folder.is_dir() for folder in found):
            return found
    raise UsageError("the examples are not installed", hint="install the wheel, or a checkout")
