"""On which line a value of a text of JSON stands, and where in the text each object begins."""

from __future__ import annotations

import msgspec

from auditor.model.pointers import steps
from collectors.documents.json_text import Outline
from collectors.documents.positions import value_at


class Positions:
    """The lines of one text; objects are numbered as they are noted."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._objects: list[tuple[int, int, bool, str]] = []
        self._outlined = 0
        self._outline: Outline | None = None
        self._seen = (0, 1)
        self._told = (0, 1)

    def note(self, start: int, raw: bytes, pointer: str = "") -> int:
        """Number an object that begins there, or stands at a pointer of what does."""
        self._objects.append((start, len(raw), b"\n" not in raw, pointer))
        return len(self._objects) - 1

    def line_at(self, offset: int) -> int:
        """Return the line of an offset.

        They are asked for in order, by who reads, and by who tells some time later what came of it.
        """
        seen, line = self._seen
        if offset >= seen:
            line += self._data.count(b"\n", seen, offset)
            self._seen = offset, line
            return line
        told, line = self._told if offset >= self._told[0] else (0, 1)
        line += self._data.count(b"\n", told, offset)
        self._told = offset, line
        return line

    def line_in(self, start: int, raw: bytes, pointer: str) -> int:
        """Return the line of a field of a value that begins there and has no number."""
        line = self.line_at(start)
        if not pointer or b"\n" not in raw:
            return line
        return line + Outline(self._data, start).line_of(steps(pointer))

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a field of a numbered object."""
        start, _, on_one_line, base = self._objects[number]
        line = self.line_at(start)
        pointer = base + pointer
        if on_one_line or not pointer:
            return line
        return line + self._outlined_at(number).line_of(steps(pointer))

    def on_one_line(self, number: int) -> bool:
        """Return whether all fields of a numbered object have one line."""
        return self._objects[number][2]

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value that stands in a numbered object."""
        start, _, on_one_line, base = self._objects[number]
        line = self.line_at(start)
        if on_one_line:
            return [line]
        found = self._outlined_at(number).lines_of(steps(base + pointer), value)
        return [line + each for each in found]

    def original(self, number: int) -> object:
        """Return a numbered object as it was read."""
        start, length, _, base = self._objects[number]
        return value_at(msgspec.json.decode(self._data[start : start + length]), base)

    def _outlined_at(self, number: int) -> Outline:
        start = self._objects[number][0]
        if self._outline is None or self._outlined != start:
            self._outline = Outline(self._data, start)
            self._outlined = start
        return self._outline
