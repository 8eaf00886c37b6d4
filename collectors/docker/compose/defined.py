"""What a service gets of the host by what its project defines: files, and folders behind volumes.

::

    secrets: {key: {file: ./key.pem}}           secrets: [{source: key, …, file: ./key.pem}]
    volumes: {data: {driver_opts:
      {type: none, o: bind, device: /srv}}}     volumes: [{source: data, …, device: /srv}]

Which options lead to what of the host is said in :mod:`auditor.model.volumes`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Final

from auditor.late import late
from auditor.model.volumes import LOCAL, of_host
from collectors.docker.compose.nodes import Node

_FILES: Final = ("secrets", "configs")
_ELSEWHERE: Final = late(r"/|~|\{\{|[A-Za-z]:[\\/]")


def with_defined(service: Node, model: Node | None, folder: str) -> Node:
    """Add to what a service mounts the file or the folder that the project says it is.

    Paths are from ``folder``, that of the project.
    """
    if model is None:
        return service
    made = dict(service.fields)
    for section in _FILES:
        _complete(made, section, model, "file", lambda found: found.get("file"))
    _complete(made, "volumes", model, "device", _bound)
    placed = {
        name: node.with_value([_placed(item, folder) for item in node.value])
        for name, node in made.items()
        if name in {*_FILES, "volumes"} and isinstance(node.value, list)
    }
    return service.with_value({**made, **placed})


def _complete(
    made: dict[str, Node],
    section: str,
    model: Node,
    field: str,
    find: Callable[[Node], Node | None],
) -> None:
    used, defined = made.get(section), model.get(section)
    if used is None or defined is None or not isinstance(used.value, list):
        return
    items = []
    for item in used.value:
        source = item.get("source")
        named = defined.get(source.value) if source and isinstance(source.value, str) else None
        found = find(named) if named is not None else None
        if found is not None and isinstance(found.value, str) and _is_named(item):
            items.append(item.with_value({**item.fields, field: found}))
        else:
            items.append(item)
    made[section] = used.with_value(items)


def _is_named(item: Node) -> bool:
    """Whether a mount is of a volume, or no mount: a folder may be called as a volume is."""
    kind = item.get("type")
    return kind is None or kind.value == "volume"


def _bound(volume: Node) -> Node | None:
    """What of the host a volume of the local driver is, by its options for mount(8)."""
    driver, options = volume.get("driver"), volume.get("driver_opts")
    if options is None or (driver is not None and driver.value not in (None, "", LOCAL)):
        return None
    said = {name: options.get(name) for name in ("type", "o", "device")}
    texts = {name: str(each.value) for name, each in said.items() if each and each.value}
    found = of_host(texts)
    at = None if found is None else said[found.said]
    return None if found is None or at is None else at.with_value(found.path)


def _placed(item: Node, folder: str) -> Node:
    made = dict(item.fields)
    for field in ("file", "device"):
        node = made.get(field)
        if node is None or not isinstance(node.value, str) or _ELSEWHERE.match(node.value):
            continue
        path = posixpath.join(posixpath.dirname(node.file), node.value)
        found = posixpath.relpath(posixpath.normpath(path), folder or ".")
        made[field] = node.with_value(found if found.startswith("..") else f"./{found}")
    return item.with_value(made) if made else item
