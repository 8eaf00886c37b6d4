"""docs/rules: a page a rule and an index, from the same files that the program loads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import yaml

from auditor.model.enums import About, Basis, Verdict
from auditor.model.policy import Example, Expression, Parameter, Rule
from auditor.policy import PolicySet

NOTICE = "<!-- Made by `make docs` from policies/: change the policy file, not this page. -->"
_SHOWN = (Verdict.FAIL, Verdict.PASS)


def rule_pages(policy: PolicySet) -> dict[str, str]:
    """The pages by their name in docs/rules."""
    pages = {f"{name}.md": _text(_page(rule, policy)) for name, rule in policy.rules.items()}
    pages["README.md"] = _text(_index(list(policy.rules.values())))
    return pages


def area(rule: Rule) -> str:
    """The folder that a rule's file stands in."""
    return PurePosixPath(rule.location.file).parent.name


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _page(rule: Rule, policy: PolicySet) -> Iterator[str]:
    yield f"# {rule.id}"
    yield ""
    yield NOTICE
    yield ""
    yield f"**{rule.title}.**"
    yield ""
    yield f"Severity {rule.severity.value}, confidence {rule.confidence.value}."
    yield f"Applies to {', '.join(f'`{kind}`' for kind in rule.applies_to)}."
    yield ""
    yield from _section("Why it matters", rule.rationale)
    yield from _section("How to fix it", rule.remediation)
    yield from _condition(rule)
    if rule.parameters:
        yield from _section("Parameters", "\n".join(map(_parameter, rule.parameters)))
    controls = [name for name in rule.controls if _always(name, policy)]
    if controls:
        yield from _section("Controls", "\n".join(_control(name, policy) for name in controls))
    yield from _examples(rule.examples)
    yield from _section("References", "\n".join(f"- <{link}>" for link in rule.references))
    if rule.tags or rule.aliases:
        tags = ", ".join(f"`{tag}`" for tag in rule.tags)
        former = ", ".join(f"`{alias}`" for alias in rule.aliases)
        parts = [f"Tags: {tags}." if tags else "", f"Former names: {former}." if former else ""]
        yield " ".join(part for part in parts if part)


def _section(title: str, body: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield body.strip("\n")
    yield ""


def _condition(rule: Rule) -> Iterator[str]:
    yield "## What is checked"
    yield ""
    parts: list[tuple[str, Expression]] = []
    if rule.when is not None:
        parts.append(("It applies when this [CEL](../writing-rules.md) is true:", rule.when))
    if rule.each is not None:
        parts.append(("Each `item` of", rule.each))
    parts.append(("It passes when this is true:", rule.check))
    for words, expression in parts:
        yield words
        yield ""
        yield "```cel"
        yield expression.source.strip("\n")
        yield "```"
        yield ""
    if rule.about.of_files:
        what = "what is kept in files" if rule.about is About.COMMITS else "how files are written"
        yield f"It is about {what}: no live target is read for it."
        yield ""
    if rule.needs:
        needs = ", ".join(f"`{kind}`" for kind in rule.needs)
        yield f"It is `unknown` when {needs} could not be read."
        yield ""


def _parameter(item: Parameter) -> str:
    bounds = []
    if item.minimum is not None:
        bounds.append(f"at least {item.minimum}")
    if item.maximum is not None:
        bounds.append(f"at most {item.maximum}")
    if item.choices:
        bounds.append(f"one of {', '.join(item.choices)}")
    details = ", ".join([item.type, f"default `{json.dumps(item.default)}`", *bounds])
    return f"- `{item.name}` ({details}): {item.description}"


_OURS = Basis.SUPPORTS


def _always(name: str, policy: PolicySet) -> bool:
    """Whether the framework of a control is in every report; of others auditor explain tells."""
    framework = policy.frameworks.get(name.partition(":")[0])
    return framework is None or not (framework.selected_only and framework.mapping is _OURS)


def _control(name: str, policy: PolicySet) -> str:
    control = policy.controls.get(name)
    title = control.title if control is not None else ""
    return f"- `{name}`: {title}" if title else f"- `{name}`"


def _examples(examples: tuple[Example, ...]) -> Iterator[str]:
    yield "## Examples"
    yield ""
    yield "| example | verdict |"
    yield "|---|---|"
    for example in examples:
        yield f"| {example.name.replace('|', chr(92) + '|')} | {example.expect.value} |"
    yield ""
    for verdict in _SHOWN:
        first = next((item for item in examples if item.expect is verdict), None)
        if first is not None:
            yield f"`{verdict.value}`, {first.name}{_given(first.parameters)}:"
            yield ""
            yield "```yaml"
            yield _yaml(first.body)
            yield "```"
            yield ""


def _given(parameters: Mapping[str, object]) -> str:
    if not parameters:
        return ""
    pairs = ", ".join(f"`{name}` = `{json.dumps(value)}`" for name, value in parameters.items())
    return f", with {pairs}"


def _yaml(body: bytes) -> str:
    text = yaml.safe_dump(json.loads(body), sort_keys=False, allow_unicode=True, width=100)
    return text.rstrip("\n")


def _index(rules: list[Rule]) -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield NOTICE
    yield ""
    yield f"{len(rules)} rules. `auditor explain RULE` shows the same, offline."
    yield ""
    ordered = sorted(rules, key=lambda rule: (-rule.severity.rank, rule.id))
    yield from _by_area(ordered)
    yield from _by_severity(ordered)


def _by_area(ordered: list[Rule]) -> Iterator[str]:
    yield "## By area"
    yield ""
    for name in sorted({area(rule) for rule in ordered}):
        yield f"### {name}"
        yield ""
        yield "| rule | severity | what it finds |"
        yield "|---|---|---|"
        for rule in ordered:
            if area(rule) == name:
                yield f"| {_link(rule)} | {rule.severity.value} | {rule.title} |"
        yield ""


def _by_severity(ordered: list[Rule]) -> Iterator[str]:
    yield "## By severity"
    yield ""
    for severity in dict.fromkeys(rule.severity for rule in ordered):
        chosen = [rule for rule in ordered if rule.severity is severity]
        yield f"### {severity.value} ({len(chosen)})"
        yield ""
        yield from (f"- {_link(rule)}: {rule.title}" for rule in chosen)
        yield ""


def _link(rule: Rule) -> str:
    return f"[{rule.id}]({rule.id}.md)"
