"""What objects are called, and where they are: the same of a server and of what was saved of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from auditor.platforms.vsphere import PERMISSION, ROLE
from collectors.vsphere.live.forms import value_of
from collectors.vsphere.live.markup import child
from collectors.vsphere.live.properties import PERMISSION_FIELDS


def named(kind: str, value: Mapping[str, Any]) -> tuple[str, str]:
    """What an object is called, and where it is.

    Raises:
        KeyError: it does not say.
        TypeError: it is not an object.
    """
    if kind == PERMISSION:
        who = f"{value['principal']} on {value['entity']}"
        return who, f"/permissions/{value['entity']}/{value['principal']}/{value['roleId']}"
    if kind == ROLE:
        return value["name"], f"/roles/{value['roleId']}"
    return value["name"], value.get("path") or f"/{value['name']}"


def permission_of(element: Element) -> dict[str, Any]:
    """Read one permission; of which type its object is stands in an attribute.

    Raises:
        Refused: a field is not what the API says that it is.
    """
    entity = child(element, "entity")
    read: Any = value_of(element, PERMISSION_FIELDS)
    return {**read, "entityType": "" if entity is None else entity.get("type", "")}


def settings_of(options: Mapping[str, str]) -> dict[str, Any]:
    """Make one object of all settings of a server."""
    return {"name": "settings", "options": options}
