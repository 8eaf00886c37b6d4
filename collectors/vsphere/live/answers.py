"""What was kept of a vCenter, read again: the same resources now and in a year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from auditor.model.evidence import Record
from auditor.model.resource import Resource
from collectors.http.stored_answers import StoredAnswer, StoredAnswers
from collectors.vsphere.live.named import named

_HINT: Final = "was it collected by another version?"
_decode_all: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode: Final = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class AnswersCollector(StoredAnswers):
    """Reads the kept answers of one server."""

    def reading(self, record: Record, data: bytes) -> AnswerReading:
        """Read one answer."""
        return AnswerReading(self.entry.uri, record, data)


class AnswerReading(StoredAnswer):
    """Reads one kept answer."""

    def __init__(self, target: str, record: Record, data: bytes) -> None:
        super().__init__(target, record, data, _HINT)

    def resources(self) -> Iterator[Resource]:
        """The objects of the answer."""
        self._gaps = []
        try:
            items = _decode_all(self._data)
        except (msgspec.DecodeError, RecursionError) as error:
            self._gap(str(error))
            return
        for number, raw in enumerate(items):
            try:
                name, place = named(self.scope, _decode(raw))
            except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
                self._gap("one of it is not as it was written")
                continue
            yield Resource(
                kind=self.scope,
                api_version="",
                name=name,
                namespace="",
                uid=f"{place}#{self.scope}",
                source=place,
                document=number,
                line=0,
                body=bytes(raw),
                clean=False,
            )
