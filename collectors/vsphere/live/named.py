"""What objects are called, and where they are: the same of a server and of what was saved of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from auditor.platforms.vsphere import EXTENSION, KEY_PROVIDER, PERMISSION, ROLE, SETTINGS
from collectors.vsphere.kinds.managers import PERMISSION_FIELDS
from collectors.vsphere.live.forms import value_of
from collectors.vsphere.live.markup import child, text_of
from collectors.vsphere.live.objects import Tree


def named(kind: str, value: Mapping[str, Any]) -> tuple[str, str]:
    """What an object is called, and where it is.

    Raises:
        KeyError: it does not say.
        TypeError: it is not an object.
    """
    if kind == PERMISSION:
        who = f"{value['principal']} on {value['path']}"
        return who, f"/permissions/{value['entity']}/{value['principal']}/{value['roleId']}"
    if kind == ROLE:
        return value["name"], f"/roles/{value['roleId']}"
    if kind == EXTENSION:
        return value["key"], f"/extensions/{value['key']}"
    if kind == KEY_PROVIDER:
        return value["clusterId"]["id"], f"/key-providers/{value['clusterId']['id']}"
    return value["name"], value.get("path") or f"/{value['name']}"


def permission_of(element: Element, tree: Tree) -> dict[str, Any]:
    """Read one permission; of which type its object is stands in an attribute.

    ``path`` is where that is in the inventory, ``parentType`` what it is in.

    Raises:
        Refused: a field is not what the API says that it is.
    """
    entity = child(element, "entity")
    read: Any = value_of(element, PERMISSION_FIELDS)
    kind = "" if entity is None else entity.get("type", "")
    identity = text_of(entity)
    return {
        **read,
        "entityType": kind,
        "path": tree.where(identity),
        "parentType": tree.holder(identity),
        "datacenter": tree.datacenter(identity),
    }


def managed(kind: str, read: Any) -> list[Any]:
    """Make objects of what a manager has; ``read`` is None where it has nothing."""
    if kind == SETTINGS:
        return [{"name": "settings", "options": read or {}}]
    return list(read or ())
