"""A kind and its properties, as each is asked of a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from collectors.vsphere.live.forms import LISTS, Form, Options, Plain, names_in

TEXT: Final = Plain.TEXT
BOOL: Final = Plain.BOOL
NUMBER: Final = Plain.NUMBER
TYPE: Final = Plain.TYPE


class Property(msgspec.Struct, frozen=True):
    """One path, with its form; ``since`` is the first version of the API that has it.

    ``unset`` is kept where an object that was reached has none, None where nothing is: so what is
    not there can be told from what was not read. A list is empty then anyhow. Of one that is
    another object, ``place`` is the field that says where in the inventory that is.
    """

    path: str
    form: Form
    since: tuple[int, ...] = ()
    unset: object = None
    place: str = ""

    @property
    def nothing(self) -> object:
        """What is kept of an object that was reached and has none; None for nothing."""
        if isinstance(self.form, LISTS):
            return {} if isinstance(self.form, Options) else []
        return self.unset


class Kind(msgspec.Struct, frozen=True):
    """What of a kind is read: its type in the API, and the properties.

    A server says of an object that it can't reach next to nothing; ``sign`` is a property that all
    others have. ``page`` is how many come at once. ``made`` makes what is kept of what was read,
    where that is something else.
    """

    type: str
    properties: tuple[Property, ...]
    sign: str = ""
    page: int = 200
    made: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    @property
    def names(self) -> frozenset[str]:
        """The fields of properties that are read, at any depth."""
        return frozenset().union(*(names_in(each.form) for each in self.properties))


NAMED: Final = (Property("name", TEXT), Property("parent", TEXT))
"""What every object of an inventory has."""


_LONGEST: Final = 9
"""How many digits a part of a version has at most."""


def known_to(api: str, kind: Kind) -> tuple[Property, ...]:
    """Return the properties that a version of the API has; a server refuses to be asked others."""
    version = tuple(int(part) for part in api.split(".") if _is_number(part))
    return tuple(each for each in kind.properties if each.since <= version)


def _is_number(part: str) -> bool:
    """Whether a part of a version is a number of a length that any version has."""
    return part.isdecimal() and len(part) <= _LONGEST
