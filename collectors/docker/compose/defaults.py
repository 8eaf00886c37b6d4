"""What Compose takes for meant where a service does not say it.

It is put in before a file is laid over what it includes, and is there then as if it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from collectors.docker.compose.nodes import Node

ALL: Final = "all"


def within(node: Node, keys: tuple[str, ...], make: Callable[[Node], Node]) -> Node:
    """Make something of what stands below some keys, where it is there."""
    if not keys:
        return node if node.value is None else make(node)
    below = node.get(keys[0])
    if below is None:
        return node
    return node.with_value({**node.fields, keys[0]: within(below, keys[1:], make)})


def with_defaults(service: Node) -> Node:
    """Put in what a service leaves out of its requests for devices, its ports and its build."""
    for keys, make in _DEFAULTS.items():
        service = within(service, keys, make)
    return service


def _each(make: Callable[[Node], Node]) -> Callable[[Node], Node]:
    def made(node: Node) -> Node:
        if not isinstance(node.value, list):
            return node
        return node.with_value([make(item) for item in node.value])

    return made


def _request(item: Node) -> Node:
    """Every device, where neither a number nor names are given."""
    if not isinstance(item.value, dict) or {"count", "device_ids"} & item.value.keys():
        return item
    return item.with_value({**item.value, "count": item.with_value(ALL)})


def _port(item: Node) -> Node:
    protocol, mode = item.with_value("tcp"), item.with_value("ingress")
    return item.with_value({"protocol": protocol, "mode": mode, **item.fields})


def _build(node: Node) -> Node:
    return node.with_value({"context": node.with_value("."), **node.fields})


_DEFAULTS: Final[dict[tuple[str, ...], Callable[[Node], Node]]] = {
    ("build",): _build,
    ("deploy", "resources", "reservations", "devices"): _each(_request),
    ("gpus",): _each(_request),
    ("ports",): _each(_port),
}
