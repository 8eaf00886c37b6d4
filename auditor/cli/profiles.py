"""``auditor profiles list|show``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from auditor.cli.control_counts import counted
from auditor.cli.options import load_policy, parse_settings, policies_option, set_option
from auditor.cli.profile_page import page, record
from auditor.cli.prose import prose
from auditor.policy import PolicySet, resolve
from reports.text import safe, wrap

_UNBROKEN: Final = 10_000


@click.group(short_help="Show the profiles and what they resolve to.")
@prose
def profiles() -> None:
    r"""Show the profiles: which rules they take, and which controls these decide.

    \b
    Examples:
      auditor profiles list
      auditor profiles show nist-800-53
      auditor profiles show pod-security-restricted --set version=1.30
    """


@profiles.command("list", epilog="Example: auditor profiles list")
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_profiles(policies: tuple[Path, ...], *, as_json: bool) -> None:
    """List the profiles: their rules, their gate, and of their framework how much rules decide."""
    policy = load_policy(policies)
    rows = [_row(policy, name) for name in sorted(policy.profiles)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    room = max(len(str(row["id"])) for row in rows)
    for row in rows:
        start = f"{row['id']:<{room}}  {row['rules']:>3} rules  gate {row['gate']:<8}  "
        text = f"{row['title']}{_told(row['controls'])}"
        lines = [f"{start}{text}"]
        if len(lines[0]) > _width():
            lines = [start.rstrip(), *wrap(text, _width(), "  ")]
        for line in lines:
            click.echo(safe(line))


def _width() -> int:
    """Columns of the screen; where there is none, no line is broken."""
    return shutil.get_terminal_size((_UNBROKEN, 40)).columns


def _row(policy: PolicySet, name: str) -> dict[str, Any]:
    resolved = resolve(policy, name, {})
    found = counted(policy, resolved)
    return {
        "id": name,
        "rules": len(resolved.rules),
        "gate": resolved.gate,
        "title": policy.profiles[name].title,
        "controls": {each: found[each].record() for each in sorted(resolved.asked)},
    }


def _told(controls: Mapping[str, Mapping[str, Any]]) -> str:
    """The controls of the frameworks that a profile asks for, in a few words."""
    parts = [
        f"{each['assessed']} of {each['of-the-framework']:,} controls"
        + (f" of {name}" if len(controls) > 1 else "")
        + (", unreviewed" if each["unreviewed"] else "")
        for name, each in controls.items()
    ]
    return f" ({'; '.join(parts)})" if parts else ""


@profiles.command("show", epilog="Example: auditor profiles show nist-800-53")
@click.argument("profile", metavar="PROFILE")
@set_option
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    profile: str, settings: tuple[str, ...], policies: tuple[Path, ...], *, as_json: bool
) -> None:
    """Show PROFILE as it resolves: gate, parameters, controls, rules with their severities.

    Controls are counted by what a report shows: satisfied where their rules pass (supported,
    where the mapping is our own), for a person, not assessed by this profile, or not covered
    by this program. --json names those that no rule decides, with the question or the reason.
    """
    policy = load_policy(policies)
    resolved = resolve(policy, profile, dict(parse_settings(settings)))
    if as_json:
        click.echo(json.dumps(record(policy, resolved), indent=2))
        return
    for line in page(policy, resolved, _width()):
        click.echo(safe(line))
