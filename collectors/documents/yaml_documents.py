"""The documents of a YAML text: cut as kubectl cuts it, each read by the cheapest exact means.

kubectl cuts a stream at lines of ``---`` before any YAML parser sees it, so one malformed document
does not hide the others. A document that consists of plain lines is read by ``blocks.py``, any
other by libyaml and our own resolver; both give the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from auditor.secrets.redact import redact_field
from collectors.documents.blocks import Block, Memory
from collectors.documents.flow import NotSimple
from collectors.documents.guards import (
    MAX_PARSED,
    MAX_PLAIN,
    Unreadable,
    check_depth,
    check_size,
)
from collectors.documents.lines import Hide

if TYPE_CHECKING:
    from collectors.documents.yaml_reader import Builder, Duplicate, NodeDocument

_MARK = "---"


def _unnumbered(_pointer: str) -> int:
    return 0


class Document:
    """One document: its value without nulls and secrets, and where its fields stand.

    Attributes:
        value: None when the document is empty.
        line: where it begins, from 1.
        duplicates: the keys that it has twice.
        number: numbers what stands at a pointer of it.

    Implements :class:`collectors.documents.recognise.Document`.
    """

    __slots__ = ("_found", "_offset", "duplicates", "line", "number", "value")

    def __init__(
        self,
        found: Block | NodeDocument,
        offset: int,
        hide: Hide = redact_field,
        number: Callable[[str], int] = _unnumbered,
    ) -> None:
        """Wrap what was read from the text that begins ``offset`` lines down."""
        self.number = number
        self._found = found
        self._offset = offset
        self.line = offset + found.first + 1
        self.duplicates: Sequence[Duplicate] = ()
        if isinstance(found, Block):
            self.value = hide("", found.value) if found.holds_secret else found.value
        else:
            self.value = hide("", found.value)
            self.duplicates = [
                replace(each, line=each.line + offset, first_line=each.first_line + offset)
                for each in found.duplicates
            ]

    def line_of(self, pointer: str) -> int:
        """Return the line of a field, from 1, or of its nearest ancestor that is there."""
        return self._offset + self._found.line_of(pointer) + 1

    def all_lines(self) -> list[int] | None:
        """Return the lines of all nodes of the document, None when they have to be looked up."""
        if not isinstance(self._found, Block) or self._found.holds_secret:
            return None
        lines, more = self._found.all_lines(), self._offset + 1
        return [line + more for line in lines] if lines is not None else None

    def lines_of(self, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value at a pointer, as :meth:`line_of` for each."""
        more = self._offset + 1
        return [line + more for line in self._found.lines_of(pointer, value)]


def chunks(text: str) -> Iterator[tuple[str, int]]:
    """Cut a text at its ``---`` lines, as (text, lines above it)."""
    start, lines = 0, 0
    at = _mark(text, 0)
    while at >= 0:
        end = text.find("\n", at) + 1 or len(text)
        if not text[at + len(_MARK) : end].strip():
            if at > start:
                chunk = text[start:at]
                yield chunk, lines
                lines += chunk.count("\n")
            lines += 1
            start = end
        at = _mark(text, end)
    if start < len(text):
        yield text[start:], lines


def _mark(text: str, start: int) -> int:
    """The first line from ``start``, itself a line's beginning, that begins with the mark."""
    if text.startswith(_MARK, start):
        return start
    found = text.find("\n" + _MARK, start)
    return found + 1 if found >= 0 else -1


class Documents:
    """Reads the documents of one text, one at a time."""

    def __init__(
        self, text: str, memory: Memory, number: Callable[[str], int] = _unnumbered
    ) -> None:
        """``memory`` is shared by the files of a worker; ``number`` is for their documents."""
        self._memory = memory
        self._number = number
        self._size = len(text)
        self._builder: Builder | None = None

    def read(self, text: str, offset: int) -> Iterator[Document]:
        """The documents of one chunk; empty ones have the value None.

        Raises:
            Unreadable: it is not valid YAML, or not fit to be read.
        """
        check_size(text, MAX_PLAIN, offset + 1)
        try:
            yield Document(Block(text, self._memory), offset, self._memory.hide, self._number)
        except NotSimple:
            yield from self._slowly(text, offset)

    def _slowly(self, text: str, offset: int) -> Iterator[Document]:
        from collectors.documents import yaml_reader  # noqa: PLC0415 - 20 ms, rarely used

        check_size(text, MAX_PARSED, offset + 1)
        self._builder = self._builder or yaml_reader.Builder(self._size)
        try:
            check_depth(text)
            for found in yaml_reader.documents(text, self._builder):
                yield Document(found, offset, self._memory.hide, self._number)
        except Unreadable as error:
            error.line += offset if error.line else 0
            raise
