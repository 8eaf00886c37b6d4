"""Long forms of what a service may say in short ones, and once what can be there only once."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Final

from auditor.late import late
from collectors.docker.compose.interpolation import is_open
from collectors.docker.compose.merge import STARTED, as_build, key_of_entry, unique
from collectors.docker.compose.nodes import Node, NotResolved
from collectors.docker.compose.ports import port_key, ports_of
from collectors.docker.compose.texts import go_text

_DRIVE: Final = late(r"[A-Za-z]:")
_PROPAGATIONS: Final = frozenset(
    {"rprivate", "private", "rshared", "shared", "rslave", "slave"},
)
_SELINUX: Final = frozenset({"z", "Z"})
_NOT_SEEN: Final = "a volume is written SOURCE:TARGET:OPTIONS"


def _field(node: Node, name: str) -> str:
    found = node.get(name)
    return found.value if found is not None and isinstance(found.value, str) else ""


def _list_of(make: Callable[[Node], Node]) -> Callable[[Node], Node]:
    """Make each item of a list; a text alone is a list of one."""

    def made(node: Node) -> Node:
        items = node.value if isinstance(node.value, list) else [node]
        return node.with_value([make(item) for item in items])

    return made


def _names(default: dict[str, bool | str] | None) -> Callable[[Node], Node]:
    """Make a mapping of a list of names."""

    def made(node: Node) -> Node:
        if not isinstance(node.value, list):
            return node
        found: dict[str, Node] = {}
        for item in node.value:
            if not isinstance(item.value, str):
                raise NotResolved("a name is meant", item)
            found[item.value] = item.with_value(
                None
                if default is None
                else {key: item.with_value(value) for key, value in default.items()}
            )
        return node.with_value(found)

    return made


def _texts(node: Node) -> Node:
    return node.with_value([node]) if isinstance(node.value, str) else node


def _file_mount(node: Node) -> Node:
    return node.with_value({"source": node}) if isinstance(node.value, str) else node


def _env_file(node: Node) -> Node:
    if isinstance(node.value, str):
        return node.with_value({"path": node, "required": node.with_value(value=True)})
    if isinstance(node.value, dict) and "required" not in node.value:
        return node.with_value({**node.value, "required": node.with_value(value=True)})
    return node


def device_of(node: Node) -> Node:
    """Take ``/dev/x:/dev/y:rw`` apart."""
    if not isinstance(node.value, str):
        return node
    parts = node.value.split(":")
    if len(parts) > 3:
        raise NotResolved(f"not a device: {node.value}", node)
    source, target, permissions = (*parts, "", "")[:3]
    values = {"source": source, "target": target or source, "permissions": permissions or "rwm"}
    if len(parts) == 3:
        values["permissions"] = permissions
    return node.with_value({key: node.with_value(value) for key, value in values.items()})


def _gpus(node: Node) -> Node:
    if isinstance(node.value, str):
        return node.with_value([node.with_value({"count": node.with_value("all")})])
    return node


def volume_of(node: Node) -> Node:
    """Take ``./data:/data:ro`` apart; what may be a path or a name has an open type."""
    if not isinstance(node.value, str):
        return node
    spec = node.value
    if not spec:
        raise NotResolved("an empty volume", node)
    if len(spec) <= 2:
        return _volume(node, {"type": "volume", "target": spec})
    parts = list(_volume_parts(spec))
    if not all(parts) or len(parts) > 3:
        raise NotResolved(f"not a volume: {spec}", node, _NOT_SEEN)
    if len(parts) == 1:
        return _volume(node, {"type": "volume", "target": posixpath.normpath(spec)})
    return _mounted_volume(node, parts)


def _mounted_volume(node: Node, parts: list[str]) -> Node:
    """A volume of its source, its target and its options."""
    made: dict[str, str | bool] = {"type": _type_of(parts[0]), "source": parts[0]}
    made["target"] = posixpath.normpath(parts[1])
    bind: dict[str, str] = {}
    volume: dict[str, bool] = {}
    for option in parts[2].split(",") if len(parts) > 2 else ():
        if option in ("ro", "rw"):
            made["read_only"] = option == "ro"
        elif option == "nocopy":
            volume["nocopy"] = True
        elif option in _PROPAGATIONS:
            bind["propagation"] = option
        elif option in _SELINUX:
            bind["selinux"] = option
    found = _volume(node, made)
    for name, more in (("bind", bind), ("volume", volume)):
        if more:
            options = {key: node.with_value(value) for key, value in more.items()}
            found.fields[name] = node.with_value(options)
    return found


def _volume(node: Node, values: dict[str, str | bool]) -> Node:
    return node.with_value({key: node.with_value(value) for key, value in values.items()})


def _volume_parts(spec: str) -> Iterator[str]:
    """Cut at colons, but for that behind a single letter: a drive of Windows."""
    part = ""
    for char in spec:
        if char == ":" and not (len(part) == 1 and part.isalpha()):
            yield part
            part = ""
        else:
            part += char
    yield part


def _type_of(source: str) -> str:
    if source.startswith((".", "/", "~", "\\\\")) or _DRIVE.match(source) is not None:
        return "bind"
    return source if source.startswith("{{") and is_open(source) else "volume"


def mount_key(node: Node) -> str:
    """Where a volume is mounted."""
    found = volume_of(node)
    target = found.get("target")
    if target is None:
        raise NotResolved("a volume without a target", node)
    return str(target.value)


def _device_key(node: Node) -> str:
    if isinstance(node.value, str):
        parts = node.value.split(":")
        return parts[0] if len(parts) == 1 else parts[1]
    target = _field(node, "target")
    if not target:
        raise NotResolved("a device without a target", node)
    return target


def _expose_key(node: Node) -> str:
    return go_text(node.value) if not isinstance(node.value, dict | list) else ""


def _mounted(default: str) -> Callable[[Node], str]:
    def key(node: Node) -> str:
        if isinstance(node.value, str):
            return f"{default}/{node.value}"
        return _field(node, "target") or f"{default}/{_field(node, 'source')}"

    return key


def _env_file_key(node: Node) -> str:
    return node.value if isinstance(node.value, str) else _field(node, "path")


_UNIQUE: Final[dict[str, Callable[[Node], str]]] = {
    **dict.fromkeys(
        (
            *("annotations", "cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "environment"),
            *("labels", "links", "profiles", "sysctls", "tmpfs"),
        ),
        key_of_entry,
    ),
    "configs": _mounted(""),
    "secrets": _mounted("/run/secrets"),
    "devices": _device_key,
    "env_file": _env_file_key,
    "expose": _expose_key,
    "ports": port_key,
    "volumes": mount_key,
}

_FORMS: Final[dict[str, Callable[[Node], Node]]] = {
    "build": as_build,
    "configs": _list_of(_file_mount),
    "depends_on": _names(STARTED),
    "devices": _list_of(device_of),
    "dns": _texts,
    "env_file": _list_of(_env_file),
    "gpus": _gpus,
    "label_file": _texts,
    "models": _names(None),
    "networks": _names(None),
    "ports": ports_of,
    "secrets": _list_of(_file_mount),
    "volumes": _list_of(volume_of),
}


def once(service: Node) -> Node:
    """Leave what can be in a service once there once."""
    made = dict(service.fields)
    for name, key_of in _UNIQUE.items():
        found = made.get(name)
        if found is not None and isinstance(found.value, list):
            made[name] = unique(found, key_of)
    deploy = made.get("deploy")
    labels = deploy.get("labels") if deploy is not None else None
    if deploy is not None and labels is not None and isinstance(labels.value, list):
        made["deploy"] = deploy.with_value(
            {**deploy.fields, "labels": unique(labels, key_of_entry)}
        )
    return service.with_value(made)


def canonical(service: Node) -> Node:
    """Write a service in long forms."""
    made = {
        name: _FORMS[name](value) if name in _FORMS and value.value is not None else value
        for name, value in service.fields.items()
    }
    dns = made.get("dns")
    if dns is not None and isinstance(dns.value, list):
        made["dns"] = dns.with_value([item for item in dns.value if item.value])
    return service.with_value(made)
