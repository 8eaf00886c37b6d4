"""``auditor profiles list|show``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

from auditor.cli.explain import WIDEST
from auditor.cli.options import load_policy, parse_settings, policies_option, set_option
from auditor.cli.prose import prose
from auditor.policy import PolicySet, ResolvedProfile, resolve
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
    ordered = sorted(resolved.rules, key=lambda rule: (-rule.severity.rank, rule.rule.id))
    if as_json:
        record = {
            "id": resolved.id,
            "title": resolved.title,
            "gate": resolved.gate,
            "parameters": dict(resolved.parameters),
            "controls": {
                framework: {"assessed": assessed, "all": total}
                for framework, (assessed, total) in _controls(policy, resolved).items()
            },
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
    for name, value in resolved.parameters.items():
        click.echo(f"parameter: {name} = {json.dumps(value)}")
    for framework, (assessed, total) in _controls(policy, resolved).items():
        click.echo(f"controls: {framework} {assessed} of {total}")
    click.echo("")
    longest = max((len(rule.rule.id) for rule in ordered), default=0)
    for rule in ordered:
        click.echo(f"{rule.severity.value:<9} {rule.rule.id:<{longest}}  {rule.rule.title}")


def _controls(policy: PolicySet, resolved: ResolvedProfile) -> dict[str, tuple[int, int]]:
    """Count for each framework the controls that a rule of the profile checks, and all of them."""
    rules = {chosen.rule.id for chosen in resolved.rules}
    found = dict.fromkeys(policy.frameworks, (0, 0))
    for control in policy.controls.values():
        assessed, total = found[control.framework]
        found[control.framework] = (assessed + (not rules.isdisjoint(control.rules)), total + 1)
    return found
