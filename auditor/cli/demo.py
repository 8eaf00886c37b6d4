"""``auditor demo``: the main job on the estate that comes with the program."""

from __future__ import annotations

from pathlib import Path

import click

import auditor
from auditor.errors import UsageError


@click.command(epilog="Example: auditor demo", short_help="Audit the example estate.")
def demo() -> int:
    """Audit the example estate: a small AI platform with faults and with things done right."""
    from auditor.cli.scan import scan

    estate = estate_folder()
    click.echo(f"$ auditor scan {estate}", err=True)
    with scan.make_context("auditor scan", [str(estate)]) as context:
        result: object = scan.invoke(context)
    return result if isinstance(result, int) else 0


def estate_folder() -> Path:
    """The estate in a wheel, or in the checkout.

    Raises:
        UsageError: it was not installed.
    """
    package = Path(auditor.__file__).parent
    for folder in (package / "_examples" / "estate", package.parent / "examples" / "estate"):
        if folder.is_dir():
            return folder
    raise UsageError("the example estate is not installed", hint="install the wheel, or a checkout")
