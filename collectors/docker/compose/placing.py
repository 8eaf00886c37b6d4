"""Paths that a service names, whatever file says them: relative to the folder of the project.

A service of ``db/compose.yaml`` with the volume ``./data:/data``, included by the project above,
mounts ``./db/data``. What is absolute, or below somebody's home, stays as it is written.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Final

from auditor.late import late
from collectors.docker.compose.hooks import each_before
from collectors.docker.compose.interpolation import is_open
from collectors.docker.compose.merge import CONTAINERS
from collectors.docker.compose.nodes import Node
from collectors.docker.compose.reads import PLACED

_ELSEWHERE: Final = late(r"/|~|\\\\|[A-Za-z]:[\\/]|\{\{|[A-Za-z][A-Za-z0-9+.-]+:|git@")
_NO_FOLDER: Final = late(r"[A-Za-z][A-Za-z0-9+.-]*://|service:|github\.com/|git@")


def each_service(node: Node, make: Callable[[Node], Node]) -> Node:
    """Make something of each service of a file."""
    made = dict(node.fields)
    for kind in CONTAINERS:
        section = made.get(kind)
        if section is None or not isinstance(section.value, dict):
            continue
        made[kind] = section.with_value(
            {
                name: make(service) if isinstance(service.value, dict) else service
                for name, service in section.fields.items()
            }
        )
    return node.with_value(made)


def placed(service: Node, folder: str) -> Node:
    """Write the paths of a service as paths from the top of the target; it is in long forms."""

    def path(node: Node) -> Node:
        text = node.value
        if not isinstance(text, str) or not text or _ELSEWHERE.match(text):
            return node
        return node.with_value(PLACED + posixpath.normpath(posixpath.join(folder, text)))

    def context(node: Node) -> Node:
        is_remote = isinstance(node.value, str) and _NO_FOLDER.match(node.value) is not None
        return node if is_remote else path(node)

    return each_before(_with_each(service, path, context), lambda hook: placed(hook, folder))


def shown(service: Node, folder: str) -> Node:
    """Write placed paths as they are from the folder of the project."""

    def path(node: Node) -> Node:
        text = node.value
        if not isinstance(text, str) or not text.startswith(PLACED):
            return node
        found = posixpath.relpath(text.removeprefix(PLACED), folder or ".")
        return node.with_value(found if found.startswith("..") else f"./{found}")

    return each_before(_with_each(service, path, path), lambda hook: shown(hook, folder))


def _with_each(
    service: Node, path: Callable[[Node], Node], context: Callable[[Node], Node]
) -> Node:
    made = dict(service.fields)

    def put(name: str, make: Callable[[Node], Node]) -> None:
        if name in made:
            made[name] = make(made[name])

    put("volumes", lambda node: _items(node, lambda item: _bound(item, path)))
    put("env_file", lambda node: _items(node, lambda item: _field(item, "path", path)))
    put("label_file", lambda node: _items(node, path))
    put("build", lambda node: _field(node, "context", context))
    return service.with_value(made)


def _items(node: Node, make: Callable[[Node], Node]) -> Node:
    value = node.value
    return node.with_value([make(item) for item in value]) if isinstance(value, list) else node


def _field(node: Node, name: str, make: Callable[[Node], Node]) -> Node:
    found = node.get(name)
    return node if found is None else node.with_value({**node.fields, name: make(found)})


def _bound(item: Node, path: Callable[[Node], Node]) -> Node:
    kind = item.get("type")
    if kind is None or kind.value != "bind" or is_open(kind.value):
        return item
    return _field(item, "source", path)
