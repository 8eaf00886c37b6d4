"""Tables: where kinds keep their pods, and what objects only name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import yaml

from auditor.late import late
from auditor.policy.found import ID, Found
from auditor.policy.read_advisories import ADVISORY_TABLES
from auditor.policy.read_network import place, plugin, server
from auditor.policy.read_programs import refused_program
from auditor.policy.read_reference import reference
from auditor.policy.suggest import suggestion
from auditor.policy.tenancy import ATTRIBUTE, KEYS, MARKS, NAME_OF_NAMESPACE, PATH, RESERVED, TAG
from auditor.policy.yamlfile import Reader

_ROW_KEYS = ("kind", "group", "scope", "templates", "shape", "partial", "reference")
_ROW_REQUIRED = ("kind", "group", "templates", "shape")
_CONTENTS_KEYS = ("kind", "group", "at", "what", "hint", "reference")
_CONTENTS_REQUIRED = ("kind", "group", "at", "what", "hint")
_RELEASE_KEYS = ("component", "from", "before", "fixes", "until", "as-of", "reference")
_RELEASE_REQUIRED = ("component", "fixes", "as-of", "reference")
_VERSION = late(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}")
_DAY = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAMED: Final = MappingProxyType(
    {
        "namespaces": (NAME_OF_NAMESPACE, "the name of a namespace"),
        "paths": (PATH, "a path in an inventory: /A/vm/team"),
    }
)
"""What a tenant has, by what it is called."""
_SCOPES = ("namespace", "cluster")
_SHAPES = ("template", "podspec", "container", "pieces", "text", "object")
_KIND = late(r"[A-Z][A-Za-z0-9]*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_GROUP = late(rf"(?:{_LABEL}(?:\.{_LABEL})*)?")
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = late(rf"(?:{_NAME}(?:\[\*\])*(?:\.(?:\*|{_NAME})(?:\[\*\])*)*)?")


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
        row = TABLES[stem](reader, item)
        _once(reader, item, stem, row, found)
        if len(found.errors) == before:
            rows.append(row)


def _once(
    reader: Reader, node: yaml.Node, stem: str, row: Mapping[str, object], found: Found
) -> None:
    """Only one key may have an id, and only one row of a map name a namespace or a path."""
    named = [row.get(key) for key in _NAMED] if stem == "tenant-map" else []
    every = [name for each in named if isinstance(each, list) for name in each]
    names = [row["id"]] if stem == KEYS and "id" in row else every
    for name in names:
        place = reader.location(node)
        other = found.places.setdefault((stem, str(name)), place)
        if other is not place:
            reader.fail(node, f"{name!r} is there twice, the first time in {other}")


def _templates(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``pod-templates``."""
    nodes = reader.mapping(node, _ROW_KEYS, _ROW_REQUIRED)
    row = _of_a_kind(reader, nodes)
    row["shape"] = shape = reader.string(nodes.get("shape"))
    if shape and shape not in _SHAPES:
        reader.fail(nodes.get("shape"), f"{shape!r} is not allowed", suggestion(shape, _SHAPES))
    row["templates"] = _paths(reader, nodes.get("templates"))
    if "scope" in nodes:
        row["scope"] = scope = reader.string(nodes["scope"])
        if scope and scope not in _SCOPES:
            reader.fail(nodes["scope"], f"{scope!r} is not allowed", suggestion(scope, _SCOPES))
    if "partial" in nodes:
        row["partial"] = reader.value(nodes["partial"])
        if not isinstance(row["partial"], bool):
            reader.fail(nodes["partial"], "must be true or false")
    return row


