"""``auditor profiles list|show``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from auditor.cli.control_counts import counted
from auditor.cli.explain import WIDEST
from auditor.cli.options import load_policy, parse_settings, policies_option, set_option
from auditor.cli.prose import prose
from auditor.engine.reasons import NOBODY
from auditor.policy import PolicySet, resolve
from auditor.policy.read_profile import LONGEST_WAIVER
from reports.text import wrap


@click.group(short_help="Show the profiles and what they resolve to.")
@prose
def profiles() -> None:
    r"""Show the profiles: which rules they take, with what parameters and gate.

    \b
    Examples:
      auditor profiles list
      auditor profiles show pod-security-restricted --set version=1.30
    """


@profiles.command("list", epilog="Example: auditor profiles list")
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_profiles(policies: tuple[Path, ...], *, as_json: bool) -> None:
    """List the profiles."""
    policy = load_policy(policies)
    rows = [_row(policy, name) for name in sorted(policy.profiles)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    width = max(len(str(row["id"])) for row in rows)
    for row in rows:
        start = f"{row['id']:<{width}}  {row['rules']:>3} rules  gate {row['gate']:<8}"
        click.echo(f"{start}  {row['title']}{_told(row['controls'])}")


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
        + (", unreviewed" if each["unreviewed"] else "")
        for each in controls.values()
    ]
    return f" ({'; '.join(parts)})" if parts else ""


@profiles.command("show", epilog="Example: auditor profiles show ai-platform")
@click.argument("profile", metavar="PROFILE")
@set_option
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    profile: str, settings: tuple[str, ...], policies: tuple[Path, ...], *, as_json: bool
) -> None:
    """Show PROFILE as it resolves: rules, severities, parameters, gate."""
    policy = load_policy(policies)
    resolved = resolve(policy, profile, dict(parse_settings(settings)))
    found = counted(policy, resolved)
    ordered = sorted(resolved.rules, key=lambda rule: (-rule.severity.rank, rule.rule.id))
    if as_json:
        record = {
            "id": resolved.id,
            "title": resolved.title,
            "gate": resolved.gate,
            "waiver-days": resolved.waiver_days or LONGEST_WAIVER,
            "parameters": dict(resolved.parameters),
            "controls": {framework: each.record() for framework, each in found.items()},
            "open": [
                {
                    "control": f"{each.framework}:{each.id}",
                    "title": each.title,
                    "decided-by": each.decided_by,
                    "question": each.question,
                }
                for framework in found.values()
                for each in framework.left
            ],
            "not-covered": [
                {
                    "control": f"{each.framework}:{each.id}",
                    "title": each.title,
                    "why": each.left_out or NOBODY,
                }
                for framework in found.values()
                for each in framework.uncovered
            ],
            "rules": [
                {"id": rule.rule.id, "severity": rule.severity.value, "title": rule.rule.title}
                for rule in ordered
            ],
        }
        click.echo(json.dumps(record, indent=2))
        return
    width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
    click.echo(f"{resolved.id}: {resolved.title}")
    for line in wrap(policy.profiles[resolved.id].description.strip(), width, ""):
        click.echo(line)
    click.echo(f"\ngate: {resolved.gate}")
    if resolved.waiver_days:
        click.echo(f"waivers: {resolved.waiver_days} days at most")
    for name, value in resolved.parameters.items():
        click.echo(f"parameter: {name} = {json.dumps(value)}")
    for framework, each in found.items():
        click.echo(f"controls: {framework} {each.words()}")
    click.echo("")
    longest = max((len(rule.rule.id) for rule in ordered), default=0)
    for rule in ordered:
        click.echo(f"{rule.severity.value:<9} {rule.rule.id:<{longest}}  {rule.rule.title}")
