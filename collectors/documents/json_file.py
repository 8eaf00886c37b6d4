"""The documents of a file of JSON: one value, or many behind one another.

A page of a list may be hundreds of megabytes. So a value is not decoded to tell whose it is: the
first recogniser *looks* at it (its members as far as they name it, all else stays bytes), and that
one pass also shows where the value ends and whether it is JSON at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from auditor.model.resource import Resource
from auditor.secrets.redact import decode
from collectors.documents.guards import MAX_DEPTH, Unreadable, too_deep
from collectors.documents.json_positions import Positions
from collectors.documents.json_stream import Look, Stream
from collectors.documents.json_text import is_deeper, paired
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import Recogniser

_UNREAD = object()


class JsonDocument:
    """One value of JSON. Implements :class:`collectors.documents.recognise.Document`.

    Attributes:
        data: the whole text.
        raw: the value in it.
        start: where the value begins in the text; white space may stand before it in ``raw``.
        positions: the lines of the text.
    """

    __slots__ = ("_look", "_looked", "_value", "data", "positions", "raw", "start")

    def __init__(
        self, positions: Positions, data: bytes, value: tuple[bytes, int, object], look: Look
    ) -> None:
        self.positions = positions
        self.data = data
        self.raw, self.start, self._looked = value
        self._look = look
        self._value: object = _UNREAD

    def looked(self, look: Look) -> object:
        """Return what a look makes of the value, None where a field has another type than it wants.

        That of the first recogniser was taken already.
        """
        if look == self._look:
            return self._looked
        try:
            return look(self.raw)
        except msgspec.ValidationError:
            return None

    @property
    def value(self) -> object:
        """The value without nulls and secrets.

        Raises:
            Unreadable: it is nested too deeply.
        """
        if self._value is _UNREAD:
            if is_deeper(self.raw, MAX_DEPTH):
                raise too_deep(self.line)
            self._value = decode(self.raw)
        return self._value

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return self.positions.line_at(self.start)

    def line_of(self, pointer: str) -> int:
        """Return the line of a field, from 1, or of its nearest ancestor that is there."""
        return self.positions.line_in(self.start, self.raw, pointer)

    def number(self, pointer: str) -> int:
        """Number what stands at a pointer."""
        return self.positions.note(self.start, self.raw, pointer)


class JsonFile:
    """Reads one file. Implements :class:`collectors.documents.recognise.Content`."""

    def __init__(
        self,
        ledger: Ledger,
        data: bytes,
        recognisers: Sequence[Recogniser],
        *,
        alone: bool = True,
    ) -> None:
        """``alone``: what is not JSON in the text is nothing else either."""
        self._ledger = ledger
        self._data = paired(data)
        self._alone = alone
        self._recognisers = recognisers
        self._positions = Positions(self._data)

    def resources(self) -> Iterator[Resource]:
        """Yield every object that is recognised.

        Raises:
            NoJson: before anything is yielded.
            Unreadable: not UTF-8, or nested too deeply.
        """
        look = self._recognisers[0].look
        positions, data = self._positions, self._data
        readers = [each.reader(self._ledger) for each in self._recognisers]
        for value in Stream(self._ledger, data, positions, look, alone=self._alone).values():
            document = JsonDocument(positions, data, value, look)
            try:
                for reader in readers:
                    if (yield from reader.objects(document)):
                        break
                else:
                    self._ledger.skip(document.line)
            except Unreadable as error:
                self._ledger.add(error)

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a field of a numbered object."""
        return self._positions.line(number, pointer)

    def on_one_line(self, number: int) -> bool:
        """Return whether all fields of a numbered object have one line."""
        return self._positions.on_one_line(number)

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value that stands in a numbered object."""
        return self._positions.lines(number, pointer, value)

    def all_lines(self, number: int) -> None:
        """Tell that lines have to be looked up."""
        del number

    def original(self, number: int) -> object:
        """Return a numbered object with its secrets."""
        return self._positions.original(number)
