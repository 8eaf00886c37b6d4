"""``auditor config show|schema``: what a scan would go by, and where each value is from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from auditor.cli.configured import KEYS, Used, applied
from auditor.cli.prose import prose
from auditor.configuration.finding import NAME
from auditor.policy import policies_folder
from auditor.runner.gather import MAX_PARALLEL_TARGETS
from reports.text import safe

SCHEMA = "schema/configuration.v1.schema.json"
_DEFAULTS: Final = {
    "fail-on": "the gate of the profile",
    "kubeconfig": "KUBECONFIG, or ~/.kube/config",
    "timeout": "900",
    "parallel": str(MAX_PARALLEL_TARGETS),
}
"""What counts where nobody says anything."""


@click.group(short_help="Say what a scan goes by, and where each value is from.")
@prose
def config() -> None:
    r"""The configuration: auditor.yaml, which auditor scan goes by where no target is named.

    \b
    Examples:
      auditor init
      auditor config show
    """


@config.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True},
    short_help="Say what a scan would go by.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("scan_options", metavar="[TARGET|OPTION]...", nargs=-1, type=click.UNPROCESSED)
@prose
def show(scan_options: tuple[str, ...], *, as_json: bool) -> None:
    r"""Say each value that auditor scan, with these options, would go by, and where it is from.

    Nothing is read but the configuration.

    \b
    Examples:
      auditor config show
      auditor config show --config prod.yaml --fail-on critical
    """
    from auditor.cli.scan import scan

    above = click.get_current_context().find_root()
    with scan.make_context("scan", list(scan_options), above) as context:
        used = applied(context, dict(context.params), needed=False)
        values = {KEYS[name]: _value(used.given[name]) for name in KEYS}
        sources = {KEYS[name]: _source(context, used, name) for name in KEYS}
    if as_json:
        click.echo(json.dumps(_record(used, values, sources), indent=2))
        return
    for line in _table(used, values, sources):
        click.echo(safe(line))


@config.command(epilog="Example: auditor config schema > auditor.schema.json")
def schema() -> None:
    """Print the JSON schema of the configuration, for editors and other programs."""
    click.echo((policies_folder() / SCHEMA).read_text("utf-8"), nl=False)


def _value(value: Any) -> list[str] | str | float | None:
    if isinstance(value, tuple | list):
        return [str(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def _source(context: click.Context, used: Used, name: str) -> str:
    """Say where a value is from; parameters can be from two places."""
    place = used.sources.get(name, "")
    parameter = next(each for each in context.command.params if each.name == name)
    source = context.get_parameter_source(name)
    by_option = source is not None and source.name == "COMMANDLINE"
    option = parameter.opts[-1] if isinstance(parameter, click.Option) else "named"
    found = [*([option] if by_option else ()), *([place] if place else ())]
    return " and ".join(found) or "default"


def _record(
    used: Used, values: Mapping[str, object], sources: Mapping[str, str]
) -> dict[str, object]:
    file = used.file
    return {
        "configuration": file and {"file": file.file, "digest": file.digest},
        "values": {key: {"value": value, "from": sources[key]} for key, value in values.items()},
    }


def _table(used: Used, values: Mapping[str, object], sources: Mapping[str, str]) -> Iterator[str]:
    file = used.file
    if file is None:
        yield f"no {NAME}: not in {Path(os.curdir).resolve()}, nor above it in its repository"
    else:
        yield f"{file.file}  {file.digest}"
    yield ""
    shown = {key: _shown(value) or _DEFAULTS.get(key, "-") for key, value in values.items()}
    width = max(map(len, shown))
    for key, value in shown.items():
        yield f"{key:<{width}}  {value}  ({sources[key]})"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
