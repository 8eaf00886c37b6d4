"""What is left to do once the files of a project are one: variables of containers, and their types.

::

    environment: [A=1, B]          {A: "1", B: "{{ B }}"}      B is the caller's, and not known
    env_file: web.env              its variables, below those of environment
    command: serve --port 80       [serve, --port, "80"]
    gpus: all                      [{count: -1}]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from collectors.docker.compose.commands import words_of
from collectors.docker.compose.defaults import within
from collectors.docker.compose.dotenv import Entry
from collectors.docker.compose.interpolation import is_open, open_value
from collectors.docker.compose.merge import as_list
from collectors.docker.compose.nodes import Node, NotResolved
from collectors.docker.compose.reads import NotRead, Reads
from collectors.docker.compose.texts import go_text

ALL: Final = -1
"""The count of a request for every device."""


def with_named(service: Node, variables: Mapping[str, str]) -> Node:
    """Give names without a value, in a list, the value that the variables of its file have."""
    environment = service.get("environment")
    if environment is None or not isinstance(environment.value, list):
        return service
    entries = [
        entry.with_value(f"{entry.value}={variables[entry.value]}")
        if isinstance(entry.value, str) and entry.value in variables
        else entry
        for entry in environment.value
    ]
    return service.with_value({**service.fields, "environment": environment.with_value(entries)})


def finished(service: Node, variables: Mapping[str, str], reads: Reads) -> Node:
    """Complete a service; files that can't be read become problems of the project.

    Raises:
        NotResolved: something is not of the type that is meant.
    """
    made = {
        name: _TYPES[name](value) if name in _TYPES else value
        for name, value in service.fields.items()
        if value.value is not None
    }
    found = service.with_value(made)
    environment = _environment(found, variables, reads)
    if environment is not None:
        made["environment"] = environment
    labels = _labels(found, reads)
    if labels is not None:
        made["labels"] = labels
    return service.with_value(made)


def on_networks(service: Node, defined: Node | None, project: str) -> Node:
    """Connect a service that names no network with that of its project.

    Each gets the ``name`` that the engine will know it by, of those that are ``defined``.
    """
    if any(service.get(field) is not None for field in ("network_mode", "provider")):
        return service
    networks = service.get("networks")
    found = networks.fields if networks is not None else {}
    named = {
        key: value.with_value({**value.fields, "name": _name_of(key, value, defined, project)})
        for key, value in (found or {"default": service.with_value({})}).items()
    }
    own = (networks or service).with_value(named)
    return service.with_value({**service.fields, "networks": own})


def _name_of(key: str, at: Node, defined: Node | None, project: str) -> Node:
    network = defined.get(key) if defined is not None else None
    name = network.get("name") if network is not None else None
    if name is not None and isinstance(name.value, str):
        return at.with_value(name.value)
    external = network.get("external") if network is not None else None
    is_own = external is None or external.value in (None, False)
    return at.with_value(f"{project}_{key}" if is_own else key)


def _environment(service: Node, variables: Mapping[str, str], reads: Reads) -> Node | None:
    written = service.get("environment")
    own = dict(written.fields) if written is not None else {}
    for name, value in own.items():
        if value.value is None and name in variables:
            own[name] = value.with_value(variables[name])

    def outer(name: str) -> str | None:
        if name in variables:
            return variables[name]
        value = own[name].value if name in own else None
        return value if isinstance(value, str) else None

    files = _of_files(service, "env_file", outer, reads)
    if written is None and not files:
        return None
    made = {**files, **own}
    for name, value in made.items():
        if value.value is None:
            made[name] = value.with_value(open_value(name))
    return (written or service).with_value(made)


def _of_files(
    service: Node, field: str, outer: Callable[[str], str | None], reads: Reads
) -> dict[str, Node]:
    """The variables of the files that a field names, each where it stands."""
    named = service.get(field)
    found: dict[str, Entry] = {}
    files: dict[str, str] = {}
    for item in named.value if named is not None and isinstance(named.value, list) else ():
        path = item.get("path") if isinstance(item.value, dict) else item
        required = item.get("required")
        try:
            if path is None:
                raise NotResolved(f"{field} names no file", item)
            file = reads.named("", path, "the file of variables")
            if required is not None and required.value is False and not reads.has(file.path):
                continue
            for name in reads.add_variables(found, file, outer):
                files[name] = file.path
        except NotRead as error:
            reads.problems.append(error)
    return {name: Node(entry.value, files[name], entry.line) for name, entry in found.items()}


def _unset(name: str) -> None:
    """Labels know no variables but their own."""
    del name


def _labels(service: Node, reads: Reads) -> Node | None:
    files = _of_files(service, "label_file", _unset, reads)
    written = service.get("labels")
    if not files:
        return written
    return (written or service).with_value({**files, **(written.fields if written else {})})


def _mapping(node: Node) -> Node:
    """A mapping of texts, of one or of a list of entries."""
    made: dict[str, Node] = {}
    if isinstance(node.value, dict):
        for name, value in node.value.items():
            made[name] = value if value.value is None else _as_text(value)
        return node.with_value(made)
    entries = as_list(node).value
    for entry in entries if isinstance(entries, list) else ():
        name, separator, text = str(_as_text(entry).value).partition("=")
        made[name] = entry.with_value(text if separator else None)
    return node.with_value(made)


def _as_text(node: Node) -> Node:
    if isinstance(node.value, dict | list):
        raise NotResolved("a text or a number is meant", node)
    return node.with_value(go_text(node.value))


def _mapping_or_empty(node: Node) -> Node:
    """A mapping of texts in which no value is the empty text."""
    found = _mapping(node)
    return found.with_value(
        {
            name: value.with_value("") if value.value is None else value
            for name, value in found.fields.items()
        }
    )


def _words(node: Node) -> Node:
    if isinstance(node.value, str):
        return node.with_value([node.with_value(word) for word in words_of(node.value)])
    return _texts(node)


def _texts(node: Node) -> Node:
    items = node.value if isinstance(node.value, list) else [node]
    return node.with_value([_as_text(item) for item in items])


def _healthcheck(node: Node) -> Node:
    test = node.get("test")
    if test is None or not isinstance(test.value, str):
        return node
    words = [test.with_value("CMD-SHELL"), test]
    return node.with_value({**node.fields, "test": test.with_value(words)})


def _build(node: Node) -> Node:
    made = dict(node.fields)
    for name in ("args", "labels", "additional_contexts"):
        if name in made and made[name].value is not None:
            make = _mapping if name == "args" else _mapping_or_empty
            made[name] = make(made[name])
    args = made.get("args")
    if args is not None:
        opened = {
            name: value.with_value(open_value(name)) if value.value is None else value
            for name, value in args.fields.items()
        }
        made["args"] = args.with_value(opened)
    return node.with_value(made)


def _count(node: Node, text: str) -> int:
    if text.lower() == "all":
        return ALL
    if not text.lstrip("-").isdecimal():
        raise NotResolved(f"{text} is not a number of devices", node)
    return int(text)


def _counted(node: Node) -> Node:
    """Requests for devices with a number for ``all``."""
    if not isinstance(node.value, list):
        raise NotResolved("a list of devices is meant", node)
    items = []
    for item in node.value:
        count = item.get("count")
        if count is not None and isinstance(count.value, str) and not is_open(count.value):
            number = count.with_value(_count(count, count.value))
            items.append(item.with_value({**item.fields, "count": number}))
        else:
            items.append(item)
    return node.with_value(items)


def _deploy(node: Node) -> Node:
    labels = node.get("labels")
    if labels is not None and labels.value is not None:
        node = node.with_value({**node.fields, "labels": _mapping_or_empty(labels)})
    return within(node, ("resources", "reservations", "devices"), _counted)


def _published(node: Node) -> Node:
    """Ports as the text that they are published by."""
    items = node.value if isinstance(node.value, list) else []
    return node.with_value([within(item, ("published",), _as_text) for item in items])


def _secrets(node: Node) -> Node:
    if not isinstance(node.value, list):
        return node
    items = []
    for item in node.value:
        source = item.get("source")
        if source is not None and item.get("target") is None and isinstance(source.value, str):
            target = source.with_value(f"/run/secrets/{source.value}")
            items.append(item.with_value({**item.fields, "target": target}))
        else:
            items.append(item)
    return node.with_value(items)


_TYPES: Final[dict[str, Callable[[Node], Node]]] = {
    "annotations": _mapping_or_empty,
    "build": _build,
    "cap_add": _texts,
    "cap_drop": _texts,
    "command": _words,
    "deploy": _deploy,
    "entrypoint": _words,
    "environment": _mapping,
    "gpus": _counted,
    "healthcheck": _healthcheck,
    "labels": _mapping_or_empty,
    "ports": _published,
    "secrets": _secrets,
    "security_opt": _texts,
    "sysctls": _mapping_or_empty,
    "tmpfs": _texts,
}
