"""On which line a value of a text of JSON stands, and where in the text each object begins."""

from __future__ import annotations

from collectors.documents.json_text import Outline
from collectors.documents.positions import steps


class Places:
    """The places of one text; objects are numbered as they are noted."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts: list[tuple[int, bool]] = []
        self._outlined = 0
        self._outline: Outline | None = None
        self._seen = (0, 1)

    def note(self, start: int, raw: bytes) -> int:
        """Number an object that begins there."""
        self._starts.append((start, b"\n" not in raw))
        return len(self._starts) - 1

    def line_at(self, offset: int) -> int:
        """The line of a place; places are mostly asked for in order."""
        seen, line = self._seen
        if offset < seen:
            seen, line = 0, 1
        line += self._data.count(b"\n", seen, offset)
        self._seen = offset, line
        return line

    def line_in(self, start: int, raw: bytes, pointer: str) -> int:
        """The line of a field of a value that begins there and has no number."""
        line = self.line_at(start)
        if not pointer or b"\n" not in raw:
            return line
        return line + Outline(self._data, start).line_of(steps(pointer))

    def line(self, number: int, pointer: str) -> int:
        """The line of a field of a numbered object."""
        start, on_one_line = self._starts[number]
        line = self.line_at(start)
        if on_one_line or not pointer:
            return line
        return line + self._outlined_at(number).line_of(steps(pointer))

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """The lines of all nodes of a value that stands in a numbered object."""
        start, on_one_line = self._starts[number]
        line = self.line_at(start)
        if on_one_line:
            return [line]
        return [line + each for each in self._outlined_at(number).lines_of(steps(pointer), value)]

    def _outlined_at(self, number: int) -> Outline:
        if self._outline is None or self._outlined != number:
            self._outline = Outline(self._data, self._starts[number][0])
            self._outlined = number
        return self._outline
