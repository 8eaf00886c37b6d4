"""A profile file to a profile."""

from __future__ import annotations

import yaml

from auditor.late import late
from auditor.model.enums import Severity
from auditor.model.policy import Override, Profile, Selection
from auditor.policy.found import Found, Use, read_choice, read_id
from auditor.policy.yamlfile import Reader, kind_of

KEYS = (
    *("id", "title", "description", "extends", "select", "exclude", "parameters"),
    *("overrides", "gate", "waivers"),
)
REQUIRED = ("id", "title", "gate")
LONGEST_WAIVER = 366
"""Days that any waiver may last; a profile may say fewer."""
_SELECTION_KEYS = ("ids", "tags", "controls", "severity")
_SEVERITIES = "|".join(severity.value for severity in Severity)
_NUMBER = r"[0-9]+(?:\.[0-9]+)?\s*%?"
_CONDITION = (
    rf"(?:(?:{_SEVERITIES}|unknown|excluded)(?:\s*>\s*{_NUMBER})?|coverage\s*<\s*{_NUMBER})"
)
GATE = late(rf"never|{_CONDITION}(?:\s*,\s*{_CONDITION})*")
"""The gate language as :mod:`auditor.engine.gate` reads it; a test compares them."""


def read_profile(reader: Reader, stem: str, found: Found) -> None:
    """Read one profile file and add its profile, unless something is wrong with it."""
    before = len(found.errors)
    nodes = reader.mapping(reader.root, KEYS, REQUIRED)
    profile = Profile(
        id=read_id(reader, nodes.get("id"), stem),
        title=reader.string(nodes.get("title")),
        description=reader.string(nodes.get("description")),
        extends=_extends(reader, nodes.get("extends"), found),
        select=_selections(reader, nodes.get("select"), found),
        exclude=_selections(reader, nodes.get("exclude"), found),
        parameters=_parameters(reader, nodes.get("parameters"), found),
        overrides=_overrides(reader, nodes.get("overrides"), found),
        gate=_gate(reader, nodes.get("gate")),
        location=reader.location(reader.root),
        waiver_days=_days(reader, nodes.get("waivers")),
    )
    if len(found.errors) == before and not (profile.select or profile.extends):
        reader.fail(reader.root, "selects no rule", "name some in select, or profiles in extends")
    if profile.id:
        found.define("profile", profile.id, reader.location(nodes.get("id")))
    if len(found.errors) == before:
        found.profiles[profile.id] = profile


def _extends(reader: Reader, node: yaml.Node | None, found: Found) -> tuple[str, ...]:
    texts = reader.texts(node)
    found.uses += [Use("profile", name, reader.location(item)) for item, name in texts]
    return tuple(name for _, name in texts)


def _selections(reader: Reader, node: yaml.Node | None, found: Found) -> tuple[Selection, ...]:
    made = []
    for item in reader.items(node):
        before = len(found.errors)
        nodes = reader.mapping(item, _SELECTION_KEYS)
        severity = None
        if "severity" in nodes:
            severity = read_choice(reader, nodes["severity"], Severity, Severity.INFO)
        selection = Selection(
            _names(reader, nodes.get("ids"), "rule", found),
            _names(reader, nodes.get("tags"), "tag", found),
            _names(reader, nodes.get("controls"), "control", found),
            severity,
        )
        if isinstance(item, yaml.MappingNode) and not nodes and len(found.errors) == before:
            reader.fail(item, "says nothing", "ids, tags, controls or a severity")
        elif len(found.errors) == before:
            made.append(selection)
            found.selections.append((selection, reader.location(item)))
    return tuple(made)


def _names(reader: Reader, node: yaml.Node | None, what: str, found: Found) -> tuple[str, ...]:
    texts = reader.texts(node)
    if isinstance(node, yaml.SequenceNode) and not node.value:
        reader.fail(node, "must not be empty")
    for item, name in texts:
        framework = what == "control" and ":" not in name
        used = "framework" if framework else what
        found.uses.append(Use(used, name, reader.location(item)))
    return tuple(name for _, name in texts)


def _parameters(reader: Reader, node: yaml.Node | None, found: Found) -> dict[str, object]:
    if node is None:
        return {}
    values = {}
    for name, entry in reader.mapping(node, ()).items():
        values[name] = reader.value(entry)
        found.parameters.append((name, values[name], reader.location(entry)))
    return values


def _overrides(reader: Reader, node: yaml.Node | None, found: Found) -> tuple[Override, ...]:
    made: list[Override] = []
    for item in reader.items(node):
        keys = ("rule", "severity", "reason")
        nodes = reader.mapping(item, keys, keys)
        rule = reader.string(nodes.get("rule"))
        if rule:
            found.uses.append(Use("rule", rule, reader.location(nodes["rule"])))
            if any(rule == other.rule for other in made):
                reader.fail(nodes["rule"], f"rule {rule} is overridden twice")
        severity = read_choice(reader, nodes.get("severity"), Severity, Severity.MEDIUM)
        made.append(Override(rule, severity, reader.string(nodes.get("reason"))))
    return tuple(made)


def _days(reader: Reader, node: yaml.Node | None) -> int | None:
    if node is None:
        return None
    inner = reader.mapping(node, ("max-days",), ("max-days",)).get("max-days")
    if inner is None:
        return None
    days = reader.value(inner)
    if isinstance(days, bool) or not isinstance(days, int):
        reader.fail(inner, f"must be a number of days, not {kind_of(inner)}")
        return None
    if not 1 <= days <= LONGEST_WAIVER:
        reader.fail(inner, f"{days} is not between 1 and {LONGEST_WAIVER}")
    return days


def _gate(reader: Reader, node: yaml.Node | None) -> str:
    text = reader.string(node)
    if text and not GATE.fullmatch(text):
        hint = "a list such as high, medium>10, unknown, coverage<95, excluded; or never"
        reader.fail(node, f"{text!r} is not a gate", hint)
    return text
