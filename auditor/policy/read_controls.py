"""Files of controls: a framework, its controls, and the rules that they are mapped to there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import yaml

from auditor.late import late
from auditor.model.enums import Basis, Decider
from auditor.model.policy import Control, Framework
from auditor.policy.found import (
    CONTROL,
    CONTROL_ID,
    Found,
    MappedRule,
    Use,
    read_choice,
    read_id,
    read_words,
)
from auditor.policy.yamlfile import Reader

_REQUIRED = ("framework", "title", "url", "controls")
_KEYS = (*_REQUIRED, "version", "mapping", "unreviewed", "dated", "total", "rest", "selected-only")
_OF_CONTROL = (
    *("id", "title", "rules", "tags", "controls", "same-as", "decided-by", "question"),
    *("not-covered", "unreviewed"),
)
_CONTROL_ID = late(CONTROL_ID)
_DAY = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_controls(reader: Reader, stem: str, found: Found) -> None:
    """Read one framework's controls."""
    nodes = reader.mapping(reader.root, _KEYS, _REQUIRED)
    framework = read_id(reader, nodes.get("framework"), stem)
    heading = _framework(reader, nodes, framework)
    if framework:
        found.define("framework", framework, reader.location(nodes.get("framework")))
        found.frameworks.setdefault(framework, heading)
    items = reader.items(nodes.get("controls"))
    if isinstance(nodes.get("controls"), yaml.SequenceNode) and not items:
        reader.fail(nodes["controls"], "must not be empty")
    if 0 < heading.total < len(items):
        reader.fail(nodes["total"], f"{len(items)} are listed already, more than in all")
    for item in items:
        _read_control(reader, item, heading, found)


def _framework(reader: Reader, nodes: Mapping[str, yaml.Node], framework: str) -> Framework:
    title, url = reader.string(nodes.get("title")), reader.string(nodes.get("url"))
    if url and not url.startswith("https://"):
        reader.fail(nodes.get("url"), f"{url!r} is not an https:// URL", "it starts with https://")
    return Framework(
        framework,
        title,
        url,
        reader.string(nodes.get("version")),
        _choice(reader, nodes.get("mapping"), Basis.CHECKS),
        reader.string(nodes.get("unreviewed")),
        _day(reader, nodes.get("dated")),
        _total(reader, nodes.get("total")),
        reader.string(nodes.get("rest")),
        _read_only(reader, nodes),
    )


def _choice(reader: Reader, node: yaml.Node | None, default: Basis) -> Basis:
    return default if node is None else read_choice(reader, node, Basis, default)


def _day(reader: Reader, node: yaml.Node | None) -> str:
    text = reader.string(node)
    if not text:
        return ""
    try:
        if _DAY.fullmatch(text):
            dt.date.fromisoformat(text)
            return text
    except ValueError:
        pass
    reader.fail(node, f"{text!r} is not a day", 'in quotes: "2026-11-30"')
    return ""


def _total(reader: Reader, node: yaml.Node | None) -> int:
    if node is None:
        return 0
    value = reader.value(node)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    reader.fail(node, "must be how many controls there are, at least 1")
    return 0


def _read_control(reader: Reader, item: yaml.Node, heading: Framework, found: Found) -> None:
    entry = reader.mapping(item, _OF_CONTROL, ("id", "title"))
    decider, question = _read_decider(reader, item, entry)
    name, title = reader.string(entry.get("id")), reader.string(entry.get("title"))
    left_out = reader.string(entry.get("not-covered"))
    mapped = [key for key in ("rules", "tags", "controls", "same-as") if key in entry]
    if left_out and (mapped or decider is not None):
        other = mapped[0] if mapped else "decided-by"
        reader.fail(entry["not-covered"], f"and {other}: it is one or the other")
    if name and not _CONTROL_ID.fullmatch(name):
        hint = "letters, digits, dots, dashes, parentheses and &"
        reader.fail(entry.get("id"), f"{name!r} is not an id", hint)
    elif name and heading.id:
        key = f"{heading.id}:{name}"
        found.define("control", key, reader.location(entry.get("id")))
        through = _read_through(reader, entry.get("controls"), key, found)
        unreviewed = "unreviewed" in entry and _flag(reader, entry["unreviewed"])
        found.controls[key] = Control(
            *(heading.id, name, title, (), decider, question),
            *(through, left_out, unreviewed or bool(heading.unreviewed), heading.mapping),
        )
        _read_rules(reader, entry, key, found)
        _read_same(reader, entry, key, found)


def _read_only(reader: Reader, nodes: Mapping[str, yaml.Node]) -> bool:
    """Whether only profiles that select by a framework report it."""
    node = nodes.get("selected-only")
    value = reader.value(node) if node is not None else False
    if not isinstance(value, bool):
        reader.fail(node, "must be true or false")
        return False
    return value


def _read_same(reader: Reader, entry: Mapping[str, yaml.Node], control: str, found: Found) -> None:
    """The control of another framework that asks for the same."""
    other = reader.string(entry["same-as"]) if "same-as" in entry else ""
    if other:
        place = reader.location(entry["same-as"])
        found.uses.append(Use("control", other, place))
        found.same.append((control, other, place))


def _flag(reader: Reader, node: yaml.Node) -> bool:
    value = reader.value(node)
    if value is not True:
        reader.fail(node, "must be true, or not be there")
    return value is True


def _read_decider(
    reader: Reader, item: yaml.Node, entry: Mapping[str, yaml.Node]
) -> tuple[Decider | None, str]:
    """What decides a control in place of rules, and what to ask a person until then."""
    question = reader.string(entry["question"]) if "question" in entry else ""
    if "decided-by" in entry:
        if "question" not in entry:
            reader.fail(item, "missing field 'question'", "what does one ask to decide it?")
        return read_choice(reader, entry["decided-by"], Decider, Decider.PERSON), question
    if "question" in entry:
        reader.fail(item, "missing field 'decided-by'", "api, host, image-scan, provider or person")
    return None, question


def _read_through(
    reader: Reader, node: yaml.Node | None, control: str, found: Found
) -> tuple[str, ...]:
    texts = reader.texts(node)
    for item, text in texts:
        if text == control:
            reader.fail(item, "a control is not mapped through itself")
        elif CONTROL.fullmatch(text):
            found.uses.append(Use("control", text, reader.location(item)))
        else:
            reader.fail(item, f"{text!r} is not a control", "a control is written framework:id")
    return tuple(text for _, text in texts)


def _read_rules(reader: Reader, entry: Mapping[str, yaml.Node], control: str, found: Found) -> None:
    for item, rule in reader.texts(entry.get("rules")):
        place = reader.location(item)
        mapped = MappedRule(control, place, rule=rule)
        found.uses.append(Use("rules" if mapped.wide else "rule", rule, place))
        found.mapped.append(mapped)
    for item, tag in read_words(reader, entry.get("tags")):
        place = reader.location(item)
        found.uses.append(Use("tag", tag, place))
        found.mapped.append(MappedRule(control, place, tag=tag))
