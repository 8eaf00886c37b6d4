"""Objects as they are kept: properties in one another as their paths say, and where they are.

::

    {"moid": "vm-17", "path": "/DC0/vm/team-a/llm", "name": "llm", "config": {"firmware": "efi", …}}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from collectors.vsphere.kinds.kind import Kind, Property
from collectors.vsphere.live.forms import value_of
from collectors.vsphere.live.markup import text_of
from collectors.vsphere.live.pages import Found

_DEEPEST: Final = 64
"""Folders within one another; more of them is a circle."""


class Tree:
    """Where things are: folders, datacenters, clusters and pools, by their identities."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self.types: dict[str, str] = {}

    def add(self, found: Iterable[Found]) -> None:
        """Remember what holds other things."""
        for each in found:
            name = text_of(each.values.get("name"))
            self._known[each.identity] = (name, text_of(each.values.get("parent")))
            self.types[each.identity] = each.type

    def named(self, kind: str, name: str) -> list[str]:
        """Return the identities of what has a type and a name."""
        return sorted(
            identity
            for identity, (known, _) in self._known.items()
            if known == name and self.types[identity] == kind
        )

    def is_within(self, identity: str, outer: str) -> bool:
        """Whether a thing is somewhere in another one."""
        for _ in range(_DEEPEST):
            if identity == outer:
                return True
            if identity not in self._known:
                return False
            identity = self._known[identity][1]
        return False

    def where(self, identity: str) -> str:
        """Return where a thing that holds others is; "/" is everything."""
        if identity not in self._known:
            return f"/{identity}"
        name, parent = self._known[identity]
        return self.path(parent, name, identity) if parent else "/"

    def holder(self, identity: str) -> str:
        """Return the type of what a thing that holds others is in, "" where it is in nothing."""
        return self.types.get(self._known.get(identity, ("", ""))[1], "")

    def datacenter(self, identity: str) -> str:
        """Return the name of the datacenter that a thing is, or is in; "" for none."""
        for _ in range(_DEEPEST):
            if identity not in self._known:
                break
            name, parent = self._known[identity]
            if self.types[identity] == "Datacenter":
                return name
            identity = parent
        return ""

    def path(self, parent: str, name: str, identity: str) -> str:
        """Return where a thing is; what no folder holds is known by its identity."""
        if parent not in self._known:
            return f"/{identity}"
        parts = [name]
        for _ in range(_DEEPEST):
            if parent not in self._known:
                break
            here, parent = self._known[parent]
            parts.append(here)
        else:
            return f"/{identity}"
        if not parent:
            parts.pop()  # the root has a name that nobody uses
        return "/" + "/".join(reversed(parts))


def body_of(found: Found, kind: Kind, asked: Iterable[Property], tree: Tree) -> dict[str, Any]:
    """Make what is kept of an object.

    What the server has nothing for is kept as such, unless it could not tell us of it. What it
    gave no name of is called by its identity.

    Raises:
        Refused: a property is not what the API says that it is.
    """
    read = value_of if found.known is None else found.known.value_of
    withheld = {each.path for each in found.missing}
    reached = not kind.sign or kind.sign in found.values
    body: dict[str, Any] = {}
    for each in asked:
        element = found.values.get(each.path)
        if element is not None:
            _put(body, each.path, read(element, each.form))
            if each.place:
                body[each.place] = tree.where(text_of(element))
        elif reached and each.path not in withheld and each.nothing is not None:
            _put(body, each.path, each.nothing)
    name = str(body.get("name", found.identity))
    parent = str(body.get("parent", ""))
    where = tree.path(parent, name, found.identity)
    whole = {"moid": found.identity, "path": where, "name": name, **body}
    return kind.made(whole) if kind.made is not None else whole


def _put(body: dict[str, Any], path: str, value: object) -> None:
    *outer, last = path.split(".")
    here = body
    for part in outer:
        here = here.setdefault(part, {})
    here[last] = value
