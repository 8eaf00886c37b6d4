"""``auditor demo``: the main job on the estate that comes with the program, and on its GPU host."""

from __future__ import annotations

from pathlib import Path

import click

import auditor
from auditor.errors import UsageError


@click.command(epilog="Example: auditor demo", short_help="Audit the example estate.")
def demo() -> int:
    """Audit the example estate: a small AI platform with faults and with things done right.

    Beside its files a Docker host with two GPUs is judged, as it was recorded.
    """
    from auditor.cli.scan import scan

    targets = [str(folder) for folder in example_folders()]
    click.echo(f"$ auditor scan {' '.join(targets)}", err=True)
    with scan.make_context("auditor scan", targets) as context:
        result: object = scan.invoke(context)
    return result if isinstance(result, int) else 0


def example_folders() -> tuple[Path, ...]:
    """The estate and its host, in a wheel, or in the checkout.

    Raises:
        UsageError: they were not installed.
    """
    package = Path(auditor.__file__).parent
    for place in (package / "_examples", package.parent / "examples"):
        found = tuple(place / name for name in ("estate", "gpu-host"))
        if all(folder.is_dir() for folder in found):
            return found
    raise UsageError("the example estate is not installed", hint="install the wheel, or a checkout")
