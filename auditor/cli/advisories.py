"""``auditor advisories``: which known faults of the stack versions are judged against."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from auditor.analysis.advisories.pack import CONDITIONS, TABLE
from auditor.cli.explain import WIDEST
from auditor.cli.options import load_policy, policies_option
from auditor.cli.prose import prose
from auditor.errors import UsageError
from auditor.policy.suggest import suggestion
from reports.text import wrap

_Row = Mapping[str, Any]


@click.command(
    short_help="List the known faults that versions are judged against.",
    epilog="Example: auditor advisories nvidia-driver runc",
)
@prose
@click.argument("components", metavar="[COMPONENT]...", nargs=-1)
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def advisories(components: tuple[str, ...], policies: tuple[Path, ...], *, as_json: bool) -> None:
    """List the advisories: known faults of drivers, toolkits, runtimes, servers, hypervisors.

    A scan compares them with the versions that it reads: node labels, tags of images, what an
    engine or a host says of itself. Add your own in DIR/tables/advisories.yaml.
    """
    rows = _chosen(load_policy(policies).tables.get(TABLE, ()), components)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
    for line in _lines(rows, width):
        click.echo(line)


def _chosen(rows: Sequence[_Row], components: Sequence[str]) -> list[_Row]:
    """Choose the rows of components, all where none is named, in the order of these.

    Raises:
        UsageError: nothing is known of a component.
    """
    known = sorted({row["component"] for row in rows})
    for each in components:
        if each not in known:
            hint = suggestion(each, known) or f"there are {', '.join(known)}"
            raise UsageError(f"no advisory is about {each!r}", hint=hint)
    chosen = [row for row in rows if not components or row["component"] in components]
    return sorted(chosen, key=lambda row: (row["component"], row.get("published", ""), row["id"]))


def _lines(rows: Sequence[_Row], width: int) -> Iterator[str]:
    component = ""
    for row in rows:
        if row["component"] != component:
            if component:
                yield ""
            component = row["component"]
            yield component
        yield f"  {row['id']:<15} {row['severity']:<8} {row.get('published', '')}".rstrip()
        yield from wrap(row["what"], width, "    ")
        yield from wrap(_affected(row), width, "    ")
        yield f"    {row['reference']}"
    names = len({row["id"] for row in rows})
    newest = max((row.get("published", "") for row in rows), default="")
    checked = min((row["as-of"] for row in rows), default="")
    yield ""
    yield from wrap(
        f"{names} advisories, the newest of {newest}; all as their sources had them on {checked} "
        "or later.",
        width,
        "",
    )


def _affected(row: _Row) -> str:
    """Say which versions have the fault, and under which condition."""
    if "branches" in row:
        mended = ", ".join(row["branches"].values())
        text = f"Mended in {mended}; of other branches before these nothing is known."
    else:
        text = f"Affected: {'; '.join(map(_range, row['ranges']))}."
    for word, name in (("when", "when"), ("unless", "unless")):
        if name in row:
            condition = CONDITIONS[row[name]].removeprefix("whether ")
            text += f" Only {word} {condition}." if word == "when" else f" Not when {condition}."
    return text


def _range(found: Mapping[str, str]) -> str:
    start = f"{found['from']} or later, " if "from" in found else ""
    return f"{start}before {found['before']}"
