"""``auditor history import``: bundles into a history, each verified before it counts."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.believed import believed, trust_options, trusted
from auditor.cli.errors import show_error
from auditor.cli.exits import exit_code_of
from auditor.cli.places import PLACE, Place, expanded
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.wiring import wired
from auditor.config import read_config
from auditor.errors import AuditorError
from auditor.evidence.trust import Trust
from auditor.history.reading import run_of
from auditor.history.store import History
from auditor.model.history import RunSeen
from reports.text import safe

_FILE = click.Path(path_type=Path)


@click.group(short_help="Keep what bundles say, run by run, in a database.")
@prose
def history() -> None:
    r"""A history of runs: one file (SQLite) that auditor trend reads.

    It holds what bundles say of each finding, and is no evidence itself: keep the bundles.

    \b
    Example:
      auditor history import evidence/*.zip --to history.db --key ci.pub
    """


@history.command("import")
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=PLACE)
@click.option(
    "--to",
    "place",
    metavar="FILE",
    required=True,
    type=_FILE,
    help="The history; it is made where there is none.",
)
@trust_options
@prose
def import_bundles(
    bundles: tuple[Place, ...], place: Path, key: Path | None, trust: Path | None
) -> int:
    r"""Add the runs in BUNDLEs to a history. Each is verified first: what is not whole is left out.

    The same bundle twice changes nothing, and neither does the order. Old ones are as good as new
    ones: a greatest age in the trust file is not asked for. Where nobody that you trust stands for
    a bundle, that is said here and in every trend.

    \b
    Examples:
      auditor history import audit.zip --to history.db
      auditor history import evidence/*.zip --to history.db --trust trust.yaml

    \b
    Exit codes:
      0  all are in it   2  no such bundle, or no history can be written there
      4  one does not verify: the others are in it
    """
    whom = trusted(key, trust)
    code = 0
    with History.opened(place, write=True) as kept:
        for bundle in expanded(bundles):
            try:
                run = _run_of(bundle, whom)
            except AuditorError as error:
                show_error(error)
                code = max(code, exit_code_of(error))
                continue
            said = "added" if kept.add(run) else "known"
            stands = f"key {run.key}" if run.key else "nobody stands for it (--key, --trust)"
            click.echo(safe(f"{said}  {bundle}  {run.finished}  {run.judging.profile}  {stands}"))
    return code


def _run_of(bundle: Place, whom: Trust | None) -> RunSeen:
    with Scratch(read_config().temporary) as scratch:
        found = believed(bundle, whom, scratch)
        results = found.results(scratch)
        return run_of(results, found.digest, found.key, wired().platforms.has)
