"""The objects of a file of YAML, and the lines of their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from auditor.model.elements import digest_of, keyed, path_of
from auditor.model.enums import GapCause
from auditor.model.resource import Resource
from collectors.documents.blocks import Memory
from collectors.documents.guards import Unreadable, decode
from collectors.documents.ledger import Ledger
from collectors.documents.positions import value_at
from collectors.documents.yaml_documents import Document, Documents, chunks
from collectors.kubernetes.lists import objects_of
from collectors.kubernetes.objects import Maker, Twice

if TYPE_CHECKING:
    from collectors.documents.yaml_reader import Duplicate

_encode = msgspec.json.encode


class _Place(NamedTuple):
    """A document: the text and the line of its chunk, and its number in that."""

    text: str
    offset: int
    number: int


class YamlFile:
    """Reads one file. The last document is kept, for the lines of its findings."""

    def __init__(self, ledger: Ledger, data: bytes, memory: Memory) -> None:
        self._ledger = ledger
        self._data = data
        self._memory = memory
        self._places: list[tuple[_Place, str]] = []
        self._place: _Place | None = None
        self._document: Document | None = None

    def resources(self) -> Iterator[Resource]:
        """Every object, lists taken apart, and every key that is there twice."""
        text = decode(self._data)
        maker = Maker(self._ledger.source)
        documents = Documents(text, self._memory)
        for chunk, offset in chunks(text):
            try:
                for number, document in enumerate(documents.read(chunk, offset)):
                    self._place, self._document = _Place(chunk, offset, number), document
                    yield from self._objects(maker, document)
            except Unreadable as error:
                self._ledger.add(_explained(error, chunk))

    def _objects(self, maker: Maker, document: Document) -> Iterator[Resource]:
        if document.value is None:
            return
        inside = objects_of(document.value)
        owners: dict[str, Resource] = {}
        while True:
            try:
                item, pointer = next(inside)
            except StopIteration as end:
                if not end.value:
                    self._ledger.skip(document.line)
                break
            line = document.line_of(pointer) if pointer else document.line
            if item is None:
                self._ledger.skip(line)
            elif isinstance(item, Unreadable):
                self._ledger.add(item.at(line))
            else:
                try:
                    number = self._remember(pointer)
                    made = maker.make(item, _encode(item), number, line, clean=True)
                    if document.duplicates:
                        owners[pointer] = made
                    yield made
                except Unreadable as error:
                    self._ledger.add(error)
        for key in document.duplicates:
            yield maker.duplicate(_twice(key, document.value, owners), self._remember(""))

    def _remember(self, pointer: str) -> int:
        """Number the object at a pointer of the current document."""
        if self._place is not None:
            self._places.append((self._place, pointer))
        return len(self._places) - 1

    def line(self, number: int, pointer: str) -> int:
        """The line of a field of a numbered object."""
        base = self._turn_to(number)
        return 0 if self._document is None else self._document.line_of(base + pointer)

    def original(self, number: int) -> object:
        """A numbered object with its secrets: read once more, and nothing hidden."""
        place, base = self._places[number]
        found = Documents(place.text, self._memory.open()).read(place.text, place.offset)
        for _ in range(place.number):
            next(found)
        return value_at(next(found).value, base)

    def all_lines(self, number: int) -> list[int] | None:
        """The lines of all nodes of a numbered object, None when they have to be looked up."""
        base = self._turn_to(number)
        return None if base or self._document is None else self._document.all_lines()

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """The lines of all nodes of a value that stands in a numbered object."""
        base = self._turn_to(number)
        return [0] if self._document is None else self._document.lines_of(base + pointer, value)

    def _turn_to(self, number: int) -> str:
        """Have the document of a numbered object at hand; the pointer of the object in it."""
        place, base = self._places[number]
        if self._place != place or self._document is None:
            documents = Documents(place.text, self._memory).read(place.text, place.offset)
            for _ in range(place.number):
                next(documents)
            self._place, self._document = place, next(documents)
        return base


def _twice(key: Duplicate, document: object, owners: Mapping[str, Resource]) -> Twice:
    """A key that is there twice, told by whose it is and by the names of elements."""
    owner, inside, digest = None, document, ""
    place = key.pointer
    while place and place not in owners:
        place = place.rpartition("/")[0]
    if place in owners:
        owner, inside = owners[place], value_at(document, place)
    else:
        digest = digest_of(document)
    path = keyed(inside, path_of(key.pointer[len(place) :], inside))
    return Twice(key.pointer, path, key.line, key.first_line, key.same, owner, digest)


def _explained(error: Unreadable, text: str) -> Unreadable:
    if "{{" not in text or error.cause is not GapCause.MALFORMED:
        return error
    return Unreadable(
        GapCause.UNSUPPORTED,
        f"looks like a Helm template that was not rendered ({error.detail})",
        "helm template NAME CHART | auditor scan -",
        error.line,
    )
