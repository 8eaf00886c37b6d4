"""``auditor init``: a configuration to begin with."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Final

import click

from auditor.cli.options import DEFAULT_PROFILE
from auditor.cli.prose import prose
from auditor.cli.wires.live import own_targets
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import read_config
from auditor.configuration.finding import NAME
from auditor.configuration.template import Seen, text_of
from auditor.errors import CollectionError, UsageError
from auditor.ports import Live
from auditor.runner.cleaning import CleanCollector
from reports.text import safe

MOST_FILES: Final = 1000
"""Files that are looked into: it is a proposal."""
MOST_KINDS: Final = 4


@click.command(short_help="Write a configuration, with what is seen here.")
@click.argument("place", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@prose
def init(place: Path | None) -> None:
    r"""Write FILE, auditor.yaml here by default: what auditor scan goes by without a target.

    It says what is seen in its folder, and as comments all else that can be said. A file that is
    there already is left as it is. Nothing is asked: no cluster, no engine.

    \b
    Examples:
      auditor init
      auditor config show
      auditor scan
    """
    path = place if place is not None else Path(NAME)
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint="create it first")
    text = text_of(_seen(folder), DEFAULT_PROFILE)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    except FileExistsError as error:
        hint = f"change it, or write another: auditor init OTHER; auditor scan --config {path}"
        raise UsageError(f"{path} is there already", hint=hint) from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="choose another place") from error
    with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(text)
    click.echo(safe(f"wrote {path}"))
    named = "" if path == Path(NAME) else f" --config {path}"
    click.echo(safe(f"next: auditor config show{named}, then auditor scan{named}"))


def _seen(folder: Path) -> Seen:
    config = read_config()
    live = own_targets(CollectorOptions.of(config, "", None))
    return Seen(
        here=_here(folder),
        live=tuple(live),
        waivers="waivers.yaml" if (folder / "waivers.yaml").is_file() else "",
        policies="policies/" if (folder / "policies" / "rules").is_dir() else "",
    )


def _here(folder: Path) -> str:
    """Say what a scan would find in a folder."""
    found = wired().collector_for(str(folder), CollectorOptions())
    if isinstance(found, Live):
        raise TypeError(folder)
    collector, kinds, files = CleanCollector(found), Counter[str](), 0
    try:
        shards = collector.plan(lambda _: 1).shards
    except CollectionError:
        shards = ()
    for reading in (each for shard in shards for each in collector.read(shard)):
        files += 1
        if files > MOST_FILES:
            break
        if hasattr(reading, "resources"):
            kinds.update(each.kind for each in reading.resources())
    if not kinds:
        return "nothing was seen that rules are about"
    first = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common(MOST_KINDS))
    more = len(kinds) - MOST_KINDS
    others = f" and {more} more kinds" if more > 0 else ""
    some = f", in the first {MOST_FILES} files" if files > MOST_FILES else ""
    return safe(f"{first}{others}{some}")
