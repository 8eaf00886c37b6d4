"""Observed values: which fields decided, as paths in the body, with their values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from auditor.cel import ABSENT, CelEvalError, Program, Read, ReadTree
from auditor.engine.causes import Causes, chain_of, together, value_at
from auditor.engine.outcome import BodyPath
from auditor.engine.slices import Keys, as_evidence, expand_joined, is_complete, unite, with_keys
from auditor.engine.texts import LONG, deciding_line
from auditor.platforms.shape import Shape
from auditor.policy.compiled import MessageTemplate

MAX_SEEN = 24
_MOST_TRACED = 12
"""Reads of a trace that are its causes."""
MAX_VALUE = 1024
"""Bytes of JSON; a longer observed value is replaced by a note of its length."""

_MEMO_LIMIT = 2048
_LONGEST_KEY = 1024
"""Bytes of a key that is kept as it is; the digest of a longer one is."""
_CONTAINERS = (dict, list)

Reads = tuple[tuple[bool, BodyPath, str], ...]
_Known = tuple[Reads, tuple[str, ...]]
"""What decided, and the causes that it comes to."""

_PLAIN: Final = Shape()


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """The message, the reads that decided as (below the element?, path, JSON text), the causes."""

    message: str
    reads: Reads
    causes: tuple[str, ...]


class Observer:
    """Explains one expression; remembers explanations by the values that they are made of.

    The same few combinations of values come up again and again, and tracing is a hundred times as
    dear as evaluating. Where the message shows more than the expression reads, that is in the key
    as well.
    """

    def __init__(
        self, program: Program, message: MessageTemplate | None = None, shape: Shape = _PLAIN
    ) -> None:
        self._program = program
        self._causes = Causes(program, message, shape)
        self._message = message
        shown = () if message is None else message.programs()
        self._same_message: str | None = None
        if not shown:
            self._same_message = message.render(None, None, None) if message is not None else ""
        self._keys = _LateKeys((program,), shape)
        self._shown_keys = _LateKeys((program, *shown), shape)
        self._chain = chain_of(program)
        self._of_one_field = self._chain is not None and not shown
        self._memo: dict[object, _Known] = {}
        self._explained: dict[bytes, Explanation] = {}

    def explain(self, body: object, item: object, params: object) -> Explanation:
        """Why the expression came to its result on these arguments; params are always the same."""
        if self._of_one_field:
            return self._explain(body, item, params)
        key = self._shown_keys.key(body, item)
        explained = self._explained.get(key) if key is not None else None
        if explained is None:
            explained = self._explain(body, item, params)
            if key is not None and len(self._explained) < _MEMO_LIMIT:
                self._explained[key] = explained
        return explained

    def _explain(self, body: object, item: object, params: object) -> Explanation:
        message = self._same_message
        if message is None and self._message is not None:
            message = self._message.render(body, item, params)
        known = None
        if self._chain is not None:
            known = self._follow(self._chain, (body, item, params))
        if known is None:
            known = self._decisive(body, item, params)
        reads, causes = known
        if self._causes.shows:
            causes = self._causes.shown(body, item, causes)
        return Explanation(message or "", reads, causes)

    def _decisive(self, body: object, item: object, params: object) -> _Known:
        whole = self._chain is None and self._same_message is not None  # explained at once
        key = None if whole else self._keys.key(body, item)
        known = self._memo.get(key) if key is not None else None
        if known is not None:
            return known
        reads, causes = self._traced(body, item, params)
        arguments = (body, item, params)
        found = tuple(
            (read.root == "item", read.path, self._text(read, arguments)) for read in reads
        )
        known = found, together(causes)
        self._remember(key, known)
        return known

    def _traced(
        self, body: object, item: object, params: object
    ) -> tuple[list[Read], tuple[str, ...]]:
        """What decided: every element of a list that did, where there can be more than one."""
        if self._causes.several:
            try:
                reads = _seen(self._program.all_reads(body, item, params))[:MAX_SEEN]
            except CelEvalError:
                pass  # too much decided, or nothing: the trace says the first of it
            else:
                return reads, self._causes.of(body, item, params)
        trace = self._program.trace(body, item, params)
        reads = _seen(trace.reads)[:_MOST_TRACED]
        if trace.error is not None:
            return reads, ()
        if self._causes.several or len(reads) == _MOST_TRACED:
            return reads, self._causes.of(body, item, params)
        return reads, self._causes.of_reads(reads, body, item)

    def _remember(self, key: object, known: _Known) -> None:
        if key is not None and len(self._memo) < _MEMO_LIMIT:
            self._memo[key] = known

    def _follow(
        self, chain: tuple[bool, tuple[str, ...]], arguments: tuple[object, object, object]
    ) -> _Known | None:
        """The one field that the expression can have read, without tracing it.

        None when the value is a map or a list, of which an element may have decided.
        """
        below_item, path = chain
        body, item, _ = arguments
        value = value_at(item if below_item else body, path)
        if value.__class__ in _CONTAINERS:
            return None
        key = (value.__class__, value)
        known = self._memo.get(key)
        if known is None:
            read = Read("item" if below_item else "object", path, value)
            text = self._text(read, arguments)
            known = ((below_item, path, text),), self._causes.of_reads((read,), body, item)
            size = len(value) if isinstance(value, str) else len(text)
            self._remember(key if size <= _LONGEST_KEY else None, known)
        return known

    def _text(self, read: Read, arguments: tuple[object, object, object]) -> str:
        """The value that was read; of a map or a list, only as much as rules can read of it.

        Of a long text it is the line that decided, where there is one.
        """
        value = read.value
        if isinstance(value, str) and len(value) > LONG:
            place = read.root == "item", read.path
            line = deciding_line(self._program, place, value, arguments)
            if line:
                return as_text(line)
        if value.__class__ in _CONTAINERS and not _reads_all(self._program, read):
            return '"(a map)"' if isinstance(value, dict) else '"(a list)"'
        return as_text(value)


class _LateKeys:
    """Makes keys of all that expressions read and an explanation shows.

    There are none before the second time: what makes them takes longer to make than an explanation,
    and most rules that fail in a run of few files fail once.
    """

    __slots__ = ("_asked", "_keys", "_programs", "_shape")

    def __init__(self, programs: Sequence[Program], shape: Shape) -> None:
        self._programs = programs
        self._shape = shape
        self._asked = False
        self._keys: Keys | None = None

    def key(self, body: object, item: object) -> bytes | None:
        """The values that are read, as bytes; None when they are too much or too odd."""
        if not self._asked:
            self._asked = True
            return None
        if self._programs:
            self._keys = _keys_of(self._programs, self._shape)
            self._programs = ()
        if self._keys is None:
            return None
        try:
            key = self._keys.key(body, item)
        except (OverflowError, TypeError, ValueError):
            return None
        return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key).digest()


def _keys_of(programs: Iterable[Program], shape: Shape) -> Keys | None:
    """What makes keys; None where all of a body is read, which has too much in it for a key.

    Elements of lists are told by their names, and those of a joined list by the list they are of.
    """
    trees: dict[str, list[ReadTree]] = {}
    for program in programs:
        for root, tree in program.reads.items():
            trees.setdefault(root, []).append(as_evidence(tree))
    body, item = (
        with_keys(unite(trees[root])) if root in trees else None for root in ("object", "item")
    )
    if body is not None:
        body = expand_joined(body, shape)
    return None if body is not None and body.whole else Keys(body, item)


def _seen(reads: Iterable[Read]) -> list[Read]:
    """The reads of what is judged, without those of parameters."""
    return [read for read in reads if read.root != "params"]


def _reads_all(program: Program, read: Read) -> bool:
    tree = program.reads.get(read.root)
    for step in read.path:
        if tree is None or tree.whole:
            break
        tree = tree.fields.get(step, tree.elements) if isinstance(step, str) else tree.elements
    return tree is not None and (is_complete(tree) or _fits_badly(tree, read.value))


def _fits_badly(tree: ReadTree, value: object) -> bool:
    """A list where fields are read stays whole in a slice: ``"x" in list`` reads all of it.

    Also where its elements are read beside: of ``"x" in list && list.all(e, e.y)``.
    """
    return isinstance(value, list) and bool(tree.fields)


def _in_place_of(value: object, size: int) -> str:
    """Say how long a value is that is not repeated."""
    if not isinstance(value, str):
        return f"({size} bytes of JSON, not repeated here)"
    lines = value.count("\n") + (not value.endswith("\n"))
    of_lines = f" in {lines} lines" if lines > 1 else ""
    return f"({len(value)} characters{of_lines}, not repeated here)"


def as_text(value: object) -> str:
    """An observed value as JSON text; "" for a field that is not there."""
    if value is ABSENT:
        return ""
    try:
        text = msgspec.json.encode(value)
    except (TypeError, OverflowError, ValueError):
        text = msgspec.json.encode(str(value))
    if len(text) > MAX_VALUE:
        text = msgspec.json.encode(_in_place_of(value, len(text)))
    return text.decode()
