"""What an expression can read, known without evaluating it: one :class:`ReadTree` a variable.

The tree is a superset of what any evaluation reads. Evaluating on ``prune(value, tree)`` gives the
same result as on ``value``; the engine groups rules by tree and evaluates equal slices once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec


class ReadTree(msgspec.Struct, frozen=True):
    """The part of one value that an expression can read.

    Attributes:
        fields: Reads below selections whose name is known, in sorted order.
        elements: Reads below list elements, or below map values under keys not known statically;
            then the length and the keys are read too. Each of ``fields`` includes it.
        whole: The value itself is used, so all below it is read and the rest is empty.

    A tree with nothing in it is a presence test: whether the value is there, not what it is. Where
    a value has not the shape of its tree (a list under ``fields``, a string under either), all of
    it is read: ``"x" in value`` reads one key of a map, but every element of a list.
    """

    fields: Mapping[str, ReadTree] = msgspec.field(default_factory=dict)
    elements: ReadTree | None = None
    whole: bool = False

    @property
    def presence(self) -> bool:
        """Whether only the presence of the value is read."""
        return not (self.whole or self.fields or self.elements is not None)


PRESENCE: Final = ReadTree()
WHOLE: Final = ReadTree(whole=True)
PLACEHOLDER: Final = True
"""What :func:`prune` puts where only presence is read."""

Packed: TypeAlias = tuple[object, ...]
"""A tree as nested tuples, for :mod:`marshal`; see :func:`pack`."""


def make_tree(
    fields: Mapping[str, ReadTree],
    elements: ReadTree | None = None,
    *,
    whole: bool = False,
) -> ReadTree:
    """A tree in its one canonical form: sorted, nothing below ``whole``."""
    if whole:
        return WHOLE
    if not fields and elements is None:
        return PRESENCE
    if elements is not None:
        fields = {name: _merge_two(tree, elements) for name, tree in fields.items()}
    return ReadTree(dict(sorted(fields.items())), elements)


def merge(trees: Iterable[ReadTree]) -> ReadTree:
    """The smallest tree that includes all of ``trees``; of none, a presence test."""
    result = PRESENCE
    for tree in trees:
        result = _merge_two(result, tree)
    return result


def _merge_two(a: ReadTree, b: ReadTree) -> ReadTree:
    if a is b or b.presence or a.whole:
        return a
    if a.presence or b.whole:
        return b
    if a.elements is None or b.elements is None:
        elements = b.elements if a.elements is None else a.elements
    else:
        elements = _merge_two(a.elements, b.elements)
    fields = dict(a.fields)
    for name, tree in b.fields.items():
        known = fields.get(name)
        fields[name] = tree if known is None else _merge_two(known, tree)
    return make_tree(fields, elements)


def prune(value: object, tree: ReadTree) -> object:
    """A copy of ``value`` with only what ``tree`` reads; shares what is kept whole.

    Keys that the tree does not name are dropped. Where only presence is read the value becomes
    :data:`PLACEHOLDER`.
    """
    fields, elements = tree.fields, tree.elements
    if value.__class__ is dict and not tree.whole:
        if elements is not None:
            return {key: prune(item, fields.get(key, elements)) for key, item in value.items()}
        if fields:
            return {
                name: prune(value[name], below) for name, below in fields.items() if name in value
            }
    elif value.__class__ is list and elements is not None and not fields:
        return [prune(item, elements) for item in value]
    return PLACEHOLDER if tree.presence else value


def pack(tree: ReadTree) -> Packed:
    """``tree`` as nested tuples of plain values, the same for equal trees."""
    return (
        tuple((name, pack(below)) for name, below in tree.fields.items()),
        None if tree.elements is None else pack(tree.elements),
        tree.whole,
    )


def unpack(packed: Packed) -> ReadTree:
    """The inverse of :func:`pack`."""
    match packed:
        case (tuple() as fields, tuple() | None as elements, bool() as whole):
            return ReadTree(
                {name: unpack(below) for name, below in fields},
                None if elements is None else unpack(elements),
                whole,
            )
        case _:
            raise ValueError("not a packed read tree")


def digest(tree: ReadTree) -> str:
    """A hexadecimal SHA-256 that is equal for equal trees, on every machine and version."""
    import hashlib  # noqa: PLC0415  # it takes longer to import than all of this package

    return hashlib.sha256(repr(pack(tree)).encode()).hexdigest()
