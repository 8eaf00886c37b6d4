"""Of which types values are taken to be: one :class:`Wants` a variable, see ``strict``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from auditor.cel.reads import Packed

ANY: Final = ""
"""Nothing is said of the type."""

EITHER: Final = "either"
"""Values of several types are handled."""

NUMBER: Final = "number"


class Wants(msgspec.Struct, frozen=True):
    """The type that is meant of one value, and of what is below it.

    Attributes:
        kind: ``bool``, ``int``, ``number``, ``string``, ``list``, ``map``, ANY or EITHER.
        fields: Below selections whose name is known.
        items: Below the elements of a list.
        values: Below the values of a map, whatever their key.
    """

    kind: str = ANY
    fields: Mapping[str, Wants] = msgspec.field(default_factory=dict)
    items: Wants | None = None
    values: Wants | None = None

    def __bool__(self) -> bool:
        return bool(self.kind or self.fields or self.items or self.values)


NOTHING: Final = Wants()


def combine(first: str, second: str) -> str:
    """What two parts of one rule say of a type, together."""
    if first == second or not second:
        return first
    if not first:
        return second
    return NUMBER if {first, second} == {"int", NUMBER} else EITHER


def unite(trees: Iterable[Wants], kinds: Callable[[str, str], str] = combine) -> Wants:
    """What several say together; ``kinds`` puts two types together."""
    kind, fields = ANY, dict[str, Wants]()
    items: Wants | None = None
    values: Wants | None = None
    for tree in trees:
        kind = kinds(kind, tree.kind)
        for name, below in tree.fields.items():
            fields[name] = unite((fields[name], below), kinds) if name in fields else below
        items = unite((items, tree.items), kinds) if items and tree.items else items or tree.items
        if values and tree.values:
            values = unite((values, tree.values), kinds)
        values = values or tree.values
    return Wants(kind, fields, items, values)


def pack(tree: Wants | None) -> Packed | None:
    """A tree as nested tuples, for :mod:`marshal`; None when it says nothing."""
    if not tree:
        return None
    fields = tuple((name, pack(below)) for name, below in tree.fields.items())
    return tree.kind, fields, pack(tree.items), pack(tree.values)


def unpack(packed: Any) -> Wants:
    """The inverse of :func:`pack`."""
    if packed is None:
        return NOTHING
    kind, fields, items, values = packed
    named = {name: unpack(below) for name, below in fields}
    return Wants(kind, named, unpack(items) or None, unpack(values) or None)
