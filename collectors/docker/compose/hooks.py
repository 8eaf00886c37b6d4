"""What a service starts besides its own container: containers before it, and commands in it.

::

    pre_start:   [{image: init, privileged: true}]       a container that runs before
    post_start:  [{command: sync, privileged: true}]     a command in the service's container
    pre_stop, and exec of develop.watch                  others

Each is told as one of its own, of which nothing is said but what is written: what a container
before the service does not say is the service's, and is judged there. A command that runs as root
is what these are for, in a container that does not: who runs it is left out.

Source: compose-spec, ``pre_start`` and ``service_hook``; compose-go v2.16, ``loader/normalize.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from collectors.docker.compose.defaults import within
from collectors.docker.compose.nodes import Node

BEFORE: Final = "pre_start"
_COMMANDS: Final = ("post_start", "pre_stop")
_WATCH: Final = ("develop", "watch")
_EXEC: Final = "exec"
Make = Callable[[Node], Node]


def each_before(service: Node, make: Make) -> Node:
    """Make something of each container that runs before a service."""
    return within(service, (BEFORE,), lambda node: _items(node, make))


def each_hook(service: Node, make: Make) -> Node:
    """Make something of each container and each command."""
    for name in (BEFORE, *_COMMANDS):
        service = within(service, (name,), lambda node: _items(node, make))
    return within(service, _WATCH, lambda node: _items(node, _on_exec(make)))


def hooks_of(service: Node) -> Iterator[tuple[str, Node]]:
    """Yield each of them, with how it is called in its service: ``post_start 1``."""
    for name in (BEFORE, *_COMMANDS):
        for number, hook in enumerate(_mappings(service.get(name)), 1):
            yield f"{name} {number}", hook if name == BEFORE else _command(hook)
    develop = service.get(_WATCH[0])
    watches = _mappings(None if develop is None else develop.get(_WATCH[1]))
    for number, watch in enumerate(watches, 1):
        found = watch.get(_EXEC)
        if found is not None and isinstance(found.value, dict):
            yield f"watch {number}", _command(found)


def _command(hook: Node) -> Node:
    return hook.with_value({key: each for key, each in hook.fields.items() if key != "user"})


def _on_exec(make: Make) -> Make:
    def made(watch: Node) -> Node:
        found = watch.get(_EXEC)
        if found is None or not isinstance(found.value, dict):
            return watch
        return watch.with_value({**watch.fields, _EXEC: make(found)})

    return made


def _items(node: Node, make: Make) -> Node:
    if not isinstance(node.value, list):
        return node
    items = [make(item) if isinstance(item.value, dict) else item for item in node.value]
    return node.with_value(items)


def _mappings(node: Node | None) -> Iterator[Node]:
    for item in node.value if node is not None and isinstance(node.value, list) else ():
        if isinstance(item.value, dict):
            yield item
