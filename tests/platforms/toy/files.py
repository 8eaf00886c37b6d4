"""Inventories of warehouses in files: YAML or JSON with ``boxes`` and ``shelves``."""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from auditor.model.resource import Resource
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    Content,
    Document,
    DocumentReader,
    FileNames,
    Identities,
    Recogniser,
)
from tests.platforms.toy.platform import BOX, SHELF


class Inventories(Recogniser):
    """Takes a document with lists of boxes and shelves."""

    names = FileNames((".yaml", ".json"), ())

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        del ledger, data
        return None

    def reader(self, ledger: Ledger) -> DocumentReader:
        return _Reader(ledger)


class _Reader:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._identities = Identities(ledger.source)

    def objects(self, document: Document, /) -> Generator[Resource, None, bool]:
        value = document.value
        if not isinstance(value, dict) or not {"boxes", "shelves"} <= value.keys():
            return False
        for kind, name in ((BOX, "boxes"), (SHELF, "shelves")):
            for index, item in enumerate(value[name]):
                pointer = f"/{name}/{index}"
                yield Resource(
                    kind=kind,
                    api_version="",
                    name=item["name"],
                    namespace="",
                    uid=self._identities.of(kind, "", item["name"]),
                    source=self._ledger.source,
                    document=document.number(pointer),
                    line=document.line_of(pointer),
                    body=msgspec.json.encode(item),
                )
        return True


INVENTORIES = Inventories()