def _contents(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``unread-contents``."""
    nodes = reader.mapping(node, _CONTENTS_KEYS, _CONTENTS_REQUIRED)
    row = _of_a_kind(reader, nodes)
    row["at"] = _paths(reader, nodes.get("at"))
    row["what"] = reader.string(nodes.get("what"))
    row["hint"] = reader.string(nodes.get("hint"))
    return row


def _of_a_kind(reader: Reader, nodes: Mapping[str, yaml.Node]) -> dict[str, object]:
    """What the rows of all tables have: the kind of an object, and where that can be checked."""
    kind = reader.string(nodes.get("kind"))
    if kind and not _KIND.fullmatch(kind):
        reader.fail(nodes.get("kind"), f"{kind!r} is not a kind", "as in the object: RayCluster")
    group = _text(reader, nodes.get("group"))
    if not _GROUP.fullmatch(group):
        reader.fail(
            nodes.get("group"), f"{group!r} is not an API group", "without a version: ray.io"
        )
    row: dict[str, object] = {"kind": kind, "group": group}
    reference(reader, nodes, row)
    return row


def _paths(reader: Reader, node: yaml.Node | None) -> list[str]:
    paths: list[str] = []
    for item in reader.items(node):
        path = _text(reader, item)
        if not _PATH.fullmatch(path):
            reader.fail(item, f"{path!r} is not a path", "fields joined by dots, [*] visits a list")
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


def _tenancy_key(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``tenancy-keys``."""
    keys = ("id", "of", "name", "with", "set-by", "reference")
    nodes = reader.mapping(node, keys, ("of", "name"))
    row: dict[str, object] = {"of": reader.string(nodes.get("of"))}
    if row["of"] and row["of"] not in (*MARKS, ATTRIBUTE, TAG):
        hint = suggestion("", (*MARKS, ATTRIBUTE, TAG))
        reader.fail(nodes.get("of"), f"{row['of']!r} is not allowed", hint)
    row["name"] = reader.string(nodes.get("name"))
    if "id" in nodes:
        row["id"] = name = reader.string(nodes["id"])
        if name and (not ID.fullmatch(name) or name in RESERVED):
            reader.fail(nodes["id"], f"{name!r} can't be an id", "words joined by dashes")
    if "with" in nodes:
        row["with"] = _labels(reader, nodes["with"])
    if "set-by" in nodes:
        reader.string(nodes["set-by"])
    reference(reader, nodes, {})
    return row


def _tenant_map(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``tenant-map``."""
    nodes = reader.mapping(node, ("tenant", *_NAMED), ("tenant",))
    row: dict[str, object] = {"tenant": reader.string(nodes.get("tenant"))}
    for key, (pattern, what) in _NAMED.items():
        if key not in nodes:
            continue
        texts = reader.texts(nodes[key])
        for item, name in texts:
            if not pattern.fullmatch(name):
                reader.fail(item, f"{name!r} can't be {what}")
        if isinstance(nodes[key], yaml.SequenceNode) and not texts:
            reader.fail(nodes[key], "must not be empty")
        row[key] = [name for _, name in texts]
    if nodes and nodes.keys().isdisjoint(_NAMED):
        reader.fail(node, "needs namespaces or paths")
    return row


def _labels(reader: Reader, node: yaml.Node) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode) or not node.value:
        reader.fail(node, "must be labels with their values")
        return {}
    return {str(name.value): reader.string(value) for name, value in node.value}


def _component(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``gpu-components``."""
    lists = ("namespaces", "owners", "accounts", "images")
    nodes = reader.mapping(node, ("name", *lists, "reference"), ("name", "namespaces", "owners"))
    row: dict[str, object] = {"name": reader.string(nodes.get("name"))}
    for name in lists:
        if name in nodes:
            row[name] = [reader.string(item) for item in reader.items(nodes[name])]
            if isinstance(nodes[name], yaml.SequenceNode) and not row[name]:
                reader.fail(nodes[name], "must not be empty")
    if nodes and "accounts" not in nodes and "images" not in nodes:
        reader.fail(node, "needs accounts or images", "a namespace alone is not enough")
    reference(reader, nodes, {})
    return row


def _release(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``releases``."""
    nodes = reader.mapping(node, _RELEASE_KEYS, _RELEASE_REQUIRED)
    row: dict[str, object] = {"component": reader.string(nodes.get("component"))}
    for name, pattern, what in (
        ("from", _VERSION, "a version, as 29.1"),
        ("before", _VERSION, "a version, as 29.1"),
        ("until", _DAY, "a day, as 2026-11-30"),
        ("as-of", _DAY, "a day, as 2026-11-30"),
    ):
        if name in nodes:
            row[name] = text = reader.string(nodes[name])
            if text and not pattern.fullmatch(text):
                reader.fail(nodes[name], f"must be {what}", "in quotes")
    if "fixes" in nodes:
        row["fixes"] = reader.value(nodes["fixes"])
        if not isinstance(row["fixes"], bool):
            reader.fail(nodes["fixes"], "must be true or false")
    reference(reader, nodes, row)
    return row


TABLES: Final[Mapping[str, Callable[[Reader, yaml.Node], Mapping[str, object]]]] = MappingProxyType(
    {
        **ADVISORY_TABLES,
        "releases": _release,
        "gpu-components": _component,
        "network-places": place,
        "network-plugins": plugin,
        "network-servers": server,
        "pod-templates": _templates,
        "refused-programs": refused_program,
        "tenancy-keys": _tenancy_key,
        "tenant-map": _tenant_map,
        "unread-contents": _contents,
    }
)
"""The tables that there are, each with what reads a row of it."""
