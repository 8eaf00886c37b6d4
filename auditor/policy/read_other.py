"""Files of controls, and tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from auditor.model.policy import Control
from auditor.policy.found import Found, read_id
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader

CONTROL_KEYS = ("framework", "title", "url", "controls")
TABLES = ("pod-templates",)
_CONTROL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_ROW_KEYS = ("kind", "group", "scope", "templates", "shape", "partial", "reference")
_ROW_REQUIRED = ("kind", "group", "templates", "shape")
_SCOPES = ("namespace", "cluster")
_SHAPES = ("template", "podspec", "container", "object")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_GROUP = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*)?")
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = re.compile(rf"(?:{_NAME}(?:\[\*\])?(?:\.(?:\*|{_NAME})(?:\[\*\])?)*)?")


def read_controls(reader: Reader, stem: str, found: Found) -> None:
    """Read one framework's controls."""
    nodes = reader.mapping(reader.root, CONTROL_KEYS, CONTROL_KEYS)
    framework = read_id(reader, nodes.get("framework"), stem)
    reader.string(nodes.get("title"))
    url = reader.string(nodes.get("url"))
    if url and not url.startswith("https://"):
        reader.fail(nodes.get("url"), f"{url!r} is no address", "it starts with https://")
    items = reader.items(nodes.get("controls"))
    if isinstance(nodes.get("controls"), yaml.SequenceNode) and not items:
        reader.fail(nodes["controls"], "must not be empty")
    for item in items:
        entry = reader.mapping(item, ("id", "title"), ("id", "title"))
        name, title = reader.string(entry.get("id")), reader.string(entry.get("title"))
        if name and not _CONTROL_ID.fullmatch(name):
            reader.fail(entry.get("id"), f"{name!r} is no id", "letters, digits, dots and dashes")
        elif name and framework:
            key = f"{framework}:{name}"
            found.define("control", key, reader.location(entry.get("id")))
            found.controls[key] = Control(framework, name, title, ())


def read_table(reader: Reader, stem: str, found: Found) -> None:
    """Read the rows of one table; rows of several folders add up."""
    if stem not in TABLES:
        reader.fail(None, f"no table is called {stem!r}", suggestion(stem, TABLES))
        return
    rows = found.tables.setdefault(stem, [])
    if not isinstance(reader.root, yaml.SequenceNode):
        reader.items(reader.root)
        return
    if not reader.root.value:
        reader.fail(reader.root, "must not be empty")
    for item in reader.root.value:
        before = len(found.errors)
        row = _row(reader, item)
        if len(found.errors) == before:
            rows.append(row)


def _row(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    nodes = reader.mapping(node, _ROW_KEYS, _ROW_REQUIRED)
    kind = reader.string(nodes.get("kind"))
    if kind and not _KIND.fullmatch(kind):
        reader.fail(nodes.get("kind"), f"{kind!r} is no kind", "as in the object: RayCluster")
    group = _text(reader, nodes.get("group"))
    if not _GROUP.fullmatch(group):
        reader.fail(nodes.get("group"), f"{group!r} is no API group", "without a version: ray.io")
    shape = reader.string(nodes.get("shape"))
    if shape and shape not in _SHAPES:
        reader.fail(nodes.get("shape"), f"{shape!r} is not allowed", suggestion(shape, _SHAPES))
    row: dict[str, object] = {"kind": kind, "group": group, "shape": shape}
    row["templates"] = _paths(reader, nodes.get("templates"))
    if "scope" in nodes:
        row["scope"] = scope = reader.string(nodes["scope"])
        if scope and scope not in _SCOPES:
            reader.fail(nodes["scope"], f"{scope!r} is not allowed", suggestion(scope, _SCOPES))
    if "partial" in nodes:
        row["partial"] = reader.value(nodes["partial"])
        if not isinstance(row["partial"], bool):
            reader.fail(nodes["partial"], "must be true or false")
    if "reference" in nodes:
        row["reference"] = reader.string(nodes["reference"])
        if not str(row["reference"]).startswith("https://"):
            reader.fail(nodes["reference"], "is no address", "it starts with https://")
    return row


def _paths(reader: Reader, node: yaml.Node | None) -> list[str]:
    paths: list[str] = []
    for item in reader.items(node):
        path = _text(reader, item)
        if not _PATH.fullmatch(path):
            reader.fail(item, f"{path!r} is no path", "fields joined by dots, [*] visits a list")
        elif path in paths:
            reader.fail(item, f"{path!r} is there twice")
        paths.append(path)
    if isinstance(node, yaml.SequenceNode) and not paths:
        reader.fail(node, "must not be empty")
    return paths


def _text(reader: Reader, node: yaml.Node | None) -> str:
    """A text that may be empty, as the path of the object itself and the core group are."""
    empty = isinstance(node, yaml.ScalarNode) and node.value == "" and node.style is not None
    return "" if empty else reader.string(node)
