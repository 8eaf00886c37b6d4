"""The part of a body that rules read: a msgspec type built from a read-set, and its bytes as a key.

Two resources whose slices are equal get equal verdicts, so each distinct slice is judged once. The
type decodes only the fields that some rule reads; a value that is of another type than the rules
expect stays in the slice as it is, so that they see what was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from auditor.cel import ReadTree
from auditor.model.elements import LIST_KEYS
from auditor.platforms.shape import Path, Shape
from auditor.secrets import redact
from auditor.secrets.keys import decides, is_entry

JsonType: TypeAlias = Any
"""A type object made at run time, which no static type can describe."""

WHOLE = ReadTree({}, None, whole=True)
NOTHING = ReadTree({}, None, whole=False)


def unite(trees: Iterable[ReadTree]) -> ReadTree:
    """The union of read-sets: whole wins over parts."""
    fields: dict[str, ReadTree] = {}
    elements: ReadTree | None = None
    whole = False
    for tree in trees:
        whole = whole or tree.whole
        for name, child in tree.fields.items():
            fields[name] = unite((fields[name], child)) if name in fields else child
        if tree.elements is not None:
            elements = tree.elements if elements is None else unite((elements, tree.elements))
    return WHOLE if whole else ReadTree(fields, elements, whole=False)


def is_complete(tree: ReadTree) -> bool:
    """Whether a slice holds all of the value: all of it is read, or its presence is.

    What is only tested for presence is shown as evidence, so that the slice has to hold it.
    """
    if tree.fields and not tree.whole:
        return False
    return tree.whole or tree.elements is None or is_complete(tree.elements)


def as_evidence(tree: ReadTree) -> ReadTree:
    """The read-set, with everything whole that is shown as evidence when it decides."""
    if is_complete(tree):
        return WHOLE
    fields = {name: as_evidence(child) for name, child in tree.fields.items()}
    elements = None if tree.elements is None else as_evidence(tree.elements)
    return ReadTree(fields, elements, whole=False)


def with_keys(tree: ReadTree, field: str = "") -> ReadTree:
    """The read-set with what tells the elements of its lists apart: their names, else all of them.

    ``field`` is the one that ``tree`` is read of. Two findings must not be taken for one because
    no rule reads what makes them two.
    """
    if tree.whole:
        return tree
    fields = {name: with_keys(child, name) for name, child in tree.fields.items()}
    elements = tree.elements
    if elements is not None and not elements.whole:
        names = LIST_KEYS.get(field)
        keys = WHOLE if names is None else ReadTree(dict.fromkeys(names, WHOLE), None, whole=False)
        elements = unite((with_keys(elements), keys))
    return ReadTree(fields, elements, whole=False)


def expand_joined(tree: ReadTree, shape: Shape) -> ReadTree:
    """Replace what is read of a joined list by reads of its parts."""
    if tree.whole or not shape.joined:
        return tree
    fields = dict(tree.fields)
    added = []
    for name, parts in shape.joined.items():
        joined = fields.pop(name, None)
        if joined is not None:
            added += [at_path(part, joined) for part in parts]
            if name in shape.named:
                added.append(at_path(shape.named[name][0], WHOLE))
    return unite((ReadTree(fields, tree.elements, whole=tree.whole), *added))


def at_path(path: Path, leaf: ReadTree) -> ReadTree:
    """The read-set that reads ``leaf`` at ``path``."""
    for name in reversed(path):
        leaf = ReadTree({name: leaf}, None, whole=False)
    return leaf


def touches(tree: ReadTree, path: Path) -> bool:
    """Whether a read-set reads anything at or below ``path`` (``*`` is any element)."""
    if tree.whole or not path:
        return True
    head, rest = path[0], path[1:]
    children = [] if tree.elements is None else [tree.elements]
    if head == "*":
        children += tree.fields.values()
    elif head in tree.fields:
        children.append(tree.fields[head])
    return any(touches(child, rest) for child in children)


def with_deciders(tree: ReadTree) -> ReadTree:
    """The read-set with the fields that decide whether a read one is a secret.

    A body may be judged before its secrets are replaced, with the slice as the key of the memo.
    Whether an entry is one of a Secret is said beside it, or above it.
    """
    return _with_deciders(tree)[0]


def _with_deciders(tree: ReadTree) -> tuple[ReadTree, bool]:
    """The read-set, and whether something above it decides, too."""
    if tree.whole:
        return tree, False
    fields: dict[str, ReadTree] = {}
    added: set[str] = set()
    above = False
    for name, child in tree.fields.items():
        fields[name], more = _with_deciders(child)
        above = above or more or is_entry(name)
        added.update(decides(name))
    elements = None
    if tree.elements is not None:
        elements, more = _with_deciders(tree.elements)
        above = above or more
    if above and fields:
        added.update(("apiVersion", "kind"))
    for name in added:
        fields[name] = WHOLE
    return ReadTree(fields, elements, whole=False), above


class Slicer:
    """Cuts the slice of one read-set out of JSON bytes."""

    def __init__(self, tree: ReadTree) -> None:
        self._decode = msgspec.json.Decoder(_type(with_deciders(tree))).decode
        self._encode = msgspec.msgpack.Encoder().encode

    def cut(self, body: bytes) -> bytes:
        """Return the slice as msgpack.

        Raises:
            msgspec.DecodeError: the body is not valid JSON.
            OverflowError: a number does not fit 64 bits.
        """
        return self._encode(self._decode(body))

    def value(self, body: bytes, *, clean: bool) -> dict[str, object]:
        """The slice as rules see it; secrets are replaced unless the body is ``clean`` already.

        Raises:
            msgspec.DecodeError: the body is not valid JSON.
        """
        found = msgspec.to_builtins(self._decode(body))
        if not isinstance(found, dict):
            return {}
        return found if clean else redact.cleaned(found, body)


class Keys:
    """Makes one key of a decoded body and an element of it: of each, the slice of one read-set."""

    def __init__(self, body: ReadTree | None, item: ReadTree | None) -> None:
        """None stands for what is not read."""
        kinds = [type(None) if tree is None else _type(tree) for tree in (body, item)]
        fields = list(zip(("body", "item"), kinds, strict=True))
        self._kind = msgspec.defstruct("Key", fields, array_like=True, gc=False)
        self._reads_body, self._reads_item = body is not None, item is not None
        self._encode = msgspec.msgpack.Encoder().encode

    def key(self, body: object, item: object) -> bytes:
        """Return the slices as msgpack.

        Raises:
            ValueError: there is something in them that no JSON has (msgspec.ValidationError too).
            OverflowError: a number does not fit 64 bits.
        """
        values = body if self._reads_body else None, item if self._reads_item else None
        return self._encode(msgspec.convert(values, self._kind))


class Divider:
    """Parts the one field that is long from the others that are read."""

    def __init__(self, tree: ReadTree, field: str) -> None:
        self._field = field
        self._names = [name for name in sorted(tree.fields) if name != field]
        self._decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
        self._encode = msgspec.json.encode

    def parts(self, body: bytes) -> tuple[bytes, bytes]:
        """The field as it is written, and an object of the others.

        Raises:
            msgspec.DecodeError: the body is not valid JSON object.
        """
        fields = self._decode(body)
        others = {name: fields[name] for name in self._names if name in fields}
        return bytes(fields.get(self._field, b"")), self._encode(others)


_SCALARS: JsonType = str | int | float | bool | None
_ODD_MAP: JsonType = _SCALARS | list[Any]
"""What stands where a map was expected; the key test ``"a" in x`` may well mean a list."""


def _type(tree: ReadTree) -> JsonType:
    if tree.whole or (tree.fields and tree.elements is not None):
        return Any
    if tree.fields:
        return _struct(tree.fields) | _ODD_MAP
    if tree.elements is not None:
        element = _type(tree.elements)
        return list.__class_getitem__(element) | dict.__class_getitem__((str, element)) | _SCALARS
    return Any


def _struct(fields: Mapping[str, ReadTree]) -> JsonType:
    names = {f"f{index}": name for index, name in enumerate(sorted(fields))}
    specs = []
    for attribute, name in names.items():
        kind = _type(fields[name])
        specs.append((attribute, kind | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct("Slice", specs, rename=names, gc=False)
