"""The options that have charts and kustomizations rendered; nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from auditor.cli.wiring import wired
from auditor.config import Config
from auditor.errors import UsageError
from auditor.ports import Collector, Live

Command = TypeVar("Command", bound=Callable[..., object])
NAMES: Final = ("render", "values", "kustomize", "helm")


def render_options(function: Command) -> Command:
    """``--render``, and what goes with it."""
    options = (
        click.option(
            "--render",
            is_flag=True,
            help="Render charts and kustomizations of folders by kustomize or kubectl, and helm: "
            "local programs, without network.",
        ),
        click.option(
            "--values",
            metavar="FILE",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Values for every chart that is rendered. Repeatable.",
        ),
        click.option(
            "--kustomize",
            metavar="PROGRAM",
            default="",
            help="The program that builds kustomizations.  [default: kustomize, or kubectl]",
        ),
        click.option(
            "--helm",
            metavar="PROGRAM",
            default="",
            help="The program that renders charts.  [default: helm]",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def rendered(
    found: Sequence[Collector | Live], chosen: Mapping[str, Any], config: Config, scratch: Path
) -> list[Collector | Live]:
    """Render what has to be of the targets, where that was asked for.

    Raises:
        CollectionError: a whole target can't be read.
        UsageError: an option without ``--render``, a program or a file that is not there.
    """
    refuse_alone(chosen)
    if not chosen["render"]:
        return list(found)
    programs = {name: chosen[name] for name in ("kustomize", "helm", "values")}
    return [wired().rendered(each, config.path, scratch, programs) for each in found]


def refuse_alone(chosen: Mapping[str, Any]) -> None:
    """Stop at what only means something with ``--render``.

    Raises:
        UsageError: an option was given without it.
    """
    more = [f"--{name}" for name in NAMES[1:] if chosen[name]]
    if more and not chosen["render"]:
        raise UsageError(f"{more[0]} needs --render", hint=f"--render {more[0]} …")
