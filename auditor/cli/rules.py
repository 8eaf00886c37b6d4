"""``auditor rules list|test``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.explain import find_rule
from auditor.cli.options import (
    chosen_by,
    folders,
    load_policy,
    policies_option,
    profile_option,
    set_option,
)
from auditor.cli.prose import prose
from auditor.errors import PolicyError, PolicyErrors, UsageError
from auditor.model.policy import Rule
from auditor.policy import PolicySet, load, policy_files, resolve
from auditor.policy.names import controls_by_rule

if TYPE_CHECKING:
    from auditor.engine.selftest import RuleTest


@click.group()
@prose
def rules() -> None:
    r"""Show the rules, and test rules that you write.

    \b
    auditor rules list --tag gpu
    auditor rules test ./policies
    """


@rules.command("list", epilog="Example: auditor rules list --profile ai-platform --tag gpu")
@policies_option
@click.option("--profile", metavar="ID", help="Only the rules of a profile.")
@click.option("--tag", metavar="TAG", help="Only the rules with a tag.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_rules(
    policies: tuple[Path, ...], profile: str | None, tag: str | None, *, as_json: bool
) -> None:
    """List the rules: severity, id, title and tags, the worst first."""
    policy = load_policy(policies)
    chosen = [rule for rule in _of_profile(policy, profile) if tag is None or tag in rule.tags]
    if tag is not None and not chosen:
        tags = sorted({name for rule in policy.rules.values() for name in rule.tags})
        raise UsageError(f"no rule has the tag {tag}", hint=f"tags: {', '.join(tags)}")
    ordered = sorted(chosen, key=lambda rule: (-rule.severity.rank, rule.id))
    if as_json:
        named = controls_by_rule(policy.controls)
        records = [_record(rule, named.get(rule.id, [])) for rule in ordered]
        click.echo(json.dumps(records, indent=2))
        return
    width = max(len(rule.id) for rule in ordered)
    for rule in ordered:
        shown = f"  [{', '.join(rule.tags)}]" if rule.tags else ""
        click.echo(f"{rule.severity.value:<9} {rule.id:<{width}}  {rule.title}{shown}")


def _of_profile(policy: PolicySet, profile: str | None) -> Iterable[Rule]:
    if profile is None:
        return policy.rules.values()
    return [chosen.rule for chosen in resolve(policy, profile, {}).rules]


def _record(rule: Rule, controls: list[str]) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "applies-to": rule.applies_to,
        "tags": rule.tags,
        "controls": controls,
        "aliases": rule.aliases,
    }


@rules.command("test", epilog="Example: auditor rules test ./policies")
@click.argument("what", nargs=-1, metavar="[DIR] [RULE]...")
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@prose
def test(what: tuple[str, ...], policies: tuple[Path, ...], *, as_json: bool) -> int:
    r"""Run the examples of rules, and change their conditions in every way a slip could.

    A change that no example notices is a mistake that nobody would notice: it is named, and the
    exit code is 1. Tested are the rules in DIR, the RULEs by name, or all that come with the
    program.

    \b
    auditor rules test                          what comes with the program
    auditor rules test ./policies               what is in ./policies/rules
    auditor rules test k8s-container-privileged one rule
    auditor rules test --policies ./policies acme-image-from-elsewhere
    """
    from auditor.cli.wiring import wired
    from auditor.engine.selftest import check_rule

    tested = _rules_of(what, policies)
    results: list[RuleTest] = []
    errors: list[PolicyError] = []
    for rule in tested:
        try:
            results.append(check_rule(rule, wired().platforms))
        except PolicyErrors as error:
            errors += error.errors
    if errors:
        raise PolicyErrors(tuple(errors))
    problems = [problem for result in results for problem in result.problems]
    if as_json:
        click.echo(json.dumps([_outcome(str(p.location), p.rule, p.message) for p in problems]))
    else:
        for problem in problems:
            click.echo(f"{problem.location}: {problem.rule}: {problem.message}")
    examples = sum(result.examples for result in results)
    mutants = sum(result.mutants for result in results)
    verdict = "fail" if problems else "pass"
    click.echo(
        f"RESULT {verdict} rules={len(results)} examples={examples} mutants={mutants} "
        f"problems={len(problems)}",
        err=as_json,
    )
    return 1 if problems else 0


@rules.command("export", epilog="Example: auditor rules export k8s-container-privileged")
@click.argument("name", metavar="RULE")
@profile_option
@set_option
@policies_option
@click.option(
    "--action",
    type=click.Choice(["Deny", "Warn", "Audit"]),
    default="Deny",
    show_default=True,
    help="What the API server does with an object that fails.",
)
@prose
def export(
    name: str, profile: str, settings: tuple[str, ...], policies: tuple[Path, ...], action: str
) -> None:
    r"""Print RULE as a ValidatingAdmissionPolicy with its binding, ready to apply.

    The API server then decides as a scan does, when an object is made or changed: what fails is
    refused, and so is what can't be decided. A rule about pods is asked of pods. A rule that rests
    on several objects, or on what only a scan knows, is refused with the reason.

    \b
    auditor rules export k8s-container-privileged | kubectl apply -f -
    auditor rules export k8s-image-tag-floating --action Warn
    """
    import yaml

    from auditor.cli.wires.resources import api_resource_of
    from auditor.exports.admission import export as exported
    from auditor.exports.lists import lists_of
    from auditor.runner.job import compiled_profile

    policy = load_policy(policies)
    rule = find_rule(policy.rules, name)
    compiled = compiled_profile(chosen_by(policies, profile, settings, None))
    active = next((each for each in compiled.rules if each.rule.id == rule.id), None)
    if active is None:
        raise UsageError(
            f"{rule.id} is not in the profile {profile}", hint="auditor profiles list names others"
        )
    found = exported(active, api_resource_of, lists_of, action)
    click.echo(f"# {rule.title}. Needs Kubernetes {found.since}.")
    click.echo(yaml.safe_dump_all([found.policy, found.binding], sort_keys=False), nl=False)


def _outcome(place: str, rule: str, message: str) -> dict[str, str]:
    return {"place": place, "rule": rule, "message": message}


def _rules_of(what: tuple[str, ...], policies: tuple[Path, ...]) -> list[Rule]:
    """The rules to test: those that are named, those of the folders that are named, or all.

    Raises:
        UsageError: no such folder or rule, or a folder without rules.
    """
    from auditor.cli.wiring import wired

    named = [Path(text) for text in what if "/" in text or Path(text).is_dir()]
    for folder in named:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder", hint="a folder with rules/ in it")
    policy = load(folders((*policies, *named)), platforms=wired().platforms)
    chosen = [find_rule(policy.rules, text) for text in what if Path(text) not in named]
    for folder in named:
        inside = {Path(name).stem for name in policy_files(folder) if name.startswith("rules/")}
        if not inside:
            raise UsageError(
                f"{folder}: no rules", hint="rules are the files rules/**/*.yaml in it"
            )
        chosen += [rule for name, rule in policy.rules.items() if name in inside]
    return chosen if what else list(policy.rules.values())
