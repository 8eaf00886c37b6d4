"""``auditor explain RULE``: everything a rule's author wrote, offline."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from auditor.cli.options import folders, policies_option
from auditor.cli.screen import Screen, screen_of
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.model.policy import Rule
from auditor.policy import load


@click.command(epilog="Example: auditor explain k8s-container-privileged")
@click.argument("rule")
@policies_option
def explain(rule: str, policies: tuple[Path, ...]) -> None:
    """Say what RULE checks, why, and how to fix it, with references."""
    policy = load(folders(policies))
    found = find_rule(policy.rules, rule)
    screen = screen_of(sys.stdout, read_config(), plain=False, colour="auto")
    for line in page(found, screen):
        click.echo(line)


def find_rule(rules: Mapping[str, Rule], name: str) -> Rule:
    """A rule by its id or a former id.

    Raises:
        UsageError: there is none, with the nearest id as a hint.
    """
    if name in rules:
        return rules[name]
    for rule in rules.values():
        if name in rule.aliases:
            return rule
    close = difflib.get_close_matches(name, rules, 1)
    hint = f"did you mean {close[0]}?" if close else "auditor rules list"
    raise UsageError(f"no rule is called {name}", hint=hint)


def page(rule: Rule, screen: Screen) -> Iterator[str]:
    """The explanation of a rule as lines."""
    from reports.terminal import Style
    from reports.text import safe, wrap

    style = Style(width=screen.width, colour=screen.colour, plain=screen.plain)

    def block(title: str, body: str) -> Iterator[str]:
        yield ""
        yield style.paint(title, "bold")
        for line in body.rstrip().splitlines():
            indent = " " * (len(line) - len(line.lstrip()) + 2)
            yield from wrap(safe(line.strip()), style.width, indent)

    yield style.paint(rule.id, "bold")
    yield from wrap(safe(rule.title), style.width, "")
    yield from wrap(
        f"severity {rule.severity.value}, confidence {rule.confidence.value}, "
        f"applies to {', '.join(rule.applies_to)}",
        style.width,
        "",
    )
    yield from block("Why it matters", rule.rationale)
    yield from block("How to fix it", rule.remediation)
    condition = rule.check.source
    if rule.each is not None:
        condition = f"for each item of {rule.each.source}:\n{condition}"
    if rule.when is not None:
        condition = f"when {rule.when.source}\n{condition}"
    yield from block("The condition (CEL; true passes)", condition)
    if rule.needs:
        yield from block("Needs to have read", "\n".join(rule.needs))
    if rule.parameters:
        rows = [
            f"{item.name} ({item.type}, default {item.default}): {item.description}"
            for item in rule.parameters
        ]
        yield from block("Parameters", "\n".join(rows))
    if rule.controls:
        yield from block("Controls", "\n".join(rule.controls))
    yield from block("References", "\n".join(rule.references))
