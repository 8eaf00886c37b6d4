"""A rule file to a rule."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec
import yaml

from auditor.errors import UsageError
from auditor.late import late
from auditor.model.enums import About, Confidence, Severity, Verdict
from auditor.model.policy import Equivalent, Example, Expression, Parameter, Rule
from auditor.platforms import Platforms
from auditor.policy.found import CONTROL, Found, Use, read_choice, read_id, read_words
from auditor.policy.kinds import unknown_kind
from auditor.policy.parameters import BOUNDED, CHOSEN, TYPES, convert
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader

REQUIRED = (
    *("id", "title", "severity", "confidence", "applies-to", "check", "message"),
    *("rationale", "remediation", "references", "examples"),
)
OPTIONAL = (
    *("about", "each", "when", "needs", "parameters"),
    *("tags", "controls", "aliases", "equivalent", "covered-by"),
)
_PARAMETER_KEYS = ("type", "default", "description", "min", "max", "choices")
_PARAMETER_NAME = late(r"[a-z][a-z0-9_]*")


class Expected(Enum):
    """What an example can expect; nothing that a rule says is ``manual``."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


def read_rule(reader: Reader, stem: str, found: Found) -> None:
    """Read one rule file and add its rule, unless something is wrong with it."""
    start = len(found.errors)
    nodes = reader.mapping(reader.root, (*REQUIRED, *OPTIONAL), REQUIRED)
    before = len(found.errors)
    parameters = _parameters(reader, nodes.get("parameters"), found.platforms.versions)
    known = parameters if len(found.errors) == before else None
    aliases = read_words(reader, nodes.get("aliases"))
    rule = Rule(
        id=read_id(reader, nodes.get("id"), stem),
        title=reader.string(nodes.get("title")),
        severity=read_choice(reader, nodes.get("severity"), Severity, Severity.MEDIUM),
        confidence=read_choice(reader, nodes.get("confidence"), Confidence, Confidence.HIGH),
        applies_to=_kinds(reader, nodes.get("applies-to"), found.platforms, least=1),
        check=_expression(reader, nodes.get("check")),
        message=_expression(reader, nodes.get("message")),
        each=_expression(reader, nodes["each"]) if "each" in nodes else None,
        when=_expression(reader, nodes["when"]) if "when" in nodes else None,
        needs=_kinds(reader, nodes.get("needs"), found.platforms, least=0),
        parameters=parameters,
        rationale=reader.string(nodes.get("rationale")),
        remediation=reader.string(nodes.get("remediation")),
        references=_references(reader, nodes.get("references")),
        controls=_controls(reader, nodes.get("controls"), found),
        tags=tuple(tag for _, tag in read_words(reader, nodes.get("tags"))),
        aliases=tuple(alias for _, alias in aliases),
        examples=_examples(reader, nodes.get("examples"), known),
        location=reader.location(reader.root),
        equivalent=_equivalent(reader, nodes.get("equivalent")),
        about=read_choice(reader, nodes.get("about"), About, About.OBJECTS),
        covered_by=_covered_by(reader, nodes.get("covered-by"), found),
    )
    if rule.id:
        found.define("rule", rule.id, reader.location(nodes.get("id")))
        for item, alias in aliases:
            found.aliases.append((alias, rule.id, reader.location(item)))
    if len(found.errors) == start:
        found.rules[rule.id] = rule


def _expression(reader: Reader, node: yaml.Node | None) -> Expression:
    return Expression(reader.string(node), reader.location(node), reader.segments(node))


def _kinds(
    reader: Reader, node: yaml.Node | None, platforms: Platforms, *, least: int
) -> tuple[str, ...]:
    """A list of kinds, or one kind alone."""
    named: list[tuple[yaml.Node, str]]
    if isinstance(node, yaml.ScalarNode):
        named = [(node, reader.string(node))]
    else:
        named = reader.texts(node)
        if isinstance(node, yaml.SequenceNode) and len(node.value) < least:
            reader.fail(node, "must not be empty")
    for item, kind in named:
        hint = unknown_kind(kind, platforms) if kind else None
        if hint is not None:
            reader.fail(item, f"unknown kind {kind!r}", hint)
    return tuple(kind for _, kind in named)


def _references(reader: Reader, node: yaml.Node | None) -> tuple[str, ...]:
    texts = reader.texts(node)
    if isinstance(node, yaml.SequenceNode) and not node.value:
        reader.fail(node, "must not be empty", "name where the reader can check what is claimed")
    for item, text in texts:
        if not text.startswith("https://"):
            reader.fail(item, f"{text!r} is not an https:// URL", "it starts with https://")
    return tuple(text for _, text in texts)


def _controls(reader: Reader, node: yaml.Node | None, found: Found) -> tuple[str, ...]:
    texts = reader.texts(node)
    for item, text in texts:
        if CONTROL.fullmatch(text):
            found.uses.append(Use("control", text, reader.location(item)))
        else:
            reader.fail(item, f"{text!r} is not a control", "a control is written framework:id")
    return tuple(text for _, text in texts)


