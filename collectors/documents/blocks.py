"""One document of block-style YAML from its lines: its value, and on which line each field stands.

``lines.py`` says what each line does at its column; here columns become nesting. The lines of ::

    containers:          # 0
    - name: app          # 1
      ports:             # 2
      - 80               # 3

are ``KEY_OPEN`` in column 0, a ``DASH`` in 0 with a ``KEY`` in 2 behind it, ``KEY_OPEN`` in 2, and
a ``DASH`` in 2 with an ``ITEM`` behind it. :meth:`Block._mapping` takes lines as long as they are
in its column. Below a line that opens something stands a sequence when the next line is a dash in
the same column or farther right, else a mapping when it is farther right, else nothing, which is a
null and left out. A dash that holds a key is replaced by what stands behind it, so that the mapping
of an item reads on in its own column.

Lines are kept by the ``id`` of each collection, as they are met: ``{"containers": 0}`` for the
document, ``[1]`` for the list, ``{"name": 1, "ports": 2}`` for its item, ``[3]`` for the ports. So
``/containers/0/ports/0`` is on line 3, from 0, and nobody asks a parser for it.

A line that ``lines.py`` does not know, a key twice, an indentation that does not fit: the document
is left to the YAML parser. Nothing else is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from auditor.model.pointers import key as key_of
from auditor.secrets import fields
from auditor.secrets.marks import marker
from auditor.secrets.redact import left_of, redact_field
from collectors.documents.flow import NotSimple
from collectors.documents.lines import (
    DASH,
    ITEM,
    ITEM_FLOW,
    ITEM_OPEN,
    KEY,
    KEY_FLOW,
    KEY_OPEN,
    KEY_TEXT,
    LAST_LINE,
    SKIP,
    TELLS_VALUE,
    Hide,
    Line,
    says,
    understand,
)
from collectors.documents.positions import FieldLines, lines_in_block, step_in_block
from collectors.documents.texts import block_text

_MAX_DEPTH = 64
_MAX_LINE = 240
_decode = msgspec.json.decode


def _as_it_is(_key: str, value: Any) -> Any:
    return value


class _Lines(dict[str, Line]):
    """Lines by their texts; one that is not there is learned, so that all are looked up at once."""

    def __init__(self, learn: Callable[[str], Line]) -> None:
        super().__init__()
        self._learn = learn

    def __missing__(self, text: str) -> Line:
        return self._learn(text)


class Memory:
    """The lines understood so far. Bounded, and forgotten as a whole when it is full.

    What is read does not depend on what is remembered: two are equal, and none is sent anywhere.
    """

    def __init__(self, limit: int = 16_384, hide: Hide = redact_field) -> None:
        """``hide`` takes the secrets out of values."""
        self._limit = limit
        self.hide = hide
        self._open: Memory | None = None
        self._lines = _Lines(self._learn)
        self.line: Callable[[str], Line] = self._lines.__getitem__
        """Understands a line. Raises NotSimple where only a YAML parser can tell."""

    def __reduce__(self) -> tuple[type[Memory], tuple[int, Hide]]:
        """Begin anew in another process."""
        return Memory, (self._limit, self.hide)

    def __eq__(self, other: object) -> bool:
        """Whether it reads the same."""
        return isinstance(other, Memory) and self.hide is other.hide

    def __hash__(self) -> int:
        """As :meth:`__eq__`."""
        return hash(self.hide)

    def __contains__(self, text: str) -> bool:
        """Whether a line is remembered."""
        return text in self._lines

    def open(self) -> Memory:
        """Another memory, of lines whose secrets are not hidden."""
        if self._open is None:
            self._open = Memory(self._limit, _as_it_is)
        return self._open

    def _learn(self, text: str) -> Line:
        """Understand a line and remember it."""
        made = understand(text, self.hide)
        if len(text) <= _MAX_LINE:
            if len(self._lines) >= self._limit:
                self._lines.clear()
            self._lines[text] = made
        return made


class Block:
    """Reads one document.

    Attributes:
        value: the document, nulls left out of mappings, text without secrets; None when empty.
        first: the line of its first field, from 0.
        holds_secret: whether it may have a secret, such as an object of kind Secret, that neither
            a single line tells nor two that stand together.
    """

    __slots__ = (
        *("_announced", "_doubts", "_flows", "_left_out", "_lines", "_numbers", "_pairs"),
        *("_field_lines", "_located", "first", "holds_secret", "value"),
    )

    def __init__(self, text: str, memory: Memory) -> None:
        """Read ``text``.

        Raises:
            NotSimple: the YAML parser has to look at it.
        """
        self._field_lines: FieldLines = {}
        self._doubts: list[tuple[dict[str, Any], str]] = []
        self._pairs: list[dict[str, Any]] = []
        self._announced: list[list[Any]] = []
        self._flows: list[tuple[int, Any]] = []
        self._left_out = False
        self._lines, self._numbers = _entries(text, memory)
        self.first = self._numbers[0]
        self.value = self._root()
        self._located: dict[str, tuple[Any, int]] = {"": (self.value, self.first)}
        hides = memory.hide is not _as_it_is
        if hides and (self._pairs or self._announced):
            self._hide_what_two_lines_tell()
        self.holds_secret = hides and any(map(_is_left_out_of, self._doubts))

    def _hide_what_two_lines_tell(self) -> None:
        """Put markers there: what was read is nobody else's yet."""
        for pair in self._pairs:
            for container, at in [*fields.in_pair(pair)]:
                container[at] = marker("by-name")
        for values in self._announced:
            for container, at in [*fields.after_argument(values)]:
                container[at] = marker("argument")

    def line_of(self, pointer: str) -> int:
        """The line of a field, from 0, or of its nearest existing ancestor."""
        return self._at(pointer)[1]

    def lines_of(self, pointer: str, value: object) -> list[int]:
        """The lines of all nodes of a value at a pointer, as :meth:`line_of` for each."""
        start, line = self._at(pointer)
        return lines_in_block(start, self._field_lines, line, value)

    def _at(self, pointer: str) -> tuple[Any, int]:
        """A field and its line; fields that stand together are asked for one after another.

        No deeper than a rule or a document goes, so it may call itself.
        """
        known = self._located.get(pointer)
        if known is None:
            above, _, step = pointer.rpartition("/")
            value, line = self._located.get(above) or self._at(above)
            known = step_in_block(value, line, self._field_lines, key_of(step))
            self._located[pointer] = known
        return known

    def all_lines(self) -> list[int] | None:
        """The lines of all nodes of the value in their order; None when they are not all known.

        In a document of lines no node is above the one before it: no node has to be looked up.
        """
        if self._left_out:
            return None
        lines = [self.first]
        for own in self._field_lines.values():
            lines.extend(own.values() if isinstance(own, dict) else own)
        for line, value in self._flows:
            lines.extend([line] * _nodes_below(value))
        lines.sort()
        return lines

    def _root(self) -> Any:
        value, end = self._child(0, -1, _MAX_DEPTH)
        if end != len(self._lines) - 1:
            raise NotSimple
        return value

    def _child(self, at: int, column: int, depth: int) -> tuple[Any, int]:
        """What stands below a key: a collection, or nothing."""
        op, here, _, _, _, _ = self._lines[at]
        if op == DASH:
            if here >= column:
                return self._sequence(at, here, depth - 1)
        elif here > column:
            return self._mapping(at, here, depth - 1)
        return None, at

    def _mapping(self, at: int, column: int, depth: int) -> tuple[dict[str, Any], int]:
        lines, numbers = self._lines, self._numbers
        made: dict[str, Any] = {}
        self._field_lines[id(made)] = own = {}
        if depth == 0:
            raise NotSimple
        while True:
            op, here, key, value, said, _ = lines[at]
            if here != column or op == DASH:
                if here > column:
                    raise NotSimple
                return made, at
            if key in own:
                raise NotSimple
            own[key] = numbers[at]
            at += 1
            if said is not None:
                self._doubt(said, made, key)
            if op == KEY:
                made[key] = value
            elif op == KEY_OPEN:
                op, here, _, _, _, _ = lines[at]
                if op == DASH and here >= column:
                    made[key], at = self._sequence(at, here, depth - 1)
                elif op != DASH and here > column:
                    made[key], at = self._mapping(at, here, depth - 1)
                else:
                    self._left_out = True
            elif op == KEY_FLOW:
                made[key] = self._flow(value, at - 1)
            else:
                self._left_out = True

    def _doubt(self, said: int, made: dict[str, Any], key: str) -> None:
        if said == TELLS_VALUE:
            self._pairs.append(made)
        else:
            self._doubts.append((made, key))

    def _flow(self, text: bytes, at: int) -> Any:
        """A collection that stands in one line."""
        value = _decode(text)
        if value:
            self._flows.append((self._numbers[at], value))
        return value

    def _sequence(self, at: int, column: int, depth: int) -> tuple[list[Any], int]:
        lines, numbers = self._lines, self._numbers
        made: list[Any] = []
        self._field_lines[id(made)] = own = []
        if depth == 0:
            raise NotSimple
        while True:
            op, here, _, _, rest, _ = lines[at]
            if here != column or op != DASH:
                if here > column:
                    raise NotSimple
                return made, at
            own.append(numbers[at])
            op, _, _, value, said, _ = rest
            if op == ITEM:
                made.append(value)
                at += 1
                if said is not None:
                    self._announced.append(made)
            elif op == ITEM_FLOW:
                made.append(self._flow(value, at))
                at += 1
            elif op == ITEM_OPEN:
                at += 1
                if lines[at][1] > column:
                    own[-1] = numbers[at]
                    value, at = self._child(at, column, depth)
                made.append(value)
            else:
                lines[at] = rest
                inside = self._sequence if op == DASH else self._mapping
                value, at = inside(at, rest[1], depth - 1)
                made.append(value)


