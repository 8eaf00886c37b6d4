"""The options that have images scanned; nothing else does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from auditor.cli.wires.live import scanner
from auditor.config import Config
from auditor.errors import UsageError
from auditor.late import late
from auditor.policy.cachefile import CacheFolder
from auditor.ports import Collector, Live
from auditor.runner.job import Prepared

Command = TypeVar("Command", bound=Callable[..., object])
NAMES: Final = ("images", "trivy", "trivy_digest", "trivy_cache", "offline")
_CACHE: Final = "trivy"
_DIGEST: Final = late(r"sha256:[0-9a-f]{64}", re.ASCII)


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
            help="The program that scans.  [default: AUDITOR_TRIVY, or trivy]",
        ),
        click.option(
            "--trivy-digest",
            metavar="sha256:HEX",
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
        UsageError: an option without ``--images``, or one that names nothing, or there is no folder
            for a database.
    """
    more = [
        f"--{name.replace('_', '-')}" for name in NAMES[1:] if chosen[name] not in {None, False}
    ]
    if not chosen["images"]:
        if more:
            raise UsageError(f"{more[0]} needs --images", hint=f"--images {more[0]} …")
        return None
    _check(chosen["trivy"], chosen["trivy_digest"])
    cache = chosen["trivy_cache"] or (config.cache and config.cache / _CACHE)
    if cache is None:
        raise UsageError("there is no home to keep a database in", hint="--trivy-cache DIR")
    named = {
        "program": chosen["trivy"] or config.trivy,
        "digest": chosen["trivy_digest"] or "",
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
        tables = ready().profile.tables
        return scanner(users, found, clock, memory, named, tables) if found else None

    return target


def _check(program: str | None, digest: str | None) -> None:
    """See that a program and a digest that are named can be some, before anything is read."""
    if program is not None and not program.strip():
        raise UsageError("--trivy names no program", hint="--trivy PROGRAM, or leave it out")
    if digest is not None and not _DIGEST.fullmatch(digest):
        hint = "--trivy-digest sha256: and what sha256sum says of the program"
        raise UsageError(f"--trivy-digest {digest[:80]!r} is no digest", hint=hint)
