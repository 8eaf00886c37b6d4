"""``auditor profiles list|show``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.cli.options import folders, parse_settings, policies_option, set_option
from auditor.policy import load, resolve


@click.group()
def profiles() -> None:
    """Show the profiles: which rules they take, with what parameters and gate."""


@profiles.command("list", epilog="Example: auditor profiles list")
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_profiles(policies: tuple[Path, ...], *, as_json: bool) -> None:
    """List the profiles."""
    policy = load(folders(policies))
    rows = []
    for name in sorted(policy.profiles):
        resolved = resolve(policy, name, {})
        rows.append((name, len(resolved.rules), resolved.gate, policy.profiles[name].title))
    if as_json:
        names = ("id", "rules", "gate", "title")
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    width = max(len(row[0]) for row in rows)
    for name, count, gate, title in rows:
        click.echo(f"{name:<{width}}  {count:>3} rules  gate {gate:<8}  {title}")


@profiles.command("show", epilog="Example: auditor profiles show ai-platform")
@click.argument("profile")
@set_option
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    profile: str, settings: tuple[str, ...], policies: tuple[Path, ...], *, as_json: bool
) -> None:
    """Show PROFILE as it resolves: rules, severities, parameters, gate."""
    policy = load(folders(policies))
    resolved = resolve(policy, profile, dict(parse_settings(settings)))
    ordered = sorted(resolved.rules, key=lambda rule: (-rule.severity.rank, rule.rule.id))
    if as_json:
        record = {
            "id": resolved.id,
            "title": resolved.title,
            "gate": resolved.gate,
            "parameters": dict(resolved.parameters),
            "rules": [
                {"id": rule.rule.id, "severity": rule.severity.value, "title": rule.rule.title}
                for rule in ordered
            ],
        }
        click.echo(json.dumps(record, indent=2))
        return
    click.echo(f"{resolved.id}: {resolved.title}")
    click.echo(policy.profiles[resolved.id].description.strip())
    click.echo(f"\ngate: {resolved.gate}")
    for name, value in resolved.parameters.items():
        click.echo(f"parameter: {name} = {json.dumps(value)}")
    click.echo("")
    for rule in ordered:
        click.echo(f"{rule.severity.value:<9} {rule.rule.id:<44} {rule.rule.title}")
