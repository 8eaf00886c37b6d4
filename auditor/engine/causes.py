"""Why a rule fails, as a set of short digests: what an earlier run did not have is a new fault.

A finding that is known may hide another. Container ``main`` adds NET_RAW, which was accepted with
the baseline; then it adds SYS_ADMIN: the same rule, the same container, the same severity.
So a finding has causes, one for each value that made it fail: here that capabilities has NET_RAW,
then also that it has SYS_ADMIN. It is known while each of its causes is.

A cause is a value and its place, with names in place of list indices, so that moving things about
changes none. The value of an image is the image without its version. A list that lacks something
is one cause, whatever else it holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from auditor.analysis.shapes import resolve_joined
from auditor.cel import ABSENT, LACKS, CelEvalError, Program, Read, ReadTree, prune
from auditor.engine.outcome import BodyPath
from auditor.engine.slices import is_complete
from auditor.late import late
from auditor.model.elements import digest_of, field_of, keyed
from auditor.platforms.shape import Shape
from auditor.policy.compiled import MessageTemplate

MOST: Final = 32
"""A finding with more causes has one, which stands for all of them together."""

_SEVERAL: Final = late(r"&&|\|\||\bin\b|[.](?:all|exists)\b|filter|map|transform")
"""Expressions that the values of a trace may not explain: more than one can decide."""

_KEPT: Final = 4096
_IN: Final = late(r"\bin\b")


class Causes:
    """Tells the causes of one rule's failures."""

    def __init__(self, program: Program, message: MessageTemplate | None, shape: Shape) -> None:
        self._program = program
        self._shape = shape
        self.several = _SEVERAL.search(program.source) is not None
        shown = [] if message is None else [chain_of(each) for each in message.programs()]
        self._shown = [
            (below_item, path, self._place(path, {}, {}, below_item=below_item))
            for below_item, path in filter(None, shown)
            if path not in shape.names
        ]
        self.shows = bool(self._shown)
        self._known: dict[tuple[object, ...], str] = {}

    def of_reads(self, reads: Iterable[Read], body: object, item: object) -> tuple[str, ...]:
        """The causes that are these reads."""
        found = []
        for read in reads:
            if read.root != "params":
                place = self._place(read.path, body, item, below_item=read.root == "item")
                found.append(self._cause(place, read.path, self._value(read)))
        return tuple(found)

    def of(self, body: object, item: object, params: object) -> tuple[str, ...]:
        """The causes of a failure that several values may have decided, each for itself."""
        try:
            reads = self._program.grounds(body, item, params)
        except CelEvalError:
            return (self._everything(body, item),)
        return self.of_reads(reads, body, item)

    def _everything(self, body: object, item: object) -> str:
        """What stands for all that the expression reads, where it is too much to tell apart."""
        trees = self._program.reads
        values = [(root, body if root == "object" else item) for root in ("object", "item")]
        return digest_of([prune(value, trees[root]) for root, value in values if root in trees])

    def shown(self, body: object, item: object, causes: Iterable[str]) -> tuple[str, ...]:
        """The causes that are values which the message shows: they say what the fault is.

        They come to the ``causes`` that decided. Where there are some, a list that the message
        shows a part of adds nothing: its other elements are not at fault.
        """
        found = list(causes)
        decided = bool(found)
        for below_item, path, place in self._shown:
            value = value_at(item if below_item else body, path)
            if not decided or value.__class__ not in (dict, list):
                found.append(self._cause(place, path, value))
        return together(found)

    def _value(self, read: Read) -> object:
        """The value that was read; of a map or a list, as much as the expression reads of it."""
        if read.value.__class__ not in (dict, list):
            return read.value
        tree: ReadTree | None = self._program.reads.get(read.root)
        for step in read.path:
            if tree is None or tree.whole:
                break
            tree = tree.fields.get(step, tree.elements) if isinstance(step, str) else tree.elements
        return read.value if tree is None or is_complete(tree) else prune(read.value, tree)

    def _place(self, path: BodyPath, body: object, item: object, *, below_item: bool) -> str:
        """Where a value stands, by names; of a path without numbers, in any body."""
        if below_item:
            return f"item{keyed(item, path)}"
        known = body if isinstance(body, dict) else {}
        return keyed(body, resolve_joined(path, known, self._shape))

    def _cause(self, place: str, path: BodyPath, value: object) -> str:
        simple = value.__class__ in _SIMPLE
        key = (place, value.__class__, value) if simple else ()
        cause = self._known.get(key) if simple else None
        if cause is None:
            text = _DIGESTS.get(value.__class__) or digest_of(value, field_of(path))
            cause = hashlib.sha256(f"{place}\0{text}".encode("utf-8", "replace")).hexdigest()[:16]
            if simple and len(self._known) < _KEPT:
                self._known[key] = cause
        return cause


_SIMPLE = frozenset({str, int, float, bool, None.__class__, ABSENT.__class__, LACKS.__class__})
_DIGESTS = {ABSENT.__class__: "absent", LACKS.__class__: "lacks"}


def chain_of(program: Program) -> tuple[bool, tuple[str, ...]] | None:
    """The path of the single field that an expression reads, None when there are more.

    A key that is looked for with ``in`` is not a field: the map may not be there.
    """
    roots = [root for root in program.reads if root != "params"]
    if len(roots) != 1 or _IN.search(program.source):
        return None
    tree = program.reads[roots[0]]
    path: list[str] = []
    while len(tree.fields) == 1 and tree.elements is None and not tree.whole:
        ((name, tree),) = tree.fields.items()
        path.append(name)
    return (roots[0] == "item", tuple(path)) if path and not tree.fields else None


def value_at(value: object, path: tuple[str, ...]) -> object:
    """The field at a path, ABSENT when it is not there."""
    for name in path:
        value = value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def together(causes: Iterable[str]) -> tuple[str, ...]:
    """Causes as a finding has them: each once, in order, and not too many."""
    found = tuple(sorted(set(causes)))
    return found if len(found) <= MOST else (digest_of(list(found)),)
