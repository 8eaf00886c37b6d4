"""Observed values: which fields decided, as paths in the body, with their values."""

from __future__ import annotations

import msgspec

from auditor.analysis.shapes import Shape
from auditor.cel import ABSENT, Program, Read, ReadTree
from auditor.engine.outcome import BodyPath, Seen

MAX_SEEN = 12
MAX_VALUE = 1024
"""Bytes of JSON; a longer observed value is replaced by a note of its length."""

_MEMO_LIMIT = 4096
_SCALARS = (str, int, float, bool, type(None))


class Observer:
    """Explains one expression; remembers explanations by the values that it read.

    An expression that reads fixed fields only (no list, no unknown keys) is explained by their
    values alone, and the same few combinations come up again and again.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._paths = _fixed_paths(program)
        self._memo: dict[tuple[object, ...], tuple[Read, ...]] = {}

    def reads(self, body: object, item: object, params: object) -> tuple[Read, ...]:
        """The deciding reads of the expression on these arguments."""
        key = self._key({"object": body, "item": item})
        if key is not None:
            known = self._memo.get(key)
            if known is not None:
                return known
        trace = self._program.trace(body, item, params)
        reads = tuple(read for read in trace.reads if read.root != "params")
        if key is not None and len(self._memo) < _MEMO_LIMIT:
            self._memo[key] = reads
        return reads

    def _key(self, roots: dict[str, object]) -> tuple[object, ...] | None:
        if self._paths is None:
            return None
        key: list[object] = []
        for root, path in self._paths:
            value = roots[root]
            for field in path:
                value = value.get(field, ABSENT) if isinstance(value, dict) else ABSENT
            if value is not ABSENT and not isinstance(value, _SCALARS):
                return None
            key.append((type(value), value))
        return tuple(key)


def _fixed_paths(program: Program) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    found: list[tuple[str, tuple[str, ...]]] = []
    for root, tree in program.reads.items():
        if root == "params":
            continue
        if not _collect(tree, root, (), found):
            return None
    return tuple(found)


def _collect(
    tree: ReadTree, root: str, path: tuple[str, ...], found: list[tuple[str, tuple[str, ...]]]
) -> bool:
    """Gather every prefix, since a missing or odd parent changes the explanation too."""
    if tree.elements is not None or (tree.whole and not path):
        return False
    if not tree.fields:
        found.append((root, path))
        return True
    return all(_collect(child, root, (*path, name), found) for name, child in tree.fields.items())


def resolve_joined(path: BodyPath, body: dict[str, object], shape: Shape) -> BodyPath:
    """Turn a path through a joined list into the path of the part that holds the element."""
    if not path or path[0] not in shape.joined:
        return path
    parts = shape.joined[str(path[0])]
    if len(path) == 1 or not isinstance(path[1], int):
        return parts[0]
    index = path[1]
    for part in parts:
        value: object = body
        for field in part:
            value = value.get(field) if isinstance(value, dict) else None
        length = len(value) if isinstance(value, list) else 0
        if index < length:
            return (*part, index, *path[2:])
        index -= length
    return path


def as_seen(path: BodyPath, value: object) -> Seen:
    """An observed value as JSON text."""
    if value is ABSENT:
        return Seen(path, "")
    try:
        text = msgspec.json.encode(value)
    except (TypeError, OverflowError, ValueError):
        text = msgspec.json.encode(str(value))
    if len(text) > MAX_VALUE:
        text = msgspec.json.encode(f"({len(text)} bytes of JSON, not repeated here)")
    return Seen(path, text.decode())
