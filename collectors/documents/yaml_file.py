"""The objects of a file of YAML, and the lines of their fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from auditor.model.resource import Resource
from collectors.documents.blocks import Memory
from collectors.documents.duplicates import duplicate_key
from collectors.documents.guards import Unreadable, decode
from collectors.documents.ledger import Ledger
from collectors.documents.positions import value_at
from collectors.documents.recognise import DocumentReader, Identities, Recogniser
from collectors.documents.yaml_documents import Document, Documents, chunks

_KEPT: Final = 16
"""Documents of a small file that stay at hand: findings are told some time after they are read."""
_SMALL: Final = 128 * 1024
"""Bytes of a file that is small; of others a document is read anew when its findings are told."""


class _Location(NamedTuple):
    """Where a document is: the text and the line of its chunk, and its number in that."""

    text: str
    offset: int
    number: int


class _Objects:
    """The objects of a file by their numbers: where each is.

    Documents number what stands in them, so this knows of none: what two hold of each other stays
    until somebody looks for cycles.
    """

    def __init__(self) -> None:
        self.known: list[tuple[_Location, str]] = []
        self.location: _Location | None = None

    def number(self, pointer: str) -> int:
        """Number the object at a pointer of the current document."""
        if self.location is not None:
            self.known.append((self.location, pointer))
        return len(self.known) - 1


class YamlFile:
    """Reads one file. The last document stays at hand for the lines of its findings.

    So do the first ones of a small file.

    Implements :class:`collectors.documents.recognise.Content`.
    """

    def __init__(
        self, ledger: Ledger, data: bytes, recognisers: Sequence[Recogniser], memory: Memory
    ) -> None:
        self._ledger = ledger
        self._data = data
        self._recognisers = recognisers
        self._memory = memory
        self._objects = _Objects()
        self._document: Document | None = None
        self._at: _Location | None = None
        self._kept: dict[tuple[int, int], Document] = {}
        self._most = _KEPT if len(data) <= _SMALL else 0
        self._turned = -1
        self._base = ""

    def resources(self) -> Iterator[Resource]:
        """Yield every object that is recognised, and every key that is there twice."""
        text = decode(self._data)
        readers = [each.reader(self._ledger) for each in self._recognisers]
        identities = Identities(self._ledger.source)
        documents = Documents(text, self._memory, self._objects.number)
        for chunk, offset in chunks(text):
            try:
                for number, document in enumerate(documents.read(chunk, offset)):
                    location = _Location(chunk, offset, number)
                    self._objects.location = self._at = location
                    self._document, self._turned = document, -1
                    if document.value is None:
                        continue
                    if document.duplicates:
                        yield from self._with_duplicates(document, readers, identities)
                    else:
                        yield from self._recognised(document, readers)
                    self._keep(location, document)
            except Unreadable as error:
                for recogniser in self._recognisers:
                    error = recogniser.explained(error, chunk)
                self._ledger.add(error)

    def _recognised(
        self, document: Document, readers: Sequence[DocumentReader]
    ) -> Iterator[Resource]:
        """Let the first reader have the document that takes it."""
        for reader in readers:
            if (yield from reader.objects(document)):
                return
        self._ledger.skip(document.line)

    def _with_duplicates(
        self, document: Document, readers: Sequence[DocumentReader], identities: Identities
    ) -> Iterator[Resource]:
        owners: dict[str, Resource] = {}
        for found in self._recognised(document, readers):
            owners.setdefault(self._objects.known[found.document][1], found)
            yield found
        for place, key in enumerate(document.duplicates):
            number = self._objects.number("")
            source = self._ledger.source
            yield duplicate_key(key, document.value, owners, identities, source, number, place)

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a field of a numbered object."""
        base = self._base if number == self._turned else self._turn_to(number)
        return 0 if self._document is None else self._document.line_of(base + pointer)

    def original(self, number: int) -> object:
        """Return a numbered object with its secrets: read once more, and nothing hidden."""
        location, base = self._objects.known[number]
        found = Documents(location.text, self._memory.open()).read(location.text, location.offset)
        for _ in range(location.number):
            next(found)
        return value_at(next(found).value, base)

    def all_lines(self, number: int) -> list[int] | None:
        """Return the lines of all nodes of an object, None when they have to be looked up."""
        base = self._turn_to(number)
        return None if base or self._document is None else self._document.all_lines()

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value that stands in a numbered object."""
        base = self._turn_to(number)
        return [0] if self._document is None else self._document.lines_of(base + pointer, value)

    def _turn_to(self, number: int) -> str:
        """Have the document of a numbered object at hand; return the object's pointer in it."""
        location, base = self._objects.known[number]
        if self._at != location or self._document is None:
            kept = self._kept.get((location.offset, location.number))
            if kept is None:
                found = Documents(location.text, self._memory).read(location.text, location.offset)
                for _ in range(location.number):
                    next(found)
                kept = next(found)
            self._at, self._document = location, kept
        self._turned, self._base = number, base
        return base

    def _keep(self, location: _Location, document: Document) -> None:
        """Have a document at hand for later, if there are objects in it and not too many are."""
        known = self._objects.known
        if known and known[-1][0] is location and len(self._kept) < self._most:
            self._kept[location.offset, location.number] = document
