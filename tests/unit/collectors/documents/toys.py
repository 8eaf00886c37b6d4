"""A platform that there is not, and its files: boxes in YAML and JSON, and Boxfiles."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

import msgspec

from auditor.model.enums import GapCause
from auditor.model.pointers import token
from auditor.model.resource import Resource
from collectors.documents.guards import Unreadable
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    Content,
    Document,
    DocumentReader,
    FileNames,
    Identities,
    Recogniser,
)

BOX = "toy/Box"


def box(
    ledger: Ledger, uid: str, name: str, body: object, at: tuple[int, int], *, clean: bool = False
) -> Resource:
    number, line = at
    encoded = msgspec.json.encode(body)
    return Resource(BOX, "", name, "", uid, ledger.source, number, line, encoded, clean=clean)


class Toys(Recogniser):
    """Takes documents that have ``boxes``, and whole files that are called Boxfile."""

    names = FileNames((".yaml", ".toy"), (re.compile(r"(?i:boxfile)(?:\.[a-z]+)?"),))

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        named = ledger.source.rpartition("/")[2].lower().startswith("boxfile")
        return Boxfile(ledger, data) if named else None

    def reader(self, ledger: Ledger) -> DocumentReader:
        return BoxReader(ledger)


class BoxReader:
    """The boxes of a mapping from names to boxes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._identities = Identities(ledger.source)

    def objects(self, document: Document, /) -> Generator[Resource, None, bool]:
        value = document.value
        if not isinstance(value, dict) or not isinstance(value.get("boxes"), dict):
            return False
        for name, found in value["boxes"].items():
            pointer = f"/boxes/{token(name)}"
            line = document.line_of(pointer)
            if not isinstance(found, dict):
                odd = Unreadable(GapCause.MALFORMED, f"box {name} is not a mapping", line=line)
                self._ledger.add(odd)
                continue
            uid = self._identities.of(BOX, "", name)
            at = document.number(pointer), line
            yield box(self._ledger, uid, name, found, at, clean=True)
        return True


class Boxfile:
    """A format of its own: a line a box, its name and its size."""

    def __init__(self, ledger: Ledger, data: bytes) -> None:
        self._ledger = ledger
        self._lines = data.decode().splitlines()

    def resources(self) -> Iterator[Resource]:
        for number, line in enumerate(self._lines, 1):
            name, _, size = line.partition(" ")
            if not size.isdecimal():
                raise Unreadable(GapCause.MALFORMED, "a box without a size", line=number)
            uid = f"{self._ledger.source}#{name}"
            yield box(self._ledger, uid, name, {"size": int(size)}, (number, number))

    def line(self, number: int, pointer: str) -> int:
        del pointer
        return number

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        del pointer, value
        return [number]

    def all_lines(self, number: int) -> list[int] | None:
        del number
        return None

    def original(self, number: int) -> object:
        del number
        return None


TOYS = Toys()
