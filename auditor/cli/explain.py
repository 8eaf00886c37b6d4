"""``auditor explain RULE``: everything a rule's author wrote, offline."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from auditor.cli.options import load_policy, policies_option
from auditor.cli.screen import style_of
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.model.enums import About, Basis
from auditor.model.policy import Control, Framework, Parameter, Rule
from auditor.policy import PolicySet, policies_folder
from auditor.policy.names import controls_by_rule
from reports.controls import UNREVIEWED, mark
from reports.style import Style

WIDEST = 100
"""Columns of prose: longer lines are hard to read."""


@click.command(epilog="Example: auditor explain k8s-container-privileged")
@click.argument("rule")
@policies_option
def explain(rule: str, policies: tuple[Path, ...]) -> None:
    """Say what RULE checks, why, and how to fix it, with references.

    RULE may also be a topic: gpu-tenancy says what the words about GPUs mean.
    """
    style = style_of(sys.stdout, read_config(), plain=False, colour="auto")
    topic = topics().get(rule)
    if topic is not None:
        for line in topic_page(topic.read_text("utf-8"), style):
            click.echo(line)
        return
    policy = load_policy(policies)
    found = find_rule(policy.rules, rule)
    for line in page(found, policy, style):
        click.echo(line)


def topics() -> dict[str, Path]:
    """Find the pages that explain more than one rule, by their names."""
    return {path.stem: path for path in sorted((policies_folder() / "topics").glob("*.md"))}


def topic_page(text: str, style: Style) -> Iterator[str]:
    """Lay a topic out in lines: headings, paragraphs, and what is indented as it stands."""
    from reports.remedy import paragraphs
    from reports.text import wrap

    width = min(style.width or WIDEST, WIDEST)
    for code, part in paragraphs(text):
        if code:
            yield from (f"    {line}".rstrip() for line in part.splitlines())
        elif part.startswith("#"):
            yield style.paint(part.lstrip("# "), "bold")
        else:
            yield from wrap(part, width, "  ")
        yield ""


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


def page(rule: Rule, policy: PolicySet, style: Style) -> Iterator[str]:
    """Explain a rule in lines, at most :data:`WIDEST` columns of prose; its controls by title."""
    from reports.remedy import paragraphs
    from reports.text import safe, wrap

    width = min(style.width or WIDEST, WIDEST)

    def block(title: str, lines: Iterable[str]) -> Iterator[str]:
        yield ""
        yield style.paint(title, "bold")
        for line in lines:
            indent = " " * (len(line) - len(line.lstrip()) + 2)
            yield from wrap(safe(line.strip()), style.width, indent)

    def prose(title: str, text: str) -> Iterator[str]:
        yield ""
        yield style.paint(title, "bold")
        for number, (code, part) in enumerate(paragraphs(text)):
            if number:
                yield ""
            if code:
                for line in part.splitlines():
                    yield f"      {safe(line)}".rstrip()
            else:
                yield from wrap(safe(part), width, "  ")

    yield style.paint(rule.id, "bold")
    yield from wrap(safe(rule.title), width, "")
    facts = f"severity {rule.severity.value}, confidence {rule.confidence.value}"
    yield from wrap(f"{facts}, applies to {', '.join(rule.applies_to)}", width, "")
    yield from prose("Why it matters", rule.rationale)
    yield from prose("How to fix it", rule.remediation)
    yield from block("The condition (CEL; true passes)", _condition(rule))
    if rule.about.of_files:
        kept = " What comes on standard input is in no file." if rule.about is About.COMMITS else ""
        yield from prose("About files", f"No live target is read for it.{kept}")
    if rule.needs:
        yield from block("Unknown, unless all of these were read", rule.needs)
    if rule.parameters:
        yield from block("Parameters (--set NAME=VALUE)", map(_parameter, rule.parameters))
    for title, lines in _controls(rule, policy):
        yield from block(title, lines)
    yield from block("Examples", [f"{item.expect.value:<16}{item.name}" for item in rule.examples])
    yield ""
    yield style.paint("References", "bold")
    yield from (f"  {safe(link)}" for link in rule.references)  # on one line: to be copied


def _controls(rule: Rule, policy: PolicySet) -> Iterator[tuple[str, Iterable[str]]]:
    """The controls that a rule speaks to, by title, or in few words those of long lists."""
    titles, others = [], dict[str, list[str]]()
    by_rule = controls_by_rule(policy.controls)
    for name in (*rule.controls, *by_rule.get(rule.id, ())):
        control = policy.controls[name]
        framework = policy.frameworks[control.framework]
        if framework.selected_only and framework.mapping is Basis.SUPPORTS:
            others.setdefault(control.framework, []).append(control.id)
        else:
            titles.append(f"{name}  {control.title}{_mark(framework, control)}")
    once = [
        f"{name}  {', '.join(dict.fromkeys(ids))}{_mark(policy.frameworks[name])}"
        for name, ids in others.items()
    ]
    if titles:
        yield "Controls", dict.fromkeys(titles)
    if once:
        yield "Controls of frameworks that profiles ask for", once


def _mark(framework: Framework, control: Control | None = None) -> str:
    """Whose mapping it is, and whether anybody has reviewed it; "" for the framework's own."""
    words = mark(framework)
    if control is not None and control.unreviewed and not framework.unreviewed:
        words = f"{words}, {UNREVIEWED}" if words else UNREVIEWED
    return f" ({words})" if words else ""


def _parameter(parameter: Parameter) -> str:
    allowed = f", one of {', '.join(parameter.choices)}" if parameter.choices else ""
    what = f"{parameter.type}, default {json.dumps(parameter.default)}{allowed}"
    return f"{parameter.name} ({what}): {parameter.description}"


def _condition(rule: Rule) -> Iterator[str]:
    if rule.when is not None:
        yield f"when {rule.when.source.strip()}"
    if rule.each is not None:
        yield f"for each item of {rule.each.source.strip()}"
    yield from rule.check.source.strip().splitlines()