def _covered_by(reader: Reader, node: yaml.Node | None, found: Found) -> tuple[str, ...]:
    words = read_words(reader, node)
    found.uses += [Use("rule", rule, reader.location(item)) for item, rule in words]
    return tuple(rule for _, rule in words)


def _parameters(
    reader: Reader, node: yaml.Node | None, versions: Mapping[str, str]
) -> tuple[Parameter, ...]:
    if node is None:
        return ()
    made = []
    for name, entry in reader.mapping(node, ()).items():
        if not _PARAMETER_NAME.fullmatch(name):
            reader.fail(
                entry, f"{name!r} is not a valid parameter name", "lower case, digits and _"
            )
        parameter = _parameter(reader, name, entry, versions)
        if parameter is not None:
            made.append(parameter)
    return tuple(made)


def _parameter(
    reader: Reader, name: str, entry: yaml.Node, versions: Mapping[str, str]
) -> Parameter | None:
    found = reader.mapping(entry, _PARAMETER_KEYS, ("type", "default", "description"))
    kind = reader.string(found.get("type"))
    description = reader.string(found.get("description"))
    if kind not in TYPES and kind not in versions:
        if kind:
            hint = suggestion(kind, (*TYPES, *versions))
            reader.fail(found.get("type"), f"no type {kind!r}", hint)
        return None
    for key, types in (("min", BOUNDED), ("max", BOUNDED), ("choices", CHOSEN)):
        if key in found and kind not in types:
            hint = f"it is for {' and '.join(sorted(types))}"
            reader.fail(found[key], f"{key} is not for {kind}", hint)
            del found[key]
    low, high = _bound(reader, found.get("min")), _bound(reader, found.get("max"))
    if low is not None and high is not None and low > high:
        reader.fail(found["max"], f"max {high} is below min {low}")
        return None
    choices, newest = _choices(reader, found), versions.get(kind, "")
    open_ended = Parameter(name, kind, None, description, low, high, choices, newest)
    default = _converted(reader, found.get("default"), open_ended)
    return msgspec.structs.replace(open_ended, default=default)


def _choices(reader: Reader, found: dict[str, yaml.Node]) -> tuple[str, ...]:
    choices = reader.strings(found.get("choices"))
    if "choices" in found and not choices:
        reader.fail(found["choices"], "must not be empty")
    return choices


def _bound(reader: Reader, node: yaml.Node | None) -> int | None:
    if node is None:
        return None
    value = reader.value(node)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    reader.fail(node, "must be an integer")
    return None


def _converted(reader: Reader, node: yaml.Node | None, parameter: Parameter) -> object:
    """A value of a parameter; None after an error."""
    if node is None:
        return None
    try:
        return convert(parameter, reader.value(node))
    except UsageError as error:
        reader.fail(node, error.message)
        return None


def _examples(
    reader: Reader, node: yaml.Node | None, parameters: tuple[Parameter, ...] | None
) -> tuple[Example, ...]:
    """The examples; None for ``parameters`` of which it is not known what they should be."""
    by_name = {parameter.name: parameter for parameter in parameters or ()}
    made: list[Example] = []
    for item in reader.items(node):
        found = reader.mapping(item, ("name", "expect", "params", "object"), ("name", "expect"))
        name = reader.string(found.get("name"))
        if name and any(name == example.name for example in made):
            reader.fail(found.get("name"), f"example {name!r} is there twice")
        expect = read_choice(reader, found.get("expect"), Expected, Expected.PASS)
        params = None if parameters is None else found.get("params")
        values = _values(reader, params, by_name)
        body = _body(reader, item, found.get("object"))
        made.append(Example(name, Verdict(expect.value), body, values, reader.location(item)))
    if isinstance(node, yaml.SequenceNode) and not node.value:
        reader.fail(node, "must not be empty")
    return tuple(made)


def _values(
    reader: Reader, node: yaml.Node | None, by_name: dict[str, Parameter]
) -> dict[str, object]:
    if node is None:
        return {}
    values = {}
    for name, value in reader.mapping(node, ()).items():
        if name in by_name:
            values[name] = _converted(reader, value, by_name[name])
        else:
            hint = suggestion(name, by_name) or "the rule has no parameters"
            reader.fail(value, f"no parameter is called {name!r}", hint)
    return values


def _body(reader: Reader, item: yaml.Node, node: yaml.Node | None) -> bytes:
    if node is None:
        reader.fail(item, "missing key 'object'")
        return b"{}"
    if not isinstance(node, yaml.MappingNode):
        reader.mapping(node, ())
        return b"{}"
    try:
        return msgspec.json.encode(reader.value(node))
    except (TypeError, ValueError, RecursionError) as error:
        reader.fail(node, f"no JSON value: {error}")
        return b"{}"


def _equivalent(reader: Reader, node: yaml.Node | None) -> tuple[Equivalent, ...]:
    made = []
    for item in reader.items(node):
        found = reader.mapping(item, ("change", "reason"), ("change", "reason"))
        change, reason = reader.string(found.get("change")), reader.string(found.get("reason"))
        made.append(Equivalent(change, reason))
    return tuple(made)