def _is_left_out_of(doubt: tuple[dict[str, Any], str]) -> bool:
    """Whether a field says that something in its object is a secret."""
    made, key = doubt
    return key in made and left_of(made, key) is not made


def _nodes_below(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(1 + _nodes_below(each) for each in below)


def _entries(text: str, memory: Memory) -> tuple[list[Line], list[int]]:
    """The lines that say something, with their numbers; blocks of text already taken in."""
    raw = text.split("\n")
    if "|" in text or ">" in text:
        return _entries_with_text(raw, memory)
    known = list(map(memory.line, raw))
    lines = [line for line in known if line[0]]
    if raw[-1] or len(lines) < len(raw) - 1:
        numbers = [at for at, line in enumerate(known) if line[0]]
        numbers.append(len(raw))
    else:
        numbers = list(range(len(raw)))  # as a list it is looked into in a third of the time
    lines.append(LAST_LINE)
    return lines, numbers


def _entries_with_text(raw: Sequence[str], memory: Memory) -> tuple[list[Line], list[int]]:
    lines: list[Line] = []
    numbers: list[int] = []
    at = 0
    while at < len(raw):
        line = memory.line(raw[at])
        if line[0] == SKIP:
            at += 1
            continue
        numbers.append(at)
        at += 1
        if line[5]:
            text, at = block_text(raw, at, *_announced(line))
            line = _replaced(line, text, memory.hide)
        lines.append(line)
    lines.append(LAST_LINE)
    numbers.append(len(raw))
    return lines, numbers


def _announced(line: Line) -> tuple[int, str]:
    """The column that a block of text must be right of, and its indicator."""
    column = line[1]
    while line[0] == DASH:
        column, line = line[1], line[4]
    return (line[1] if line[0] == KEY_TEXT else column), line[3]


def _replaced(line: Line, text: str, hide: Hide) -> Line:
    op, column, key, _, rest, _ = line
    if op == DASH:
        return op, column, key, None, _replaced(rest, text, hide), False
    value = hide(key, text)
    op = KEY if op == KEY_TEXT else ITEM
    return op, column, key, value, says(op, key, value), False
