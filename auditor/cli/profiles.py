"""``auditor profiles list|show``."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import click
import msgspec

from auditor.cli.explain import WIDEST
from auditor.cli.options import load_policy, parse_settings, policies_option, set_option
from auditor.cli.prose import prose
from auditor.model.policy import Control
from auditor.platforms import PLATFORMS
from auditor.policy import PolicySet, ResolvedProfile, resolve
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
    counted = _controls(policy, resolved)
    ordered = sorted(resolved.rules, key=lambda rule: (-rule.severity.rank, rule.rule.id))
    if as_json:
        record = {
            "id": resolved.id,
            "title": resolved.title,
            "gate": resolved.gate,
            "waiver-days": resolved.waiver_days or LONGEST_WAIVER,
            "parameters": dict(resolved.parameters),
            "controls": {
                framework: {
                    "assessed": found.assessed,
                    "of-files": found.of_files,
                    "all": found.total,
                }
                for framework, found in counted.items()
            },
            "open": [
                {
                    "control": f"{each.framework}:{each.id}",
                    "title": each.title,
                    "decided-by": each.decided_by,
                    "question": each.question,
                }
                for found in counted.values()
                for each in found.left
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
    for framework, found in counted.items():
        by = Counter(each.decided_by.value for each in found.left if each.decided_by is not None)
        rest = ", ".join(f"{name} {by[name]}" for name in sorted(by))
        left = f" (decided by others: {rest})" if rest else ""
        files = f", {found.of_files} of them by files alone" if found.of_files else ""
        click.echo(f"controls: {framework} {found.assessed} of {found.total}{files}{left}")
    click.echo("")
    longest = max((len(rule.rule.id) for rule in ordered), default=0)
    for rule in ordered:
        click.echo(f"{rule.severity.value:<9} {rule.rule.id:<{longest}}  {rule.rule.title}")


class _Count(msgspec.Struct, frozen=True):
    """How many controls a framework has, and how many of them a rule of the profile checks.

    ``of_files`` are those among them of which no live target tells: what decides them is given as a
    file. ``left`` are those that no rule checks and something else would decide; of a framework of
    which the profile checks nothing there are none.
    """

    assessed: int
    of_files: int
    total: int
    left: tuple[Control, ...]


def _controls(policy: PolicySet, resolved: ResolvedProfile) -> dict[str, _Count]:
    """Count the controls of each framework."""
    rules = {chosen.rule.id for chosen in resolved.rules}
    by_framework: dict[str, list[Control]] = {
        name: [] for name in policy.frameworks if name not in resolved.left_out
    }
    for control in policy.controls.values():
        if control.framework in by_framework:
            by_framework[control.framework].append(control)
    found = {}
    for name, controls in by_framework.items():
        missed = [each for each in controls if rules.isdisjoint(each.rules)]
        assessed = len(controls) - len(missed)
        left = tuple(each for each in missed if each.decided_by is not None and assessed)
        checked = [each for each in controls if each not in missed]
        of_files = sum(_is_of_files(policy, rules, each) for each in checked)
        found[name] = _Count(assessed, of_files, len(controls), left)
    return found


def _is_of_files(policy: PolicySet, rules: Collection[str], control: Control) -> bool:
    """Whether no live target has what the rules of a control are about."""
    written = frozenset(kind for each in PLATFORMS for kind in each.written)
    kinds = (policy.rules[each].applies_to for each in control.rules if each in rules)
    return all(written.issuperset(each) for each in kinds)
