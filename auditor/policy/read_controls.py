"""Files of controls: a framework, its controls, and the rules that they are mapped to there."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from auditor.model.enums import Decider
from auditor.model.policy import Control, Framework
from auditor.policy.found import Found, Use, read_choice, read_id
from auditor.policy.yamlfile import Reader

_REQUIRED = ("framework", "title", "url", "controls")
_KEYS = (*_REQUIRED, "version", "selected-only")
_OF_CONTROL = ("id", "title", "rules", "same-as", "decided-by", "question")
_CONTROL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def read_controls(reader: Reader, stem: str, found: Found) -> None:
    """Read one framework's controls."""
    nodes = reader.mapping(reader.root, _KEYS, _REQUIRED)
    framework = read_id(reader, nodes.get("framework"), stem)
    heading = reader.string(nodes.get("title"))
    url = reader.string(nodes.get("url"))
    if url and not url.startswith("https://"):
        reader.fail(nodes.get("url"), f"{url!r} is not an https:// URL", "it starts with https://")
    version = reader.string(nodes["version"]) if "version" in nodes else ""
    only = _read_only(reader, nodes)
    if framework:
        found.frameworks[framework] = Framework(framework, heading, url, version)
        found.selected_only |= {framework} if only else set()
    items = reader.items(nodes.get("controls"))
    if isinstance(nodes.get("controls"), yaml.SequenceNode) and not items:
        reader.fail(nodes["controls"], "must not be empty")
    for item in items:
        entry = reader.mapping(item, _OF_CONTROL, ("id", "title"))
        decider, question = _read_decider(reader, item, entry)
        name, title = reader.string(entry.get("id")), reader.string(entry.get("title"))
        if name and not _CONTROL_ID.fullmatch(name):
            reader.fail(
                entry.get("id"), f"{name!r} is not an id", "letters, digits, dots and dashes"
            )
        elif name and framework:
            key = f"{framework}:{name}"
            found.define("control", key, reader.location(entry.get("id")))
            found.controls[key] = Control(framework, name, title, (), decider, question)
            _read_rules(reader, entry.get("rules"), key, found)
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


def _read_rules(reader: Reader, node: yaml.Node | None, control: str, found: Found) -> None:
    for item, rule in reader.texts(node):
        found.uses.append(Use("rule", rule, reader.location(item)))
        found.mapped.append((control, rule))
