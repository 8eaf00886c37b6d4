"""``auditor permissions``: the least role that a scan needs."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import (
    folders,
    parse_settings,
    policies_option,
    profile_option,
    set_option,
)
from auditor.cli.prose import prose
from auditor.cli.wiring import ROLES
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.ports import RolePlan
from auditor.runner.job import compiled_profile, rests_on


@click.command(short_help="Print the least role that a scan needs.")
@click.argument("platform", metavar="PLATFORM", type=click.Choice(list(ROLES)))
@profile_option
@set_option
@policies_option
@click.option(
    "--namespace",
    "namespaces",
    metavar="NAME",
    multiple=True,
    help="Limit it to a namespace, by a Role in place of a ClusterRole. Repeatable.",
)
@click.option(
    "--account",
    metavar="NAMESPACE/NAME",
    default="auditor/auditor",
    show_default=True,
    help="The service account that gets it.",
)
@prose
def permissions(
    platform: str,
    profile: str,
    settings: tuple[str, ...],
    policies: tuple[Path, ...],
    namespaces: tuple[str, ...],
    account: str,
) -> None:
    r"""Print the least role that reads what the rules of a profile rest on, ready to apply.

    \b
    Examples:
      auditor permissions k8s > role.yaml
      auditor permissions k8s --profile pod-security-restricted --namespace team-a
    """
    config = read_config()
    cache = config.cache / "policy" if config.cache is not None else None
    compiled = compiled_profile(folders(policies), profile, parse_settings(settings), cache)
    reasons: dict[str, list[str]] = {}
    for rule, sources in rests_on(compiled).items():
        for kind in sources.all:
            if kind.startswith(f"{platform}/"):
                reasons.setdefault(kind, []).append(rule)
    place, slash, name = account.partition("/")
    if not slash or not place or not name:
        raise UsageError(f"--account {account}: no namespace", hint="NAMESPACE/NAME")
    plan = RolePlan(
        compiled.id,
        {kind: tuple(sorted(rules)) for kind, rules in reasons.items()},
        tuple(dict.fromkeys(namespaces)),
        (place, name),
    )
    for line in ROLES[platform](plan):
        click.echo(line)
