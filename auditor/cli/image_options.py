"""The options that have images scanned; nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from auditor.cli.wires.live import scanner
from auditor.config import Config
from auditor.errors import UsageError
from auditor.policy.cachefile import CacheFolder
from auditor.ports import Collector, Live
from auditor.runner.job import Prepared

Command = TypeVar("Command", bound=Callable[..., object])
NAMES: Final = ("images", "trivy", "trivy_digest", "trivy_cache", "offline")
_CACHE: Final = "trivy"


def image_options(function: Command) -> Command:
    """``--images``, and what goes with it."""
    options = (
        click.option(
            "--images",
            is_flag=True,
            help="Scan every image that the targets use, once, by the Trivy that is installed.",
        ),
        click.option(
            "--trivy",
            metavar="PROGRAM",
            default="",
            help="The program that scans.  [default: AUDITOR_TRIVY, or trivy]",
        ),
        click.option(
            "--trivy-digest",
            metavar="sha256:HEX",
            default="",
            help="Run no program that has another digest.",
        ),
        click.option(
            "--trivy-cache",
            metavar="DIR",
            type=click.Path(path_type=Path),
            help="The folder with its database.  [default: one of our own]",
        ),
        click.option(
            "--offline", is_flag=True, help="Let Trivy download no database: it has to be there."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def scanning(
    chosen: Mapping[str, Any],
    config: Config,
    kept: CacheFolder | None,
    ready: Callable[[], Prepared],
    clock: Callable[[], str],
) -> Callable[[Sequence[Collector]], Live | None] | None:
    """Make what finds the images of targets that were read, and the target that scans them.

    None where nobody asked for it; ``kept`` is the folder of what earlier runs found.

    Raises:
        UsageError: an option without ``--images``, or there is no folder for a database.
    """
    more = [f"--{name.replace('_', '-')}" for name in NAMES[1:] if chosen[name]]
    if not chosen["images"]:
        if more:
            raise UsageError(f"{more[0]} needs --images", hint=f"--images {more[0]} …")
        return None
    cache = chosen["trivy_cache"] or (config.cache and config.cache / _CACHE)
    if cache is None:
        raise UsageError("there is no home to keep a database in", hint="--trivy-cache DIR")
    named = {
        "program": chosen["trivy"] or config.trivy,
        "digest": chosen["trivy_digest"],
        "cache": cache.absolute(),
        "offline": chosen["offline"],
        "path": config.path,
        "variables": config.pulling,
    }

    def target(collectors: Sequence[Collector]) -> Live | None:
        from auditor.runner.used_images import images_used

        found = images_used(collectors, ready().analyses.of_objects)
        memory = kept.below("images") if kept is not None else None
        users = [each.target.uri for each in collectors]
        return scanner(users, found, clock, memory, named) if found else None

    return target
